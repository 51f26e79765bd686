"""Blobs in S3 or anything that speaks its API, through django-storages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.config import Config  # type: ignore[import-untyped]
from django.core.files import File
from storages.backends.s3 import S3Storage  # type: ignore[import-untyped]

from ferry.kernel import clock
from ferry.kernel.storage.base import YOUNG, Blob, BlobMissing, Stored, copy, is_address

_IN_MEMORY = 8 * 1024 * 1024  # bytes of an upload held in memory before it goes to a temporary file


class S3Blobs:
    """Objects named `<prefix>/<first two digits>/<sha256>`. S3 shows an object whole or not at all."""

    def __init__(self, url: str) -> None:
        self._storage = S3Storage(**options(url))

    def put(self, source: bytes | BinaryIO, *, limit: int | None = None) -> Blob:
        # The content is hashed before the first byte leaves: its name is not known earlier.
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
            blob = copy(source, cast(BinaryIO, spool), limit)
            if not self._there_and_young(blob):
                spool.seek(0)
                self._storage.save(_name(blob.sha256), File(spool))
        return blob

    def open(self, sha256: str) -> BinaryIO:
        if not self.exists(sha256):
            raise BlobMissing(sha256=sha256)
        return cast(BinaryIO, self._storage.open(_name(sha256), "rb"))

    def path(self, sha256: str) -> Path | None:
        return None

    def url(self, sha256: str, seconds: int, media_type: str = "", encoding: str = "") -> str | None:
        if not is_address(sha256):
            return None
        said = {"ResponseContentType": media_type, "ResponseContentEncoding": encoding}
        parameters = {name: value for name, value in said.items() if value}
        return str(self._storage.url(_name(sha256), parameters=parameters, expire=seconds))

    def exists(self, sha256: str) -> bool:
        return is_address(sha256) and bool(self._storage.exists(_name(sha256)))

    def delete(self, sha256: str) -> None:
        if is_address(sha256):
            self._storage.delete(_name(sha256))

    def stored(self) -> Iterator[Stored]:
        pages = self._storage.connection.meta.client.get_paginator("list_objects_v2")
        folder = f"{self._storage.location}/" if self._storage.location else ""
        for digit in "0123456789abcdef":  # beside blobs the bucket may hold journals and what is not Ferry's
            for page in pages.paginate(Bucket=self._storage.bucket_name, Prefix=folder + digit):
                for item in page.get("Contents", ()):
                    sha256 = item["Key"].rpartition("/")[2]
                    if is_address(sha256) and item["Key"] == folder + _name(sha256):
                        yield Stored(sha256, item["LastModified"])

    def remove_older(self, sha256: str, than: datetime) -> bool:
        # S3 has no lock: a put in the moment between look and delete is lost. Its blob has to be a day old for that.
        put_at = self._put_at(sha256)
        if put_at is None or put_at > than:
            return False
        self.delete(sha256)
        return True

    def sweep(self) -> int:
        return 0  # a broken upload leaves no object; a lifecycle rule of the bucket ends broken multipart uploads

    def _there_and_young(self, blob: Blob) -> bool:
        put_at = self._put_at(blob.sha256)
        young = put_at is not None and put_at > clock.now() - YOUNG
        return young and self._storage.size(_name(blob.sha256)) == blob.size

    def _put_at(self, sha256: str) -> datetime | None:
        return self._storage.get_modified_time(_name(sha256)) if self.exists(sha256) else None


def options(url: str) -> dict[str, Any]:
    """What STORAGE_URL says, as django-storages wants it.

    `s3://key:secret@bucket/prefix?region=…&endpoint=https://minio:9000`; without an endpoint it is AWS itself, without
    key and secret boto3 looks in its usual places (environment, instance role).
    """
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    bucket = parts.netloc.rpartition("@")[2]
    if parts.scheme != "s3" or not bucket or query.keys() - {"region", "endpoint"}:
        raise ValueError("STORAGE_URL must look like s3://key:secret@bucket/prefix?region=…&endpoint=https://…")
    endpoint = query.get("endpoint")
    made: dict[str, Any] = {
        "bucket_name": bucket,
        "location": unquote(parts.path).strip("/"),
        "endpoint_url": endpoint,
        "region_name": query.get("region"),
        "file_overwrite": True,  # the name is the content
        "default_acl": None,
        "querystring_auth": True,
        "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        "client_config": Config(
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3},
            request_checksum_calculation="when_required",  # other makes of S3 do not know the newer checksums
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if endpoint else "auto"},
        ),
    }
    if parts.username:
        made["access_key"], made["secret_key"] = unquote(parts.username), unquote(parts.password or "")
    return made


def _name(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
