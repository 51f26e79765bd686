"""Addresses of the management API of mini-programs, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from miniapps import around_views, delivery_views, invitation_views, release_views, views

urlpatterns = [
    path("mini-programs", views.MiniProgramsView.as_view()),
    path("mini-programs/<str:program_id>", views.MiniProgramView.as_view()),
    path("mini-programs/<str:program_id>/icon", views.IconView.as_view()),
    path("mini-programs/<str:program_id>/versions", views.VersionsView.as_view()),
    path("mini-programs/<str:program_id>/devices", release_views.PopulationView.as_view()),
    path("mini-programs/<str:program_id>/withdraw", release_views.WithdrawView.as_view()),
    path("mini-programs/<str:program_id>/restore", release_views.RestoreView.as_view()),
    path("mini-programs/<str:program_id>/roll-back", release_views.RollBackToView.as_view()),
    path("mini-programs/<str:program_id>/privacy", around_views.AgreementsView.as_view()),
    path("categories", around_views.CategoriesView.as_view()),
    path("links", around_views.LinksView.as_view()),
    path("links/<str:link_id>", around_views.LinkView.as_view()),
    path("links/<str:link_id>/end", around_views.EndLinkView.as_view()),
    path("packages/check", views.PackageCheckView.as_view()),
    path("versions/<str:version_id>", views.VersionView.as_view()),
    path("versions/<str:version_id>/submit", views.SubmitView.as_view()),
    path("versions/<str:version_id>/withdraw-submission", views.WithdrawSubmissionView.as_view()),
    path("versions/<str:version_id>/approve", views.ApproveView.as_view()),
    path("versions/<str:version_id>/reject", views.RejectView.as_view()),
    path("versions/<str:version_id>/promote", views.PromoteView.as_view()),
    path("versions/<str:version_id>/previews", views.PreviewsView.as_view()),
    path("versions/<str:version_id>/deliveries", delivery_views.DeliveriesView.as_view()),
    path("reviews", views.ReviewsView.as_view()),
    path("releases", release_views.ReleasesView.as_view()),
    path("releases/<str:release_id>", release_views.ReleaseView.as_view()),
    path("releases/<str:release_id>/share", release_views.ShareView.as_view()),
    path("releases/<str:release_id>/pause", release_views.PauseView.as_view()),
    path("releases/<str:release_id>/resume", release_views.ResumeView.as_view()),
    path("releases/<str:release_id>/complete", release_views.CompleteView.as_view()),
    path("releases/<str:release_id>/roll-back", release_views.RollBackView.as_view()),
    path("releases/<str:release_id>/invitations", invitation_views.InvitationsView.as_view()),
    path("invitations/<str:invitation_id>/revoke", invitation_views.RevokeInvitationView.as_view()),
    path("host-apps/<str:host_app_id>/mini-programs", release_views.ListingsView.as_view()),
    path("host-apps/<str:host_app_id>/mini-programs/<str:program_id>", release_views.ListingView.as_view()),
    path("host-apps/<str:host_app_id>/dry-run", release_views.DryRunView.as_view()),
    path("host-apps/<str:host_app_id>/explain", release_views.ExplainView.as_view()),
]
