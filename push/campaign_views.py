"""The management API of campaigns: doors only."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.acts import ActView
from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from push import campaign_serializers as forms
from push import selectors, services
from push.serializers import DeliveryFunnelSerializer, MessageSerializer, words_in


class CampaignsView(WorkspaceView):
    """Campaigns of the workspace."""

    rights = {"get": Right.PUSH_VIEW, "post": Right.PUSH_WRITE}

    @extend_schema(
        summary="List campaigns", parameters=[forms.CampaignQuery], responses=page_schema(forms.CampaignSerializer)
    )
    def get(self, request: Request) -> Response:
        query = self.query(forms.CampaignQuery)
        rows = selectors.campaigns(self.workspace, state=query.get("state", ""), host_app_id=query.get("host_app", ""))
        return self.page(rows, forms.CampaignSerializer)

    @extend_schema(summary="Write a campaign", request=forms.CampaignInput, responses={201: forms.CampaignSerializer})
    def post(self, request: Request) -> Response:
        values = self.parse(forms.CampaignInput)
        words, template_id = words_in(values, self.workspace)
        if words is None:
            raise Invalid(reason=_("give a template, or title and body"))
        host_app = identity.host_app(self.workspace, values.pop("host_app"))
        campaign = services.create_campaign(
            actor=self.actor, host_app=host_app, values={**values, "words": words, "template_id": template_id}
        )
        return created(forms.CampaignSerializer(campaign).data, location=f"/api/v1/campaigns/{campaign.pk}")


class CampaignView(WorkspaceView):
    """One campaign."""

    rights = {"get": Right.PUSH_VIEW, "patch": Right.PUSH_WRITE, "delete": Right.PUSH_WRITE}

    @extend_schema(summary="Show a campaign", responses=forms.CampaignSerializer)
    def get(self, request: Request, campaign_id: str) -> Response:
        return Response(forms.CampaignSerializer(selectors.campaign(self.workspace, campaign_id)).data)

    @extend_schema(
        summary="Change a campaign: it is a draft again, an approval is void",
        request=forms.CampaignChange,
        responses=forms.CampaignSerializer,
    )
    def patch(self, request: Request, campaign_id: str) -> Response:
        values = self.parse(forms.CampaignChange)
        revision = values.pop("revision", 0)
        words, template_id = words_in(values, self.workspace)
        if words is not None:
            values |= {"words": words, "template_id": template_id}
        campaign = services.edit_campaign(
            actor=self.actor,
            campaign=selectors.campaign(self.workspace, campaign_id),
            values=values,
            revision=revision,
        )
        return Response(forms.CampaignSerializer(campaign).data)

    @extend_schema(summary="Delete a draft", responses={204: None})
    def delete(self, request: Request, campaign_id: str) -> Response:
        services.delete_campaign(actor=self.actor, campaign=selectors.campaign(self.workspace, campaign_id))
        return Response(status=204)


class PreviewView(WorkspaceView):
    """Before it is scheduled."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(
        summary="Show whom a campaign would reach, and whom not and why", responses=forms.CampaignPreviewSerializer
    )
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = selectors.campaign(self.workspace, campaign_id)
        host_app = identity.host_app(self.workspace, campaign.host_app_id)
        return Response(forms.CampaignPreviewSerializer(selectors.preview(campaign, host_app)).data)


class TestView(WorkspaceView):
    """A test send."""

    rights = {"post": Right.PUSH_WRITE}

    @extend_schema(
        summary="Send a campaign's content to named devices",
        request=forms.CampaignTestInput,
        responses={201: MessageSerializer},
    )
    def post(self, request: Request, campaign_id: str) -> Response:
        message = services.send_test(
            actor=self.actor,
            campaign=selectors.campaign(self.workspace, campaign_id),
            device_ids=self.parse(forms.CampaignTestInput)["devices"],
        )
        return created(MessageSerializer(message).data, location=f"/api/v1/messages/{message.pk}")


class FunnelView(WorkspaceView):
    """What became of it."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(summary="Show a campaign's funnel", responses=DeliveryFunnelSerializer)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = selectors.campaign(self.workspace, campaign_id)
        return Response(DeliveryFunnelSerializer(selectors.campaign_funnel(campaign)).data)


class EffectView(WorkspaceView):
    """What it did."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(summary="Compare who came back with the held-out people", responses=forms.EffectSerializer)
    def get(self, request: Request, campaign_id: str) -> Response:
        campaign = selectors.campaign(self.workspace, campaign_id)
        return Response(forms.EffectSerializer(selectors.campaign_effect(campaign)).data)


class CampaignActView(ActView):
    """One act on a campaign."""

    answer = forms.CampaignSerializer

    def on(self, thing_id: str, values: dict[str, Any]) -> dict[str, Any]:
        return {"campaign": selectors.campaign(self.workspace, thing_id)}


class SubmitView(CampaignActView, right=Right.PUSH_WRITE, summary="Ask for approval"):
    act = services.submit_campaign


class ApproveView(CampaignActView, right=Right.PUSH_APPROVE, summary="Approve a campaign that somebody else wrote"):
    form = forms.ApproveInput
    act = services.approve_campaign


class ReturnView(CampaignActView, right=Right.PUSH_APPROVE, summary="Send a campaign back to its writers"):
    form = forms.CampaignReasonInput
    act = services.return_campaign


class ScheduleView(CampaignActView, right=Right.PUSH_WRITE, summary="Schedule for its planned time, or now"):
    act = services.schedule_campaign


class UnscheduleView(CampaignActView, right=Right.PUSH_WRITE, summary="Take it off the schedule"):
    act = services.unschedule_campaign


class StopView(CampaignActView, right=Right.PUSH_WRITE, summary="Stop for good"):
    form = forms.CampaignReasonInput
    act = services.stop_campaign
