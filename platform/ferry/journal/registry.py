"""Where apps join the loader: each registers, in its AppConfig.ready(), what it does with the records of its kinds.

A handler works on batches: it is given all new records of its kinds in one step, so that it can hand them to DuckDB
as a whole or fold them in memory, and it is given them before anything is recorded. It prepares files through `Work`,
accounts for every record there, and returns what has to happen inside the loader's one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

from ferry.kernel import clock

if TYPE_CHECKING:
    from ferry.journal.work import Work

log = logging.getLogger(__name__)

Apply = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Measure:
    """Whose record it is and how much it counts, read without judging it."""

    app: str  # the host app's id; "" when the record does not say
    day: date  # received, in UTC
    events: int = 1  # a record that is a batch counts its events


class Handler(Protocol):
    """What an app does with its kinds of records."""

    def measure(self, kind: str, payload: bytes) -> Measure:
        """Read by the loader for `received` and by the accounting for `pending`. Must not raise."""

    def load(self, records: Mapping[str, Sequence[bytes]], work: Work) -> Apply:
        """Judge and prepare. May read the database, never writes it: the returned function does, in the transaction.

        It may be called again with the same records after a crash, so all effects go through `work` and the return.
        """


_handlers: dict[str, Handler] = {}
_layouts: dict[str, str] = {}


def register_handler(*kinds: str, handler: Handler) -> None:
    """Say who loads these kinds. A handler with several kinds gets them together, in one call per step."""
    for kind in kinds:
        known = _handlers.setdefault(kind, handler)
        if known is not handler:
            raise ValueError(f"records of kind {kind!r} have a handler already")


def handler_of(kind: str) -> Handler | None:
    """Who loads this kind; None when no installed app does."""
    return _handlers.get(kind)


def register_layout(table: str, query: str) -> None:
    """Say how the rows of a Parquet table lie in a file: SQL over `{files}`, by which several become one.

    A table without a layout keeps its files as they were written.
    """
    if _layouts.setdefault(table, query) != query:
        raise ValueError(f"table {table!r} has a layout already")


def layout(table: str) -> str:
    return _layouts[table]


def layouts() -> list[str]:
    """The tables whose files may be merged."""
    return sorted(_layouts)


def measure(kind: str, payload: bytes) -> Measure:
    """Whose record it is, whatever is wrong with it: a record that cannot even be measured is one of nobody's.

    The accounting and the quarantine rest on this, so a handler that fails here must not stop either.
    """
    handler = handler_of(kind)
    if handler is not None:
        try:
            return handler.measure(kind, payload)
        except Exception:
            log.exception("a %s record cannot be measured", kind)
    return Measure("", clock.now().date())


def kinds() -> Iterator[str]:
    """Every kind that has a handler."""
    return iter(sorted(_handlers))
