"""`GET /packages/{sha256}`, `/packages/{sha256}.deflated.zip` and `/deltas/{from}-{to}`: how packages travel (rule 7).

A package is answered in the smallest prepared form that the client takes: dcz (RFC 9842) where it says that it has a
package from which there is a delta, else zstd or gzip, else as it is. Ranges are of the package as it is: whoever
resumes has begun with that.

The snapshot names the forms: "<package>.zstd", "<package>.gzip", "<package>.deflated", "<from>-<to>".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ferry.edge import encodings
from ferry.edge.blobs import BlobRoute, Form
from ferry.edge.files import FileSender

if TYPE_CHECKING:
    from ferry.edge.app import EdgeApp

ZIP = b"application/zip"
ZSTD = b"application/zstd"
_VARY = (b"vary", b"Accept-Encoding, Available-Dictionary")
_PACKAGE = re.compile(r"([0-9a-f]{64})(\.deflated\.zip|)/?")
_DELTA = re.compile(r"([0-9a-f]{64}-[0-9a-f]{64})/?")
_OF = re.compile(rb"(?:^|&)of=([0-9A-Za-z_-]{1,64})(?:&|$)")


def add_routes(edge: EdgeApp, sender: FileSender) -> None:
    """Add the addresses of packages and deltas."""
    edge.add_files("/packages/", PackageRoute(edge, sender, "/packages/", "/packages/{sha256}"))
    edge.add_files("/deltas/", DeltaRoute(edge, sender, "/deltas/", "/deltas/{from}-{to}"))


class PackageRoute(BlobRoute):
    """A package, in one of its encodings; or its deflated zip, which is a file of its own."""

    async def forms(self, name: str, query: bytes, headers: dict[bytes, bytes]) -> Sequence[Form]:
        match = _PACKAGE.fullmatch(name)
        if match is None:
            return ()
        sha = match[1]
        if match[2]:
            return await self._deflated(sha)
        if not await self.named(lambda: self.snapshots.serves(sha)):
            return ()
        shared = (_VARY, *_dictionary(query))
        whole = Form(sha, b'"%s"' % sha.encode(), ZIP, headers=shared)
        if b"range" in headers:
            return (whole,)
        found = self._encoded(sha, headers, shared)
        return [found.get(each, whole) for each in encodings.order(headers.get(b"accept-encoding"), list(found))]

    async def _deflated(self, sha: str) -> Sequence[Form]:
        name = f"{sha}.deflated"
        await self.named(lambda: self.snapshots.named(name) is not None)
        blob = self.snapshots.named(name)
        return () if blob is None else (Form(blob, b'"%s"' % blob.encode(), ZIP),)

    def _encoded(
        self, sha: str, headers: dict[bytes, bytes], shared: tuple[tuple[bytes, bytes], ...]
    ) -> dict[str, Form]:
        """The prepared forms, the smallest kind first."""
        found: dict[str, Form] = {}
        dictionary = encodings.available_dictionary(headers.get(b"available-dictionary", b""))
        if dictionary is not None:
            base = dictionary.hex()
            blob = self.snapshots.named(f"{base}-{sha}")
            if blob is not None:
                etag = b'"%s-dcz-%s"' % (sha.encode(), base[:16].encode())
                head = encodings.dcz_head(dictionary)
                found[encodings.DCZ] = Form(blob, etag, ZIP, encodings.DCZ, head, shared)
        for encoding in ("zstd", "gzip"):
            blob = self.snapshots.named(f"{sha}.{encoding}")
            if blob is not None:
                etag = b'"%s-%s"' % (sha.encode(), encoding.encode())
                found[encoding] = Form(blob, etag, ZIP, encoding, headers=shared)
        return found


class DeltaRoute(BlobRoute):
    """A delta: a zstd frame that makes the package `to` out of the package `from`."""

    async def forms(self, name: str, query: bytes, headers: dict[bytes, bytes]) -> Sequence[Form]:
        match = _DELTA.fullmatch(name)
        if match is None or not await self.named(lambda: self.snapshots.named(match[1]) is not None):
            return ()
        blob = self.snapshots.named(match[1])
        return () if blob is None else (Form(blob, b'"%s"' % blob.encode(), ZSTD),)


def _dictionary(query: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Use-As-Dictionary: this package helps to fetch the next one of the same mini-program.

    A browser keeps one dictionary for each pattern, so a pattern for all packages would forget one program for
    another. The program stands in the address (`?of=`) because the hash says nothing of it.
    """
    match = _OF.search(query)
    if match is None:
        return ()
    return ((b"use-as-dictionary", b'match="/packages/*\\\\?of=%s"' % match[1]),)
