"""What the API of reviews takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps.models import ReasonCode, ReviewState
from miniapps.serializers import OfVersionSerializer, host_app_field


class SubmissionInput(StrictSerializer):
    host_app = host_app_field()
    note = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)


class DeliveryInput(StrictSerializer):
    """Develop once, deliver to many."""

    host_apps = serializers.ListField(
        child=serializers.CharField(max_length=LENGTH), min_length=1, max_length=100, help_text="Ids of host apps."
    )
    note = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)


class VerdictInput(StrictSerializer):
    host_app = host_app_field()
    reason = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)


class RejectionInput(VerdictInput):
    """Words, codes, or both."""

    codes = serializers.ListField(
        child=serializers.ChoiceField(ReasonCode.choices),
        max_length=len(ReasonCode.choices),
        required=False,
        default=list,
        help_text="What it is about.",
    )


class ReviewSerializer(OfVersionSerializer):
    """What was decided about a version for one host app, or is to be."""

    id = serializers.CharField()
    program = serializers.CharField(source="version.program.program_id")
    host_app = serializers.CharField(source="host_app_id")
    state = serializers.ChoiceField(ReviewState.choices)
    note = serializers.CharField()
    submitted_by = serializers.CharField(source="submitted_by_name")
    submitted_at = serializers.DateTimeField(source="created_at")
    promoted_from = serializers.CharField(source="promoted_from_id", allow_null=True)
    decided_by = serializers.CharField(source="decided_by_name")
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    reason_codes = serializers.ListField(child=serializers.ChoiceField(ReasonCode.choices))


class ReviewQuery(StrictSerializer):
    host_app = serializers.CharField(max_length=LENGTH, required=False)
    version = serializers.CharField(max_length=LENGTH, required=False)
    program = serializers.CharField(max_length=64, required=False)
    state = serializers.ChoiceField(ReviewState.choices, required=False, default="")
