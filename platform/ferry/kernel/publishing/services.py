"""The only way to write a row that a snapshot reads: inside `publishing()` (rule 5; docs/publishing.md draws it).

    with publishing(host_app) as publication:
        release = publication.fresh(release)      # what was loaded before the lock may be old
        release.state = State.PAUSED
        release.save()
        publication.changed("program", release.program_id)

On leaving, the changed parts are built from the rows, stored, and the version grows, all in the same transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import models, transaction

from ferry.kernel import clock
from ferry.kernel.publishing import hints, parts, registry, sets
from ferry.kernel.publishing.models import SnapshotVersion

if TYPE_CHECKING:
    from ferry.kernel.identity.models import HostApp, Workspace

M = TypeVar("M", bound=models.Model)


class _Open(threading.local):
    """The publications that this thread's transaction is in; Django's connections belong to threads too."""

    publications: dict[str, Publication] | None = None


_open = _Open()


class Publication:
    """One host app's change while it is being made. `host_app` was read after the lock: use it, not an older object."""

    def __init__(self, row: SnapshotVersion, host_app: HostApp) -> None:
        self.host_app = host_app
        self.row = row
        self._changed: set[str] = set()

    def changed(self, kind: str, key: str = "") -> None:
        """Say that the rows behind this part were written, created or deleted; it is built anew on leaving."""
        if kind not in registry.KINDS:
            raise ValueError(f"no app registered the snapshot part kind {kind!r}")
        self._changed |= registry.changed_with(kind, key)

    def everything(self) -> None:
        """Have every part built anew: for what many kinds of part read, such as a key that no longer counts."""
        self._changed |= registry.all_names(self.host_app)

    def fresh(self, row: M) -> M:
        """The same row as it is now, after the lock. What the caller loaded earlier may have been overtaken."""
        return type(row)._base_manager.get(pk=row.pk)


class Publications(tuple[Publication, ...]):
    """The host apps of one workspace, changed together."""

    def changed(self, kind: str, key: str = "") -> None:
        """`Publication.changed` for each of them."""
        for publication in self:
            publication.changed(kind, key)

    def everything(self) -> None:
        """`Publication.everything` for each of them."""
        for publication in self:
            publication.everything()


@contextmanager
def publishing(host_app: HostApp) -> Iterator[Publication]:
    """Open the transaction in which rows that `host_app`'s snapshot reads may be written.

    Its first statement locks the host app's version row: of two publishers the second waits and then reads what the
    first wrote. Nothing changed, no new version. An exception undoes everything. Inside itself it joins the open
    publication; opening another host app inside is an error, because two such orders of locking would deadlock:
    name them together (`publishing_workspace`). The first publication of a host app publishes every part.
    """
    with _publishing([host_app.pk], lambda: _lock_one(host_app)) as publications:
        yield publications[0]


@contextmanager
def publishing_workspace(workspace: Workspace) -> Iterator[Publications]:
    """As `publishing`, for all host apps of a workspace: for rows that each of their snapshots reads."""
    with _publishing(None, lambda: _lock_workspace(workspace)) as publications:
        yield publications


def store_set(values: Iterable[str]) -> str:
    """Store a set of ids and give its address, to be named in a rule and in PartBody.sets. Equal sets, equal addresses.

    Call it before `publishing()`: a large set must not be written while others wait for the lock. Raises SetInvalid.
    """
    if _open.publications is not None:
        raise RuntimeError("store_set() belongs before publishing(), not inside")
    return parts.keep_set(sets.encode(values))


def renew_stamp(host_app: HostApp, version: int) -> bool:
    """Sign the freshness statement about `version` again; False when there is a newer version or none to sign with.

    Takes no lock: the condition on the version loses to any publisher, and the publisher signs a statement of its own.
    """
    manifest = (
        SnapshotVersion.objects.filter(pk=host_app.pk, version=version).values_list("manifest", flat=True).first()
    )
    stamp = None if manifest is None else registry.stamp(host_app, version, manifest)
    if stamp is None:
        return False
    current = SnapshotVersion.objects.filter(pk=host_app.pk, version=version, freshness_stamp__lt=stamp.at)
    return bool(current.update(freshness=stamp.value, freshness_stamp=stamp.at))


@contextmanager
def _publishing(wanted: list[str] | None, lock: Callable[[], list[SnapshotVersion]]) -> Iterator[Publications]:
    if _open.publications is not None:
        with transaction.atomic():  # what fails inside and is caught outside leaves no half of itself
            yield _join(_open.publications, wanted, lock)
        return
    with transaction.atomic():
        rows = lock()
        open_now = {row.pk: Publication(row, read_host_app(row.pk)) for row in rows}
        _open.publications = open_now
        try:
            yield Publications(open_now.values())
            _finish(open_now.values())
        finally:
            _open.publications = None


def _join(
    open_now: dict[str, Publication], wanted: list[str] | None, lock: Callable[[], list[SnapshotVersion]]
) -> Publications:
    ids = wanted if wanted is not None else [row.pk for row in lock()]
    if not set(ids) <= open_now.keys():
        raise RuntimeError("a publication of another host app is open: name all host apps together")
    return Publications(open_now[each] for each in ids)


def _lock_one(host_app: HostApp) -> list[SnapshotVersion]:
    """The version row, locked; made when the host app is new.

    The row alone, without a join: PostgreSQL would give the joined rows as they were before the wait for the lock.
    """
    row = SnapshotVersion.objects.select_for_update().filter(pk=host_app.pk).first()
    if row is None:
        _hold_workspace(host_app.workspace_id)
        SnapshotVersion.objects.bulk_create([SnapshotVersion(host_app_id=host_app.pk)], ignore_conflicts=True)
        row = SnapshotVersion.objects.select_for_update().get(pk=host_app.pk)
    return [row]


def _lock_workspace(workspace: Workspace) -> list[SnapshotVersion]:
    _hold_workspace(workspace.pk)
    rows = SnapshotVersion.objects.select_for_update(of=("self",)).filter(host_app__workspace=workspace)
    return list(rows.order_by("pk"))


def _hold_workspace(workspace_id: str) -> None:
    """Put new host apps and changes of the whole workspace in line: neither shall miss the other.

    NO KEY UPDATE, because every insert of a tenant's row holds a key share on its workspace.
    """
    apps.get_model("identity", "Workspace").objects.select_for_update(no_key=True).get(pk=workspace_id)


def read_host_app(host_app_id: str) -> HostApp:
    """The host app as it is now, with its workspace."""
    return _host_apps().get(pk=host_app_id)


def read_host_apps(host_app_ids: Iterable[str]) -> list[HostApp]:
    """These host apps as they are now, with their workspaces."""
    return list(_host_apps().filter(pk__in=list(host_app_ids)).order_by("pk"))


def _host_apps() -> models.QuerySet[HostApp]:
    rows: models.QuerySet[HostApp] = apps.get_model("identity", "HostApp").objects.unscoped()
    return rows.select_related("workspace")


def _finish(publications: Iterable[Publication]) -> None:
    """Build what changed, store it, move the heads. Stored at once, so that the order of `keep` spans the host apps."""
    heads = [made for publication in publications if (made := _next_head(publication)) is not None]
    parts.keep([part for _, _, _, new in heads for part in new])
    for row, host_app, manifest, _ in heads:
        write_head(row, host_app, manifest)


def _next_head(
    publication: Publication,
) -> tuple[SnapshotVersion, HostApp, dict[str, Any], list[parts.Built]] | None:
    """The manifest that the changed rows ask for, and its new parts; None when it is the one that stands."""
    row, host_app = publication.row, read_host_app(publication.host_app.pk)
    names = registry.all_names(host_app) if row.version == 0 else publication._changed
    names = names | registry.followers(host_app, names)
    registry.remember(host_app, sorted(names))
    built = {name: parts.build(host_app, name) for name in sorted(names)}
    manifest = {name: entry for name, entry in row.manifest.items() if name not in built}
    manifest |= {name: part.entry for name, part in built.items() if part is not None}
    if manifest == row.manifest and row.version > 0:
        return None
    new = [part for name, part in built.items() if part is not None and row.manifest.get(name) != part.entry]
    return row, host_app, manifest, new


def write_head(row: SnapshotVersion, host_app: HostApp, manifest: dict[str, Any]) -> None:
    """Make `manifest` the next version of the locked `row`, with a freshness statement of its own."""
    row.manifest = manifest
    row.version += 1
    row.published_at = clock.now()
    stamp = registry.stamp(host_app, row.version, manifest)
    row.freshness, row.freshness_stamp = (stamp.value, stamp.at) if stamp else (None, 0)
    row.save(update_fields=["manifest", "version", "published_at", "freshness", "freshness_stamp"])
    transaction.on_commit(partial(hints.send, row.pk, row.version), robust=True)
