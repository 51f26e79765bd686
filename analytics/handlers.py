"""The loader's handler for registrations, bindings and check-ins.

`load` only reads and prepares; what it returns writes, inside the loader's one transaction. All kinds come in one
call, because a check-in may have to know the consent that a registration of the same step has brought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from analytics import observations
from analytics.device_rows import DeviceRows
from analytics.events import aliases
from analytics.records import KINDS, AnyRecord, BindRecord, CheckinRecord, ConsentRecord, DeviceRecord
from analytics.signals import marketing_refused
from ferry.journal.keys import Message
from ferry.journal.reading import Read, measured, read
from ferry.journal.registry import Apply, Measure
from ferry.journal.work import Work
from ferry.kernel.identity.models import Consent, HostApp

NAMESPACE = "device"  # message ids of devices are apart from those of events


class _Counted(Read[AnyRecord]):
    """A record that is counted already, as a duplicate; only its effect is still wanted."""


@dataclass(frozen=True, slots=True)
class _App:
    """What the handler must know of a host app."""

    workspace_id: str
    consent_required: bool


class DeviceHandler:
    """Kinds device, consent, bind, unbind and checkin."""

    def measure(self, kind: str, payload: bytes) -> Measure:
        return measured(payload)

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        fresh = _once(read(KINDS, records, work), work)
        apps = _apps({item.record.host_app for item in fresh})
        rows = DeviceRows.of((item.record.host_app, item.record.device) for item in fresh)
        seen: dict[tuple[str, date], list[bytes]] = defaultdict(list)
        bound: dict[str, list[bytes]] = defaultdict(list)
        decided: set[tuple[str, str]] = set()
        for item in sorted(fresh, key=lambda item: item.record.position):
            record = item.record
            folded = _fold(item, rows, consent_required=apps[record.host_app].consent_required)
            if isinstance(record, DeviceRecord | ConsentRecord) and record.consent is not None:
                decided.add((record.host_app, record.device))
            if isinstance(item, _Counted):
                continue
            if not folded:
                # Nothing may be stored without consent, so nothing of it goes to the quarantine either.
                work.rejected(item.kind, record.host_app, record.day, "no_consent", None)
                continue
            work.stored(item.kind, record.host_app, record.day)
            if isinstance(record, CheckinRecord):
                seen[record.host_app, record.day].append(item.payload)
            elif item.kind == "bind":
                bound[record.host_app].append(item.payload)
        for (app, day), lines in seen.items():
            work.write(observations.TABLE, app, day, lines, observations.COLUMNS, observations.SELECT)
        for app, lines in bound.items():
            aliases.write_bound(work, app, lines)
        workspaces = {app: known.workspace_id for app, known in apps.items()}

        def apply() -> None:
            rows.save(workspaces)
            _tell(rows, decided, workspaces)

        return apply


def _tell(rows: DeviceRows, decided: set[tuple[str, str]], workspaces: Mapping[str, str]) -> None:
    """Say which of the devices that spoke of consent want no marketing."""
    refused: dict[str, dict[str, int]] = defaultdict(dict)
    for app, device_id in sorted(decided):
        state = rows[app, device_id]
        if state.consent is not None and not state.consent.get("marketing"):
            refused[app][device_id] = state.consent_position[0]
    for app, devices in refused.items():
        marketing_refused.send(None, workspace_id=workspaces[app], host_app_id=app, devices=devices)


def _fold(item: Read[AnyRecord], rows: DeviceRows, *, consent_required: bool) -> bool:
    """Let the record change its device. False: the device has not consented, and the record is refused.

    A bind is refused only after an explicit no: it carries a device token, so a registration has come before it, and
    that one may still be on its way through another edge's segment.
    """
    record = item.record
    device = rows[record.host_app, record.device]
    if isinstance(record, DeviceRecord | ConsentRecord):
        if isinstance(record, DeviceRecord):
            device.registers(record)
        else:
            device.decides(record)
        if consent_required and not device.consents():
            device.forget()
            rows.refused(record.host_app, record.device)
            return False
    elif isinstance(record, BindRecord):
        if consent_required and device.refuses():
            return False
        if item.kind == "bind":
            device.binds(record)
        else:
            device.unbinds(record)
    else:
        if consent_required and not device.consents():
            return False
        device.checks_in(record)
    rows.touch(record.host_app, record.device)
    return True


def _once(found: Sequence[Read[AnyRecord]], work: Work) -> list[Read[AnyRecord]]:
    """Check-ins and consents carry no message id: the newest holds, so the same once more changes nothing.

    A refusal is never lost as a duplicate: a device that sends its registration again and says no this time has taken
    its consent back. Applying it twice does no harm, since its position orders it; it counts as the duplicate it is.
    """
    named = [item for item in found if isinstance(item.record, DeviceRecord | BindRecord)]
    fresh = work.fresh(
        [
            Message(item.record.host_app, item.record.day, f"{NAMESPACE}.{item.kind}", item.record.message_id)
            for item in named
            if isinstance(item.record, DeviceRecord | BindRecord)
        ]
    )
    kept = [item for item in found if isinstance(item.record, CheckinRecord | ConsentRecord)]
    for item, first in zip(named, fresh, strict=True):
        if first:
            kept.append(item)
            continue
        work.duplicate(item.kind, item.record.host_app, item.record.day)
        if _refuses(item.record):
            kept.append(_Counted(item.kind, item.record, item.payload))
    return kept


def _refuses(record: AnyRecord) -> bool:
    return isinstance(record, DeviceRecord) and record.consent is not None and not record.consent.get("analytics")


def _apps(ids: set[str]) -> dict[str, _App]:
    rows = HostApp.objects.unscoped().filter(pk__in=ids).values_list("pk", "workspace_id", "consent")
    return {pk: _App(workspace_id, consent == Consent.REQUIRED) for pk, workspace_id, consent in rows}
