"""What every blob store offers, and what both of them share."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from django.utils.translation import gettext_lazy as _

from ferry.kernel.errors import NotFound, TooLarge

CHUNK = 256 * 1024  # bytes read at a time
YOUNG = timedelta(hours=12)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: its address and its size in bytes."""

    sha256: str
    size: int


class Stored(NamedTuple):
    """A blob as a listing shows it; `put_at` by the storage's clock, or up to YOUNG before the last put."""

    sha256: str
    put_at: datetime


class BlobMissing(NotFound):
    code = "blob_missing"
    message = _("The file {sha256} is not in the storage.")


class BlobTooLarge(TooLarge):
    code = "blob_too_large"
    message = _("The file is larger than {limit} bytes. Make it smaller, or raise FERRY_MAX_UPLOAD_BYTES.")


class BlobStore(Protocol):
    """Content-addressed files. Addresses are 64 lower-case hex digits; anything else is simply not there."""

    def put(self, source: bytes | BinaryIO, *, limit: int | None = None) -> Blob:
        """Store it durably. The same content again is no error. Raises BlobTooLarge beyond `limit` bytes.

        A blob that is put again is young again: `remove_older` leaves it alone for the next YOUNG.
        """

    def open(self, sha256: str) -> BinaryIO:
        """Read it, from the start. Raises BlobMissing."""

    def path(self, sha256: str) -> Path | None:
        """Where it lies on this host's disk; None when it lies elsewhere or nowhere."""

    def url(self, sha256: str, seconds: int, media_type: str = "", encoding: str = "") -> str | None:
        """An address that anyone may fetch for `seconds`; None when the edge has to serve it itself.

        Its answer has this Content-Type and Content-Encoding, where they are given.
        """

    def exists(self, sha256: str) -> bool:
        """Whether it is there."""

    def delete(self, sha256: str) -> None:
        """Remove it; no error when it is not there."""

    def stored(self) -> Iterator[Stored]:
        """Every blob there is, in no order."""

    def remove_older(self, sha256: str, than: datetime) -> bool:
        """Remove it unless it was put after `than`, at least YOUNG ago; whether it went."""

    def sweep(self) -> int:
        """Remove what broken uploads left behind; how many files."""


def is_address(text: str) -> bool:
    """Whether this may be a blob's address. Checked before it becomes part of a path."""
    return _SHA256.fullmatch(text) is not None


def chunks(source: bytes | BinaryIO) -> Iterator[bytes]:
    """The content, piece by piece."""
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    while piece := stream.read(CHUNK):
        yield piece


def copy(source: bytes | BinaryIO, target: BinaryIO, limit: int | None) -> Blob:
    """Write the content to `target`, and say what it was. Raises BlobTooLarge before writing past `limit`."""
    digest, size = hashlib.sha256(), 0
    for piece in chunks(source):
        size += len(piece)
        if limit is not None and size > limit:
            raise BlobTooLarge(limit=limit)
        digest.update(piece)
        target.write(piece)
    return Blob(sha256=digest.hexdigest(), size=size)
