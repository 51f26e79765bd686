"""Addresses of segments under /api/v1/."""

from __future__ import annotations

from django.urls import path

from analytics.segments import views

urlpatterns = [
    path("segments", views.SegmentsView.as_view()),
    path("segments/<str:segment_id>", views.SegmentView.as_view()),
    path("segments/<str:segment_id>/reach", views.ReachView.as_view()),
]
