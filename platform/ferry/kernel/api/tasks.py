"""The tick of the management API."""

from __future__ import annotations

from celery import shared_task

BEAT = {"api.forget_answers": {"task": "api.forget_answers", "schedule": 3600.0}}


@shared_task(name="api.forget_answers", ignore_result=True, expires=3600)
def forget_answers() -> None:
    """Drop what idempotency keys kept for more than 24 hours."""
    from ferry.kernel.api import idempotency  # here: beat and the push pool would load REST framework for nothing

    idempotency.sweep()
