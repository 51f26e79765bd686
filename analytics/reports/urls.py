"""Addresses of the reports under /api/v1/."""

from __future__ import annotations

from django.urls import path

from analytics.reports import views

urlpatterns = [
    path("host-apps/<str:host_app_id>/reports/trend", views.TrendView.as_view()),
    path("host-apps/<str:host_app_id>/reports/active-users", views.ActiveUsersView.as_view()),
    path("host-apps/<str:host_app_id>/reports/funnel", views.FunnelView.as_view()),
    path("host-apps/<str:host_app_id>/reports/retention", views.RetentionView.as_view()),
    path("host-apps/<str:host_app_id>/reports/version-health", views.VersionHealthView.as_view()),
    path("host-apps/<str:host_app_id>/events/live", views.LiveView.as_view()),
    path("host-apps/<str:host_app_id>/events/timeline", views.TimelineView.as_view()),
]
