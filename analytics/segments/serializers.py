"""What the segments' API takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.segments.models import SegmentField, SegmentKind
from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.publishing.sets import LONGEST

MOST_AT_ONCE = 50_000  # ids in one request; a longer list comes in several, with `add`
_LARGEST_RULES = 256 * 1024  # bytes


class _Constraints(serializers.JSONField):
    """Constraints as docs/targeting.md describes them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validators=[AtMost(_LARGEST_RULES)],
            help_text="All must hold; docs/targeting.md has the operators.",
            **kwargs,
        )


def _ids(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=LONGEST), max_length=MOST_AT_ONCE, required=False, help_text=help_text
    )


class SegmentSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(SegmentKind.choices)
    constraints = serializers.JSONField(help_text="Of a list, the one constraint that names it.")
    field = serializers.CharField(source="list_field", help_text="What a list holds; empty for rules.")
    size = serializers.IntegerField(source="list_size", help_text="How many ids are on the list.")
    host_app = serializers.CharField(source="predicted_app", help_text="Of a prediction: whose users; else empty.")
    band = serializers.CharField(source="predicted_band", help_text="Of a prediction: the band of risk; else empty.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SegmentInput(StrictSerializer):
    """Either `constraints` or `members`."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=500, allow_blank=True, default="")
    constraints = _Constraints(required=False)
    members = _ids("User ids, or device ids with field deviceId.")
    field = serializers.ChoiceField(SegmentField.choices, default=SegmentField.USER)


class SegmentChange(StrictSerializer):
    """What is given is changed."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=500, allow_blank=True, required=False)
    constraints = _Constraints(required=False)
    members = _ids("Replaces the list.")
    add = _ids("Joins the list.")
    remove = _ids("Leaves the list.")


class ReachQuery(StrictSerializer):
    host_app = serializers.CharField(max_length=26, help_text="Whose devices to ask about.")


class ReachSerializer(serializers.Serializer[Any]):
    """Of the devices seen last, at most 10,000."""

    devices = serializers.IntegerField(help_text="How many were asked about.")
    matched = serializers.IntegerField(help_text="How many belong to the segment.")
