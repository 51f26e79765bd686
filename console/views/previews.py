"""Previews: a version in a phone frame and on people's own phones, on an origin of its own that expires."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console import lifetimes
from console.views.versions import VersionPage
from ferry.kernel import clock
from miniapps import selectors, services
from miniapps.models import MiniProgram, PreviewHost, Version

SCREENS = ("usual", "small", "large", "tablet")


class PreviewPage(VersionPage):
    """A page about one preview of one version."""

    def preview(self, program_id: str, version_id: str, preview_id: str) -> tuple[MiniProgram, Version, PreviewHost]:
        """All three, and only together."""
        program, version = self.version(program_id, version_id)
        host = selectors.preview_host(self.workspace, preview_id)
        if host.version_id != version.pk:
            raise Http404
        return program, version, host


class Preview(VersionPage):
    """Make a preview."""

    def post(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """Make it and show it."""
        _program, version = self.version(program_id, version_id)
        hours = lifetimes.chosen(request.POST.get("hours", ""), lifetimes.PREVIEWS)
        host = services.create_preview(actor=self.actor, version=version, lifetime=timedelta(hours=hours))
        return self.go("preview-show", program_id, version_id, host.pk)

    def get(self, request: HttpRequest, program_id: str, version_id: str) -> HttpResponse:
        """A preview is made by a button; its own address leads back to it."""
        return self.go("version", program_id, version_id)


class ShowPreview(PreviewPage):
    """The phone frame, the QR, and the other previews of the version."""

    template = "console/preview.html"

    def get(self, request: HttpRequest, program_id: str, version_id: str, preview_id: str) -> HttpResponse:
        """The page; once the preview is over it offers another."""
        program, version, host = self.preview(program_id, version_id, preview_id)
        wanted = request.GET.get("screen", "")
        address = selectors.preview_url(host)
        context = {
            "program": program,
            "version": version,
            "host": host,
            "over": host.expires_at <= clock.now(),
            "address": address,
            "local": (urlsplit(address).hostname or "").endswith("localhost"),
            "screen": wanted if wanted in SCREENS else SCREENS[0],
            "screens": SCREENS,
            "others": [other for other in selectors.previews(version)[:20] if other.pk != host.pk],
            "lifetimes": lifetimes.choices(lifetimes.PREVIEWS),
        }
        return self.page(context)


class EndPreview(PreviewPage):
    """Take a preview down."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, version_id: str, preview_id: str) -> HttpResponse:
        """End it and return to the version."""
        _program, _version, host = self.preview(program_id, version_id, preview_id)
        services.end_preview(actor=self.actor, preview=host)
        self.said(_("The preview is over."))
        return self.go("version", program_id, version_id)
