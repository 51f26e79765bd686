"""Files under names of the writer's choosing, for what hosts hand over to one another: shipped journal segments.

Blobs are found by their content; here the reader has to find what it has never heard of, so files can be listed.
A file is there whole or not at all, and durable when `put` returns; putting it again replaces it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol

from ferry.kernel.secrets import sync_folder
from ferry.kernel.storage.base import CHUNK, chunks

if TYPE_CHECKING:
    from botocore.client import BaseClient  # type: ignore[import-untyped]

_UNFINISHED = ".unfinished"
_UNMOUNTED = "{} is not there: is the shared folder mounted?"


class StorageAway(OSError):
    """The storage does not answer, or refuses; the same again later may succeed."""


class Named(NamedTuple):
    """A file as a listing shows it; `size` in bytes, `modified` by the storage's clock."""

    name: str
    size: int
    modified: datetime


class NamedFiles(Protocol):
    """Names are relative paths with `/`. Every method may raise StorageAway."""

    def put(self, name: str, source: BinaryIO) -> None:
        """Store all of `source` durably."""

    def read(self, name: str, position: int, limit: int) -> bytes:
        """At most `limit` bytes from `position` on, fewer only at the end. Raises FileNotFoundError."""

    def pieces(self, name: str) -> Iterator[bytes]:
        """All of it in one look, to its end even if it is deleted meanwhile. Raises FileNotFoundError."""

    def list(self, folder: str) -> list[Named]:
        """Everything below `folder`, sorted by name."""

    def delete(self, name: str) -> None:
        """Remove it; no error when it is not there."""


class FolderFiles:
    """Files below a folder that the hosts share; it needs neither locks nor anything but rename."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, source: BinaryIO) -> None:
        final = self._root / name
        if not self._root.is_dir():
            raise StorageAway(_UNMOUNTED.format(self._root))
        with _told():
            _make(final.parent)
            unfinished = final.with_name(final.name + _UNFINISHED)  # what a killed writer left is written over
            with unfinished.open("wb") as file:
                shutil.copyfileobj(source, file, CHUNK)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, final)
            sync_folder(final.parent)

    def read(self, name: str, position: int, limit: int) -> bytes:
        with _told(), (self._root / name).open("rb") as file:
            file.seek(position)
            return file.read(limit)

    def pieces(self, name: str) -> Iterator[bytes]:
        with _told(), (self._root / name).open("rb") as file:
            yield from chunks(file)

    def list(self, folder: str) -> list[Named]:
        if not self._root.is_dir():
            raise StorageAway(_UNMOUNTED.format(self._root))
        return sorted(self._walk(self._root / folder))

    def delete(self, name: str) -> None:
        path = self._root / name
        with _told():
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                sync_folder(path.parent)

    def _walk(self, folder: Path) -> Iterator[Named]:
        for path in folder.rglob("*"):
            try:
                if path.is_file() and path.suffix != _UNFINISHED:
                    state = path.stat()
                    modified = datetime.fromtimestamp(state.st_mtime, UTC)
                    yield Named(path.relative_to(self._root).as_posix(), state.st_size, modified)
            except FileNotFoundError:
                continue  # the loader is done with it


class S3Files:
    """Objects named `<prefix>/<name>`, each put in one request: S3 shows an object whole or not at all."""

    def __init__(self, url: str) -> None:
        from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]

        from ferry.kernel.storage.s3 import options

        storage = S3Storage(**options(url))
        self._client: BaseClient = storage.connection.meta.client
        self._bucket: str = storage.bucket_name
        self._prefix = f"{storage.location}/" if storage.location else ""

    def put(self, name: str, source: BinaryIO) -> None:
        with _told():
            self._client.put_object(Body=source, **self._at(name))

    def read(self, name: str, position: int, limit: int) -> bytes:
        with _told():
            answer = self._client.get_object(Range=f"bytes={position}-{position + limit - 1}", **self._at(name))
            data: bytes = answer["Body"].read()
        return data

    def pieces(self, name: str) -> Iterator[bytes]:
        with _told():
            yield from self._client.get_object(**self._at(name))["Body"].iter_chunks(CHUNK)

    def list(self, folder: str) -> list[Named]:
        found: list[Named] = []
        with _told():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/"):
                found += [
                    Named(item["Key"][len(self._prefix) :], item["Size"], item["LastModified"])
                    for item in page.get("Contents", ())
                ]
        return sorted(found)

    def delete(self, name: str) -> None:
        with _told():
            self._client.delete_object(**self._at(name))

    def _at(self, name: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}


@contextmanager
def _told() -> Iterator[None]:
    """Give every store's failures the same two names."""
    try:
        yield
    except (FileNotFoundError, StorageAway):
        raise
    except Exception as error:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict) and answer.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise FileNotFoundError(str(error)) from error
        if isinstance(error, OSError) or type(error).__module__.startswith(("botocore.", "boto3.", "urllib3.")):
            raise StorageAway(str(error)) from error
        raise


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
