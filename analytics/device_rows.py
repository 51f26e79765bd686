"""Device rows for one step of the loader: read once, changed in memory, written where something changed.

Only the loader uses this, so nobody changes the rows in between; if its lease has passed to another loader, the fence
of the transaction in which `save` runs has already said so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection

from analytics.folding import DeviceState
from analytics.models import Device
from ferry.journal.records import moment

LAST_SEEN_STEP = timedelta(minutes=15)  # a device that was seen again within this span is not written for that alone
_CHUNK = 500  # ids in one statement: SQLite's older builds take 999 variables

_VALUES = (
    "registered",
    "consent",
    "bound_user",
    "bound_by",
    "claimed_user",
    "platform",
    "os",
    "model",
    "host_version",
    "network",
    "locale",
    "attributes",
    "installed",
)
_POSITIONS = ("consent", "bound", "context", "observed")
_WRITTEN = (
    *_VALUES,
    *(f"{group}_{part}" for group in _POSITIONS for part in ("at", "seq")),
    "first_seen",
    "last_seen",
)

# Plain statements, understood by both engines: through model objects a row costs 60 µs, and a first check-in brings
# one for every installed program.
_PUT_INSTALLED = """
    INSERT INTO analytics_installedversion (workspace_id, host_app_id, device_id, program_id, code, release_id)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (device_id, program_id) DO UPDATE SET code = excluded.code, release_id = excluded.release_id
"""
_REMOVE_INSTALLED = "DELETE FROM analytics_installedversion WHERE device_id = %s AND program_id = %s"

Key = tuple[str, str]  # host app, device id
T = TypeVar("T")


class DeviceRows:
    """The devices that a step is about."""

    def __init__(self) -> None:
        self._states: dict[Key, DeviceState] = {}
        self._ids: dict[Key, str] = {}  # of the rows that exist
        self._before: dict[Key, tuple[Any, ...]] = {}
        self._installed_before: dict[Key, list[list[Any]]] = {}
        self._last_seen: dict[Key, datetime] = {}
        self._touched: set[Key] = set()

    @classmethod
    def of(cls, keys: Iterable[Key]) -> DeviceRows:
        """Read the rows of these devices; those that have none begin empty."""
        rows = cls()
        wanted: dict[str, set[str]] = defaultdict(set)
        for app, device_id in keys:
            wanted[app].add(device_id)
        for app, device_ids in wanted.items():
            for chunk in _chunks(sorted(device_ids)):
                found = Device.objects.unscoped().filter(host_app_id=app, device_id__in=chunk)
                for row in found.values_list("pk", "device_id", *_WRITTEN):  # a third of the time that objects take
                    rows._remember((app, row[1]), row[0], dict(zip(_WRITTEN, row[2:], strict=True)))
            for device_id in device_ids:
                rows._states.setdefault((app, device_id), DeviceState(device_id))
        return rows

    def __getitem__(self, key: Key) -> DeviceState:
        return self._states[key]

    def touch(self, app: str, device_id: str) -> None:
        """A record of this device is stored."""
        self._touched.add((app, device_id))

    def refused(self, app: str, device_id: str) -> None:
        """The device has taken its consent back: its row, if there is one, keeps that and nothing else."""
        if (app, device_id) in self._ids:
            self._touched.add((app, device_id))

    def save(self, workspaces: Mapping[str, str]) -> None:
        """Write what changed. `workspaces`: whose each host app is."""
        changed: list[Key] = []
        seen: dict[datetime, list[str]] = defaultdict(list)
        for key in sorted(self._touched):
            state = self._states[key]
            if self._before.get(key) != _fingerprint(state):
                changed.append(key)
            elif moment(state.last_seen) - self._last_seen[key] >= LAST_SEEN_STEP:
                minute = moment(state.last_seen).replace(second=0, microsecond=0)
                seen[minute].append(self._ids[key])
        for minute, ids in seen.items():
            for chunk in _chunks(ids):
                Device.objects.unscoped().filter(pk__in=chunk, last_seen__lt=minute).update(last_seen=minute)
        self._write(changed, workspaces)
        self._write_installed(changed, workspaces)

    def _remember(self, key: Key, pk: str, row: Mapping[str, Any]) -> None:
        state = DeviceState(key[1])
        for name in _VALUES:
            setattr(state, name, row[name])
        for group in _POSITIONS:
            setattr(state, f"{group}_position", (row[f"{group}_at"], row[f"{group}_seq"]))
        state.first_seen, state.last_seen = _ms(row["first_seen"]), _ms(row["last_seen"])
        self._states[key], self._ids[key] = state, pk
        self._before[key], self._installed_before[key] = _fingerprint(state), row["installed"]
        self._last_seen[key] = row["last_seen"]

    def _write(self, keys: Sequence[Key], workspaces: Mapping[str, str]) -> None:
        rows = []
        for key in keys:
            app, device_id = key
            state = self._states[key]
            row = Device(workspace_id=workspaces[app], host_app_id=app, device_id=device_id)
            row.pk = self._ids.setdefault(key, row.pk)
            for name in _VALUES:
                setattr(row, name, getattr(state, name))
            for group in _POSITIONS:
                at, seq = getattr(state, f"{group}_position")
                setattr(row, f"{group}_at", at)
                setattr(row, f"{group}_seq", seq)
            row.first_seen, row.last_seen = moment(state.first_seen), moment(state.last_seen)
            rows.append(row)
        Device.objects.unscoped().bulk_create(
            rows,
            batch_size=_CHUNK,
            update_conflicts=True,
            unique_fields=["host_app_id", "device_id"],
            update_fields=list(_WRITTEN),
        )

    def _write_installed(self, keys: Sequence[Key], workspaces: Mapping[str, str]) -> None:
        gone: list[tuple[str, str]] = []
        present: list[tuple[Any, ...]] = []
        for key in keys:
            device = self._ids[key]
            before = {item[0]: item for item in self._installed_before.get(key, ())}
            for program, code, release in self._states[key].installed:
                if before.pop(program, None) != [program, code, release]:
                    present.append((workspaces[key[0]], key[0], device, program, code, release))
            gone += [(device, program) for program in before]
        with connection.cursor() as cursor:
            if gone:
                cursor.executemany(_REMOVE_INSTALLED, gone)
            if present:
                cursor.executemany(_PUT_INSTALLED, present)


def _fingerprint(state: DeviceState) -> tuple[Any, ...]:
    """What makes a write necessary: every value, and the positions of the records that were acknowledged."""
    values = tuple(getattr(state, name) for name in _VALUES)
    return (*values, state.consent_position, state.bound_position, state.first_seen)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
