"""Ticks of mini-programs."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from ferry.kernel.jobs import apart
from ferry.kernel.jobs.services import alone
from miniapps import services
from miniapps.delivery import making, orphans, plan, sweeping

BEAT = {
    "miniapps.make_archives": {
        "task": "miniapps.make_archives",
        "schedule": 10.0,
        "options": {"expires": 9, "queue": "heavy"},
    },
    "miniapps.advance_releases": {
        "task": "miniapps.advance_releases",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "miniapps.sweep_links": {
        "task": "miniapps.sweep_links",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "miniapps.sweep_login_codes": {
        "task": "miniapps.sweep_login_codes",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "miniapps.sweep_previews": {
        "task": "miniapps.sweep_previews",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "miniapps.sweep_uploads": {
        "task": "miniapps.sweep_uploads",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "miniapps.plan_deliveries": {
        "task": "miniapps.plan_deliveries",
        "schedule": 30.0,
        "options": {"expires": 29},
    },
    "miniapps.make_deliveries": {
        "task": "miniapps.make_deliveries",
        "schedule": 15.0,
        "options": {"expires": 14, "queue": "heavy"},
    },
    "miniapps.sweep_deliveries": {
        "task": "miniapps.sweep_deliveries",
        "schedule": 3600.0,
        "options": {"expires": 3500, "queue": "heavy"},
    },
    "miniapps.sweep_orphans": {
        "task": "miniapps.sweep_orphans",
        "schedule": 3600.0,
        "options": {"expires": 3500, "queue": "heavy"},
    },
}


@shared_task(name="miniapps.advance_releases")
def advance_releases() -> None:
    """Begin scheduled releases, close windows that have ended."""
    with alone("miniapps.advance_releases") as held:
        if held:
            services.advance_due()


@shared_task(name="miniapps.sweep_links")
def sweep_links() -> None:
    """Take short links that expired a while ago out of the snapshots."""
    with alone("miniapps.sweep_links") as held:
        if held:
            services.sweep_links()


@shared_task(name="miniapps.sweep_login_codes")
def sweep_login_codes() -> None:
    """Forget used login codes that are too old to be tried again."""
    services.sweep_login_codes()


@shared_task(name="miniapps.sweep_previews")
def sweep_previews() -> None:
    """Forget preview hosts that have expired."""
    services.sweep_previews()


@shared_task(name="miniapps.plan_deliveries")
def plan_deliveries() -> None:
    """Say which compressed copies and deltas there ought to be."""
    with alone("miniapps.plan_deliveries") as held:
        if held:
            plan.plan()


@shared_task(name="miniapps.make_deliveries")
def make_deliveries() -> None:
    """Make what is due in a process of its own: level 19 takes hundreds of MB that a worker would keep."""
    if making.due():
        apart.run("make_deliveries", manage=settings.ROOT / "manage.py")


@shared_task(name="miniapps.sweep_deliveries")
def sweep_deliveries() -> None:
    """Forget what nobody has wanted for a day."""
    with alone("miniapps.sweep_deliveries") as held:
        if held:
            sweeping.sweep()


@shared_task(name="miniapps.sweep_orphans")
def sweep_orphans() -> None:
    """Delete stored files that nothing has named for a day."""
    with alone("miniapps.sweep_orphans") as held:
        if held:
            orphans.sweep_orphans()


@shared_task(name="miniapps.make_archives")
def make_archives() -> None:
    """Make the preset bundles and exports that wait."""
    services.make_due()


@shared_task(name="miniapps.sweep_uploads")
def sweep_uploads() -> None:
    """Forget uploads that nobody finished, and what died at work in the workshop."""
    services.sweep_uploads()
    services.sweep_workshop()
