"""The loader's handlers for accepted privacy agreements and opened links.

`load` judges; what it returns writes, inside the loader's one transaction, so each record counts exactly once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import F

from ferry.journal.reading import measured, read, workspaces
from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from miniapps.models import PrivacyAcceptance, PrivacyAgreement, ShortLink
from miniapps.records import ACCEPTANCES, OPENINGS


class PrivacyHandler:
    """Kind privacy_accepted. The first acceptance of a version on a device is kept; later ones change nothing.

    What nobody has published yet cannot have been accepted: it would count for whatever is published under that number.
    """

    def measure(self, kind: str, payload: bytes) -> Measure:
        return measured(payload)

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        found = read(ACCEPTANCES, records, work)
        homes = workspaces(item.record.host_app for item in found)
        published = _published(homes.values(), {item.record.program for item in found})
        first: dict[tuple[str, str, int, str], PrivacyAcceptance] = {}
        for item in sorted(found, key=lambda item: item.record.position):
            record = item.record
            if (homes[record.host_app], record.program, record.version) not in published:
                work.rejected(item.kind, record.host_app, record.day, "unknown_agreement", item.payload)
                continue
            key = (record.host_app, record.program, record.version, record.device)
            if key in first:
                work.duplicate(item.kind, record.host_app, record.day)
                continue
            work.stored(item.kind, record.host_app, record.day)
            first[key] = PrivacyAcceptance(
                workspace_id=homes[record.host_app],
                host_app_id=record.host_app,
                program_id=record.program,
                version=record.version,
                device=record.device,
                user=record.user,
                accepted_at=record.moment,
            )
        return lambda: _keep(list(first.values()))


class LinkHandler:
    """Kind link_opened."""

    def measure(self, kind: str, payload: bytes) -> Measure:
        return measured(payload)

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        opens: Counter[tuple[str, str]] = Counter()
        last: dict[tuple[str, str], datetime] = {}
        for item in read(OPENINGS, records, work):
            record = item.record
            work.stored(item.kind, record.host_app, record.day)
            link = (record.host_app, record.code)
            opens[link] += 1
            last[link] = max(last.get(link, record.moment), record.moment)
        return lambda: _count(opens, last)


def _published(homes: Iterable[str], programs: Iterable[str]) -> set[tuple[str, str, int]]:
    """Workspace, program and version of every agreement that these programs have there."""
    rows = PrivacyAgreement.objects.unscoped().filter(workspace_id__in=set(homes), program__program_id__in=programs)
    return set(rows.values_list("workspace_id", "program__program_id", "version"))


def _keep(rows: Sequence[PrivacyAcceptance]) -> None:
    PrivacyAcceptance.objects.unscoped().bulk_create(rows, ignore_conflicts=True)


def _count(opens: Mapping[tuple[str, str], int], last: Mapping[tuple[str, str], datetime]) -> None:
    for (host_app, code), times in opens.items():
        row = ShortLink.objects.unscoped().filter(host_app_id=host_app, code=code)
        row.update(opens=F("opens") + times, last_opened_at=last[host_app, code])
