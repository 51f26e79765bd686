"""The tus protocol 1.0.0 over uploads: core, creation, expiration, checksum, termination. https://tus.io/protocols

Headers in, headers out: the doors of the API and of the console hand theirs over. Refusals have Ferry's own shape; the
protocol leaves the body of an error to the server.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.utils.http import http_date

from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor
from miniapps import services
from miniapps.errors import TusVersionUnknown, UploadTypeWrong
from miniapps.models import ResumableUpload
from miniapps.services.uploads import CHECKSUMS, Source

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
_MOST = 2**53  # what every client can count to
_METADATA = re.compile(r"[\x21-\x2b\x2d-\x7e]+(?: [A-Za-z0-9+/=]*)?(?:,[\x21-\x2b\x2d-\x7e]+(?: [A-Za-z0-9+/=]*)?)*")

Headers = Mapping[str, str]


def abilities() -> dict[str, str]:
    """What OPTIONS answers."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,expiration,checksum,termination",
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(settings.FERRY_MAX_UPLOAD_BYTES),
    }


def create(actor: Actor, headers: Headers) -> ResumableUpload:
    """POST: announce a file by Upload-Length and Upload-Metadata."""
    check_version(headers)
    if "Upload-Defer-Length" in headers:
        raise Invalid(reason="say the length of the file in Upload-Length; it cannot follow later")
    metadata = headers.get("Upload-Metadata", "").strip()
    if len(metadata) > 2048 or (metadata and not _METADATA.fullmatch(metadata)):
        raise Invalid(reason="Upload-Metadata is pairs of a name and its value in base64, at most 2048 characters")
    return services.create_upload(actor=actor, size=_number(headers, "Upload-Length"), metadata=metadata)


def look(actor: Actor, upload_id: str, headers: Headers) -> ResumableUpload:
    """HEAD: how far it is. To a stranger it is not there, whatever he speaks."""
    upload = services.own_upload(actor=actor, upload_id=upload_id)
    check_version(headers)
    return upload


def append(actor: Actor, upload_id: str, headers: Headers, source: Source) -> ResumableUpload:
    """PATCH: the next piece."""
    look(actor, upload_id, headers)
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != PIECE:
        raise UploadTypeWrong(expected=PIECE)
    return services.append_upload(
        actor=actor,
        upload_id=upload_id,
        offset=_number(headers, "Upload-Offset"),
        length=_number(headers, "Content-Length"),
        source=source,
        checksum=_checksum(headers.get("Upload-Checksum")),
    )


def end(actor: Actor, upload_id: str, headers: Headers) -> None:
    """DELETE: throw it away."""
    look(actor, upload_id, headers)
    services.end_upload(actor=actor, upload_id=upload_id)


def told(upload: ResumableUpload) -> dict[str, str]:
    """The headers about an upload that every answer carries."""
    about = {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size),
        "Upload-Expires": _date(upload.expires_at),
        "Cache-Control": "no-store",
    }
    return {**about, "Upload-Metadata": upload.metadata} if upload.metadata else about


def check_version(headers: Headers) -> None:
    """Raises TusVersionUnknown unless the client speaks 1.0.0."""
    if headers.get("Tus-Resumable") != VERSION:
        raise TusVersionUnknown(version=VERSION)


def _number(headers: Headers, name: str) -> int:
    """What is beyond counting is as good as `_MOST`, which no upload reaches: too large, and no other mistake."""
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit()):
        raise Invalid(reason=f"{name} is a number of bytes, 0 or more")
    digits = text.lstrip("0") or "0"
    return min(int(digits), _MOST) if len(digits) <= len(str(_MOST)) else _MOST


def _checksum(text: str | None) -> tuple[str, bytes] | None:
    if text is None:
        return None
    name, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if name not in CHECKSUMS or len(digest) != CHECKSUMS[name]().digest_size:
        raise Invalid(reason=f"Upload-Checksum is one of {', '.join(CHECKSUMS)} and its digest in base64")
    return name, digest


def _date(moment: datetime) -> str:
    return http_date(moment.timestamp())
