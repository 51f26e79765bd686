"""The management API of analytics: doors only."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import selectors, services
from analytics import serializers as forms
from ferry.kernel import clock
from ferry.kernel.api.pagination import page_of
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.identity.rights import Right

_QUARANTINE_LIMIT = 200


class DevicesView(WorkspaceView):
    """The devices of a host app."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(
        summary="List devices", parameters=[forms.DevicesQuery], responses=page_schema(forms.DeviceSerializer)
    )
    def get(self, request: Request, host_app_id: str) -> Response:
        rows = services.list_devices(actor=self.actor, host_app_id=host_app_id, **self.query(forms.DevicesQuery))
        asked = request.query_params
        page = page_of(rows, cursor=asked.get("cursor", ""), limit=asked.get("limit", ""))
        items = [forms.DeviceSerializer(device).data for device in selectors.contexts(page.rows)]
        return Response({"items": items, "next": page.next})


class DeviceView(WorkspaceView):
    """One device."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(summary="Show a device", responses=forms.DeviceSerializer)
    def get(self, request: Request, host_app_id: str, device_id: str) -> Response:
        device = services.open_device(actor=self.actor, host_app_id=host_app_id, device_id=device_id)
        return Response(forms.DeviceSerializer(device).data)


class AccountingView(WorkspaceView):
    """Where the records of a day went."""

    rights = {"get": Right.VIEW_ANALYTICS}

    @extend_schema(
        summary="Account for received records", parameters=[forms.DayQuery], responses=forms.AccountingSerializer
    )
    def get(self, request: Request, host_app_id: str) -> Response:
        day = self.query(forms.DayQuery)["day"] or clock.now().date()
        found = selectors.accounting(self.workspace, host_app_id, day)
        shown = {"day": day, "complete": found.complete, "kinds": found.kinds}
        return Response(forms.AccountingSerializer(shown).data)


class QuarantineView(WorkspaceView):
    """What was refused on a day."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(summary="Read the quarantine", parameters=[forms.DayQuery], responses=forms.QuarantineSerializer)
    def get(self, request: Request, host_app_id: str) -> Response:
        day = self.query(forms.DayQuery)["day"] or clock.now().date()
        items = services.open_quarantine(actor=self.actor, host_app_id=host_app_id, day=day, limit=_QUARANTINE_LIMIT)
        return Response(forms.QuarantineSerializer({"day": day, "items": items}).data)
