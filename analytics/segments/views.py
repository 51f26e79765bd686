"""The management API of segments: doors only."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.segments import selectors, services
from analytics.segments import serializers as forms
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.identity.rights import Right


class SegmentsView(WorkspaceView):
    """Saved sets of users."""

    rights = {"get": Right.VIEW, "post": Right.MANAGE_SEGMENTS}

    @extend_schema(summary="List segments", responses=page_schema(forms.SegmentSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.segments(self.workspace), forms.SegmentSerializer)

    @extend_schema(summary="Create a segment", request=forms.SegmentInput, responses={201: forms.SegmentSerializer})
    def post(self, request: Request) -> Response:
        segment = services.create_segment(actor=self.actor, **self.parse(forms.SegmentInput))
        return created(forms.SegmentSerializer(segment).data, location=f"/api/v1/segments/{segment.id}")


class SegmentView(WorkspaceView):
    """One segment."""

    rights = {"get": Right.VIEW, "patch": Right.MANAGE_SEGMENTS, "delete": Right.MANAGE_SEGMENTS}

    @extend_schema(summary="Show a segment", responses=forms.SegmentSerializer)
    def get(self, request: Request, segment_id: str) -> Response:
        return Response(forms.SegmentSerializer(selectors.segment(self.workspace, segment_id)).data)

    @extend_schema(summary="Change a segment", request=forms.SegmentChange, responses=forms.SegmentSerializer)
    def patch(self, request: Request, segment_id: str) -> Response:
        segment = selectors.segment(self.workspace, segment_id)
        segment = services.update_segment(actor=self.actor, segment=segment, **self.parse(forms.SegmentChange))
        return Response(forms.SegmentSerializer(segment).data)

    @extend_schema(summary="Delete a segment", responses={204: None})
    def delete(self, request: Request, segment_id: str) -> Response:
        services.delete_segment(actor=self.actor, segment=selectors.segment(self.workspace, segment_id))
        return Response(status=204)


class ReachView(WorkspaceView):
    """How many devices belong."""

    rights = {"get": Right.VIEW_DEVICES}

    @extend_schema(summary="Count a segment's devices", parameters=[forms.ReachQuery], responses=forms.ReachSerializer)
    def get(self, request: Request, segment_id: str) -> Response:
        segment = selectors.segment(self.workspace, segment_id)
        found = selectors.reach(self.workspace, segment, self.query(forms.ReachQuery)["host_app"])
        return Response(forms.ReachSerializer(found).data)
