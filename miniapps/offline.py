"""The package check by itself: what `ferry validate` runs on a developer's machine and uploads run on the site.

No database, no settings of the platform: where Django is not set up, the sentences come in English. Registered as the
entry point "ferry.package_checks" in pyproject.toml, because ferry.cli lies below this app and may not import it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from miniapps import wording
from miniapps.packages.canonical import Package
from miniapps.packages.findings import Refused, Report
from miniapps.packages.guard import Limits
from miniapps.packages.intake import Draft, examine
from miniapps.packages.sizes import Budgets


def check(
    archive: BinaryIO, limits: Limits | None = None, budgets: Budgets | None = None, workshop: Path | None = None
) -> dict[str, Any]:
    """{"accepted", "report", "package"}, as the API answers.

    The package is built to prove every byte, in `workshop` (the system's temporary folder without), then dropped.
    """
    if not settings.configured:
        settings.configure(USE_I18N=False)
    report, package = Report(), None
    try:
        draft = examine(archive, limits or Limits(), budgets)
        report = draft.report
        if not report.errors:
            with tempfile.TemporaryFile(dir=workshop) as out:
                package = draft.write(out)
    except Refused as refused:
        report.errors.append(refused.finding)
    return {
        "accepted": package is not None,
        "report": wording.describe_report(report),
        "package": None if package is None else about(draft, package),
    }


def about(draft: Draft, package: Package) -> dict[str, Any]:
    """What an accepted package is."""
    return {
        "kind": draft.layout.kind,
        "entry": draft.entry,
        "name": draft.manifest.name,
        "version": draft.manifest.version,
        "host_range": dict(draft.manifest.host_range),
        "declared": draft.declared,
        "sizes": draft.sizes,
        "sha256": package.sha256,
        "size": package.size,
        "files": len(package.files),
        "files_root": package.files_root,
    }
