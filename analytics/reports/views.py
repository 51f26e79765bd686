"""The management API of reports: doors only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import selectors, services
from analytics.reports import serializers as forms
from analytics.reports.funnel import FunnelQuestion
from analytics.reports.health import Health
from analytics.reports.retention import RetentionQuestion
from analytics.reports.trend import Measure, TrendQuestion, Unit
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity.rights import Right


class ReportView(WorkspaceView):
    """A question to the events that names nobody."""

    rights = {"get": Right.VIEW_ANALYTICS}


class TrendView(ReportView):
    """How often, over time."""

    @extend_schema(summary="Trend of events", parameters=[forms.TrendQuery], responses=forms.TrendSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        query = self.query(forms.TrendQuery)
        asked = TrendQuestion(
            forms.span_of(query),
            events=tuple(query["events"]),
            measure=Measure(query["measure"]),
            unit=Unit(query["unit"]),
            breakdown=query["breakdown"],
            top=query["top"],
            filters=forms.filters_of(query),
        )
        return Response(forms.TrendSerializer(selectors.trend(self.workspace, host_app_id, asked)).data)


class ActiveUsersView(ReportView):
    """DAU, WAU, MAU."""

    @extend_schema(summary="Active users", parameters=[forms.SpanQuery], responses=forms.ActiveSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        query = self.query(forms.SpanQuery)
        span, filters = forms.span_of(query), forms.filters_of(query)
        days = selectors.active_users(self.workspace, host_app_id, span, filters=filters)
        return Response(forms.ActiveSerializer({"days": days}).data)


class FunnelView(ReportView):
    """Steps in order."""

    @extend_schema(summary="Funnel", parameters=[forms.FunnelQuery], responses=forms.FunnelSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        query = self.query(forms.FunnelQuery)
        asked = FunnelQuestion(
            forms.span_of(query),
            tuple(query["steps"]),
            timedelta(seconds=query["window_s"]),
            breakdown=query["breakdown"],
            top=query["top"],
            filters=forms.filters_of(query),
        )
        return Response(forms.FunnelSerializer(selectors.funnel(self.workspace, host_app_id, asked)).data)


class RetentionView(ReportView):
    """Who comes back."""

    @extend_schema(summary="Retention", parameters=[forms.RetentionQuery], responses=forms.RetentionSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        query = self.query(forms.RetentionQuery)
        asked = RetentionQuestion(
            forms.span_of(query), Unit(query["unit"]), query["event"], query["returns"], forms.filters_of(query)
        )
        cohorts = selectors.retention(self.workspace, host_app_id, asked)
        return Response(forms.RetentionSerializer({"cohorts": cohorts}).data)


class VersionHealthView(ReportView):
    """New beside old."""

    @extend_schema(
        summary="Opens and errors of each version", parameters=[forms.VersionsQuery], responses=forms.VersionsSerializer
    )
    def get(self, request: Request, host_app_id: str) -> Response:
        query = self.query(forms.VersionsQuery)
        found = selectors.version_health(self.workspace, host_app_id, query["program_id"], span=forms.span_of(query))
        versions = [
            {
                "version_code": code,
                **_numbers(health),
                "by_platform": [{"platform": name, **_numbers(part)} for name, part in health.by_platform.items()],
                "by_os": [
                    {"platform": name, "os": system, **_numbers(part)} for (name, system), part in health.by_os.items()
                ],
            }
            for code, health in sorted(found.items(), reverse=True)
        ]
        return Response(forms.VersionsSerializer({"versions": versions}).data)


class LiveView(ReportView):
    """What is arriving."""

    @extend_schema(summary="The newest events", parameters=[forms.LiveQuery], responses=forms.LiveSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        items = selectors.live_events(self.workspace, host_app_id, limit=self.query(forms.LiveQuery)["most"])
        return Response(forms.LiveSerializer({"items": items}).data)


class TimelineView(WorkspaceView):
    """What one user or device did; every look is in the audit log."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(
        summary="A user's or device's events", parameters=[forms.TimelineQuery], responses=forms.TimelineSerializer
    )
    def get(self, request: Request, host_app_id: str) -> Response:
        query = self.query(forms.TimelineQuery)
        query["limit"] = query.pop("most")
        items = services.open_timeline(actor=self.actor, host_app_id=host_app_id, **query)
        return Response(forms.TimelineSerializer({"items": [asdict(item) for item in items]}).data)


def _numbers(health: Health) -> dict[str, Any]:
    return {
        "opens": health.opens,
        "errors": health.errors,
        "users": health.users,
        "users_with_errors": health.users_with_errors,
        "errors_per_open": health.errors_per_open,
    }
