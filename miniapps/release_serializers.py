"""What the API of releases takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.ids import LENGTH, LONGEST_DEVICE, LONGEST_USER
from miniapps.releases import APPLY, LONGEST_NOTE, NETWORKS, WHOLE, Kind, ReleasePlan, State
from miniapps.serializers import MOST_CODE, OfVersionSerializer, host_app_field

KINDS = [kind.value for kind in Kind]
STATES = [state.value for state in State if state is not State.DRAFT]
_LIST = 20_000  # ids in one request


class PlanInput(StrictSerializer):
    """Who gets the version."""

    kind = serializers.RegexField(rf"^({'|'.join(KINDS)})\Z", max_length=8, help_text="trial, gray or full")
    share = serializers.IntegerField(
        min_value=0, max_value=WHOLE, required=False, default=0, help_text="In 1/10,000: 2500 is 25 %. Gray only."
    )
    stickiness = serializers.CharField(max_length=64, required=False, default="deviceId")
    conditions = serializers.JSONField(
        required=False,
        default=list,  # type: ignore[arg-type]
        validators=[AtMost(256 * 1024, depth=4)],
        help_text="Constraints, all of which must hold; docs/targeting.md has the language.",
    )
    segments = serializers.ListField(
        child=serializers.CharField(max_length=LENGTH), max_length=20, required=False, default=list
    )
    users = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_USER), max_length=_LIST, required=False, default=list
    )
    devices = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_DEVICE), max_length=_LIST, required=False, default=list
    )
    invited = serializers.BooleanField(
        required=False, default=False, help_text="Trial only: it may name nobody, its people come by invitation."
    )
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    ends_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    apply = serializers.ChoiceField(APPLY, required=False, default="next_open")
    network = serializers.ChoiceField(NETWORKS, required=False, default="any")
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)

    def validate_conditions(self, value: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise serializers.ValidationError("A list of constraints.")
        return value


class ReleaseInput(PlanInput):
    host_app = host_app_field()
    version = serializers.CharField(max_length=LENGTH, help_text="Id of an approved version.")


class DryRunInput(PlanInput):
    version = serializers.CharField(max_length=LENGTH)


def plan_of(data: dict[str, Any]) -> ReleasePlan:
    """The plan in validated data; takes its members out."""
    values: dict[str, Any] = {str(name): data.pop(str(name)) for name in PlanInput().fields}
    return ReleasePlan(**values | {"kind": Kind(values["kind"])})


class ReleaseSerializer(OfVersionSerializer):
    """Who gets which version on one host app."""

    id = serializers.CharField()
    serial = serializers.IntegerField(help_text="1, 2, 3 … for each program on each host app.")
    host_app = serializers.CharField(source="host_app_id")
    program = serializers.CharField(source="program.program_id")
    kind = serializers.CharField(help_text="trial, gray or full")
    state = serializers.ChoiceField(STATES)
    share = serializers.IntegerField(help_text="In 1/10,000.")
    stickiness = serializers.CharField()
    cohort = serializers.CharField(help_text="Salt of the share: equal cohorts are the same people.")
    conditions = serializers.ListField(child=serializers.DictField())
    segments = serializers.ListField(child=serializers.CharField(), source="segment_ids")
    users = serializers.IntegerField(source="allowlist_users_count", help_text="How many are named.")
    devices = serializers.IntegerField(source="allowlist_devices_count", help_text="How many are named.")
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    apply = serializers.ChoiceField(APPLY)
    network = serializers.ChoiceField(NETWORKS)
    note = serializers.CharField()
    reason = serializers.CharField(help_text="Of the last change.")
    supersedes = serializers.CharField(source="supersedes_id", allow_null=True)
    started_by = serializers.CharField(source="started_by_name")
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ReleaseQuery(StrictSerializer):
    host_app = serializers.CharField(max_length=LENGTH, required=False)
    program = serializers.CharField(max_length=64, required=False)
    state = serializers.ChoiceField(STATES, required=False, default="")


class ShareInput(StrictSerializer):
    share = serializers.IntegerField(min_value=0, max_value=WHOLE, help_text="In 1/10,000.")
    reason = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)


class ReasonInput(StrictSerializer):
    reason = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)


class RollBackInput(StrictSerializer):
    reason = serializers.CharField(max_length=4000)


class RollBackToInput(StrictSerializer):
    host_app = host_app_field()
    version = serializers.CharField(max_length=LENGTH)
    reason = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)


class RolledBackSerializer(serializers.Serializer[Any]):
    stopped = ReleaseSerializer(many=True)
    serving = ReleaseSerializer()


class VersionReachSerializer(serializers.Serializer[Any]):
    code = serializers.IntegerField()
    name = serializers.CharField(help_text="Empty for a version that Ferry does not know.")
    devices = serializers.IntegerField()


class PopulationSerializer(serializers.Serializer[Any]):
    devices = serializers.IntegerField()
    versions = VersionReachSerializer(many=True)


class OfferedSerializer(serializers.Serializer[Any]):
    code = serializers.IntegerField(allow_null=True, help_text="Null: nothing is offered.")
    devices = serializers.IntegerField()


class DryRunSerializer(serializers.Serializer[Any]):
    considered = serializers.IntegerField(help_text="Devices, those seen last.")
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    reached = serializers.IntegerField(help_text="Would get the version by this release.")
    changed = serializers.IntegerField(help_text="Would get another version than now.")
    outside_range = serializers.IntegerField(help_text="Have a host app that cannot open the version.")

    def get_before(self, run: Any) -> OfferedSerializer(many=True):  # type: ignore[valid-type]
        return _offered(run.before)

    def get_after(self, run: Any) -> OfferedSerializer(many=True):  # type: ignore[valid-type]
        return _offered(run.after)


def _offered(counts: Any) -> list[dict[str, Any]]:
    ordered = sorted(counts.items(), key=lambda item: -(item[0] or 0))
    return [{"code": code, "devices": devices} for code, devices in ordered]


class DeviceContextInput(StrictSerializer):
    """A device described instead of named."""

    platform = serializers.CharField(max_length=16, help_text="android, ios, harmony or web")
    host_version = serializers.CharField(max_length=64)
    device_id = serializers.CharField(max_length=LONGEST_DEVICE, required=False, default="")
    user = serializers.CharField(max_length=LONGEST_USER, required=False, default="")
    user_verified = serializers.BooleanField(required=False, default=False)
    os = serializers.CharField(max_length=64, required=False, default="")
    model = serializers.CharField(max_length=128, required=False, default="")
    network = serializers.CharField(max_length=32, required=False, default="")
    locale = serializers.CharField(max_length=32, required=False, default="")
    attributes = serializers.JSONField(required=False, default=dict, validators=[AtMost(8192, depth=2)])
    installed = serializers.IntegerField(
        min_value=1, max_value=MOST_CODE, required=False, allow_null=True, default=None
    )

    trials = serializers.ListField(
        child=serializers.CharField(max_length=64),
        max_length=20,
        required=False,
        default=list,
        help_text="Tokens of invitations that it shows, as in a check-in.",
    )

    def validate_attributes(self, value: Any) -> Any:
        if not isinstance(value, dict) or not all(
            isinstance(item, str | int | float | bool) for item in value.values()
        ):
            raise serializers.ValidationError('An object of plain values, like {"tier": "gold"}.')
        return value


class ExplainInput(StrictSerializer):
    """One of `device` and `context`."""

    program = serializers.CharField(max_length=64)
    device = serializers.CharField(max_length=LONGEST_DEVICE, required=False, default="")
    context = DeviceContextInput(required=False, allow_null=True, default=None)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs["device"]) == (attrs["context"] is not None):
            raise serializers.ValidationError("Give either a device id or a context.")
        return attrs


class StepSerializer(serializers.Serializer[Any]):
    release = ReleaseSerializer()
    chosen = serializers.BooleanField()
    paused = serializers.BooleanField(help_text="Left out: it is paused, and the device does not have the version.")
    recalled = serializers.BooleanField(
        help_text="Let in by an invitation that the device showed when it checked in last; which one is not kept."
    )
    reasons = serializers.SerializerMethodField()

    def get_reasons(self, step: Any) -> list[str]:
        from django.utils.translation import gettext

        lines: list[str] = step.reasons.lines(gettext)
        return lines


class ExplanationSerializer(serializers.Serializer[Any]):
    installed = serializers.IntegerField(allow_null=True)
    withdrawn = serializers.CharField(allow_null=True)
    release = ReleaseSerializer(allow_null=True, help_text="The one that decided; null: not available to this device.")
    steps = StepSerializer(many=True)


class ExposedSerializer(serializers.Serializer[Any]):
    device = serializers.CharField(source="device.device_id")
    user = serializers.CharField(source="device.user", help_text="The bound user, else the claimed one; may be empty.")
    user_verified = serializers.BooleanField(source="device.user_verified")
    platform = serializers.CharField(source="device.platform")
    model = serializers.CharField(source="device.model")
    host_version = serializers.CharField(source="device.host_version")
    first_at = serializers.DateTimeField(help_text="The first check-in that was answered with this release.")
    last_at = serializers.DateTimeField()
    has_it = serializers.BooleanField(help_text="It had the version by this release when it checked in last.")


class ExposedDevicesSerializer(serializers.Serializer[Any]):
    """The last comers first, at most 500, of the last 90 days."""

    total = serializers.IntegerField(help_text="All of them, those that are not listed too.")
    items = ExposedSerializer(source="listed", many=True)
