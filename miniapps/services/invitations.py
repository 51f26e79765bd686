"""Invitations: people join a trial by scanning a QR or opening a link, without being named one by one.

Nothing is stored of who joins: the device keeps the token and shows it at its check-ins, and the rule of the trial
holds for as long as the invitation does (docs/decisions/0635).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.utils.translation import gettext as _

from ferry.kernel import clock, ids, secrets
from ferry.kernel.audit.services import record
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.rights import Right
from ferry.kernel.publishing.services import publishing
from miniapps.errors import LinkBaseMissing, NotATrial, TooManyInvitations
from miniapps.models import Invitation, Release
from miniapps.releases import OPEN, Kind
from miniapps.services.moves import fresh_release
from miniapps.services.scope import within

MOST = 15  # open at once for one trial: each is asked at every check-in
LONGEST = timedelta(days=30)
PURPOSE = "trial-invitation"
_LONGEST_NAME = 120


def invite(*, actor: Actor, release: Release, lifetime: timedelta, name: str = "") -> Invitation:
    """A new way into an open trial; `selectors.invitation_url` gives its link.

    Raises NotATrial, TooManyInvitations, LinkBaseMissing, Invalid for a lifetime above 30 days.
    """
    require(actor, Right.RELEASE)
    within(actor, release)
    if not timedelta(0) < lifetime <= LONGEST:
        raise Invalid(reason=_("an invitation lasts at most {days} days.").format(days=LONGEST.days))
    label = name.strip()
    if len(label) > _LONGEST_NAME or not label.isprintable():
        raise Invalid(reason=_("the name of an invitation has at most {limit} characters.").format(limit=_LONGEST_NAME))
    with publishing(release.host_app) as publication:
        fresh, now = fresh_release(release), clock.now()
        if fresh.kind != Kind.TRIAL or fresh.state not in OPEN:
            raise NotATrial
        if not publication.host_app.link_base:
            raise LinkBaseMissing(host_app=str(publication.host_app))
        live = Invitation.objects.of(actor.workspace).filter(release=fresh, revoked_at=None)
        live.filter(expires_at__lte=now).update(revoked_at=now)  # over anyhow; the published part forgets them
        if live.count() >= MOST:
            raise TooManyInvitations(limit=MOST)
        token = ids.unguessable()
        invitation = Invitation.objects.create(
            workspace=actor.workspace,
            release=fresh,
            name=label,
            sha256=hashlib.sha256(token.encode()).hexdigest(),
            sealed=secrets.seal(token.encode(), purpose=PURPOSE),
            expires_at=now + lifetime,
            created_by=actor.person_id,
            created_by_name=actor.name[:150],
        )
        publication.changed("program", fresh.program.program_id)
        after = {"invitation": invitation.pk, "name": label, "expires_at": invitation.expires_at}
        record(actor=actor, action="release.invited", target=fresh, after=after)
    return invitation


def revoke_invitation(*, actor: Actor, invitation: Invitation) -> Invitation:
    """End an invitation early: whoever came by it gets what everybody gets at the next check-in."""
    require(actor, Right.RELEASE)
    within(actor, invitation)
    with publishing(invitation.release.host_app) as publication:
        fresh = Invitation.objects.of(actor.workspace).select_related("release__program").get(pk=invitation.pk)
        if fresh.revoked_at is None:
            fresh.revoked_at = clock.now()
            fresh.save(update_fields=["revoked_at"])
            publication.changed("program", fresh.release.program.program_id)
            before = {"invitation": fresh.pk, "name": fresh.name, "expires_at": fresh.expires_at}
            record(actor=actor, action="release.invitation_revoked", target=fresh.release, before=before)
    return fresh
