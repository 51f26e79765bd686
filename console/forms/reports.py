"""The questions of the analytics pages, as the address of the page holds them. Reports judge them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analytics.reports.asking import Filter, Span
from analytics.reports.funnel import FunnelQuestion
from analytics.reports.retention import RetentionQuestion
from analytics.reports.trend import Measure, TrendQuestion, Unit
from console.forms.fields import LinesField
from ferry.kernel import clock

BREAKDOWNS = (
    ("", _("nothing")),
    ("event", _("event")),
    ("platform", _("platform")),
    ("os", _("system version")),
    ("host_version", _("app version")),
    ("mini_program", _("mini-program")),
    ("version_code", _("mini-program version")),
)
WINDOWS = (
    (3600, _("an hour")),
    (86_400, _("a day")),
    (7 * 86_400, _("a week")),
    (30 * 86_400, _("30 days")),
)
_DATE = {"type": "date"}


class ReportForm(forms.Form):
    """Which days, and which events of them."""

    days: int = 30  # when no first day is given

    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs=_DATE, format="%Y-%m-%d"))
    where = forms.CharField(
        label=_("Only where"),
        required=False,
        max_length=1000,
        widget=forms.TextInput(attrs={"placeholder": "platform=ios", "class": "mono", "spellcheck": "false"}),
    )

    def __init__(self, data: Any) -> None:
        given = data.copy()
        today = clock.now().date()
        for name, day in (("last", today), ("first", today - timedelta(days=self.days - 1))):
            if not given.get(name):
                given[name] = day.isoformat()
        for name, field in self.base_fields.items():
            if name not in given and field.initial is not None:
                given[name] = str(field.initial)
        super().__init__(given)

    def span(self) -> Span:
        """The days. Raises ReportInvalid."""
        return Span(self.cleaned_data["first"], self.cleaned_data["last"])

    def filters(self) -> tuple[Filter, ...]:
        """The filters, split at commas. Raises ReportInvalid."""
        parts = (part.strip() for part in self.cleaned_data["where"].split(","))
        return tuple(Filter.parse(part) for part in parts if part)


class TrendForm(ReportForm):
    """How often, over time."""

    event = forms.CharField(
        label=_("Event"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"list": "events", "placeholder": _("all activity")}),
    )
    measure = forms.ChoiceField(
        label=_("Count"), initial="events", choices=[("events", _("events")), ("users", _("users"))]
    )
    unit = forms.ChoiceField(
        label=_("By"),
        initial="day",
        choices=[("hour", _("hour")), ("day", _("day")), ("week", _("week")), ("month", _("month"))],
    )
    breakdown = forms.ChoiceField(label=_("Broken down by"), required=False, initial="event", choices=BREAKDOWNS)
    field_order = ("event", "measure", "breakdown", "unit", "first", "last", "where")

    def question(self) -> TrendQuestion:
        """Raises ReportInvalid."""
        data = self.cleaned_data
        return TrendQuestion(
            self.span(),
            events=(data["event"],) if data["event"] else (),
            measure=Measure(data["measure"]),
            unit=Unit(data["unit"]),
            breakdown=data["breakdown"],
            top=6,
            filters=self.filters(),
        )


class FunnelForm(ReportForm):
    """Steps in order."""

    steps = LinesField(
        label=_("Steps"),
        required=False,
        help_text=_("Names of events, one on each line, in order."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )
    window = forms.TypedChoiceField(label=_("Within"), coerce=int, initial=86_400, choices=WINDOWS)
    breakdown = forms.ChoiceField(label=_("Broken down by"), required=False, initial="", choices=BREAKDOWNS)
    field_order = ("steps", "window", "breakdown", "first", "last", "where")

    def question(self) -> FunnelQuestion:
        """Raises ReportInvalid."""
        data = self.cleaned_data
        return FunnelQuestion(
            self.span(),
            tuple(data["steps"]),
            timedelta(seconds=data["window"]),
            breakdown=data["breakdown"],
            top=6,
            filters=self.filters(),
        )


class RetentionForm(ReportForm):
    """Who comes back."""

    days = 14

    begins = forms.CharField(
        label=_("Begins with"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"list": "events", "placeholder": _("any activity")}),
    )
    returns = forms.CharField(
        label=_("Comes back with"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"list": "events", "placeholder": _("any activity")}),
    )
    unit = forms.ChoiceField(
        label=_("By"), initial="day", choices=[("day", _("day")), ("week", _("week")), ("month", _("month"))]
    )
    field_order = ("begins", "returns", "unit", "first", "last", "where")

    def question(self) -> RetentionQuestion:
        """Raises ReportInvalid."""
        data = self.cleaned_data
        return RetentionQuestion(self.span(), Unit(data["unit"]), data["begins"], data["returns"], self.filters())


class UsersForm(ReportForm):
    """Active users."""
