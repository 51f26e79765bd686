"""Parts of snapshots: built from rows, stored by content. Called by publishing.services inside its transaction.

Two publishers may store the same new part at once (the keys of a workspace are equal in all its host apps): rows are
inserted in the order of their address, so that neither can wait for the other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from ferry.kernel.publishing import registry
from ferry.kernel.publishing.errors import SetMissing
from ferry.kernel.publishing.models import SnapshotPart
from ferry.kernel.publishing.sets import address
from ferry.kernel.signing.canonical import canonical_json

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp

_BATCH = 500  # rows a statement; SQLite takes 999 parameters at least


@dataclass(frozen=True, slots=True)
class Built:
    """A part ready to be stored, with its line in the manifest."""

    body: bytes
    sha: str
    sets: tuple[str, ...]

    @property
    def entry(self) -> dict[str, Any]:
        return {"sha": self.sha, "sets": list(self.sets)}


def build(host_app: HostApp, name: str) -> Built | None:
    """The part as the rows are now; None when there is to be none."""
    kind, key = registry.kind_and_key(name)
    part = registry.KINDS[kind].build(host_app, key)
    if part is None:
        return None
    body = canonical_json(part.body)
    return Built(body=body, sha=address(body), sets=tuple(sorted(set(part.sets))))


def keep(built: Sequence[Built]) -> None:
    """Store those of these parts that are new. Raises SetMissing when a set that one of them names was swept before.

    The caller holds its host app's version row, and a sweep needs all of these rows: nothing vanishes meanwhile.
    """
    bodies = {part.sha: part.body for part in built}
    named = {sha for part in built for sha in part.sets}
    there: set[str] = set()
    for batch in batches(sorted(bodies.keys() | named)):
        there.update(SnapshotPart.objects.filter(pk__in=batch).values_list("sha256", flat=True))
    if not named <= there:
        raise SetMissing(sets=sorted(named - there))
    rows = [SnapshotPart(sha256=sha, body=bodies[sha]) for sha in sorted(bodies.keys() - there)]
    SnapshotPart.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)


def keep_set(body: bytes) -> str:
    """Store one set and give its address. Storing it a second time renews it, and mends it where it was damaged."""
    sha = address(body)
    SnapshotPart.objects.bulk_create(
        [SnapshotPart(sha256=sha, body=body)],
        update_conflicts=True,
        unique_fields=["sha256"],
        update_fields=["body", "unused_since"],
    )
    return sha


def damaged(manifest: dict[str, Any]) -> dict[str, str]:
    """Which addresses of the manifest have no bytes, or bytes of another hash: address → "missing" or "damaged"."""
    wanted = referenced(manifest)
    found: dict[str, str] = dict.fromkeys(wanted, "missing")
    for batch in batches(sorted(wanted)):
        for sha, body in (
            SnapshotPart.objects.filter(pk__in=batch).values_list("sha256", "body").iterator(chunk_size=50)
        ):
            if address(bytes(body)) == sha:
                del found[sha]
            else:
                found[sha] = "damaged"
    return found


def rewrite(built: Iterable[Built]) -> None:
    """Put the right bytes under their address again, whatever stands there."""
    for part in sorted(built, key=lambda part: part.sha):
        SnapshotPart.objects.update_or_create(sha256=part.sha, defaults={"body": part.body})


def referenced(manifest: dict[str, Any]) -> set[str]:
    """Every address that a manifest names."""
    return {entry["sha"] for entry in manifest.values()} | {sha for entry in manifest.values() for sha in entry["sets"]}


def batches(shas: Sequence[str]) -> Iterator[list[str]]:
    """Addresses in portions that fit one statement."""
    rest = iter(shas)
    while batch := list(islice(rest, _BATCH)):
        yield batch
