"""What the API of push takes and gives: templates, messages, settings."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.errors import Invalid
from ferry.kernel.identity.models import Workspace
from ferry.kernel.ids import LENGTH, LONGEST_USER
from push import content, selectors
from push.models import Delivery, Message, PushSetting, Recipient, Template
from push.rules import limits
from push.rules.ledger import State
from push.rules.placeholders import Words

WORDS = ("title", "body", "data", "link")


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class TextsField(serializers.JSONField):
    """Names to texts."""


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """A JSON object."""


def texts_field(**kwargs: Any) -> TextsField:
    return TextsField(required=False, validators=[AtMost(16 * 1024, depth=2), _mapping], **kwargs)


def _mapping(value: Any) -> None:
    if not isinstance(value, dict):
        raise serializers.ValidationError("An object.")


class WordsInput(StrictSerializer):
    """Content, given or by a template."""

    template = serializers.CharField(max_length=LENGTH, required=False, help_text="Id; instead of title and body.")
    title = serializers.CharField(max_length=limits.LONGEST_TITLE, required=False)
    body = serializers.CharField(max_length=limits.LONGEST_BODY, required=False)
    data = texts_field(help_text="For the host app: names to texts.")  # type: ignore[assignment]
    link = serializers.CharField(max_length=limits.LONGEST_LINK, required=False, allow_blank=True)


def words_in(values: dict[str, Any], workspace: Workspace) -> tuple[Words | None, str]:
    """The content in validated data, which loses it, and the template it came from; None when there is none."""
    template_id = values.pop("template", "")
    given = {name: values.pop(name) for name in WORDS if name in values}
    if template_id:
        if given:
            raise Invalid(reason=_("give a template or the content itself, not both"))
        return content.words_of(selectors.template(workspace, template_id)), template_id
    if not given:
        return None, ""
    if not {"title", "body"} <= given.keys():
        raise Invalid(reason=_("title and body belong together"))
    return Words(given["title"], given["body"], given.get("link", ""), given.get("data", {})), ""


class TemplateInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    title = serializers.CharField(max_length=limits.LONGEST_TITLE, help_text="May hold {{placeholders}}.")
    body = serializers.CharField(max_length=limits.LONGEST_BODY)
    data = texts_field(default=dict)  # type: ignore[assignment]
    link = serializers.CharField(max_length=limits.LONGEST_LINK, required=False, allow_blank=True, default="")


class TemplateSerializer(serializers.Serializer[Template]):
    id = serializers.CharField()
    name = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    data = TextsField()  # type: ignore[assignment]
    link = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ToInput(StrictSerializer):
    user = serializers.CharField(max_length=LONGEST_USER)
    values = texts_field(default=dict, help_text="What the placeholders say to this user.")


class MessageInput(WordsInput):
    host_app = serializers.CharField(max_length=LENGTH)
    to = ToInput(many=True, max_length=limits.MOST_USERS, min_length=1)  # type: ignore[call-arg]
    valid_for_s = serializers.IntegerField(min_value=60, max_value=28 * 86_400, required=False, default=3 * 86_400)


class MessageQuery(StrictSerializer):
    kind = serializers.ChoiceField(Message.Kind.values, required=False)
    campaign = serializers.CharField(max_length=LENGTH, required=False)


class MessageSerializer(serializers.Serializer[Message]):
    id = serializers.CharField()
    host_app = serializers.CharField(source="host_app_id")
    kind = serializers.ChoiceField(Message.Kind.values)
    campaign = serializers.CharField(source="campaign_id", help_text="Empty for a service message.")
    title = serializers.CharField()
    body = serializers.CharField()
    data = TextsField()  # type: ignore[assignment]
    link = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by_name = serializers.CharField()
    expires_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(help_text="What a channel last complained about.")


class DeliveryFunnelSerializer(serializers.Serializer[Any]):
    """Devices; each stage counts those that came at least so far."""

    targeted = serializers.IntegerField()
    eligible = serializers.IntegerField()
    held_out = serializers.IntegerField()
    sent = serializers.IntegerField()
    accepted = serializers.IntegerField()
    arrived = serializers.IntegerField()
    opened = serializers.IntegerField()
    waiting = serializers.IntegerField()
    in_doubt = serializers.IntegerField()
    not_reached = serializers.IntegerField()
    drops = serializers.DictField(child=serializers.IntegerField(), help_text="Reason → devices.")
    finished = serializers.BooleanField()


class MessageDetailSerializer(serializers.Serializer[Any]):
    message = MessageSerializer()
    funnel = DeliveryFunnelSerializer()


class DeliveryQuery(StrictSerializer):
    user = serializers.CharField(max_length=200, required=False)
    device = serializers.CharField(max_length=64, required=False)
    state = serializers.ChoiceField([state.value for state in State], required=False)


class DeliverySerializer(serializers.Serializer[Delivery]):
    device = serializers.CharField(source="device_id")
    user = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    reason = serializers.CharField()
    attempts = serializers.IntegerField()
    planned_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    opened_at = serializers.DateTimeField(allow_null=True)


class RecipientSerializer(serializers.Serializer[Recipient]):
    user = serializers.CharField()
    devices = serializers.IntegerField(help_text="0: no device is bound to the user, so nobody got anything.")


class SettingsInput(StrictSerializer):
    approval_above = serializers.IntegerField(
        min_value=0, max_value=100_000_000, required=False, allow_null=True, help_text="People; null: no approval."
    )
    zone = serializers.CharField(max_length=64, required=False, help_text="IANA; of devices that do not tell theirs.")


class PauseInput(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class SettingsSerializer(serializers.Serializer[PushSetting]):
    approval_above = serializers.IntegerField(allow_null=True)
    zone = serializers.CharField()
    marketing_paused = serializers.BooleanField()
    paused_reason = serializers.CharField()
    paused_at = serializers.DateTimeField(allow_null=True)
