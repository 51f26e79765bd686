"""Has this message been stored before? De-duplication keys in sorted Parquet files, listed in the manifest.

A key is the MD5 of (host app, namespace, message id), kept as a UUID column. It need withstand nobody: who constructs
two ids with one sum loses a message of his own, and to hit somebody else's would take a second preimage. A database
table with a unique index fell from 608 k to 87 k rows/s at six million rows; files do not, and DuckDB compares a whole
step's keys at once. Keys are kept per host app and received day for WINDOW days around a record's own day: a message
that comes again within that time counts once.

Each step adds one file per (app, day), merged with the files that are not much larger, so that their number grows
with the logarithm of the keys and not with the steps.
"""

# ruff: noqa: S608 - tables are named by code; keys, hosts and paths are parameters
from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from ferry.journal.lake import Lake, NewFile
from ferry.journal.models import StoredFile

TABLE = "keys"
WINDOW = timedelta(days=7)
_NEW = "SELECT unnest($1::VARCHAR[])::UUID AS key UNION ALL SELECT key FROM ferry_new_keys WHERE app = $2 AND day = $3"
_SORTED = f"SELECT key FROM ({_NEW}) ORDER BY key"
_MERGED = f"SELECT key FROM ({_NEW} UNION ALL SELECT key FROM read_parquet($4)) ORDER BY key"

# What makes the key of a message in SQL, the same as Message.key: for handlers that never bring rows to Python.
KEY_SQL = "md5_number(concat({app}, chr(0) || '{namespace}' || chr(0), {message_id}))::UUID"


class Message(NamedTuple):
    """What makes a record the same one again."""

    app: str
    day: date  # received, in UTC
    namespace: str  # ids of different kinds of records never meet
    message_id: str

    def key(self) -> str:
        text = "\0".join((self.app, self.namespace, self.message_id))
        return (
            hashlib.md5(text.encode(), usedforsecurity=False).digest()[::-1].hex()
        )  # DuckDB's number, last byte first


@dataclass(frozen=True, slots=True)
class NewKeys:
    """The step's key files, and the manifest rows that they replace."""

    files: list[NewFile]
    merged: list[StoredFile]


class Keys:
    """One step's questions and what they add. Nothing is kept until the step's transaction commits."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._new: dict[tuple[str, date], set[str]] = defaultdict(set)
        lake.duckdb.execute("CREATE OR REPLACE TEMP TABLE ferry_new_keys (app VARCHAR, day DATE, key UUID)")

    def fresh(self, messages: Sequence[Message]) -> list[bool]:
        """For each message: whether this is its first time, in the stored files and in this step."""
        keys = [message.key() for message in messages]
        seen = self._stored(messages, keys)
        seen.update(*self._new.values())
        answer = []
        for message, key in zip(messages, keys, strict=True):
            answer.append(key not in seen)
            if key not in seen:
                seen.add(key)
                self._new[message.app, message.day].add(key)
        return answer

    def forget_duplicates(self, table: str) -> list[tuple[str, date, int]]:
        """Delete from a temporary table what has been stored before or stands in it twice: (app, day, how many).

        The table, in this lake's DuckDB, has the columns app, received_day and key (KEY_SQL) and no other kind of
        message in its namespace. The first row of a key, in the order of the table, stays.
        """
        run = self._lake.duckdb.execute
        run("CREATE OR REPLACE TEMP TABLE ferry_known_keys (app VARCHAR, key UUID)")
        spans = run(f"SELECT app, min(received_day), max(received_day) FROM {table} GROUP BY app").fetchall()
        for app, first, last in spans:
            files = self._files(app, first, last)
            if files:
                run(
                    "INSERT INTO ferry_known_keys SELECT $1, key FROM read_parquet($2)"
                    f" WHERE key IN (SELECT key FROM {table} WHERE app = $1)",
                    [app, files],
                ).fetchall()
        again = f"(SELECT rowid FROM {table} WHERE key IN (SELECT key FROM ferry_known_keys))"
        twice = run(f"SELECT count(*) > count(DISTINCT key) FROM {table}").fetchone()
        if twice and twice[0]:
            again = f"({again} UNION (SELECT rowid FROM {table} EXCEPT SELECT min(rowid) FROM {table} GROUP BY key))"
        run(f"CREATE OR REPLACE TEMP TABLE ferry_again AS SELECT rowid AS place FROM {table} WHERE rowid IN {again}")
        count = f"SELECT app, received_day, count(*) FROM {table} WHERE rowid IN (FROM ferry_again) GROUP BY ALL"
        found = run(count).fetchall()
        if found:
            run(f"DELETE FROM {table} WHERE rowid IN (FROM ferry_again)").fetchall()
        run(f"INSERT INTO ferry_new_keys SELECT app, received_day, key FROM {table}").fetchall()
        return found

    def _files(self, app: str, first: date, last: date) -> list[str]:
        """The key files in which a message of these days may stand."""
        rows = StoredFile.objects.filter(table=TABLE, host_app_id=app, day__range=(first - WINDOW, last + WINDOW))
        return [str(self._lake.root / path) for path in rows.values_list("path", flat=True)]

    def _stored(self, messages: Sequence[Message], keys: Sequence[str]) -> set[str]:
        asked: dict[str, list[str]] = defaultdict(list)
        days: dict[str, set[date]] = defaultdict(set)
        for message, key in zip(messages, keys, strict=True):
            asked[message.app].append(key)
            days[message.app].add(message.day)
        found: set[str] = set()
        for app, wanted in asked.items():
            files = self._files(app, min(days[app]), max(days[app]))
            if files:
                rows = self._lake.duckdb.execute(
                    "SELECT replace(key::VARCHAR, '-', '') FROM read_parquet($1)"
                    " WHERE key IN (SELECT unnest($2::VARCHAR[])::UUID)",
                    [files, wanted],
                ).fetchall()
                found.update(row[0] for row in rows)
        return found

    def write(self) -> NewKeys:
        """The files that hold what this step has added, still under temporary names."""
        files: list[NewFile] = []
        merged: list[StoredFile] = []
        for (app, day), rows in self._rows().items():
            existing = StoredFile.objects.filter(table=TABLE, host_app_id=app, day=day).order_by("rows")
            old = list(_worth_merging(rows, existing))
            query = _SORTED
            parameters: list[Any] = [list[str](self._new.get((app, day), ())), app, day]
            if old:
                query = _MERGED
                parameters.append([str(self._lake.root / file.path) for file in old])
            files.append(self._lake.copy(table=TABLE, app=app, day=day, query=query, parameters=parameters))
            merged += old
        return NewKeys(files, merged)

    def _rows(self) -> dict[tuple[str, date], int]:
        """How many keys the step adds for each host app and day."""
        counted = self._lake.duckdb.execute("SELECT app, day, count(*) FROM ferry_new_keys GROUP BY ALL").fetchall()
        rows = {(app, day): number for app, day, number in counted}
        for place, keys in self._new.items():
            rows[place] = rows.get(place, 0) + len(keys)
        return rows


def _worth_merging(new: int, files: Iterable[StoredFile]) -> Iterable[StoredFile]:
    """The smallest files for as long as each is at most twice what has gathered so far."""
    for file in files:
        if file.rows > 2 * new:
            return
        new += file.rows
        yield file
