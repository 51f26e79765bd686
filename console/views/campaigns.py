"""Campaigns: written, tried, approved by a second member, scheduled, stopped; what became of them and what they did."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from analytics.segments import selectors as segments
from console import history, offers, outcome, words
from console.forms.campaigns import CampaignForm, PushSettingForm, TestForm, typed
from console.views.base import WorkspacePage
from console.views.releases import first_error
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import FerryError
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from push import selectors, services
from push.models import Campaign

MOST_HISTORY = 50
HIGH_RISK_HOLDOUT = 3_000  # of 10,000: what "push to high risk" begins with


class CampaignPage(WorkspacePage):
    """A page about campaigns."""

    section = "campaigns"
    right = Right.PUSH_VIEW

    def campaign(self, campaign_id: str) -> Campaign:
        """The campaign. Raises NotFound."""
        return selectors.campaign(self.workspace, campaign_id)

    def app_of(self, campaign: Campaign) -> HostApp:
        """The host app that it is for."""
        return identity.host_app(self.workspace, campaign.host_app_id)


class Campaigns(CampaignPage):
    """All campaigns, and the switch that holds all marketing."""

    template = "console/campaigns.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list, the newest first."""
        setting = selectors.setting_of(self.workspace)
        initial = {"approval_above": setting.approval_above, "zone": setting.zone}
        context = {
            "page": self.paged(selectors.campaigns(self.workspace).order_by("-id")),
            "names": {app.pk: app for app in self.apps},
            "setting": setting,
            "setting_form": PushSettingForm(initial=initial),
        }
        return self.page(context)


class Marketing(CampaignPage):
    """The switch: hold all marketing, or let it go on."""

    right = Right.PUSH_WRITE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, act: str) -> HttpResponse:
        """Switch and return."""
        with self.refusals():
            if act == "pause":
                services.pause_marketing(actor=self.actor, reason=request.POST.get("reason", ""))
                self.said(_("All marketing is held. Workers read this before every batch."))
            else:
                services.resume_marketing(actor=self.actor)
                self.said(_("Marketing goes on."))
        return self.go("campaigns")


class PushSettings(CampaignPage):
    """From how many people on a second member approves."""

    right = Right.PUSH_APPROVE
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save and return."""
        form = PushSettingForm(request.POST)
        with self.refusals():
            if form.is_valid():
                services.change_settings(actor=self.actor, changes=form.cleaned_data)
                self.said(_("Saved."))
            else:
                self.wrong(first_error(form))
        return self.go("campaigns")


class NewCampaign(CampaignPage):
    """Write a campaign. `?band=` begins with a band of risk, `?template=` with a template's content."""

    right = Right.PUSH_WRITE
    template = "console/campaign_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        app = self.chosen_app()
        if app is None:
            return self.page({"app": None})
        initial = {**self.of_template(), **self.of_band(app)}
        return self.shown(app, CampaignForm(initial=initial, segments=self.segment_choices()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the draft and show it."""
        app = self.chosen_app()
        if app is None:
            return self.page({"app": None}, status=400)
        form = CampaignForm(request.POST, segments=self.segment_choices())
        if form.is_valid():
            try:
                campaign = services.create_campaign(actor=self.actor, host_app=app, values=form.campaign())
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("The draft is kept. See below whom it would reach."))
                return self.go("campaign", campaign.pk)
        return self.shown(app, form, status=400)

    def shown(self, app: HostApp, form: CampaignForm, status: int = 200, **more: Any) -> HttpResponse:
        """The form with what can be chosen."""
        context = {
            "app": app,
            "apps": self.apps,
            "form": form,
            "templates": selectors.templates(self.workspace),
            **more,
        }
        return self.page(context, status=status)

    def of_template(self) -> dict[str, Any]:
        """The content of the template that ?template= names."""
        wanted = self.request.GET.get("template", "")
        if not wanted:
            return {}
        row = selectors.template(self.workspace, wanted)
        told = {name: getattr(row, name) for name in ("title", "body", "link", "name")}
        return {**told, "payload": row.data, "template_id": row.pk}

    def of_band(self, app: HostApp) -> dict[str, Any]:
        """What “push to high risk” begins with: the band, a share held out, and words to change."""
        band = self.request.GET.get("band", "")
        if band not in words.VOCABULARY["band"]:
            return {}
        begun = {"audience": "band", "band": band, "holdout": HIGH_RISK_HOLDOUT}
        if self.request.GET.get("template"):
            return begun
        return {
            **begun,
            "name": _("Win back: {band}, {app}").format(band=words.look("band", band)[0], app=app.name),
            "title": _("We have missed you"),
            "body": _("There is something new for you. Come and have a look."),
        }

    def segment_choices(self) -> list[tuple[str, str]]:
        """The workspace's segments."""
        return [(row.pk, row.name) for row in segments.segments(self.workspace).order_by("name")]


class EditCampaign(NewCampaign):
    """Change a campaign: it is a draft again, and an approval is void."""

    def get(self, request: HttpRequest, campaign_id: str) -> HttpResponse:  # type: ignore[override]
        """The form with what is stored."""
        campaign = self.campaign(campaign_id)
        initial = {**typed(campaign), **self.of_template()}
        form = CampaignForm(initial=initial, segments=self.segment_choices())
        return self.shown(self.app_of(campaign), form, campaign=campaign)

    def post(self, request: HttpRequest, campaign_id: str) -> HttpResponse:  # type: ignore[override]
        """Keep it and show it."""
        campaign = self.campaign(campaign_id)
        form = CampaignForm(request.POST, initial=typed(campaign), segments=self.segment_choices())
        if form.is_valid():
            revision = form.cleaned_data["revision"] or 0
            try:
                services.edit_campaign(actor=self.actor, campaign=campaign, values=form.campaign(), revision=revision)
            except FerryError as error:
                form.add_error(None, error.text())
            else:
                self.said(_("Saved. It is a draft, whatever it was before."))
                return self.go("campaign", campaign.pk)
        return self.shown(self.app_of(campaign), form, status=400, campaign=campaign)


class OneCampaign(CampaignPage):
    """One campaign: what it says to whom, what it would do, what it did."""

    template = "console/campaign.html"

    def get(self, request: HttpRequest, campaign_id: str) -> HttpResponse:
        """The page."""
        campaign = self.campaign(campaign_id)
        entries = audit.entries(self.workspace, target_kind="campaign", target_id=campaign.pk)[:MOST_HISTORY]
        chosen = campaign.audience.get("segment")
        context = {
            "campaign": campaign,
            "app": self.app_of(campaign),
            "acts": offers.campaign_acts(self.actor, campaign),
            "own": self.actor.person_id in campaign.writers,
            "setting": selectors.setting_of(self.workspace),
            "segment": segments.segment(self.workspace, chosen) if chosen else None,
            "test_form": TestForm(),
            "history": history.lines(entries),
            **outcome.campaign(campaign),
        }
        return self.page(context)


class CampaignPreview(CampaignPage):
    """Whom it would reach, loaded after the page: every device of the audience is judged."""

    def get(self, request: HttpRequest, campaign_id: str) -> HttpResponse:
        """The part."""
        campaign = self.campaign(campaign_id)
        try:
            told = selectors.preview(campaign, self.app_of(campaign))
        except FerryError as error:
            return self.part("console/parts/campaign_preview.html", {"error": error.text()})
        setting = selectors.setting_of(self.workspace)
        return self.part("console/parts/campaign_preview.html", {"preview": told, "setting": setting})


class CampaignLive(CampaignPage):
    """What has become of it, polled. When it has moved on meanwhile, the whole page reloads."""

    def get(self, request: HttpRequest, campaign_id: str) -> HttpResponse:
        """The part."""
        campaign = self.campaign(campaign_id)
        if request.GET.get("seen") != f"{campaign.state}-{campaign.revision}":
            return HttpResponse(headers={"HX-Refresh": "true"})
        return self.part("console/parts/campaign_live.html", outcome.campaign(campaign))


class CampaignAct(CampaignPage):
    """One act on a campaign. What each takes of rights, its service asks."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, campaign_id: str, act: str) -> HttpResponse:
        """Act and return."""
        campaign = self.campaign(campaign_id)
        given: dict[str, Any] = {"actor": self.actor, "campaign": campaign}
        reason = request.POST.get("reason", "")
        with self.refusals():
            if act == "submit":
                services.submit_campaign(**given)
                self.said(_("Submitted. A member who has not written in it can approve it now."))
            elif act == "approve":
                services.approve_campaign(**given, revision=number(request.POST.get("revision", "")))
                self.said(_("Approved. It can be scheduled."))
            elif act == "return":
                services.return_campaign(**given, reason=reason)
                self.said(_("Sent back to its writers."))
            elif act == "schedule":
                services.schedule_campaign(**given)
                self.said(_("Scheduled."))
            elif act == "unschedule":
                services.unschedule_campaign(**given)
                self.said(_("Taken off the schedule."))
            elif act == "stop":
                services.stop_campaign(**given, reason=reason)
                self.said(_("Stopped. What waits is not sent any more."))
            else:
                services.delete_campaign(**given)
                self.said(_("The draft is deleted."))
                return self.go("campaigns")
        return self.go("campaign", campaign_id)


class CampaignTest(CampaignPage):
    """Send its content to one's own devices."""

    right = Right.PUSH_WRITE
    http_method_names = ["post"]

    def post(self, request: HttpRequest, campaign_id: str) -> HttpResponse:
        """Send and return."""
        campaign = self.campaign(campaign_id)
        form = TestForm(request.POST)
        with self.refusals():
            devices = form.cleaned_data["devices"] if form.is_valid() else []
            services.send_test(actor=self.actor, campaign=campaign, device_ids=devices)
            self.said(_("The test is on its way."))
        return self.go("campaign", campaign_id)


def number(text: str) -> int:
    """A whole number as typed; what is none is 0, which no revision is."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
