"""Ticks of churn prediction, for the heavy pool. analytics.tasks declares them."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from analytics.churn import working
from ferry.kernel.jobs import apart

BEAT = {
    "analytics.train_churn": {
        "task": "analytics.train_churn",
        "schedule": 30.0,  # asks what is due; a training that somebody asked for begins within half a minute
        "options": {"expires": 25, "queue": "heavy"},
    },
    "analytics.score_churn": {
        "task": "analytics.score_churn",
        "schedule": 300.0,
        "options": {"expires": 240, "queue": "heavy"},
    },
}


@shared_task(name="analytics.train_churn")
def train_churn() -> None:
    """Train what is due, in a process of its own, and score with it."""
    if working.due(score=False):
        apart.run("predict_churn", manage=settings.ROOT / "manage.py")


@shared_task(name="analytics.score_churn")
def score_churn() -> None:
    """Score whose morning has come, in a process of its own."""
    if working.due(train=False):
        apart.run("predict_churn", "--score-only", manage=settings.ROOT / "manage.py")
