"""Makes one report: within bounds of rows, memory and time, and from the files of one state of the manifest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from django.conf import settings

from analytics import store
from analytics.events import table
from analytics.reports.asking import Span
from analytics.reports.errors import ReportsBusy, ReportTooHeavy
from ferry.journal import selectors as journal
from ferry.journal.lake import connect
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import Workspace

if TYPE_CHECKING:
    import duckdb

MOST_ROWS = 200_000_000
MEMORY = "512MB"
SECONDS = 30.0
_AT_ONCE = threading.BoundedSemaphore(2)  # per process: each may take MEMORY and both cores
_PATIENCE_S = 10.0

T = TypeVar("T")
Ask = Callable[["duckdb.DuckDBPyConnection"], T]


def run(workspace: Workspace, host_app_id: str, span: Span, ask: Ask[T], *, seconds: float = SECONDS) -> T:
    """`ask` with a connection that has the span's events as a view. Raises NotFound, ReportTooHeavy, ReportsBusy."""
    import duckdb

    app = identity.host_app(workspace, host_app_id)
    last = span.end - timedelta(microseconds=1)
    if journal.rows(table.TABLE, app.id, first=span.start.date(), last=last.date()) > MOST_ROWS:
        raise ReportTooHeavy
    if not _AT_ONCE.acquire(timeout=_PATIENCE_S):
        raise ReportsBusy(retry_after=5)
    try:
        try:
            return _once(workspace, app.id, span, ask, seconds)
        except duckdb.IOException:  # a file of the list has just been replaced by a larger one: ask for the list again
            return _once(workspace, app.id, span, ask, seconds)
    finally:
        _AT_ONCE.release()


def _once(workspace: Workspace, host_app_id: str, span: Span, ask: Ask[T], seconds: float) -> T:
    import duckdb

    spill = Path(settings.FERRY_DATA) / "tmp"
    with connect(memory=MEMORY, spill=spill) as connection:
        store.events_view(connection, workspace, host_app_id, start=span.start, end=span.end)
        watch = threading.Timer(seconds, connection.interrupt)
        watch.start()
        try:
            return ask(connection)
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            raise ReportTooHeavy from None
        finally:
            watch.cancel()
