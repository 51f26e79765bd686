"""Addresses of churn prediction under /api/v1/."""

from __future__ import annotations

from django.urls import path

from analytics.churn import views

urlpatterns = [
    path("host-apps/<str:host_app_id>/churn", views.ChurnView.as_view()),
    path("host-apps/<str:host_app_id>/churn/train", views.TrainView.as_view()),
    path("host-apps/<str:host_app_id>/churn/models", views.ModelsView.as_view()),
    path("host-apps/<str:host_app_id>/churn/scores", views.ScoresView.as_view()),
    path("host-apps/<str:host_app_id>/churn/bands", views.BandsView.as_view()),
    path("host-apps/<str:host_app_id>/churn/bands/<str:band>/segment", views.BandSegmentView.as_view()),
]
