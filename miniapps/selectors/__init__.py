"""All reads of mini-programs for others: rows of one workspace, and answers about who gets what."""

from miniapps.selectors.deliveries import Delivery, deliveries
from miniapps.selectors.directory import categories
from miniapps.selectors.invitations import invitation, invitation_url, invitations, open_invitations
from miniapps.selectors.links import link, link_state, link_target, link_url, links
from miniapps.selectors.previews import preview, preview_url
from miniapps.selectors.privacy import acceptances, accepted, agreements
from miniapps.selectors.reach import (
    DryRun,
    Explanation,
    Population,
    Step,
    VersionReach,
    dry_run,
    explain,
    release_population,
)
from miniapps.selectors.rows import (
    listing,
    listings,
    program,
    programs,
    release,
    releases,
    report,
    review,
    reviews,
    serving_release,
    sizes,
    version,
    versions,
)

__all__ = [
    "Delivery",
    "DryRun",
    "Explanation",
    "Population",
    "Step",
    "VersionReach",
    "acceptances",
    "accepted",
    "agreements",
    "categories",
    "deliveries",
    "dry_run",
    "explain",
    "invitation",
    "invitation_url",
    "invitations",
    "link",
    "link_state",
    "link_target",
    "link_url",
    "links",
    "listing",
    "listings",
    "open_invitations",
    "preview",
    "preview_url",
    "program",
    "programs",
    "release",
    "release_population",
    "releases",
    "report",
    "review",
    "reviews",
    "serving_release",
    "sizes",
    "version",
    "versions",
]
