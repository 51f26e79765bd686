"""Which processes live."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from ferry.kernel import clock
from ferry.kernel.jobs.models import Heartbeat

LIVE_FOR = timedelta(seconds=30)  # three missed beats


def live(kind: str) -> int:
    """How many processes of this kind were seen within 30 seconds."""
    return processes().filter(kind=kind).count()


def processes() -> QuerySet[Heartbeat]:
    """All live processes, for the operations page."""
    return Heartbeat.objects.filter(seen_at__gte=clock.now() - LIVE_FOR).order_by("kind", "process_id")
