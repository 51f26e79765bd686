"""Invitations to trials, and the links that carry them."""

from __future__ import annotations

from django.db.models import QuerySet

from ferry.kernel import clock, secrets
from ferry.kernel.identity.models import Workspace
from miniapps.deeplinks import deep_link
from miniapps.models import Invitation, Release
from miniapps.releases import OPEN
from miniapps.selectors.rows import one


def invitations(release: Release) -> QuerySet[Invitation]:
    """The invitations to a trial, newest first."""
    rows = Invitation.objects.of(release.workspace).filter(release=release)
    return rows.select_related("workspace", "release__host_app", "release__program").order_by("-id")


def open_invitations(release: Release) -> QuerySet[Invitation]:
    """Those that still let somebody in."""
    return invitations(release).filter(revoked_at=None, expires_at__gt=clock.now())


def invitation(workspace: Workspace, invitation_id: str) -> Invitation:
    """One invitation. Raises NotFound."""
    rows = Invitation.objects.of(workspace).select_related("workspace", "release__host_app", "release__program")
    return one(rows, invitation_id, "invitation")


def invitation_url(invitation: Invitation) -> str:
    """The link into the host app that takes whoever opens it into the trial; "" where it opens nothing any more."""
    release, over = invitation.release, invitation.revoked_at is not None or invitation.expires_at <= clock.now()
    if over or release.state not in OPEN or not release.host_app.link_base:
        return ""
    token = secrets.unseal(invitation.sealed, purpose="trial-invitation").decode()
    return deep_link(release.host_app.link_base, program=release.program.program_id, trial=token)
