"""How a host app's phones are reached: the own channel, and the account with Apple."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from console.forms.channels import ApnsForm
from console.views.base import WorkspacePage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from push.models import Channel
from push.selectors.channels import channels
from push.services.channels import remove_channel, set_apns, try_apns


class Channels(WorkspacePage):
    """The channels of a host app, and the form of its account with Apple."""

    section = "apps"
    right = Right.PUSH_VIEW
    template = "console/channels.html"

    def get(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """The page."""
        return self.shown(identity.host_app(self.workspace, app_id))

    def shown(self, app: HostApp, form: ApnsForm | None = None, status: int = 200) -> HttpResponse:
        """The page, with the form as it was sent where something is wrong with it."""
        found = {state.channel: state for state in channels(app)}
        apns = found[Channel.APNS]
        context = {
            "app": app,
            "channels": found.values(),
            "apns": apns,
            "form": form or ApnsForm(known=apns.ready, initial=apns.settings),
        }
        return self.page(context, status=status)


class SetApns(Channels):
    """Set the account, or change it."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Save; workers use it with their next batch."""
        app = identity.host_app(self.workspace, app_id)
        known = any(state.ready for state in channels(app) if state.channel == Channel.APNS)
        form = ApnsForm(request.POST, request.FILES, known=known)
        if form.is_valid():
            try:
                set_apns(actor=self.actor, host_app=app, values=form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. Workers use the account with their next batch."))
                return self.go("channels", app.pk)
        return self.shown(app, form, status=400)


class TryApns(WorkspacePage):
    """Ask Apple whether it takes the account."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Ask, say what came back, return."""
        app = identity.host_app(self.workspace, app_id)
        tried = try_apns(actor=self.actor, host_app=app)
        if tried.ok:
            self.said(_("Apple takes this account. Whether the bundle id fits shows with the first message."))
        else:
            self.wrong(tried.detail)
        return self.go("channels", app.pk)


class RemoveApns(WorkspacePage):
    """Forget the account."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, app_id: str) -> HttpResponse:
        """Remove it and return."""
        app = identity.host_app(self.workspace, app_id)
        remove_channel(actor=self.actor, host_app=app, channel=Channel.APNS)
        self.said(_("The account with Apple is removed, and its key forgotten."))
        return self.go("channels", app.pk)
