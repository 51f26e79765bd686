"""Which stores this installation uses."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ferry.kernel.storage.base import BlobStore
from ferry.kernel.storage.local import LocalBlobs
from ferry.kernel.storage.named import FolderFiles, NamedFiles, S3Files


def blobs() -> BlobStore:
    """The store in use: S3 when STORAGE_URL is set, else the folder `blobs` in the data folder."""
    return _store(settings.FERRY_STORAGE_URL, Path(settings.FERRY_BLOB_DIR))


def handed_over() -> NamedFiles | None:
    """Where hosts leave files for one another: FERRY_SHIPPED_DIR, else STORAGE_URL; None when there is neither."""
    return _files(settings.FERRY_STORAGE_URL, settings.FERRY_SHIPPED_DIR)


@lru_cache(maxsize=4)
def _files(url: str, folder: Path | None) -> NamedFiles | None:
    if folder is not None:
        return FolderFiles(Path(folder))
    return S3Files(url) if url else None


@lru_cache(maxsize=4)
def _store(url: str, root: Path) -> BlobStore:
    if not url:
        return LocalBlobs(root)
    from ferry.kernel.storage.s3 import S3Blobs  # boto3 takes half a second to import; only those who use it wait

    return S3Blobs(url)
