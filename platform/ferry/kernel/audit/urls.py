"""Addresses of the audit log under /api/v1/."""

from __future__ import annotations

from django.urls import path

from ferry.kernel.audit import views

urlpatterns = [path("audit", views.AuditView.as_view())]
