"""What the API of campaigns takes and gives."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.ids import LENGTH
from push.models import Campaign
from push.rules import limits
from push.rules.campaigns import State
from push.serializers import ObjectField, TextsField, WordsInput, texts_field

STATES = [state.value for state in State]
_AUDIENCE = {
    "type": "object",
    "required": ["kind"],
    "properties": {
        "kind": {"type": "string", "enum": ["everyone", "users", "segment", "band"]},
        "users": {"type": "array", "items": {"type": "string"}, "maxItems": limits.MOST_NAMED},
        "segment": {"type": "string"},
        "band": {"type": "string"},
    },
    "additionalProperties": False,
}


@extend_schema_field(_AUDIENCE)
class AudienceField(serializers.JSONField):
    """{"kind": "everyone"}, or users, segment, band."""


class QuietHoursInput(StrictSerializer):
    start = serializers.CharField(max_length=5, help_text="HH:MM, on the clock where the device is.")
    end = serializers.CharField(max_length=5)


class CampaignFields(WordsInput):
    """All of it may be left out of a change."""

    name = serializers.CharField(max_length=120, required=False)
    audience = AudienceField(required=False, validators=[AtMost(2_000_000, depth=3)])
    values = texts_field(help_text="For the content's placeholders, the same for everybody.")
    holdout_share = serializers.IntegerField(
        min_value=0, max_value=9_000, required=False, help_text="Of the people, in 1/10,000: they get nothing."
    )
    return_window_s = serializers.IntegerField(min_value=10, max_value=90 * 86_400, required=False)
    return_signal = serializers.ChoiceField(["any", "event", "checkin"], required=False)
    quiet_hours = QuietHoursInput(required=False, allow_null=True)
    zone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    max_per_minute = serializers.IntegerField(min_value=1, max_value=10_000_000, required=False, allow_null=True)
    valid_for_s = serializers.IntegerField(min_value=60, max_value=28 * 86_400, required=False)
    planned_at = serializers.DateTimeField(required=False, allow_null=True, help_text="null: when it is scheduled.")
    late_by_s = serializers.IntegerField(
        min_value=60, max_value=7 * 86_400, required=False, help_text="A run that begins later than this is missed."
    )


class CampaignInput(CampaignFields):
    host_app = serializers.CharField(max_length=LENGTH)
    name = serializers.CharField(max_length=120)
    audience = AudienceField(validators=[AtMost(2_000_000, depth=3)])


class CampaignChange(CampaignFields):
    revision = serializers.IntegerField(
        min_value=1, max_value=1_000_000_000, required=False, help_text="Only if it is still this one."
    )


class ApproveInput(StrictSerializer):
    revision = serializers.IntegerField(min_value=1, max_value=1_000_000_000, help_text="The one that was looked at.")


class CampaignReasonInput(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class CampaignTestInput(StrictSerializer):
    devices = serializers.ListField(
        child=serializers.CharField(max_length=64), min_length=1, max_length=limits.MOST_TEST_DEVICES
    )


class CampaignQuery(StrictSerializer):
    state = serializers.ChoiceField(STATES, required=False)
    host_app = serializers.CharField(max_length=LENGTH, required=False)


class CampaignSerializer(serializers.Serializer[Campaign]):
    id = serializers.CharField()
    host_app = serializers.CharField(source="host_app_id")
    name = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    reason = serializers.CharField(help_text="Why it is in this state, in words; often empty.")
    revision = serializers.IntegerField()
    title = serializers.CharField()
    body = serializers.CharField()
    data = TextsField()  # type: ignore[assignment]
    link = serializers.CharField()
    template = serializers.CharField(source="template_id")
    values = TextsField()
    audience = AudienceField()
    holdout_share = serializers.IntegerField()
    return_window_s = serializers.IntegerField()
    return_signal = serializers.CharField()
    quiet_hours = ObjectField(allow_null=True)
    zone = serializers.CharField()
    max_per_minute = serializers.IntegerField(allow_null=True)
    valid_for_s = serializers.IntegerField()
    planned_at = serializers.DateTimeField(allow_null=True)
    late_by_s = serializers.IntegerField()
    created_by_name = serializers.CharField()
    approved_by_name = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class AudienceReachSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField()
    devices = serializers.IntegerField()


class CampaignPreviewSerializer(serializers.Serializer[Any]):
    """What would happen if it ran at its time, or now."""

    targeted = AudienceReachSerializer()
    sent = AudienceReachSerializer()
    channels = serializers.DictField(child=AudienceReachSerializer())
    excluded = serializers.DictField(child=AudienceReachSerializer(), help_text="Reason → how many.")
    deferred = AudienceReachSerializer(help_text="Of sent: after their quiet hours.")
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    needs_approval = serializers.BooleanField()


class ArmSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField()
    returned = serializers.IntegerField()
    rate = serializers.FloatField()


class IntervalSerializer(serializers.Serializer[Any]):
    difference = serializers.FloatField(help_text="Treated minus held out.")
    low = serializers.FloatField()
    high = serializers.FloatField()
    level = serializers.FloatField()
    clear = serializers.BooleanField(help_text="Whether the interval excludes zero.")


class EffectSerializer(serializers.Serializer[Any]):
    """Who came back, by intention to treat."""

    treated = ArmSerializer()
    held_out = ArmSerializer()
    effect = IntervalSerializer(allow_null=True)
    window_s = serializers.IntegerField()
    signal = serializers.CharField()
    complete = serializers.BooleanField(help_text="Whether every return window is over.")
    complete_at = serializers.DateTimeField(allow_null=True)
