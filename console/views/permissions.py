"""Permissions: what waits for a decision, the catalogue; and what one mini-program may do, with its app secret."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from console.forms.permissions import AskForm, CapabilityForm, RotateForm
from console.views.base import WorkspacePage
from console.views.programs import ProgramPage
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from miniapps import services
from miniapps.models import Grant, GrantState, MiniProgram
from miniapps.selectors import permissions
from miniapps.selectors.login import live_secrets

ACTS = {
    "grant": services.grant_permission,
    "reject": services.reject_permission,
    "revoke": services.revoke_permission,
}


class Permissions(WorkspacePage):
    """What waits for a decision, and the catalogue."""

    section = "permissions"
    template = "console/permissions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self.shown(CapabilityForm())

    def shown(self, form: CapabilityForm, status: int = 200) -> HttpResponse:
        """The page, with a form that may have errors."""
        states = (GrantState.REQUESTED, GrantState.GRANTED, GrantState.REJECTED, GrantState.REVOKED)
        wanted = self.request.GET.get("state", "")
        state = wanted if wanted in states else GrantState.REQUESTED.value
        page = self.paged(permissions.grants(self.workspace, state=state))
        catalogue = permissions.catalogue(self.workspace)
        context = {
            "page": page,
            "lines": _lines(self.actor.person_id, page, {each.name: each.sensitive for each in catalogue}),
            "state": state,
            "states": states,
            "catalogue": catalogue,
            "form": form,
        }
        return self.page(context, status=status)


class AddCapability(Permissions):
    """Add an entry to the catalogue."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Add and return."""
        form = CapabilityForm(request.POST)
        if form.is_valid():
            try:
                made = services.add_capability(actor=self.actor, **form.cleaned_data)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("“{name}” can be asked for now.").format(name=made.name))
                return self.go("permissions")
        return self.shown(form, status=400)


class RemoveCapability(WorkspacePage):
    """Remove an entry of the workspace's own."""

    right = Right.MANAGE_APPS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, capability_id: str) -> HttpResponse:
        """Remove and return."""
        row = permissions.capability(self.workspace, capability_id)
        with self.refusals():
            services.remove_capability(actor=self.actor, capability=row)
            self.said(_("“{name}” is out of the catalogue.").format(name=row.name))
        return self.go("permissions")


class PermissionAct(WorkspacePage):
    """Grant, reject, revoke, or take a request back; then back to where the button was."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, permission_id: str, act: str) -> HttpResponse:
        """The services ask for the rights."""
        grant = permissions.grant(self.workspace, permission_id)
        with self.refusals():
            if act == "withdraw":
                done = services.withdraw_request(actor=self.actor, grant=grant)
            else:
                done = ACTS[act](actor=self.actor, grant=grant, reason=request.POST.get("reason", ""))
            told = _("“{permission}” is {state}. Phones hear of it at their next check-in.")
            self.said(told.format(permission=done.value, state=GrantState(done.state).label))
        if request.POST.get("from") == "program":
            return self.go("access", grant.program.program_id)
        return self.go("permissions")


class Access(ProgramPage):
    """What one mini-program may do on each host app, and its app secret."""

    template = "console/access.html"

    def get(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """The page."""
        return self.shown(self.program(program_id))

    def shown(self, program: MiniProgram, status: int = 200, **more: Any) -> HttpResponse:
        """The page, with whatever an act adds: a form with errors, a new secret."""
        held = {each.name: each.sensitive for each in self.catalogue}
        rows = list(permissions.grants(self.workspace, program=program)[:1000])
        open_rows = [row for row in rows if row.state in (GrantState.REQUESTED, GrantState.GRANTED)]
        closed = [row for row in rows if row not in open_rows]
        lines = _lines(self.actor.person_id, open_rows, held)
        context = {
            "program": program,
            "apps_now": [(app, [line for line in lines if line["grant"].host_app_id == app.pk]) for app in self.apps],
            "closed": _lines(self.actor.person_id, closed[:20], held),
            "secrets": list(live_secrets(program)),
            "ask": self.form(),
            "rotate": RotateForm(),
        }
        return self.page({**context, **more}, status=status)

    @cached_property
    def catalogue(self) -> list[permissions.Offered]:
        """What can be asked for."""
        return permissions.catalogue(self.workspace)

    def form(self, *given: Any) -> AskForm:
        """The form with the workspace's own choices."""
        apps = [(app.pk, f"{app.name} · {app.get_environment_display()}") for app in self.apps]
        named = [(each.name, f"{each.title} ({each.name})") for each in self.catalogue]
        return AskForm(*given, apps=apps, capabilities=named)


class Ask(Access):
    """Ask for permissions by hand."""

    right = Right.SUBMIT
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """Ask and return."""
        program, form = self.program(program_id), self.form(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            try:
                services.request_permissions(
                    actor=self.actor,
                    program=program,
                    host_app=identity.host_app(self.workspace, data["host_app"]),
                    capabilities=data["capabilities"],
                    reach=form.reach(),
                    purpose=data["purpose"],
                )
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Asked. A reviewer or operator of this workspace decides."))
                return self.go("access", program_id)
        return self.shown(program, ask=form, asking=True, status=400)


class RotateSecret(Access):
    """Make or replace the app secret; it is in this answer and nowhere else."""

    right = Right.MANAGE_SECRETS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str) -> HttpResponse:
        """Rotate."""
        program, form = self.program(program_id), RotateForm(request.POST)
        if form.is_valid():
            overlap = timedelta(hours=form.cleaned_data["overlap_hours"])
            try:
                made = services.rotate_app_secret(actor=self.actor, program=program, overlap=overlap)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                return self.shown(program, made=made)
        return self.shown(program, rotate=form, status=400)


class FreezeSecret(ProgramPage):
    """Freeze the app secret, or let it count again."""

    right = Right.MANAGE_SECRETS
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, act: str) -> HttpResponse:
        """Act and return."""
        program = self.program(program_id)
        with self.refusals():
            if act == "freeze":
                services.freeze_app_secret(actor=self.actor, program=program)
                self.said(_("Frozen: nobody can sign in to the mini-program's server until you unfreeze it."))
            else:
                services.unfreeze_app_secret(actor=self.actor, program=program)
                self.said(_("The app secret counts again."))
        return self.go("access", program_id)


def _lines(person_id: str, rows: Any, sensitive: dict[str, bool]) -> list[dict[str, Any]]:
    """Rows with what their buttons depend on."""
    return [
        {
            "grant": row,
            "sensitive": row.kind == "capability" and sensitive.get(row.value, True),
            "unknown": row.kind == "capability" and row.value not in sensitive,
            "own": _own(row, person_id),
        }
        for row in rows
    ]


def _own(row: Grant, person_id: str) -> bool:
    return person_id in (row.requested_by, row.version.uploaded_by if row.version else "")
