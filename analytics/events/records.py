"""How a request's events lie in the journal: one line per request, columns already told apart. Pure.

The edge has judged every event, so a row is what Parquet will hold. `properties` is JSON as a text of its own, so that
the loader never has to parse what a stranger nested. The members come in this order and the first three are found
without parsing: what the loader needs of a record that it only counts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct, structs

from ferry.journal.frames import MAX_RECORD
from ferry.journal.registry import Measure

KIND = "events"
_HEAD = re.compile(rb'\{"host_app":"([0-9a-z]{26})","at":([0-9]{1,13}),"n":([0-9]{1,6}),')


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
    events: list[Row]
    refused: list[Refusal]


_encode = msgspec.json.Encoder().encode


def pack(host_app: str, *, at: int, seq: int, events: list[Row], refused: list[Refusal]) -> list[bytes]:
    """The journal's lines for these events: one, unless they are more than a record may hold."""
    n = len(events) + sum(refusal.n for refusal in refused)
    line = _encode(EventsRecord(host_app, at, n, seq, events, refused))
    if len(line) <= MAX_RECORD:
        return [line]
    half = len(events) // 2, len(refused) // 2
    first = pack(host_app, at=at, seq=seq, events=events[: half[0]], refused=refused[: half[1]])
    return first + pack(host_app, at=at, seq=seq, events=events[half[0] :], refused=refused[half[1] :])


def measure(payload: bytes) -> Measure | None:
    """Whose events, received when, how many; None when it is no such record."""
    head = _HEAD.match(payload)
    if head is None:
        return None
    at = datetime.fromtimestamp(int(head[2]) / 1000, UTC)
    return Measure(head[1].decode(), at.date(), int(head[3]))


# What DuckDB reads from a line, in the words of the structs above.
_DUCKDB = {str: "VARCHAR", int: "BIGINT", int | None: "BIGINT", bool | None: "BOOLEAN", str | None: "VARCHAR"}


def _struct(kind: type[Struct]) -> str:
    hints = {item.name: item.type for item in structs.fields(kind)}
    return "STRUCT(" + ", ".join(f'"{name}" {_DUCKDB[hint]}' for name, hint in hints.items()) + ")"


COLUMNS = {
    "host_app": "VARCHAR",
    "at": "BIGINT",
    "n": "BIGINT",
    "seq": "BIGINT",
    "events": f"{_struct(Row)}[]",
    "refused": f"{_struct(Refusal)}[]",
}
ROW_FIELDS: Sequence[str] = [item.name for item in structs.fields(Row)]
