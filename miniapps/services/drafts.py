"""A signed file before it is written: its document, who signs it, and the blobs that go into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from ferry.kernel.identity.models import Workspace
from ferry.kernel.signing.canonical import canonical_json
from ferry.kernel.signing.models import Purpose
from ferry.kernel.signing.services import sign
from ferry.kernel.storage import blobs
from ferry.kernel.storage.base import chunks
from miniapps.carrying import files


@dataclass(frozen=True, slots=True)
class Draft:
    """What `write` makes a file of. The package key signs it: hosts have it already (docs/decisions/0680)."""

    workspace: Workspace
    name: str
    document: dict[str, Any]
    stored: dict[str, str]  # path in the file → sha256 of the blob

    def write(self, out: BinaryIO, alive: Callable[[], None]) -> None:
        """Write it; `alive` is called before each blob. Raises BlobMissing."""
        document = canonical_json(self.document)
        signature = sign(workspace=self.workspace, purpose=Purpose.PACKAGE, message=document)

        def content(sha256: str) -> Callable[[], Iterator[bytes]]:
            def read() -> Iterator[bytes]:
                alive()
                with blobs().open(sha256) as file:
                    yield from chunks(file)

            return read

        files.write(
            out,
            name=self.name,
            document=document,
            signature=signature.as_json(),
            stored={path: content(sha256) for path, sha256 in self.stored.items()},
        )
