"""Addresses of signing keys under /api/v1/."""

from __future__ import annotations

from django.urls import path

from ferry.kernel.signing import views

urlpatterns = [
    path("signing-keys", views.SigningKeysView.as_view()),
    path("signing-keys/<str:kid>", views.SigningKeyView.as_view()),
]
