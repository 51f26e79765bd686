"""Addresses of the management API of push, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from push import campaign_views, channel_views, views

urlpatterns = [
    path("host-apps/<str:host_app_id>/push-channels", channel_views.ChannelsView.as_view()),
    path("host-apps/<str:host_app_id>/push-channels/apns", channel_views.ApnsView.as_view()),
    path("host-apps/<str:host_app_id>/push-channels/apns/test", channel_views.ApnsTestView.as_view()),
    path("push/settings", views.SettingsView.as_view()),
    path("push/settings/pause", views.PauseView.as_view()),
    path("push/settings/resume", views.ResumeView.as_view()),
    path("push/templates", views.TemplatesView.as_view()),
    path("push/templates/<str:template_id>", views.TemplateView.as_view()),
    path("messages", views.MessagesView.as_view()),
    path("messages/<str:message_id>", views.MessageView.as_view()),
    path("messages/<str:message_id>/deliveries", views.DeliveriesView.as_view()),
    path("messages/<str:message_id>/recipients", views.RecipientsView.as_view()),
    path("campaigns", campaign_views.CampaignsView.as_view()),
    path("campaigns/<str:campaign_id>", campaign_views.CampaignView.as_view()),
    path("campaigns/<str:campaign_id>/preview", campaign_views.PreviewView.as_view()),
    path("campaigns/<str:campaign_id>/test", campaign_views.TestView.as_view()),
    path("campaigns/<str:campaign_id>/submit", campaign_views.SubmitView.as_view()),
    path("campaigns/<str:campaign_id>/approve", campaign_views.ApproveView.as_view()),
    path("campaigns/<str:campaign_id>/return", campaign_views.ReturnView.as_view()),
    path("campaigns/<str:campaign_id>/schedule", campaign_views.ScheduleView.as_view()),
    path("campaigns/<str:campaign_id>/unschedule", campaign_views.UnscheduleView.as_view()),
    path("campaigns/<str:campaign_id>/stop", campaign_views.StopView.as_view()),
    path("campaigns/<str:campaign_id>/funnel", campaign_views.FunnelView.as_view()),
    path("campaigns/<str:campaign_id>/effect", campaign_views.EffectView.as_view()),
]
