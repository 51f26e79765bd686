"""The loader's handlers for accepted privacy agreements and opened links.

`load` judges; what it returns writes, inside the loader's one transaction, so each record counts exactly once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import F

from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from ferry.kernel import clock
from ferry.kernel.identity.models import HostApp
from miniapps.models import PrivacyAcceptance, ShortLink
from miniapps.records import LinkOpened, PrivacyAccepted, decode, label


class _Handler:
    def measure(self, kind: str, payload: bytes) -> Measure:
        """Whose record it is."""
        found = label(payload)
        return Measure("", clock.now().date()) if found is None else Measure(*found)


class PrivacyHandler(_Handler):
    """Kind privacy_accepted. The first acceptance of a version on a device is kept; later ones change nothing."""

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        read: list[tuple[str, PrivacyAccepted]] = _read(records, work)
        workspaces = _workspaces({record.host_app for _, record in read})
        first: dict[tuple[str, str, int, str], PrivacyAcceptance] = {}
        for kind, record in sorted(read, key=lambda item: (item[1].at, item[1].seq)):
            key = (record.host_app, record.program, record.version, record.device)
            if key in first:
                work.duplicate(kind, record.host_app, record.day)
                continue
            work.stored(kind, record.host_app, record.day)
            first[key] = PrivacyAcceptance(
                workspace_id=workspaces[record.host_app],
                host_app_id=record.host_app,
                program_id=record.program,
                version=record.version,
                device=record.device,
                user=record.user,
                accepted_at=record.moment,
            )
        return lambda: _keep(list(first.values()))


class LinkHandler(_Handler):
    """Kind link_opened."""

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        read: list[tuple[str, LinkOpened]] = _read(records, work)
        opens: Counter[tuple[str, str]] = Counter()
        last: dict[tuple[str, str], datetime] = {}
        for kind, record in read:
            work.stored(kind, record.host_app, record.day)
            link = (record.host_app, record.code)
            opens[link] += 1
            last[link] = max(last.get(link, record.moment), record.moment)
        return lambda: _count(opens, last)


def _keep(rows: Sequence[PrivacyAcceptance]) -> None:
    PrivacyAcceptance.objects.unscoped().bulk_create(rows, ignore_conflicts=True)


def _count(opens: Mapping[tuple[str, str], int], last: Mapping[tuple[str, str], datetime]) -> None:
    for (host_app, code), times in opens.items():
        row = ShortLink.objects.unscoped().filter(host_app_id=host_app, code=code)
        row.update(opens=F("opens") + times, last_opened_at=last[host_app, code])


def _read(records: Mapping[str, Sequence[bytes]], work: Work) -> list[tuple[str, Any]]:
    """The records that can be read and belong to a known host app; the others are put aside with the reason."""
    read = []
    for kind, payloads in records.items():
        for payload in payloads:
            try:
                read.append((kind, decode(kind, payload), payload))
            except (msgspec.DecodeError, UnicodeDecodeError):
                app, day = label(payload) or ("", clock.now().date())
                work.rejected(kind, app, day, "invalid", payload)
    known = _workspaces({record.host_app for _, record, _ in read})
    kept = []
    for kind, record, payload in read:
        if record.host_app in known:
            kept.append((kind, record))
        else:
            work.rejected(kind, record.host_app, record.day, "unknown_app", payload)
    return kept


def _workspaces(apps: set[str]) -> dict[str, str]:
    return dict(HostApp.objects.unscoped().filter(pk__in=apps).values_list("pk", "workspace_id"))
