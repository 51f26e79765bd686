"""Reading a request's body: bounded before it is read, decoded into a type, never trusted."""

from __future__ import annotations

import zlib
from typing import Any, TypeVar

import msgspec
from falcon.asgi import Request

from ferry.edge.errors import ClientGone, EncodingNotSupported, RequestRefused
from ferry.kernel.errors import Invalid, TooLarge

T = TypeVar("T")


def whole(message: Any, limit: int) -> bytes | None:
    """The body, where this first message has all of it; else None: `rest` reads on. Raises TooLarge, ClientGone."""
    if message["type"] != "http.request":
        raise ClientGone
    if message.get("more_body", False):
        return None
    body: bytes = message.get("body", b"")
    if len(body) > limit:
        raise TooLarge(limit=limit)
    return body


async def rest(message: Any, receive: Any, limit: int) -> bytes:
    """The body that begins with this message, at most `limit` bytes of it in memory. Raises TooLarge, ClientGone."""
    chunks = [message.get("body", b"")]
    size = len(chunks[0])
    while message.get("more_body", False):
        if size > limit:
            raise TooLarge(limit=limit)
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if size > limit:
        raise TooLarge(limit=limit)
    return b"".join(chunks)


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """`body` as the decoder's type. Raises Invalid with the place of the mistake.

    NUL is refused everywhere: no database column of ours takes it, and no honest client sends it.
    """
    if b"\\" in body and b"\\u0000" in body:  # one character is found much faster than six, and is rarely there
        raise Invalid(reason="the character U+0000 is not allowed")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as wrong:
        raise Invalid(reason=str(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as wrong:
        raise RequestRefused(reason=f"the body is not valid JSON ({str(wrong)[:100]})") from None


async def read_falcon(req: Request, limit: int) -> bytes:
    """The same for a request that Falcon routed. Raises TooLarge, EncodingNotSupported."""
    encoding = req.get_header("content-encoding")
    if encoding and encoding.lower() != "identity":
        raise EncodingNotSupported
    if (req.content_length or 0) > limit:
        raise TooLarge(limit=limit)
    body = await req.stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(limit=limit)
    return body


def inflated(packed: bytes, encoding: bytes, limit: int) -> bytes:
    """What a client has packed with gzip, at most `limit` bytes of it.

    Inflating stops at the limit, so a bomb costs no more than an honest body of that size. Raises TooLarge,
    EncodingNotSupported, RequestRefused.
    """
    if encoding not in (b"gzip", b"x-gzip"):
        raise EncodingNotSupported
    inflater = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        body = inflater.decompress(packed, limit + 1)
    except zlib.error:
        raise RequestRefused(reason="the body is not the gzip that its header promises") from None
    if len(body) > limit:
        raise TooLarge(limit=limit)
    if not inflater.eof:
        raise RequestRefused(reason="the gzip of the body ends too early")
    return body
