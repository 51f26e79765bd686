"""One step of the loader as its handlers see it: what they judge, count and write is gathered here.

Nothing of it is visible to anybody until the loader's transaction has committed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from ferry.journal import registry
from ferry.journal.errors import Unbalanced
from ferry.journal.frames import Record
from ferry.journal.keys import Keys, Message, NewKeys
from ferry.journal.lake import Lake, NewFile
from ferry.journal.registry import Apply, Handler

QUARANTINE = "quarantine"
HANDLER_FAILED = "handler_failed"  # the reason of a record that is right as far as anybody knows
_QUARANTINE_COLUMNS = {"kind": "VARCHAR", "reason": "VARCHAR", "payload": "VARCHAR"}

Place = tuple[str, str, date]  # host app, kind, received day


@dataclass(slots=True)
class Count:
    """Where the records of one place went in this step."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0

    def balanced(self) -> bool:
        return self.received == self.stored + self.duplicate + self.rejected


class Work:
    """What a step is going to record."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.counts: dict[Place, Count] = defaultdict(Count)
        self.files: list[NewFile] = []
        self.new_keys = NewKeys([], [])
        self._keys = Keys(lake)
        self._rejected: dict[tuple[str, date], list[bytes]] = defaultdict(list)

    def fresh(self, messages: Sequence[Message]) -> list[bool]:
        """For each message, whether this is its first time within the de-duplication window."""
        return self._keys.fresh(messages)

    def forget_duplicates(self, table: str) -> list[tuple[str, date, int]]:
        """The same for a whole table in `lake.duckdb`: ferry.journal.keys.Keys.forget_duplicates."""
        return self._keys.forget_duplicates(table)

    def stored(self, kind: str, app: str, day: date, events: int = 1) -> None:
        self.counts[app, kind, day].stored += events

    def duplicate(self, kind: str, app: str, day: date, events: int = 1) -> None:
        self.counts[app, kind, day].duplicate += events

    def rejected(self, kind: str, app: str, day: date, reason: str, payload: bytes | None, events: int = 1) -> None:
        """Count a refusal and keep what was refused, to be read; `None` where nothing of it may be kept (consent)."""
        self.counts[app, kind, day].rejected += events
        text = "" if payload is None else payload.decode("utf-8", "replace")
        self._rejected[app, day].append(
            msgspec.json.encode({"kind": kind, "reason": reason, "payload": text}),
        )

    def write(
        self, table: str, app: str, day: date, lines: Iterable[bytes], columns: Mapping[str, str], select: str = "*"
    ) -> None:
        """Add one file of JSON lines. `columns`: member → DuckDB type; `select`: what of them the file holds."""
        self.files.append(
            self.lake.copy_lines(table=table, app=app, day=day, lines=lines, columns=columns, select=select)
        )

    def copy(self, table: str, app: str, day: date, query: str, parameters: Sequence[Any] = ()) -> None:
        """Add one file of what `query` selects in `lake.duckdb`, for handlers that work on whole batches there."""
        self.files.append(self.lake.copy(table=table, app=app, day=day, query=query, parameters=parameters))

    def finish(self) -> None:
        """Write what belongs to the step and not to one handler: quarantine and de-duplication keys."""
        for (app, day), lines in self._rejected.items():
            self.write(QUARANTINE, app, day, lines, _QUARANTINE_COLUMNS)
        self.new_keys = self._keys.write()
        self.files += self.new_keys.files

    def discard(self) -> None:
        """Forget the step's files."""
        self.lake.discard(self.files)


def prepare(records: Sequence[Record], work: Work, quarantine: str) -> list[Apply]:
    """Let every handler work on its records; each record must end in exactly one of the counts."""
    batches: dict[int, tuple[Handler, dict[str, list[bytes]]]] = {}
    for kind, payload in records:
        whose = registry.measure(kind, payload)
        work.counts[whose.app, kind, whose.day].received += whose.events
        handler = registry.handler_of(kind)
        if handler is None or quarantine:
            work.rejected(kind, whose.app, whose.day, quarantine or "unknown_kind", payload, whose.events)
        else:
            batches.setdefault(id(handler), (handler, defaultdict(list)))[1][kind].append(payload)
    applies = [handler.load(batch, work) for handler, batch in batches.values()]
    for place, count in work.counts.items():
        if not count.balanced():
            raise Unbalanced(f"{place}: {count}")
    work.finish()
    return applies
