"""Ticks of analytics."""

from __future__ import annotations

from analytics.churn import tasks as churn

BEAT = {**churn.BEAT}
