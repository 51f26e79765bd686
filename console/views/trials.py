"""A trial's people, as part of its page: invitations made, shown as QR, taken back; the devices that take part."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console import lifetimes
from console.views.releases import ReleasePage
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services

SHOWN = 50  # devices of a trial; the API lists ten times as many


class Invite(ReleasePage):
    """Make an invitation."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, release_id: str) -> HttpResponse:
        """Make it and return to the trial, which shows it."""
        release = self.release(program_id, release_id)
        hours = lifetimes.chosen(request.POST.get("hours", ""), lifetimes.INVITATIONS)
        with self.refusals():
            services.invite(
                actor=self.actor,
                release=release,
                lifetime=timedelta(hours=hours),
                name=request.POST.get("name", ""),
            )
            self.said(_("The invitation is made. Whoever opens it takes part until it ends."))
        return self.go("release", program_id, release_id)


class RevokeInvitation(ReleasePage):
    """Take an invitation back."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, release_id: str, invitation_id: str) -> HttpResponse:
        """End it and return."""
        self.release(program_id, release_id)
        with self.refusals():
            invitation = selectors.invitation(self.workspace, invitation_id)
            services.revoke_invitation(actor=self.actor, invitation=invitation)
            self.said(_("The invitation is over. Its devices return at their next check-in."))
        return self.go("release", program_id, release_id)


class TrialDevices(ReleasePage):
    """Who takes part. It shows people's devices, so the audit log says who looked."""

    right = Right.VIEW_DEVICES

    def get(self, request: HttpRequest, program_id: str, release_id: str) -> HttpResponse:
        """The devices that the trial was shown to, the last comers first."""
        release = self.release(program_id, release_id)
        found = services.list_exposed(actor=self.actor, release=release, limit=SHOWN)
        return self.part("console/parts/trial_devices.html", {"found": found, "app": release.host_app})
