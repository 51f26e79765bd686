"""The management API of templates, messages and settings: doors only."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView, created
from ferry.kernel.errors import Invalid
from ferry.kernel.identity import selectors as identity
from ferry.kernel.identity.rights import Right
from push import selectors, services
from push import serializers as forms
from push.rules.placeholders import Words
from push.services.messages import To


class TemplatesView(WorkspaceView):
    """Templates of the workspace."""

    rights = {"get": Right.PUSH_VIEW, "post": Right.PUSH_WRITE}

    @extend_schema(summary="List templates", responses=page_schema(forms.TemplateSerializer))
    def get(self, request: Request) -> Response:
        return self.page(selectors.templates(self.workspace), forms.TemplateSerializer)

    @extend_schema(summary="Make a template", request=forms.TemplateInput, responses={201: forms.TemplateSerializer})
    def post(self, request: Request) -> Response:
        values = self.parse(forms.TemplateInput)
        row = services.create_template(actor=self.actor, name=values.pop("name"), words=Words(**values))
        return created(forms.TemplateSerializer(row).data, location=f"/api/v1/push/templates/{row.pk}")


class TemplateView(WorkspaceView):
    """One template."""

    rights = {"get": Right.PUSH_VIEW, "put": Right.PUSH_WRITE, "delete": Right.PUSH_WRITE}

    @extend_schema(summary="Show a template", responses=forms.TemplateSerializer)
    def get(self, request: Request, template_id: str) -> Response:
        return Response(forms.TemplateSerializer(selectors.template(self.workspace, template_id)).data)

    @extend_schema(
        summary="Change a template; what was made from it stays as it is",
        request=forms.TemplateInput,
        responses=forms.TemplateSerializer,
    )
    def put(self, request: Request, template_id: str) -> Response:
        values = self.parse(forms.TemplateInput)
        row = services.update_template(
            actor=self.actor,
            template=selectors.template(self.workspace, template_id),
            name=values.pop("name"),
            words=Words(**values),
        )
        return Response(forms.TemplateSerializer(row).data)

    @extend_schema(summary="Delete a template", responses={204: None})
    def delete(self, request: Request, template_id: str) -> Response:
        services.delete_template(actor=self.actor, template=selectors.template(self.workspace, template_id))
        return Response(status=204)


class MessagesView(WorkspaceView):
    """Service messages, runs of campaigns, test sends."""

    rights = {"get": Right.PUSH_VIEW, "post": Right.PUSH_WRITE}

    @extend_schema(
        summary="List messages", parameters=[forms.MessageQuery], responses=page_schema(forms.MessageSerializer)
    )
    def get(self, request: Request) -> Response:
        query = self.query(forms.MessageQuery)
        rows = selectors.messages(self.workspace, kind=query.get("kind", ""), campaign_id=query.get("campaign", ""))
        return self.page(rows, forms.MessageSerializer)

    @extend_schema(
        summary="Send a service message to up to 1,000 users, each with own values",
        request=forms.MessageInput,
        responses={201: forms.MessageSerializer},
    )
    def post(self, request: Request) -> Response:
        values = self.parse(forms.MessageInput)
        words, template_id = forms.words_in(values, self.workspace)
        if words is None:
            raise Invalid(reason=_("give a template, or title and body"))
        message = services.send_message(
            actor=self.actor,
            host_app=identity.host_app(self.workspace, values["host_app"]),
            words=words,
            to=[To(each["user"], each["values"]) for each in values["to"]],
            template_id=template_id,
            valid_for_s=values["valid_for_s"],
        )
        return created(forms.MessageSerializer(message).data, location=f"/api/v1/messages/{message.pk}")


class MessageView(WorkspaceView):
    """One message."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(summary="Show a message and its funnel", responses=forms.MessageDetailSerializer)
    def get(self, request: Request, message_id: str) -> Response:
        message = selectors.message(self.workspace, message_id)
        shown = forms.MessageDetailSerializer({"message": message, "funnel": selectors.message_funnel(message)})
        return Response(shown.data)


class DeliveriesView(WorkspaceView):
    """The ledger of a message."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(
        summary="List what became of a message, device by device",
        parameters=[forms.DeliveryQuery],
        responses=page_schema(forms.DeliverySerializer),
    )
    def get(self, request: Request, message_id: str) -> Response:
        query = self.query(forms.DeliveryQuery)
        rows = selectors.deliveries(
            selectors.message(self.workspace, message_id),
            user=query.get("user", ""),
            device_id=query.get("device", ""),
            state=query.get("state", ""),
        )
        return self.page(rows, forms.DeliverySerializer)


class RecipientsView(WorkspaceView):
    """The users of a service message."""

    rights = {"get": Right.PUSH_VIEW}

    @extend_schema(
        summary="List the users that a service message was for", responses=page_schema(forms.RecipientSerializer)
    )
    def get(self, request: Request, message_id: str) -> Response:
        rows = selectors.recipients(selectors.message(self.workspace, message_id))
        return self.page(rows, forms.RecipientSerializer)


class SettingsView(WorkspaceView):
    """What the workspace has decided about push."""

    rights = {"get": Right.PUSH_VIEW, "patch": Right.PUSH_APPROVE}

    @extend_schema(summary="Show the push settings", responses=forms.SettingsSerializer)
    def get(self, request: Request) -> Response:
        return Response(forms.SettingsSerializer(selectors.setting_of(self.workspace)).data)

    @extend_schema(
        summary="Change from how many people on a campaign needs approval",
        request=forms.SettingsInput,
        responses=forms.SettingsSerializer,
    )
    def patch(self, request: Request) -> Response:
        row = services.change_settings(actor=self.actor, changes=self.parse(forms.SettingsInput))
        return Response(forms.SettingsSerializer(row).data)


class PauseView(WorkspaceView):
    """The one switch."""

    rights = {"post": Right.PUSH_WRITE}

    @extend_schema(
        summary="Pause all marketing of the workspace", request=forms.PauseInput, responses=forms.SettingsSerializer
    )
    def post(self, request: Request) -> Response:
        row = services.pause_marketing(actor=self.actor, reason=self.parse(forms.PauseInput)["reason"])
        return Response(forms.SettingsSerializer(row).data)


class ResumeView(WorkspaceView):
    """The one switch, back."""

    rights = {"post": Right.PUSH_WRITE}

    @extend_schema(summary="Let marketing go on", request=None, responses=forms.SettingsSerializer)
    def post(self, request: Request) -> Response:
        return Response(forms.SettingsSerializer(services.resume_marketing(actor=self.actor)).data)
