"""App secrets of a mini-program."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ferry.kernel import clock
from miniapps.models import AppSecret, MiniProgram


def live_secrets(program: MiniProgram) -> QuerySet[AppSecret]:
    """The secrets that count or are frozen, newest first: at most two."""
    rows = AppSecret.objects.of(program.workspace).filter(program=program).select_related("program")
    return rows.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now())).order_by("-id")
