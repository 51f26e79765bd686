"""All reads of mini-programs for others: rows of one workspace, and answers about who gets what."""

from miniapps.selectors.previews import preview, preview_url
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
    version,
    versions,
)

__all__ = [
    "DryRun",
    "Explanation",
    "Population",
    "Step",
    "VersionReach",
    "dry_run",
    "explain",
    "listing",
    "listings",
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
    "version",
    "versions",
]
