"""What the edge asks for: one cheap query each second, and the rest only when that answer has changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ferry.kernel.publishing.models import SnapshotPart, SnapshotVersion

_BATCH = 500


def versions() -> list[tuple[str, int, int]]:
    """(host app id, version, freshness stamp in ms) of every published host app: one query, no JSON.

    An edge compares for difference, not for "greater": a restored backup may step back.
    """
    rows = SnapshotVersion.objects.filter(version__gt=0)
    return list(rows.values_list("host_app_id", "version", "freshness_stamp"))


def manifest(host_app_id: str) -> tuple[int, dict[str, dict[str, Any]], dict[str, Any] | None]:
    """(version, manifest, freshness) of one host app, of one moment; (0, {}, None) when nothing was published."""
    row = SnapshotVersion.objects.filter(pk=host_app_id).values_list("version", "manifest", "freshness").first()
    return row if row is not None else (0, {}, None)


def freshness(host_app_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The freshness documents of these host apps, for when only they have changed."""
    rows = SnapshotVersion.objects.filter(pk__in=list(host_app_ids), freshness__isnull=False)
    return {host_app_id: document for host_app_id, document in rows.values_list("host_app_id", "freshness") if document}


def parts(shas: Iterable[str]) -> dict[str, bytes]:
    """The bytes of parts and sets by address. One that is missing was swept: ask for the manifest again.

    The caller checks each hash (`sets.address`), for it keeps the bytes on disk under that name.
    """
    wanted = sorted(set(shas))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), _BATCH):
        rows = SnapshotPart.objects.filter(pk__in=wanted[start : start + _BATCH])
        found.update((sha, bytes(body)) for sha, body in rows.values_list("sha256", "body"))
    return found
