"""Rows of signed files: asked for, held by one maker at a time, finished once (rule 1).

A maker holds a row by a lease with a fencing token. One that was suspended, and whose row has passed to another, finds
zero rows and stops.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet

from ferry.kernel import clock
from ferry.kernel.audit.services import record
from ferry.kernel.errors import NotFound
from ferry.kernel.identity.actors import Actor, require, system
from ferry.kernel.identity.models import Workspace
from ferry.kernel.identity.rights import Right
from ferry.kernel.jobs.errors import LeaseLost
from miniapps.models import Archive, ArchiveState
from miniapps.services.scope import within

log = logging.getLogger(__name__)

TASK = "miniapps.make_archives"
LEASE_S = 120.0  # renewed with each file that goes into an archive


@transaction.atomic
def ask(actor: Actor, archive: Archive, *, after: dict[str, Any]) -> Archive:
    """Store what was asked for, with its serial, and wake a worker once that is through."""
    Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace.pk)  # puts those who ask in line
    series = Archive.objects.of(actor.workspace).filter(kind=archive.kind, host_app=archive.host_app_id)
    archive.serial = (series.aggregate(last=Max("serial"))["last"] or 0) + 1
    archive.asked_by, archive.asked_by_name = actor.person_id, actor.name[:150]
    archive.save(force_insert=True)
    transaction.on_commit(_wake, robust=True)
    told = {"serial": archive.serial, "host_app": archive.host_app_id, **after}
    record(actor=actor, action=f"{archive.kind}.asked", target=archive, after=told)
    return archive


def waiting() -> QuerySet[Archive]:
    """What is due and in nobody's hands, oldest first, of every workspace."""
    return Archive.objects.unscoped().filter(_free(), state=ArchiveState.DUE).select_related("workspace").order_by("id")


@transaction.atomic
def claim(archive: Archive) -> int | None:
    """Take the row; its new token, or None when somebody holds it or it is finished."""
    row = Archive.objects.of(archive.workspace).filter(pk=archive.pk)
    taken = row.filter(_free(), state=ArchiveState.DUE).update(
        token=F("token") + 1, attempts=F("attempts") + 1, leased_until=_until(LEASE_S)
    )
    return row.values_list("token", flat=True).get() if taken else None


def renew(archive: Archive, token: int, seconds: float = LEASE_S) -> None:
    """Hold it for another term. Raises LeaseLost when it has passed to somebody else."""
    if not _mine(archive, token).update(leased_until=_until(seconds)):
        raise LeaseLost(name=f"archive {archive.pk}")


@transaction.atomic
def finish(archive: Archive, token: int, *, state: ArchiveState, **values: Any) -> bool:
    """Say what became of it; False when the row has passed to somebody else."""
    if not _mine(archive, token).update(state=state, made_at=clock.now(), leased_until=None, **values):
        return False
    told = {"state": state.value, **values}
    record(actor=system(archive.workspace), action=f"{archive.kind}.{state.value}", target=archive, after=told)
    return True


@transaction.atomic
def delete_archive(*, actor: Actor, archive: Archive) -> None:
    """Take a file away, or the order for one that is not made yet. What was fetched stays good where it is.

    The bytes go with the next sweep of what nothing names. Raises NotFound when it is deleted already.
    """
    require(actor, Right.RELEASE)
    within(actor, archive)
    row = Archive.objects.of(actor.workspace).filter(pk=archive.pk).exclude(state=ArchiveState.DELETED)
    if not row.update(state=ArchiveState.DELETED, leased_until=None, sha256="", size=0):
        raise NotFound(kind="archive")
    told = {"serial": archive.serial, "state": archive.state, "sha256": archive.sha256}
    record(actor=actor, action=f"{archive.kind}.deleted", target=archive, before=told)


def _free() -> Q:
    return Q(leased_until=None) | Q(leased_until__lte=clock.now())


def _until(seconds: float) -> Any:
    return clock.now() + timedelta(seconds=seconds)


def _mine(archive: Archive, token: int) -> QuerySet[Archive]:
    return Archive.objects.of(archive.workspace).filter(pk=archive.pk, token=token, state=ArchiveState.DUE)


def _wake() -> None:
    try:
        current_app.send_task(TASK, queue="heavy", expires=30, retry=False)
    except Exception as error:  # the broker is away: the tick will find the row
        log.warning("no worker could be woken: %s", error)
