"""How a request's events lie in the journal: one line per request, its events column by column. Pure.

The edge has judged every event, so a row is what Parquet will hold. Events of one request say the same of most things,
so these stand once for each group of events, and only what differs from event to event is a list: half the bytes of
one object per event, and half the time to write and to read them (bench/ingest.py). `properties` is JSON as a text of
its own, so that the loader never has to parse what a stranger nested. The members come in this order and the first
three are found without parsing: what the loader needs of a record that it only counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, get_origin

import msgspec
from msgspec import Struct, structs

from ferry.journal.frames import MAX_RECORD
from ferry.journal.registry import Measure

KIND = "events"
_HEAD = re.compile(rb'\{"host_app":"([0-9a-z]{26})","at":([0-9]{1,13}),"n":([0-9]{1,6}),')
_NONE_REFUSED = b',"refused":[]}'


class Row(Struct, omit_defaults=True, gc=False):
    """One event. Times are milliseconds since the epoch; 0 means that the sender did not say."""

    type: str
    event: str
    message_id: str
    ts: int  # corrected: analytics.events.clocks
    original_ts: int = 0
    sent_at: int = 0
    user_id: str = ""
    device_id: str = ""
    mini_program: str = ""
    version_code: int | None = None
    platform: str = ""
    os: str = ""
    host_version: str = ""
    session: str = ""
    properties: str = ""  # JSON of an object, or nothing
    profiling: bool | None = None  # what the consent that came along says; None: none came along
    anonymous: str = ""  # of identify and alias: the id that its user went by before


class Group(Struct, omit_defaults=True, gc=False):
    """Events that agree on what is no list here; the lists are of one length, or empty where no event says anything."""

    type: str
    sent_at: int = 0
    mini_program: str = ""
    version_code: int | None = None
    platform: str = ""
    os: str = ""
    host_version: str = ""
    session: str = ""
    profiling: bool | None = None
    anonymous: str = ""
    event: list[str] = []
    message_id: list[str] = []
    ts: list[int] = []
    original_ts: list[int] = []
    user_id: list[str] = []
    device_id: list[str] = []
    properties: list[str] = []


_HINTS = {item.name: item.type for item in structs.fields(Group)}
EACH = [name for name, hint in _HINTS.items() if get_origin(hint) is list]
SHARED = [name for name in _HINTS if name not in EACH]
_shared = attrgetter(*SHARED)
_each = attrgetter(*EACH)


def grouped(rows: Iterable[Row]) -> list[Group]:
    """These events, those that agree together."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        found.setdefault(_shared(row), []).append(row)
    groups = []
    for members in found.values():
        columns = zip(EACH, zip(*map(_each, members), strict=True), strict=True)
        said: dict[str, Any] = {name: list(column) for name, column in columns if any(column)}
        groups.append(Group(**{name: getattr(members[0], name) for name in SHARED}, **said))
    return groups


def rows(groups: Iterable[Group]) -> list[Row]:
    """The same events one by one."""
    found = []
    for group in groups:
        shared = {name: getattr(group, name) for name in SHARED}
        said = {name: column for name in EACH if (column := getattr(group, name))}
        found += [Row(**shared, **dict(zip(said, each, strict=True))) for each in zip(*said.values(), strict=True)]
    return found


class Refusal(Struct, omit_defaults=True, gc=False):
    """Events that are not stored, and why. Without consent nothing of them is kept."""

    reason: str
    n: int = 1
    payload: str | None = None


class EventsRecord(Struct):
    """The record of kind "events". `n` is what the accounting counts: events and refused ones together."""

    host_app: str
    at: int  # edge receive time, ms
    n: int
    seq: int
    groups: list[Group]
    refused: list[Refusal]


class _Refused(Struct):
    refused: list[Refusal]


_encode = msgspec.json.Encoder().encode
_refused = msgspec.json.Decoder(_Refused)


def pack(host_app: str, *, at: int, seq: int, groups: Sequence[Group], refused: Sequence[Refusal]) -> list[bytes]:
    """The journal's lines for these events: one, unless they are more than a record may hold."""
    n = sum(len(group.event) for group in groups) + sum(refusal.n for refusal in refused)
    line = _encode(EventsRecord(host_app, at, n, seq, list(groups), list(refused)))
    if len(line) <= MAX_RECORD:
        return [line]
    events = rows(groups)
    half = len(events) // 2, len(refused) // 2
    first = pack(host_app, at=at, seq=seq, groups=grouped(events[: half[0]]), refused=refused[: half[1]])
    return first + pack(host_app, at=at, seq=seq, groups=grouped(events[half[0] :]), refused=refused[half[1] :])


def measure(payload: bytes) -> Measure | None:
    """Whose events, received when, how many; None when it is no such record."""
    head = _HEAD.match(payload)
    if head is None:
        return None
    at = datetime.fromtimestamp(int(head[2]) / 1000, UTC)
    return Measure(head[1].decode(), at.date(), int(head[3]))


def refusals(payload: bytes) -> list[Refusal]:
    """What was refused of this record. Raises msgspec.DecodeError."""
    return [] if payload.endswith(_NONE_REFUSED) else _refused.decode(payload).refused


# What DuckDB reads from a line, in the words of the structs above. Refusals are few, and read by `refusals`.
_DUCKDB = {
    str: "VARCHAR",
    int: "BIGINT",
    int | None: "BIGINT",
    bool | None: "BOOLEAN",
    list[str]: "VARCHAR[]",
    list[int]: "BIGINT[]",
}
_GROUP = ", ".join(f'"{name}" {_DUCKDB[hint]}' for name, hint in _HINTS.items())
COLUMNS = {"host_app": "VARCHAR", "at": "BIGINT", "groups": f"STRUCT({_GROUP})[]"}
