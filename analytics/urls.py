"""Addresses of analytics under /api/v1/."""

from __future__ import annotations

from django.urls import path

from analytics import views
from analytics.churn import urls as churn
from analytics.reports import urls as reports
from analytics.segments import urls as segments

urlpatterns = [
    path("host-apps/<str:host_app_id>/devices", views.DevicesView.as_view()),
    path("host-apps/<str:host_app_id>/devices/<str:device_id>", views.DeviceView.as_view()),
    path("host-apps/<str:host_app_id>/accounting", views.AccountingView.as_view()),
    path("host-apps/<str:host_app_id>/quarantine", views.QuarantineView.as_view()),
    *reports.urlpatterns,
    *churn.urlpatterns,
    *segments.urlpatterns,
]
