"""Resumable uploads: created, filled piece by piece, used once, forgotten.

What was acknowledged is durable: bytes are synced before the row says that they are there. A crash leaves at most bytes
behind the row's offset, which the next piece writes over. A lock on the file keeps two pieces apart; it ends with the
process that holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from django.conf import settings
from django.db import transaction

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound, TooLarge
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from ferry.kernel.ids import is_id
from ferry.kernel.secrets import sync_folder
from miniapps import workshop
from miniapps.errors import (
    ChecksumWrong,
    PackageRefused,
    TooManyUploads,
    UploadBusy,
    UploadGone,
    UploadIncomplete,
    UploadOffsetWrong,
)
from miniapps.models import ResumableUpload

KEPT = timedelta(hours=24)  # after the last piece
MOST_OPEN = 20  # of one person in one workspace: what a disk has to hold for him is bounded
CHECKSUMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}  # sha1 is what the protocol demands; it guards the wire
_CHUNK = 256 * 1024
_SYNC_EVERY = 8 << 20  # bytes after which what has come is made durable, in the middle of a piece


class Source(Protocol):
    """Where a piece comes from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end. Raises OSError when the connection breaks."""


def create_upload(*, actor: Actor, size: int, metadata: str = "") -> ResumableUpload:
    """Announce a file of `size` bytes. Raises TooLarge, TooManyUploads."""
    require(actor, Right.UPLOAD)
    limit = settings.FERRY_MAX_UPLOAD_BYTES
    if size > limit:
        raise TooLarge(limit=limit)
    with transaction.atomic():
        mine = ResumableUpload.objects.of(actor.workspace).filter(created_by=actor.person_id)
        if mine.filter(expires_at__gt=clock.now()).count() >= MOST_OPEN:
            raise TooManyUploads(limit=MOST_OPEN)
        upload = ResumableUpload.objects.create(
            workspace=actor.workspace,
            size=size,
            metadata=metadata,
            expires_at=clock.now() + KEPT,
            created_by=actor.person_id,
        )
        record(actor=actor, action="upload.created", target=upload, after={"size": size})
    return upload


def own_upload(*, actor: Actor, upload_id: str) -> ResumableUpload:
    """The actor's upload. Raises NotFound, also for somebody else's, and UploadGone once it has expired."""
    require(actor, Right.UPLOAD)
    mine = ResumableUpload.objects.of(actor.workspace).filter(created_by=actor.person_id)
    upload = mine.filter(pk=upload_id).first() if is_id(upload_id) else None
    if upload is None:
        raise NotFound(kind="upload")
    if upload.expires_at <= clock.now():
        raise UploadGone
    return upload


def append_upload(
    *, actor: Actor, upload_id: str, offset: int, length: int, source: Source, checksum: tuple[str, bytes] | None = None
) -> ResumableUpload:
    """Add a piece of `length` bytes at `offset`; the upload as it stands after it.

    A connection that breaks leaves what has come, made durable, unless the piece has a checksum: that is taken whole or
    not at all. Raises UploadOffsetWrong, UploadBusy, TooLarge, ChecksumWrong, NotFound, UploadGone.
    """
    upload = own_upload(actor=actor, upload_id=upload_id)
    with _kept(upload) as file:
        if offset != upload.offset:
            raise UploadOffsetWrong(offset=upload.offset)
        if offset + length > upload.size:
            raise TooLarge(limit=upload.size - offset)
        file.truncate(offset)  # what a crash left behind it
        file.seek(offset)
        try:
            _take(upload, file, length, source, checksum)
        finally:
            if checksum is None:
                _keep(upload, file)
        _keep(upload, file)
    return upload


def end_upload(*, actor: Actor, upload_id: str) -> None:
    """Throw an upload away, also one whose bytes the disk has lost. Raises NotFound, UploadGone, UploadBusy."""
    upload = own_upload(actor=actor, upload_id=upload_id)
    with _locked(upload), transaction.atomic():
        record(actor=actor, action="upload.ended", target=upload, before={"offset": upload.offset})
        forget(upload)


@contextlib.contextmanager
def opened_upload(*, actor: Actor, upload_id: str) -> Iterator[tuple[ResumableUpload, BinaryIO]]:
    """The whole file, for reading; nobody adds to it or removes it meanwhile. Raises UploadIncomplete as well.

    A package that is refused will be refused again: what it came from goes at once, and holds no place any more.
    """
    upload = own_upload(actor=actor, upload_id=upload_id)
    with _kept(upload) as file:
        if upload.offset != upload.size:
            raise UploadIncomplete(offset=upload.offset, size=upload.size)
        file.truncate(upload.size)
        try:
            yield upload, file
        except PackageRefused:
            with transaction.atomic():
                forget(upload)
            raise


def forget(upload: ResumableUpload) -> None:
    """Remove row and file; the file after the row, so that a crash between leaves a file that the sweep finds."""
    upload_id = upload.pk
    upload.delete()
    transaction.on_commit(lambda: _path(upload_id).unlink(missing_ok=True))


def sweep_uploads() -> int:
    """Remove what expired, and files without a row; how many went. What is being written stays for the next time."""
    gone = 0
    for upload in ResumableUpload.objects.unscoped().filter(expires_at__lte=clock.now()):
        with contextlib.suppress(UploadBusy, NotFound), _locked(upload), transaction.atomic():
            forget(upload)
            gone += 1
    known = set(ResumableUpload.objects.unscoped().values_list("pk", flat=True))
    for path in _folder().iterdir():
        if path.name not in known and _is_old(path):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def sweep_workshop() -> int:
    """Remove from the workshop what died with its process more than a day ago; how many files."""
    gone = 0
    for path in workshop.folder().glob("*"):
        if path.is_file() and _is_old(path):
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def _is_old(path: Path) -> bool:
    """Longer than any request works on a file, or an upload waits between two pieces."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_mtime < (clock.now() - KEPT).timestamp()
    return False


def _take(
    upload: ResumableUpload, file: BinaryIO, length: int, source: Source, checksum: tuple[str, bytes] | None
) -> None:
    """Write the piece. Ends early, without an error, when the connection ended early."""
    digest = CHECKSUMS[checksum[0]]() if checksum else None
    left, since = length, 0
    while left:
        try:
            chunk = source.read(min(_CHUNK, left))
        except OSError:
            chunk = b""
        if not chunk:
            break
        file.write(chunk)
        left -= len(chunk)
        since += len(chunk)
        if digest is not None:
            digest.update(chunk)
        elif since >= _SYNC_EVERY:
            _keep(upload, file)
            since = 0
    if checksum and digest is not None and (left or digest.digest() != checksum[1]):
        file.truncate(upload.offset)
        raise ChecksumWrong


def _keep(upload: ResumableUpload, file: BinaryIO) -> None:
    """Make what was written durable, then let the row say so."""
    file.flush()
    reached = file.tell()
    if reached == upload.offset:
        return
    os.fsync(file.fileno())
    upload.offset, upload.expires_at = reached, clock.now() + KEPT
    upload.save(update_fields=["offset", "expires_at"])


@contextlib.contextmanager
def _locked(upload: ResumableUpload) -> Iterator[BinaryIO]:
    """The upload's file, made if it is not there yet, held by this process alone; the row as it is from now on.

    Raises UploadBusy, and NotFound for one that was used up or thrown away in between.
    """
    path = _path(upload.pk)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with cast(BinaryIO, os.fdopen(handle, "r+b")) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadBusy from None
        try:
            upload.refresh_from_db()
        except ResumableUpload.DoesNotExist:
            path.unlink(missing_ok=True)
            raise NotFound(kind="upload") from None
        sync_folder(path.parent)
        yield file


@contextlib.contextmanager
def _kept(upload: ResumableUpload) -> Iterator[BinaryIO]:
    """As `_locked`, for whoever needs the bytes. Raises UploadGone where the disk lost what the row says is there."""
    with _locked(upload) as file:
        if os.fstat(file.fileno()).st_size < upload.offset:
            raise UploadGone
        yield file


def _path(upload_id: str) -> Path:
    return _folder() / upload_id


def _folder() -> Path:
    folder = Path(settings.FERRY_DATA) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
