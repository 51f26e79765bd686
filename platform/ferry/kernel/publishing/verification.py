"""Builds every snapshot again and compares: what changed rows without `publishing()`, or broke on disk, comes to light.

A tick every ten minutes. A difference is a bug or damage, so it is repaired and logged as an error.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from ferry.kernel.publishing import parts, registry
from ferry.kernel.publishing.models import SnapshotVersion
from ferry.kernel.publishing.services import publishing, read_host_app, write_head

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One part that was not what the rows say.

    `reason`: "stale" (other content), "absent" (not in the manifest), "extra" (no longer to be there), "missing" or
    "damaged" (its bytes), "set missing" or "set damaged" (only storing the set again helps), "failed" (not built).
    """

    host_app_id: str
    part: str
    reason: str
    repaired: bool


@dataclass(slots=True)
class _Finding:
    """What one look at a host app's snapshot found: what is wrong, and the manifest and parts as they ought to be."""

    problems: dict[str, str]
    built: dict[str, parts.Built]
    manifest: dict[str, Any]


def verify_snapshots() -> list[Mismatch]:
    """Compare every snapshot with the rows, repair what differs, and say what it was.

    Looks without a lock first; only what seems wrong is locked, looked at again and repaired.
    """
    found: list[Mismatch] = []
    for host_app_id in SnapshotVersion.objects.values_list("pk", flat=True).order_by("pk"):
        try:
            row = SnapshotVersion.objects.filter(pk=host_app_id).first()
            if row is not None and _look(row).problems:
                found += _repair(host_app_id)
        except Exception:  # one host app that cannot be built must not hide the others
            log.exception("the snapshot of host app %s cannot be verified", host_app_id)
            found.append(Mismatch(host_app_id, "", "failed", repaired=False))
    return found


def _look(row: SnapshotVersion) -> _Finding:
    """Build everything again. Parts whose kind this process does not know stay as they are."""
    host_app = read_host_app(row.pk)
    unknown = {name for name in row.manifest if registry.kind_and_key(name)[0] not in registry.KINDS}
    names = registry.all_names(host_app) | (row.manifest.keys() - unknown)
    built = {name: part for name in sorted(names) if (part := parts.build(host_app, name))}
    manifest = {name: row.manifest[name] for name in unknown} | {name: part.entry for name, part in built.items()}

    problems = dict.fromkeys(row.manifest.keys() - manifest.keys(), "extra")
    broken = parts.damaged(manifest)
    for name, entry in manifest.items():
        if name not in row.manifest:
            problems[name] = "absent"
        elif row.manifest[name] != entry:
            problems[name] = "stale"
        elif entry["sha"] in broken:
            problems[name] = broken[entry["sha"]]
        for sha in entry["sets"]:
            if sha in broken:
                problems[name] = f"set {broken[sha]}"
    return _Finding(problems=problems, built=built, manifest=manifest)


def _repair(host_app_id: str) -> list[Mismatch]:
    with publishing(read_host_app(host_app_id)) as publication:
        row = publication.row
        finding = _look(row)
        lost = {name for name, reason in finding.problems.items() if reason.startswith("set ")}
        mended = finding.problems.keys() - lost
        if mended:
            right = [part for name, part in finding.built.items() if name in mended]
            parts.keep(right)
            parts.rewrite(right)
            as_before = {name: row.manifest[name] for name in lost if name in row.manifest}
            manifest = {name: entry for name, entry in finding.manifest.items() if name not in lost} | as_before
            write_head(row, publication.host_app, manifest)
    for name, reason in sorted(finding.problems.items()):
        log.error("snapshot of host app %s: part %s was %s", host_app_id, name, reason)
    return [Mismatch(host_app_id, name, why, repaired=name in mended) for name, why in sorted(finding.problems.items())]
