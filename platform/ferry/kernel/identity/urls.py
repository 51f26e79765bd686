"""Addresses of identity under /api/v1/."""

from __future__ import annotations

from django.urls import path

from ferry.kernel.identity import views

urlpatterns = [
    path("me", views.MeView.as_view()),
    path("members", views.MembersView.as_view()),
    path("members/<str:member_id>", views.MemberView.as_view()),
    path("tokens", views.TokensView.as_view()),
    path("tokens/<str:token_id>", views.TokenView.as_view()),
    path("host-apps", views.HostAppsView.as_view()),
    path("host-apps/<str:host_app_id>", views.HostAppView.as_view()),
    path("host-apps/<str:host_app_id>/keys", views.KeysView.as_view()),
    path("host-apps/<str:host_app_id>/keys/<str:key_id>", views.KeyView.as_view()),
]
