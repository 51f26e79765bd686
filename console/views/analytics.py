"""Figures from the events: trend, active users, funnel, retention, live, one user's timeline, the accounting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_date, parse_datetime

from analytics import selectors, services
from console import figures
from console.forms.reports import FunnelForm, ReportForm, RetentionForm, TrendForm, UsersForm
from console.views.base import WorkspacePage
from console.views.releases import first_error
from ferry.kernel import clock
from ferry.kernel.errors import FerryError, NotFound
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right

MOST_LIVE = 50
MOST_REFUSED = 1_000
MOST_HAPPENINGS = 100
DAYS = 7  # of the accounting
TABS = ("trend", "users", "funnel", "retention", "live", "timeline", "records")

T = TypeVar("T")
Form = TypeVar("Form", bound=ReportForm)


class FiguresPage(WorkspacePage, ABC):
    """A page of figures of one host app; `tab` is where it stands among the others."""

    section = "analytics"
    right = Right.VIEW_ANALYTICS
    tab: ClassVar[str] = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page; without a host app there is nothing to count."""
        app = self.chosen_app()
        found: dict[str, Any] = {} if app is None else self.figures(app)
        tabs = [(name, self.url(f"analytics-{name}")) for name in TABS if name != "timeline" or self.may_look()]
        return self.page({"app": app, "apps": self.apps, "tabs": tabs, "tab": self.tab, **found})

    @abstractmethod
    def figures(self, app: HostApp) -> dict[str, Any]:
        """What the page shows of `app`."""

    def may_look(self) -> bool:
        """Whether this person may see what single users do."""
        return self.actor.may(Right.VIEW_DEVICES)

    def asked(self, form: Form, answer: Callable[[Form], T]) -> dict[str, Any]:
        """The form, and the answer to its question or why there is none."""
        if not form.is_valid():
            return {"form": form, "error": first_error(form)}
        try:
            return {"form": form, "answer": answer(form)}
        except NotFound:
            raise
        except FerryError as error:
            return {"form": form, "error": error.text()}


class Trend(FiguresPage):
    """How often events happened, told apart by a field."""

    tab = "trend"
    template = "console/analytics_trend.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The lines and the totals."""
        form = TrendForm(self.request.GET)
        found = self.asked(form, lambda form: selectors.trend(self.workspace, app.pk, form.question()))
        if "answer" in found:
            found |= figures.trend_lines(found["answer"], form.cleaned_data["unit"])
        return {**found, "names": self.names(app)}

    def names(self, app: HostApp) -> list[str]:
        """Names to choose from, of what arrived lately."""
        return sorted({one.event for one in selectors.live_events(self.workspace, app.pk, limit=200) if one.event})


class Users(FiguresPage):
    """Active users by day, of seven and of thirty days."""

    tab = "users"
    template = "console/analytics_users.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The lines."""
        form = UsersForm(self.request.GET)
        found = self.asked(
            form, lambda form: selectors.active_users(self.workspace, app.pk, form.span(), filters=form.filters())
        )
        return found | (figures.active_lines(found["answer"]) if "answer" in found else {})


class Funnel(Trend):
    """How many went through steps in order."""

    tab = "funnel"
    template = "console/analytics_funnel.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The steps as bars. Nothing is asked before steps are named."""
        form = FunnelForm(self.request.GET)
        names = self.names(app)
        if "steps" not in self.request.GET:
            return {"form": form, "names": names}
        found = self.asked(form, lambda form: selectors.funnel(self.workspace, app.pk, form.question()))
        return {**found, **(figures.funnel_lines(found["answer"]) if "answer" in found else {}), "names": names}


class Retention(Trend):
    """Who comes back."""

    tab = "retention"
    template = "console/analytics_retention.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The matrix."""
        form = RetentionForm(self.request.GET)
        found = self.asked(form, lambda form: selectors.retention(self.workspace, app.pk, form.question()))
        rows = figures.retention_rows(found["answer"]) if "answer" in found else {}
        return {**found, **rows, "names": self.names(app)}


class Live(FiguresPage):
    """What is arriving; the list itself is polled."""

    tab = "live"
    template = "console/analytics_live.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The newest events."""
        return {"arrivals": selectors.live_events(self.workspace, app.pk, limit=MOST_LIVE)}


class LivePart(Live):
    """The polled list."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The part."""
        app = self.chosen_app()
        return self.part("console/parts/arrivals.html", {} if app is None else self.figures(app))


class Timeline(FiguresPage):
    """What one user or device did. Looking is written to the audit log."""

    tab = "timeline"
    right = Right.VIEW_DEVICES
    template = "console/analytics_timeline.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The events, newest first; nothing is read before somebody is named."""
        user, device = (self.request.GET.get(name, "").strip()[:200].replace("\0", "") for name in ("user", "device"))
        if not user and not device:
            return {}
        given = {"user": user, "device": "" if user else device}
        try:
            before = parse_datetime(self.request.GET.get("before", ""))
            happenings = services.open_timeline(
                actor=self.actor,
                host_app_id=app.pk,
                before=before if before and before.tzinfo else None,
                limit=MOST_HAPPENINGS,
                **given,
            )
        except NotFound:
            raise
        except (FerryError, ValueError) as error:
            return {**given, "error": error.text() if isinstance(error, FerryError) else str(error)}
        days = figures.by_day(happenings)
        more = happenings[-1].ts.isoformat() if len(happenings) == MOST_HAPPENINGS else ""
        return {**given, "happenings": happenings, "happened": days, "more": more}


class Records(FiguresPage):
    """received = stored + duplicate + rejected + pending, for one day and each kind of record."""

    tab = "records"
    template = "console/analytics_records.html"

    def figures(self, app: HostApp) -> dict[str, Any]:
        """The day that ?day= names, else today."""
        today = clock.now().date()
        day = day_of(self.request.GET.get("day", ""), today)
        days = [today - timedelta(days=back) for back in range(DAYS)]
        counted = selectors.accounting(self.workspace, app.pk, day)  # of one day: each looks through what is pending
        sums = figures.sums(counted)
        put_aside = selectors.put_aside(self.workspace, app.pk, day) if sums["total"]["rejected"] else 0
        return {"day": day, "accounting": sums, "put_aside": put_aside, "days": days}


class RefusedRecords(WorkspacePage):
    """Why records of a day were rejected. They may hold personal data: looking is written to the audit log."""

    section = "analytics"
    right = Right.VIEW_DEVICES

    def get(self, request: HttpRequest) -> HttpResponse:
        """The part."""
        app = self.chosen_app()
        if app is None:
            return HttpResponse()
        day = day_of(request.GET.get("day", ""), clock.now().date())
        rows = services.open_quarantine(actor=self.actor, host_app_id=app.pk, day=day, limit=MOST_REFUSED)
        return self.part("console/parts/refused.html", {"reasons": figures.reasons(rows), "most": MOST_REFUSED})


def day_of(text: str, otherwise: date) -> date:
    """A day as an address holds it; nonsense is `otherwise`."""
    try:
        return parse_date(text) or otherwise
    except ValueError:
        return otherwise
