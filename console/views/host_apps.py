"""Host apps: their settings, their keys, the web origins that may call."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.forms.identity import HostAppForm, HostAppSettingsForm, KeyNameForm, UserTokenKeyForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity import services
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right

SETTINGS = (
    "name",
    "platforms",
    "cors_origins",
    "check_interval_s",
    "link_base",
    "consent",
    "checkins_per_second",
    "active",
)


class HostApps(WorkspacePage):
    """All host apps of the workspace."""

    section = "apps"
    template = "console/apps.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        return self.page({"apps": self.apps})


class NewHostApp(WorkspacePage):
    """Add a host app."""

    section = "apps"
    right = Right.MANAGE_APPS
    template = "console/app_new.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.page({"form": HostAppForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create it and show its page."""
        form = HostAppForm(request.POST)
        if form.is_valid():
            try:
                app = services.create_host_app(actor=self.actor, **form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("{name} is set up. Put its app key into the app.").format(name=app.name))
                return self.go("app", app.id)
        return self.page({"form": form}, status=400)


class HostAppPage(WorkspacePage):
    """One host app: settings and keys."""

    section = "apps"
    template = "console/host_app.html"

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """The page."""
        return self.shown(identity.host_app(self.workspace, app_id))

    def shown(self, app: HostApp, status: int = 200, **more: Any) -> HttpResponse:
        """The page, with whatever an act adds: a form with errors, a new key's secret."""
        context = {
            "app": app,
            "keys": identity.host_app_keys(app),
            "form": HostAppSettingsForm(initial={field: getattr(app, field) for field in SETTINGS}),
            "server_form": KeyNameForm(auto_id="server_%s"),
            "user_form": UserTokenKeyForm(auto_id="user_%s"),
        }
        return self.page({**context, **more}, status=status)


class HostAppSettings(HostAppPage):
    """Change the settings."""

    right = Right.MANAGE_APPS

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """The settings are part of the app's page."""
        return self.go("app", app_id)

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Save, and say when it holds."""
        app = identity.host_app(self.workspace, app_id)
        form = HostAppSettingsForm(request.POST)
        if form.is_valid():
            try:
                services.update_host_app(actor=self.actor, host_app=app, **form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. The edges have it within two seconds."))
                return self.go("app", app_id)
        return self.shown(app, form=form, status=400)


class NewServerKey(HostAppSettings):
    """Make a server key; its secret is in this answer and nowhere else."""

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Create the key."""
        app = identity.host_app(self.workspace, app_id)
        form = KeyNameForm(request.POST, auto_id="server_%s")
        if form.is_valid():
            try:
                made = services.add_server_key(actor=self.actor, host_app=app, name=form.cleaned_data["name"])
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                return self.shown(app, made=made)
        return self.shown(app, server_form=form, status=400)


class NewUserTokenKey(HostAppSettings):
    """Add a user-token key; for HS256 the secret is in this answer and nowhere else."""

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Create the key."""
        app = identity.host_app(self.workspace, app_id)
        form = UserTokenKeyForm(request.POST, auto_id="user_%s")
        if form.is_valid():
            try:
                made = services.add_user_token_key(actor=self.actor, host_app=app, **form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                return self.shown(app, made=made)
        return self.shown(app, user_form=form, status=400)


class RevokeKey(WorkspacePage):
    """End a key."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, app_id: str, key_id: str) -> HttpResponse:
        """Revoke and return."""
        key = identity.host_app_key(identity.host_app(self.workspace, app_id), key_id)
        with self.refusals():
            services.revoke_key(actor=self.actor, key=key)
            self.said(_("The key “{name}” is revoked. The edges refuse it within two seconds.").format(name=key.name))
        return self.go("app", app_id)
