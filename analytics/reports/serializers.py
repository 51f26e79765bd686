"""What the reports' API takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rest_framework import serializers

from analytics.reports.asking import MOST_FILTERS, Filter, Span
from analytics.reports.funnel import LONGEST_WINDOW, MOST_GROUPS, MOST_STEPS
from analytics.reports.timeline import MOST_HAPPENINGS, MOST_LIVE
from analytics.reports.trend import Measure, Unit
from ferry.kernel import clock
from ferry.kernel.api.serializers import StrictSerializer

_NAME = 200
_WHERE = "field=value, or field=one|another; a field is a column or properties.<name>."
_DEFAULT_DAYS = 30


class SpanQuery(StrictSerializer):
    """Which days, and which events of them."""

    first = serializers.DateField(required=False, default=None, help_text="The first day; 30 days back without.")
    last = serializers.DateField(required=False, default=None, help_text="The last day, included; today without.")
    zone = serializers.CharField(max_length=64, required=False, default="UTC", help_text="Whose days: Asia/Shanghai.")
    where = serializers.ListField(
        child=serializers.CharField(max_length=1_000), max_length=MOST_FILTERS, required=False, default=list,
        help_text=_WHERE,
    )  # fmt: skip


def span_of(query: Mapping[str, Any]) -> Span:
    """Raises ReportInvalid."""
    last = query["last"] or clock.now().date()
    return Span(query["first"] or last - timedelta(days=_DEFAULT_DAYS - 1), last, query["zone"])


def filters_of(query: Mapping[str, Any]) -> tuple[Filter, ...]:
    """Raises ReportInvalid."""
    return tuple(Filter.parse(text) for text in query["where"])


def _events(help_text: str, *, most: int = 20) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=_NAME),
        max_length=most,
        required=False,
        default=list,
        help_text=help_text,
    )


class TrendQuery(SpanQuery):
    """A trend."""

    events = _events("Names of events; all activity without.")
    measure = serializers.ChoiceField(choices=[str(each) for each in Measure], required=False, default="events")
    unit = serializers.ChoiceField(choices=[str(each) for each in Unit], required=False, default="day")
    breakdown = serializers.CharField(max_length=_NAME, required=False, default="", help_text="A field.")
    top = serializers.IntegerField(min_value=1, max_value=MOST_GROUPS, required=False, default=10)


class FunnelQuery(SpanQuery):
    """A funnel."""

    steps = serializers.ListField(
        child=serializers.CharField(max_length=_NAME), max_length=MOST_STEPS, help_text="Names of events, in order."
    )
    window_s = serializers.IntegerField(
        min_value=1, max_value=int(LONGEST_WINDOW.total_seconds()), required=False, default=86_400,
        help_text="Seconds from the first step to the last.",
    )  # fmt: skip
    breakdown = serializers.CharField(
        max_length=_NAME, required=False, default="", help_text="A field of the first step's event."
    )
    top = serializers.IntegerField(min_value=1, max_value=MOST_GROUPS, required=False, default=10)


class RetentionQuery(SpanQuery):
    """A retention matrix."""

    event = serializers.CharField(
        max_length=_NAME, required=False, default="", help_text="What begins it; any without."
    )
    returns = serializers.CharField(
        max_length=_NAME, required=False, default="", help_text="What counts as coming back."
    )
    unit = serializers.ChoiceField(choices=["day", "week", "month"], required=False, default="day")


class VersionsQuery(StrictSerializer):
    """Which days of which mini-program."""

    program_id = serializers.CharField(max_length=64)
    first = serializers.DateField(required=False, default=None, help_text="The first day; 30 days back without.")
    last = serializers.DateField(required=False, default=None, help_text="The last day, included; today without.")
    zone = serializers.CharField(max_length=64, required=False, default="UTC")


class LiveQuery(StrictSerializer):
    """How many events."""

    most = serializers.IntegerField(min_value=1, max_value=MOST_LIVE, required=False, default=50)


class TimelineQuery(StrictSerializer):
    """Whose events."""

    user = serializers.CharField(max_length=_NAME, required=False, default="")
    device = serializers.CharField(max_length=_NAME, required=False, default="")
    before = serializers.DateTimeField(required=False, default=None, help_text="For the next page: the last item's ts.")
    most = serializers.IntegerField(min_value=1, max_value=MOST_HAPPENINGS, required=False, default=100)


class SeriesSerializer(serializers.Serializer[Any]):
    """One line of a trend."""

    value = serializers.CharField(allow_null=True, help_text="Of the breakdown; null for events without the field.")
    other = serializers.BooleanField(help_text="Whether this gathers the values past the top ones.")
    points = serializers.ListField(child=serializers.IntegerField())
    total = serializers.IntegerField(help_text="Of the whole span; for users not the sum of the points.")


class TrendSerializer(serializers.Serializer[Any]):
    """A trend; `times` are the beginnings of the units, in the zone that was asked for."""

    times = serializers.ListField(child=serializers.DateTimeField(format="%Y-%m-%dT%H:%M:%S"))
    series = SeriesSerializer(many=True)


class ActiveDaySerializer(serializers.Serializer[Any]):
    """Different users of one day, of the 7 and of the 30 days that end with it."""

    day = serializers.DateField()
    daily = serializers.IntegerField()
    weekly = serializers.IntegerField()
    monthly = serializers.IntegerField()


class ActiveSerializer(serializers.Serializer[Any]):
    """Active users, day by day."""

    days = ActiveDaySerializer(many=True)


class FunnelGroupSerializer(serializers.Serializer[Any]):
    """The users whose first step had this value."""

    value = serializers.CharField(allow_null=True)
    other = serializers.BooleanField()
    users = serializers.ListField(child=serializers.IntegerField())


class FunnelSerializer(serializers.Serializer[Any]):
    """How many got at least to each step."""

    steps = serializers.ListField(child=serializers.CharField())
    users = serializers.ListField(child=serializers.IntegerField())
    seconds = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="Median time from the first step to each."
    )
    groups = FunnelGroupSerializer(many=True)


class CohortSerializer(serializers.Serializer[Any]):
    """Users who began in one period, and how many were there so many periods later."""

    start = serializers.DateField()
    size = serializers.IntegerField()
    returned = serializers.ListField(child=serializers.IntegerField())


class RetentionSerializer(serializers.Serializer[Any]):
    """A retention matrix."""

    cohorts = CohortSerializer(many=True)


class ArrivalSerializer(serializers.Serializer[Any]):
    """An event as it came in, without names."""

    received_at = serializers.DateTimeField()
    ts = serializers.DateTimeField(help_text="When it happened, by the corrected clock.")
    type = serializers.CharField()
    event = serializers.CharField()
    who = serializers.CharField(help_text="Tells people apart and names nobody.")
    mini_program = serializers.CharField()
    version_code = serializers.IntegerField(allow_null=True)
    platform = serializers.CharField()
    host_version = serializers.CharField()


class LiveSerializer(serializers.Serializer[Any]):
    """The events that were loaded last, newest first."""

    items = ArrivalSerializer(many=True)


class HappeningSerializer(serializers.Serializer[Any]):
    """One event of somebody."""

    ts = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    type = serializers.CharField()
    event = serializers.CharField()
    message_id = serializers.CharField()
    user_id = serializers.CharField()
    device_id = serializers.CharField()
    mini_program = serializers.CharField()
    version_code = serializers.IntegerField(allow_null=True)
    platform = serializers.CharField()
    os = serializers.CharField()
    host_version = serializers.CharField()
    session = serializers.CharField()
    properties = serializers.CharField(help_text="JSON of an object; empty when there are none.")


class TimelineSerializer(serializers.Serializer[Any]):
    """Newest first."""

    items = HappeningSerializer(many=True)


class HealthSerializer(serializers.Serializer[Any]):
    """What was heard of a version on a part of the devices."""

    opens = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]  # a field, not what validation found
    users = serializers.IntegerField()
    users_with_errors = serializers.IntegerField()
    errors_per_open = serializers.FloatField(allow_null=True)


class PlatformHealthSerializer(HealthSerializer):
    """The same on one platform."""

    platform = serializers.CharField()


class OsHealthSerializer(PlatformHealthSerializer):
    """The same on one version of an operating system."""

    os = serializers.CharField()


class VersionHealthSerializer(HealthSerializer):
    """One version."""

    version_code = serializers.IntegerField()
    by_platform = PlatformHealthSerializer(many=True)
    by_os = OsHealthSerializer(many=True)


class VersionsSerializer(serializers.Serializer[Any]):
    """Versions, the newest first."""

    versions = VersionHealthSerializer(many=True)
