"""One address."""

from __future__ import annotations

from django.urls import path

from bench.drf_baseline.view import CheckInView

urlpatterns = [path("v1/checkin", CheckInView.as_view())]
