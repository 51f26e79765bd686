"""Releases: start with a dry run, watch plan and reality, ramp, pause, complete, roll back, explain."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics import services as analytics
from analytics.segments import selectors as segments
from console import history, lifetimes, offers, reach, words
from console.forms.conditions import PROPERTIES
from console.forms.fields import PercentField
from console.forms.releases import PlanForm
from console.views.base import WorkspacePage
from console.views.programs import ProgramPage
from console.views.versions import VersionPage
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from miniapps import selectors, services
from miniapps.models import MiniProgram, Release, Version
from miniapps.releases import OPEN, Kind, ReleasePlan

MOST_HISTORY = 50
SOME_DEVICES = 5


class ReleasePage(ProgramPage):
    """A page about one release of one program."""

    def release(self, program_id: str, release_id: str) -> Release:
        """The release, under its own program's address only."""
        release = selectors.release(self.workspace, release_id)
        if release.program.program_id != program_id:
            raise Http404
        return release


class OneRelease(ReleasePage):
    """One release: what was planned, what is measured, what can be done."""

    template = "console/release.html"

    def get(self, request: HttpRequest, program_id: str, release_id: str) -> HttpResponse:
        """The page."""
        release = self.release(program_id, release_id)
        entries = audit.entries(self.workspace, target_kind="release", target_id=release.pk)[:MOST_HISTORY]
        context = {
            "program": release.program,
            "app": release.host_app,
            "acts": offers.release_acts(self.actor, release),
            "history": history.lines(entries),
            "segments": segments_of(release),
            **live(release),
        }
        if release.kind == Kind.TRIAL and release.state in OPEN and self.actor.may(Right.RELEASE):
            rows = selectors.open_invitations(release)
            context["invites"] = True
            context["invitations"] = [(row, selectors.invitation_url(row)) for row in rows]
            context["lifetimes"] = lifetimes.choices(lifetimes.INVITATIONS)
        return self.page(context)


class ReleaseLive(ReleasePage):
    """The measured part, polled. When somebody changed the release meanwhile, the whole page reloads."""

    def get(self, request: HttpRequest, program_id: str, release_id: str) -> HttpResponse:
        """The part."""
        release = self.release(program_id, release_id)
        if request.GET.get("seen") != str(int(release.changed_at.timestamp())):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return self.part("console/parts/release_live.html", live(release))


class ReleaseAct(ReleasePage):
    """One act on a release."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, release_id: str, act: str) -> HttpResponse:
        """Act and return; completing leads to the full release that begins."""
        release = self.release(program_id, release_id)
        reason = request.POST.get("reason", "")
        given: dict[str, Any] = {"actor": self.actor, "release": release, "reason": reason}
        with self.refusals():
            if act == "share":
                services.change_share(**given, share=typed_share(request.POST.get("share", "")))
                self.said(_("The share is set. Every edge has it within two seconds."))
            elif act == "pause":
                services.pause_release(**given)
                self.said(_("The release is paused: no further device gets it."))
            elif act == "resume":
                services.resume_release(**given)
                self.said(_("The release goes on."))
            elif act == "complete":
                full = services.complete_release(**given)
                self.said(_("Completed: everyone gets {version} now.").format(version=release.version.name))
                return self.go("release", program_id, full.pk)
            else:
                services.roll_back_release(**given)
                self.said(_("Rolled back. Devices return at their next check-in."))
        return self.go("release", program_id, release_id)


class ReleaseDryRun(ReleasePage):
    """What another share of a gray release would reach: the same cohort, so the same devices come first."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, release_id: str) -> HttpResponse:
        """The result as a part of the release's page."""
        release = self.release(program_id, release_id)
        plan = selectors.plan_of(release, share=typed_share(request.POST.get("share", "")))
        return tried(self, release.version, release.host_app, plan, of=release)


class NewRelease(VersionPage):
    """Plan and start a release of an approved version on one host app."""

    right = Right.RELEASE
    template = "console/release_new.html"

    def get(self, request: HttpRequest, program_id: str, version_id: str, app_id: str) -> HttpResponse:
        """The form."""
        program, version = self.version(program_id, version_id)
        app = identity.host_app(self.workspace, app_id)
        return self.shown(program, version, app, PlanForm(segments=segment_choices(self.workspace)))

    def post(self, request: HttpRequest, program_id: str, version_id: str, app_id: str) -> HttpResponse:
        """Start it and show it."""
        program, version = self.version(program_id, version_id)
        app = identity.host_app(self.workspace, app_id)
        form = PlanForm(request.POST, segments=segment_choices(self.workspace))
        if form.is_valid():
            try:
                release = services.start_release(actor=self.actor, version=version, host_app=app, plan=form.plan())
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("The release has started.") if release.state == "running" else _("The release is planned."))
                return self.go("release", program_id, release.pk)
        return self.shown(program, version, app, form, status=400)

    def shown(
        self, program: MiniProgram, version: Version, app: HostApp, form: PlanForm, status: int = 200
    ) -> HttpResponse:
        """The form with what stands beside it."""
        releases = selectors.releases(self.workspace, host_app=app, program=program)
        context = {
            "program": program,
            "version": version,
            "app": app,
            "form": form,
            "gray": releases.filter(kind=Kind.GRAY, state__in=OPEN).first(),
            "operators": words.choices("operator"),
            "properties": PROPERTIES,
        }
        return self.page(context, status=status)


class PlanDryRun(VersionPage):
    """Try a plan on the devices seen lately, before it starts."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, version_id: str, app_id: str) -> HttpResponse:
        """The result as a part of the form's page."""
        _program, version = self.version(program_id, version_id)
        app = identity.host_app(self.workspace, app_id)
        form = PlanForm(request.POST, segments=segment_choices(self.workspace))
        if not form.is_valid():
            return self.part("console/parts/dry_run.html", {"error": first_error(form)})
        return tried(self, version, app, form.plan())


class Explain(ProgramPage):
    """Why a device gets what it gets. It shows a person's device, so the audit log says who looked."""

    right = Right.VIEW_DEVICES

    def get(self, request: HttpRequest, program_id: str, app_id: str) -> HttpResponse:
        """Every release that was asked, and what it said."""
        program, app = self.program(program_id), identity.host_app(self.workspace, app_id)
        wanted = request.GET.get("device", "").strip()
        try:
            device = analytics.open_device(actor=self.actor, host_app_id=app.pk, device_id=wanted)
        except FerryError as error:
            return self.part("console/parts/refusal.html", {"error": error})
        told = selectors.explain(self.workspace, app, program, context=device)
        return self.part("console/parts/explained.html", {"program": program, "app": app, "told": told})


class SomeDevices(ProgramPage):
    """A few devices seen lately, to explain one of them."""

    right = Right.VIEW_DEVICES

    def get(self, request: HttpRequest, program_id: str, app_id: str) -> HttpResponse:
        """The devices as buttons."""
        program, app = self.program(program_id), identity.host_app(self.workspace, app_id)
        rows = analytics.list_devices(actor=self.actor, host_app_id=app.pk).order_by("-last_seen")[:SOME_DEVICES]
        return self.part("console/parts/some_devices.html", {"program": program, "app": app, "devices": rows})


class RollBackTo(VersionPage):
    """Serve an earlier version again."""

    right = Right.RELEASE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, program_id: str, version_id: str, app_id: str) -> HttpResponse:
        """Roll back and show the release that serves now."""
        program, version = self.version(program_id, version_id)
        app = identity.host_app(self.workspace, app_id)
        with self.refusals():
            done = services.roll_back_to(
                actor=self.actor, program=program, host_app=app, version=version, reason=request.POST.get("reason", "")
            )
            self.said(_("Everyone on {app} gets {version} again.").format(app=app.name, version=version.name))
            return self.go("release", program_id, done.serving.pk)
        return self.go("version", program_id, version_id)


def tried(
    page: WorkspacePage, version: Version, app: HostApp, plan: ReleasePlan, of: Release | None = None
) -> HttpResponse:
    """The dry run of a plan, or why there is none, as a part of a page. `of`: the open release that it is about."""
    try:
        run = selectors.dry_run(page.workspace, app, version, plan, of=of)
    except FerryError as error:
        return page.part("console/parts/dry_run.html", {"error": error.text()})
    names = dict(selectors.versions(page.workspace, version.program).values_list("code", "name"))
    return page.part("console/parts/dry_run.html", {"run": reach.dry_run_lines(run, names)})


def typed_share(typed: str) -> int:
    """Percent as typed, in 1/10,000; what is no percentage lies outside every range, and the service says so."""
    try:
        return int(PercentField().clean(typed))
    except ValidationError:
        return -1


def live(release: Release) -> dict[str, Any]:
    """What the polled part shows."""
    now = reach.reached(selectors.release_population(release.host_app, release.program), release)
    return {"release": release, "population": now, "plan": now.plan, "trail": reach.trail(now)}


def segment_choices(workspace: Any) -> list[tuple[str, str]]:
    """The workspace's segments for a form."""
    return [(segment.pk, segment.name) for segment in segments.segments(workspace).order_by("name")]


def segments_of(release: Release) -> list[tuple[str, str]]:
    """Id and name of the segments that a release uses."""
    ids = release.segment_ids
    return [(pk, name) for pk, name in segment_choices(release.workspace) if pk in ids] if ids else []


def first_error(form: Form) -> str:
    """One sentence for a form that cannot be read."""
    for field, errors in form.errors.items():
        label = form.fields[field].label if field in form.fields else ""
        return f"{label}: {errors[0]}" if label else str(errors[0])
    return ""
