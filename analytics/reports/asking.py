"""What the reports have in common: a span of days, filters, the fields they may name. Pure.

Every text that a person typed becomes a parameter of the statement. SQL is put together from this module's own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _

from analytics.reports.errors import ReportInvalid

MOST_DAYS = 400
MOST_FILTERS = 10
COLUMNS = frozenset({"event", "type", "platform", "os", "host_version", "mini_program", "version_code", "session"})
PROPERTY = "properties."
ACTIVE = "type IN ('track', 'page', 'screen')"  # what a user does, as against what is said about him


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a time zone, both included."""

    first: date
    last: date
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ReportInvalid(reason=_("the last day comes before the first"))
        if (self.last - self.first).days >= MOST_DAYS:
            raise ReportInvalid(reason=_("at most {most} days").format(most=MOST_DAYS))
        if self.zone not in available_timezones():
            raise ReportInvalid(reason=_("the zone is no name such as Asia/Shanghai"))
        if not date(1970, 1, 3) <= self.first <= self.last <= date(2100, 1, 1):
            raise ReportInvalid(reason=_("days lie between 1970 and 2100"))

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first moment that is not asked about."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZoneInfo(self.zone)).astimezone(UTC)

    def longer(self, days: int) -> Span:
        """The same with so many days before it."""
        return Span(max(self.first - timedelta(days=days), date(1970, 1, 3)), self.last, self.zone)

    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Filter:
    """Only events whose field has one of these values."""

    field: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Filter:
        """`field=value`, or `field=one|another`."""
        field, sign, value = text.partition("=")
        if not sign:
            raise ReportInvalid(reason=_("“{text}” is no filter such as platform=android").format(text=text[:100]))
        return cls(field, tuple(value.split("|")))


class Statement:
    """Collects the parameters of one statement while its SQL is written."""

    def __init__(self, span: Span) -> None:
        self.parameters: dict[str, Any] = {}
        self._zone = span.zone

    def give(self, value: Any) -> str:
        """A parameter's place in the SQL."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def local(self, column: str = "ts") -> str:
        """A UTC column as the time on the wall of the span's zone."""
        return column if self._zone == "UTC" else f"timezone({self.give(self._zone)}, timezone('UTC', {column}))"

    def field(self, name: str) -> str:
        """A column, or a property as text; NULL where an event has none. Raises ReportInvalid."""
        if name in COLUMNS:
            return f"nullif({name}, '')" if name != "version_code" else "version_code::VARCHAR"
        inner = name.removeprefix(PROPERTY)
        if not name.startswith(PROPERTY) or not inner or len(inner) > 200:
            known = ", ".join(sorted(COLUMNS))
            raise ReportInvalid(reason=_("a field is one of {known}, or properties.<name>").format(known=known))
        steps = (step.replace("~", "~0").replace("/", "~1") for step in inner.split("."))
        return f"json_extract_string(properties, {self.give('/' + '/'.join(steps))})"

    def where(self, filters: Sequence[Filter], *more: str) -> str:
        """The condition that all filters, and what else the report asks, hold."""
        if len(filters) > MOST_FILTERS:
            raise ReportInvalid(reason=_("at most {most} filters").format(most=MOST_FILTERS))
        parts = [part for part in more if part]
        parts += [
            f"{self.field(each.field)} IN (SELECT unnest({self.give(list(each.values))}::VARCHAR[]))"
            for each in filters
        ]
        return " AND ".join(parts) or "true"

    def named(self, events: Sequence[str]) -> str:
        """Only events of these names; all activity when none is named."""
        return f"event IN (SELECT unnest({self.give(list(events))}::VARCHAR[]))" if events else ACTIVE
