"""Whether a campaign needs a second member's approval, and whether the one it has still counts."""

from __future__ import annotations

from analytics import audience as audiences
from ferry.kernel.identity.models import HostApp
from push.models import Campaign
from push.selectors.preview import more_people_than
from push.selectors.settings import setting_of


def approved(campaign: Campaign, host_app: HostApp) -> bool:
    """Whether somebody approved what the campaign is now: its words, and its segment's rules."""
    return bool(
        campaign.approved_by
        and campaign.approved_revision == campaign.revision
        and campaign.approved_audience == audiences.fingerprint(host_app, campaign.audience)
    )


def still_approved(campaign: Campaign, host_app: HostApp) -> bool:
    """Whether it may be sent: approved, or within the workspace's limit as it stands now."""
    limit = setting_of(campaign.workspace).approval_above
    if limit is None or approved(campaign, host_app):
        return True
    return not more_people_than(limit, campaign, host_app)
