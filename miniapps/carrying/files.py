"""The form that every signed file has: a canonical stored zip with one document, its signature, and files by hash.

    bundle.json          canonical JSON (RFC 8785)
    bundle.sig.json      {"alg", "kid", "value"}: ES256 over the bytes of bundle.json
    packages/<sha256>.zip, icons/<sha256>.png

The document names every other file by its sha256, and the zip around them is canonical too, so that there is no byte
in the file that could be changed unseen. Pure: bytes in, bytes out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ferry.kernel.signing import ecdsa
from ferry.kernel.signing.canonical import NotCanonical, canonical_json
from miniapps.packages.canonical import Package, digest_of, write_package
from miniapps.packages.findings import Refused
from miniapps.packages.guard import Archive, Limits, open_archive

MAX_DOCUMENT_BYTES = 8 << 20
_MAX_SIGNATURE_BYTES = 4096


class Damaged(Exception):
    """The file is not what its maker wrote. `reason` is a key of miniapps.services.imports.REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def package_path(sha256: str) -> str:
    """Where a package lies in the file."""
    return f"packages/{sha256}.zip"


def icon_path(sha256: str) -> str:
    """Where a picture lies in the file."""
    return f"icons/{sha256}.png"


def fingerprint(public_pem: str) -> str:
    """What two people compare by telephone: sha256 of the key as DER (SubjectPublicKeyInfo), hex. Raises Damaged."""
    try:
        key = ecdsa.public_key(public_pem)
    except ValueError:
        raise Damaged("key") from None
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def write(
    out: BinaryIO,
    *,
    name: str,
    document: bytes,
    signature: Mapping[str, str],
    stored: Mapping[str, Callable[[], Iterator[bytes]]],
) -> Package:
    """Write the file: the document as `name`.json, its signature, and the content of each stored path."""
    beside = {f"{name}.json": document, f"{name}.sig.json": canonical_json(dict(signature))}

    def read(path: str) -> Iterator[bytes]:
        if path in beside:
            return iter((beside[path],))
        return stored[path]()

    return write_package([*beside, *stored], read, out)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose form holds. Whose signature it is, and whether it counts, the caller asks."""

    file_sha256: str
    document: bytes
    value: dict[str, Any]  # the document, read
    signature: dict[str, str]
    archive: Archive
    paths: frozenset[str]  # of the files beside document and signature

    def read(self, path: str) -> Iterator[bytes]:
        """The content of one of `paths`, proven while it is read. Raises Damaged."""
        try:
            yield from self.archive.read(path)
        except Refused:
            raise Damaged("zip") from None

    def check(self, path: str, sha256: str) -> None:
        """Refuse a file that is missing or has another content. Raises Damaged."""
        if path not in self.paths:
            raise Damaged("missing")
        digest = hashlib.sha256()
        for chunk in self.read(path):
            digest.update(chunk)
        if digest.hexdigest() != sha256:
            raise Damaged("content")


def open_file(file: BinaryIO, name: str, limits: Limits, workshop: Callable[[], BinaryIO]) -> Opened:
    """Look at a signed file: guarded, canonical in every byte. `workshop` gives a temporary file. Raises Damaged."""
    try:
        archive = open_archive(file, limits)
        document = _small(archive, f"{name}.json", MAX_DOCUMENT_BYTES)
        signature = _read(_small(archive, f"{name}.sig.json", _MAX_SIGNATURE_BYTES))
        with workshop() as again:
            package = write_package(archive.entries, archive.read, again)
    except Refused:
        raise Damaged("zip") from None
    if package.sha256 != digest_of(file):
        raise Damaged("not_canonical")
    value = _read(document)
    if set(signature) != {"alg", "kid", "value"} or not all(isinstance(each, str) for each in signature.values()):
        raise Damaged("signature")
    paths = frozenset(archive.entries) - {f"{name}.json", f"{name}.sig.json"}
    return Opened(package.sha256, document, value, signature, archive, paths)


def _small(archive: Archive, path: str, limit: int) -> bytes:
    entry = archive.entries.get(path)
    if entry is None:
        raise Damaged("missing")
    if entry.size > limit:
        raise Damaged("too_large")
    return b"".join(archive.read(path))


def _read(raw: bytes) -> dict[str, Any]:
    """The object that these bytes are the canonical JSON of. Raises Damaged."""
    try:
        value = json.loads(raw)
        same = isinstance(value, dict) and canonical_json(value) == raw
    except (ValueError, RecursionError, NotCanonical):
        same = False
    if not same:
        raise Damaged("not_canonical")
    found: dict[str, Any] = value
    return found
