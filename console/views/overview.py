"""The overview: what is live, what is being released, who asked lately, what waits for me."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Max
from django.db.models.functions import TruncHour
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analytics import selectors as analytics
from console import offers, reach
from console.views.base import WorkspacePage
from ferry.kernel import clock
from ferry.kernel.identity.rights import Right
from ferry.kernel.jobs.selectors import live as live_processes
from miniapps import selectors
from miniapps.models import Release, ReviewState
from miniapps.releases import OPEN, Kind

MOST_OPEN = 300  # open releases that the page looks at; beyond them it sends to the list of programs
MOST_GRAYS = 12
MOST_WAITING = 20
MOST_APPROVED = 200
HOURS, DAYS = 24, 14  # of the charts


class Overview(WorkspacePage):
    """What a member wants to know first."""

    section = "overview"
    template = "console/overview.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page for one host app."""
        app = self.chosen_app()
        waiting = self.waiting()
        if app is None:
            return self.page({"apps": [], "waiting": waiting})
        releases = list(selectors.releases(self.workspace, host_app=app).filter(state__in=OPEN)[:MOST_OPEN])
        grays = [release for release in releases if release.kind == Kind.GRAY]
        programs = {release.program_id: release.program for release in releases}
        by_program: dict[str, list[Release]] = {}
        for release in releases:
            by_program.setdefault(release.program_id, []).append(release)
        withdrawn = set(selectors.listings(app).filter(withdrawn_at__isnull=False).values_list("program_id", flat=True))
        context = {
            "app": app,
            "apps": self.apps,
            "waiting": waiting,
            "live": [
                {
                    "program": program,
                    "now": offers.now_on_apps([app], by_program[pk])[0],
                    "withdrawn": pk in withdrawn,
                }
                for pk, program in programs.items()
            ],
            "grays": [
                {"release": release, **reach.summary(selectors.release_population(app, release.program), release)}
                for release in grays[:MOST_GRAYS]
            ],
            "edges": live_processes("edge"),
        }
        return self.page(context)

    def waiting(self) -> list[dict[str, Any]]:
        """What this person can do now: decide reviews, release what is approved."""
        things: list[dict[str, Any]] = []
        if self.actor.may(Right.REVIEW):
            reviews = selectors.reviews(self.workspace, state=ReviewState.SUBMITTED)
            mine = {"version__uploaded_by": self.actor.person_id}
            rows = reviews.exclude(**mine).exclude(submitted_by=self.actor.person_id)[:MOST_WAITING]
            things += [{"kind": "review", "review": review} for review in rows]
        if self.actor.may(Right.RELEASE):
            approved = list(selectors.reviews(self.workspace, state=ReviewState.APPROVED)[:MOST_APPROVED])
            released = selectors.releases(self.workspace).filter(
                program__in={one.version.program_id for one in approved}
            )
            newest = released.order_by().values_list("host_app", "program").annotate(Max("version__code"))
            codes = {(app, program): code for app, program, code in newest}
            things += [{"kind": "release", "review": review} for review in offers.unreleased(approved, codes)]
        return things[:MOST_WAITING]


class Activity(WorkspacePage):
    """Devices and check-ins of the last hours and days, loaded after the page: it asks the stored events."""

    right = Right.VIEW_ANALYTICS

    def get(self, request: HttpRequest) -> HttpResponse:
        """The figures as a part of the overview."""
        app = self.chosen_app()
        if app is None:
            return HttpResponse()
        now = clock.now()
        devices = analytics.devices(self.workspace, app.pk)
        lately = devices.filter(last_seen__gte=now - timedelta(hours=HOURS))
        by_hour = dict(lately.order_by().values_list(TruncHour("last_seen")).annotate(Count("pk")))
        seen = {
            "hour": devices.filter(last_seen__gte=now - timedelta(hours=1)).count(),
            "day": sum(by_hour.values()),
            "ever": devices.count(),
        }
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        hours = [this_hour - timedelta(hours=back) for back in reversed(range(HOURS))]
        today = now.date()
        counted = analytics.accounting(self.workspace, app.pk, today)
        checkins = sum(kind.received for kind in counted.kinds if kind.kind == "checkin")
        first = today - timedelta(days=DAYS - 1)
        per_day = analytics.devices_per_day(self.workspace, app.pk, first=first, last=today)
        days = [first + timedelta(days=number) for number in range(DAYS)]
        context = {
            "seen": seen,
            "checkins": checkins,
            "by_hour": _bars([(date_format(hour, "H:i"), by_hour.get(hour, 0)) for hour in hours]),
            "by_day": _bars([(date_format(day, "m-d"), per_day.get(day, 0)) for day in days]),
        }
        return self.part("console/parts/activity.html", context)


def _bars(columns: list[tuple[str, int]]) -> dict[str, Any]:
    """One series of devices as the chart takes it; a chart of nothing is not shown."""
    return {
        "empty": not any(count for _label, count in columns),
        "labels": [label for label, _count in columns],
        "series": [{"name": _("Devices"), "values": [count for _label, count in columns]}],
    }
