"""How a release's version fares where it runs: opens and errors, new beside old, by platform."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from analytics import selectors as analytics
from console import figures
from console.views.releases import ReleasePage
from ferry.kernel.errors import FerryError, NotFound
from ferry.kernel.identity.rights import Right
from miniapps import selectors
from miniapps.models import Release
from miniapps.releases import Kind


class ReleaseHealth(ReleasePage):
    """Loaded after the release's page and polled: it asks the stored events."""

    right = Right.VIEW_ANALYTICS

    def get(self, request: HttpRequest, program_id: str, release_id: str) -> HttpResponse:
        """The part."""
        release = self.release(program_id, release_id)
        try:
            found = analytics.version_health(self.workspace, release.host_app_id, program_id)
        except NotFound:
            raise
        except FerryError as error:
            return self.part("console/parts/release_health.html", {"error": error.text()})
        names = dict(selectors.versions(self.workspace, release.program).values_list("code", "name"))
        told = figures.health_rows(found, names, release.version.code, self.before(release))
        return self.part("console/parts/release_health.html", told)

    def before(self, release: Release) -> int | None:
        """The version code that the release is compared with: of the newest full release of a lower one here."""
        full = selectors.releases(self.workspace, host_app=release.host_app, program=release.program)
        lower = full.filter(kind=Kind.FULL, version__code__lt=release.version.code).order_by("-version__code")
        return lower.values_list("version__code", flat=True).first()
