"""Puts an edge process together: snapshots, journal, routes, background threads, metrics."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

from ferry.edge import blobs, keys, packages
from ferry.edge.app import EdgeApp
from ferry.edge.background import heartbeat, hints, serve_metrics
from ferry.edge.files import FileSender
from ferry.edge.health import Health
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.client import SnapshotClient, Source
from ferry.edge.snapshot.database import DatabaseSource
from ferry.edge.snapshot.disk import DiskCopy
from ferry.edge.snapshot.holder import Snapshots
from ferry.journal.shipping import Shipper
from ferry.journal.writer import Journal
from ferry.kernel import storage


def build(settings: EdgeSettings, *, source: Source | None = None) -> EdgeApp:
    """A whole edge process, ready to be run by an ASGI server that speaks lifespan."""
    snapshots = Snapshots()
    journal = Journal(settings.journal_dir, settings.process_id)
    edge = EdgeApp(settings=settings, snapshots=snapshots, journal=journal)
    sender = FileSender()
    add_own_routes(edge, sender)
    client = SnapshotClient(
        snapshots=snapshots,
        source=source or DatabaseSource(),
        disk=DiskCopy(settings.state_dir),
        edge_url=settings.edge_url,
    )
    if settings.ship_journal:
        _add_shipping(edge)
    edge.on_start(lambda: _start_journal(journal))
    edge.on_stop(journal.close)
    edge.on_start(lambda: _start_snapshots(snapshots, client))
    edge.on_stop(lambda: asyncio.to_thread(client.stop))
    _add_background(edge, client)
    _add_metrics(edge, journal, sender)
    return edge


def add_own_routes(edge: EdgeApp, sender: FileSender) -> None:
    """The addresses that belong to no app above."""
    keys.add_routes(edge)
    blobs.add_routes(edge, sender)
    packages.add_routes(edge, sender)
    edge.add_route("/healthz", Health(edge))


async def _start_journal(journal: Journal) -> None:
    journal.start()


def _add_shipping(edge: EdgeApp) -> None:
    """Added before the journal, so that it ends after it: the segment that was open until then is shipped too."""
    files = storage.handed_over()
    if files is None:
        raise ValueError("a journal that is to be shipped needs STORAGE_URL or FERRY_SHIPPED_DIR")
    shipper = Shipper(edge.settings.journal_dir, files)

    async def start() -> None:
        shipper.start()

    edge.on_start(start)
    edge.on_stop(_stopper(shipper.stop))
    edge.metrics.counter(
        "ferry_journal_shipped", "Segments that this process has shipped.", lambda: float(shipper.shipped)
    )
    edge.metrics.counter(
        "ferry_journal_ship_failures", "Attempts at shipping that failed.", lambda: float(shipper.failures)
    )


async def _start_snapshots(snapshots: Snapshots, client: SnapshotClient) -> None:
    snapshots.attach(asyncio.get_running_loop())
    await asyncio.to_thread(client.start)
    gc.freeze()  # Django and the snapshot live as long as the process: the collector need not walk through them


def _add_background(edge: EdgeApp, client: SnapshotClient) -> None:
    settings = edge.settings

    async def start() -> None:
        loop = asyncio.get_running_loop()
        threads = [heartbeat(settings.process_id, lambda live: _tell(loop, edge, live))]
        if settings.redis_url:
            threads.append(hints(settings.redis_url, client.hint))
        for thread in threads:
            thread.start()
            edge.on_stop(_stopper(thread.stop))
        if settings.metrics_port:
            stop = serve_metrics(edge.metrics, port=settings.metrics_port, bind=settings.bind)
            edge.on_stop(_stopper(stop))

    edge.on_start(start)


def _tell(loop: asyncio.AbstractEventLoop, edge: EdgeApp, live: int) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(edge.limits.divide, live)


def _stopper(stop: Any) -> Any:
    return lambda: asyncio.to_thread(stop)


def _stat(journal: Journal, name: str) -> Callable[[], float]:
    return lambda: float(getattr(journal.stats, name))


def _add_metrics(edge: EdgeApp, journal: Journal, sender: FileSender) -> None:
    snapshots, metrics = edge.snapshots, edge.metrics
    metrics.gauge(
        "ferry_edge_snapshot_checked_timestamp_seconds",
        "When the state in memory was last known to be the published one.",
        lambda: snapshots.checked_at,
    )
    metrics.gauge("ferry_edge_host_apps", "Host apps in memory.", lambda: len(list(snapshots.all())))
    metrics.gauge(
        "ferry_edge_failed_parts", "Published parts that cannot be loaded.", lambda: len(snapshots.failed_parts)
    )
    metrics.gauge("ferry_edge_live_processes", "Edges that share the limits.", lambda: edge.limits.processes)
    metrics.counter("ferry_edge_limited", "Requests refused by a limit.", lambda: edge.limits.refused)
    metrics.counter("ferry_edge_sent_file_bytes", "Bytes of packages and icons sent.", lambda: sender.sent_bytes)
    metrics.gauge("ferry_edge_downloads", "Downloads under way.", lambda: sender.active)
    for name in ("appended", "refused", "offered", "dropped", "written_bytes", "syncs", "failures"):
        metrics.counter(f"ferry_journal_{name}", f"Of the journal: {name}.", _stat(journal, name))
    metrics.gauge("ferry_journal_pending_bytes", "Bytes that wait for the disk.", lambda: journal.stats.pending_bytes)
