"""Devices: who asked lately, and one of them with what is installed. Reads of personal data go to the audit log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from analytics import services as analytics
from console.views.base import WorkspacePage
from ferry.kernel.errors import NotFound
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import selectors


class Devices(WorkspacePage):
    """The devices of a host app, the last seen first."""

    section = "devices"
    right = Right.VIEW_DEVICES
    template = "console/devices.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list; ?device= and ?user= search."""
        app = self.chosen_app()
        if app is None:
            return self.page({"apps": []})
        wanted, user = (request.GET.get(name, "").strip()[:200] for name in ("device", "user"))
        if wanted:
            try:
                analytics.open_device(actor=self.actor, host_app_id=app.pk, device_id=wanted)
            except NotFound:
                return self.page({"apps": self.apps, "app": app, "wanted": wanted, "page": []})
            return self.go("device", app.pk, wanted)
        rows = analytics.list_devices(actor=self.actor, host_app_id=app.pk, user=user.replace("\0", ""))
        page = self.paged(rows.order_by("-last_seen"))
        return self.page({"apps": self.apps, "app": app, "page": page, "user": user})


class OneDevice(WorkspacePage):
    """One device."""

    section = "devices"
    right = Right.VIEW_DEVICES
    template = "console/device.html"

    def get(self, request: HttpRequest, app_id: str, device_id: str) -> HttpResponse:
        """What is known of it, and what it may ask why."""
        app = identity.host_app(self.workspace, app_id)
        device = analytics.open_device(actor=self.actor, host_app_id=app.pk, device_id=device_id)
        programs = [listing.program for listing in selectors.listings(app)[:200]]
        return self.page({"app": app, "device": device, "programs": programs})
