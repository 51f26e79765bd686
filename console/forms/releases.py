"""The form of a release plan. It turns what an operator typed into a ReleasePlan; the service judges it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from console import words
from console.forms.conditions import conditions
from console.forms.fields import LinesField, PercentField
from miniapps.releases import Kind, ReleasePlan


class PlanForm(forms.Form):
    """Who gets the version, when, and how it is applied."""

    kind = forms.ChoiceField(
        choices=[(kind.value, words.look("kind", kind.value)[0]) for kind in Kind], initial=Kind.GRAY.value
    )
    share = PercentField(label=_("Share of the devices"), required=False, initial=500)
    stickiness = forms.ChoiceField(
        label=_("Decided by"),
        choices=[choice for choice in words.choices("stickiness") if choice[0] != "default"],
        required=False,
        initial="deviceId",
    )
    segments = forms.MultipleChoiceField(
        label=_("Segments"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Users have to be in all that you choose."),
    )
    users = LinesField(
        label=_("Named users"),
        required=False,
        help_text=_("One id on each line. They get the version whatever the share is, once their sign-in is verified."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    devices = LinesField(
        label=_("Named devices"),
        required=False,
        help_text=_("One device id on each line."),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    invited = forms.BooleanField(
        label=_("By invitation"),
        required=False,
        help_text=_("Nobody has to be named: whoever opens an invitation, a link or QR made afterwards, takes part."),
    )
    starts_at = forms.DateTimeField(
        label=_("Starts (UTC)"),
        required=False,
        help_text=_("Empty: at once."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    ends_at = forms.DateTimeField(
        label=_("Ends (UTC)"),
        required=False,
        help_text=_("Empty: when somebody decides."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    apply = forms.ChoiceField(
        label=_("Takes effect"),
        choices=[("next_open", _("when it is opened next")), ("at_once", _("at once, also while it is open"))],
        initial="next_open",
    )
    network = forms.ChoiceField(
        label=_("Download"), choices=[("any", _("over any network")), ("wifi", _("over Wi-Fi only"))], initial="any"
    )
    note = forms.CharField(label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, segments: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["segments"].choices = segments  # type: ignore[attr-defined]
        self.conditions = conditions(self.data) if isinstance(self.data, QueryDict) else []

    def plan(self) -> ReleasePlan:
        """The plan as typed."""
        data = self.cleaned_data
        kind = Kind(data["kind"])
        return ReleasePlan(
            kind=kind,
            share=(data["share"] or 0) if kind is Kind.GRAY else 0,
            stickiness=data["stickiness"] or "deviceId",
            conditions=() if kind is Kind.FULL else tuple(self.conditions),
            segments=() if kind is Kind.FULL else tuple(data["segments"]),
            users=() if kind is Kind.FULL else tuple(data["users"]),
            devices=() if kind is Kind.FULL else tuple(data["devices"]),
            invited=kind is Kind.TRIAL and data["invited"],
            starts_at=data["starts_at"].replace(tzinfo=UTC) if data["starts_at"] else None,
            ends_at=data["ends_at"].replace(tzinfo=UTC) if data["ends_at"] and kind is not Kind.FULL else None,
            apply=data["apply"],
            network=data["network"],
            note=data["note"],
        )
