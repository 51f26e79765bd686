"""The form of a campaign and the smaller ones around it: what was typed becomes values, which the services judge."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from console import words
from console.forms.fields import LinesField, PairsField, PercentField, TimeInput
from push.models import Campaign
from push.rules.placeholders import Words

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
AUDIENCES = ("everyone", "users", "segment", "band")


class ContentForm(forms.Form):
    """What a message says."""

    title = forms.CharField(label=_("Title"), max_length=200)
    body = forms.CharField(label=_("Text"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    link = forms.CharField(
        label=_("Opens"),
        max_length=500,
        required=False,
        help_text=_("What the app opens when the message is tapped, for example a mini-program's page."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    payload = PairsField(
        label=_("Data for the app"),
        required=False,
        help_text=_("One on each line: name = value."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )

    def words(self) -> Words:
        """The content as typed."""
        data = self.cleaned_data
        return Words(data["title"], data["body"], data["link"], data["payload"])


class TemplateForm(ContentForm):
    """Content under a name."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("For you and your colleagues."))
    field_order = ("name", "title", "body", "link", "payload")


class CampaignForm(ContentForm):
    """Who gets what, when, and how its effect is measured."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For you and your colleagues; nobody else sees it.")
    )
    template_id = forms.CharField(required=False, max_length=26, widget=forms.HiddenInput)
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    audience = forms.ChoiceField(choices=[(name, name) for name in AUDIENCES], initial="everyone")
    users = LinesField(
        label=_("User ids"),
        required=False,
        help_text=_("One on each line. They are reached once their sign-in is verified."),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
    )
    segment = forms.ChoiceField(label=_("Segment"), required=False)
    band = forms.ChoiceField(label=_("Risk of leaving"), required=False, choices=lambda: words.choices("band"))
    values = PairsField(
        label=_("Values of the placeholders"),
        required=False,
        help_text=_("For a text with {{placeholders}}: name = value, one on each line."),
        widget=forms.Textarea(attrs={"rows": 2, "class": "mono", "spellcheck": "false"}),
    )
    holdout = PercentField(
        label=_("Held out, in percent of the people"),
        initial=1000,
        help_text=_("They get nothing: only beside them can be told what the message did."),
    )
    return_amount = forms.IntegerField(label=_("Counts as coming back within"), initial=7, min_value=1)
    return_unit = forms.ChoiceField(
        label=_("Unit"),
        initial="days",
        choices=[
            ("seconds", _("seconds")),
            ("minutes", _("minutes")),
            ("hours", _("hours")),
            ("days", _("days")),
        ],
    )
    return_signal = forms.ChoiceField(
        label=_("Coming back is"),
        choices=[
            ("any", _("a check-in or an event")),
            ("event", _("an event")),
            ("checkin", _("a check-in")),
        ],
    )
    when = forms.ChoiceField(choices=[("now", "now"), ("at", "at")], initial="now")
    planned_at = forms.DateTimeField(
        label=_("Begins (UTC)"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    quiet_start = forms.TimeField(label=_("Quiet from"), required=False, widget=TimeInput())
    quiet_end = forms.TimeField(
        label=_("until"), required=False, widget=TimeInput(), help_text=_("On the clock where the device is.")
    )
    max_per_minute = forms.IntegerField(
        label=_("At most per minute"), required=False, help_text=_("Devices. Empty: as fast as the channels take it.")
    )
    valid_hours = forms.IntegerField(
        label=_("Valid for, in hours"), initial=72, help_text=_("Whoever is not reached by then gets nothing.")
    )

    def __init__(self, *args: Any, segments: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["segment"].choices = segments  # type: ignore[attr-defined]

    def clean_planned_at(self) -> Any:
        """A time that is chosen has to be given."""
        at = self.cleaned_data["planned_at"]
        if self.data.get("when") == "at" and at is None:
            raise ValidationError(_("Say when it begins, or let it begin as soon as it is scheduled."))
        return at

    def campaign(self) -> dict[str, Any]:
        """The values as push.services takes them."""
        data = self.cleaned_data
        start, end = data["quiet_start"], data["quiet_end"]
        told = {"start": f"{start:%H:%M}" if start else "", "end": f"{end:%H:%M}" if end else ""}
        values = {
            "name": data["name"],
            "words": self.words(),
            "template_id": data["template_id"],
            "audience": self._audience(),
            "values": data["values"],
            "holdout_share": data["holdout"],
            "return_window_s": data["return_amount"] * UNITS[data["return_unit"]],
            "return_signal": data["return_signal"],
            "quiet_hours": told if start or end else None,
            "max_per_minute": data["max_per_minute"],
            "planned_at": data["planned_at"].replace(tzinfo=UTC) if data["when"] == "at" else None,
        }
        if "valid_hours" in self.changed_data or not self.initial.get("valid_for_s"):
            values["valid_for_s"] = data["valid_hours"] * 3600
        return values

    def _audience(self) -> dict[str, Any]:
        kind = self.cleaned_data["audience"]
        chosen: dict[str, Any] = {"kind": kind}
        return chosen if kind == "everyone" else {**chosen, kind: self.cleaned_data[kind]}


def typed(campaign: Campaign) -> dict[str, Any]:
    """A stored campaign as the form shows it."""
    amount, unit = in_units(campaign.return_window_s)
    quiet = campaign.quiet_hours or {}
    kind = campaign.audience["kind"]
    told = {
        "name": campaign.name,
        "title": campaign.title,
        "body": campaign.body,
        "link": campaign.link,
        "payload": campaign.data,
        "template_id": campaign.template_id,
        "revision": campaign.revision,
        "audience": kind,
        "values": campaign.values,
        "holdout": campaign.holdout_share,
        "return_amount": amount,
        "return_unit": unit,
        "return_signal": campaign.return_signal,
        "when": "now" if campaign.planned_at is None else "at",
        "planned_at": campaign.planned_at,
        "quiet_start": quiet.get("start"),
        "quiet_end": quiet.get("end"),
        "max_per_minute": campaign.max_per_minute,
        "valid_hours": max(1, round(campaign.valid_for_s / 3600)),
        "valid_for_s": campaign.valid_for_s,
    }
    return told if kind == "everyone" else {**told, kind: campaign.audience.get(kind)}


def in_units(seconds: int) -> tuple[int, str]:
    """A length in the largest unit that divides it."""
    for unit, length in reversed(UNITS.items()):
        if seconds % length == 0:
            return seconds // length, unit
    return seconds, "seconds"


class TestForm(forms.Form):
    """Where a test goes."""

    devices = LinesField(
        label=_("Device ids"),
        help_text=_("One on each line: your own devices. A test counts nowhere."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )


class PushSettingForm(forms.Form):
    """What a workspace decides about push."""

    approval_above = forms.IntegerField(
        label=_("A second member approves above"),
        required=False,
        min_value=0,
        max_value=1_000_000_000,
        help_text=_("People in the audience. Empty: nobody has to approve."),
    )
    zone = forms.CharField(
        label=_("Time zone"), max_length=64, help_text=_("Of devices that do not tell theirs, such as Asia/Shanghai.")
    )
