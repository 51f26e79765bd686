"""How the edge answers: JSON bytes, and one shape for every error."""

from __future__ import annotations

import logging
from math import ceil
from typing import TYPE_CHECKING, Any

import msgspec

from ferry.edge.cors import Headers
from ferry.kernel import ids
from ferry.kernel.errors import FerryError

if TYPE_CHECKING:
    from falcon.asgi import Response

log = logging.getLogger(__name__)

JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
NO_STORE: tuple[bytes, bytes] = (b"cache-control", b"no-store")
NOSNIFF: tuple[bytes, bytes] = (b"x-content-type-options", b"nosniff")

encode = msgspec.json.Encoder().encode


class InternalError(FerryError):
    """A bug of ours: logged with its request id, told without any detail."""

    code = "internal_error"
    status = 500


def refusal(error: FerryError, request_id: str = "") -> tuple[int, Headers, bytes]:
    """Status, headers and body of an error; 429 and 503 always say when to come again."""
    request_id = request_id or ids.new()
    headers: Headers = [JSON, NO_STORE, (b"x-request-id", request_id.encode())]
    if error.status in (429, 503):
        headers.append((b"retry-after", str(max(1, ceil(float(error.details.get("retry_after", 1))))).encode()))
    if error.status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not worth reading
    if error.status == 401:
        headers.append((b"www-authenticate", b"Device"))
    return error.status, headers, encode(error.body(request_id))


def unexpected(wrong: BaseException) -> tuple[int, Headers, bytes]:
    """The answer to a bug; its request id finds the traceback in the log."""
    request_id = ids.new()
    log.error("request %s failed", request_id, exc_info=wrong)
    return refusal(InternalError(), request_id)


def whole_seconds(wait: float) -> int:
    """A wait for people and for Retry-After: at least one second, rounded up."""
    return max(1, ceil(wait))


def give(resp: Response, body: Any) -> None:
    """JSON as the answer of a Falcon route, for nobody to keep."""
    resp.content_type = "application/json"
    resp.set_header("cache-control", "no-store")
    resp.data = encode(body)


async def send(sender: Any, status: int, headers: Headers, body: bytes) -> None:
    """One whole ASGI answer. A 204 or 304 carries neither body nor length."""
    if status not in (204, 304):
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await sender({"type": "http.response.start", "status": status, "headers": headers})
    await sender({"type": "http.response.body", "body": body})
