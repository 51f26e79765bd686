"""The body of a check-in as nested serializers, with the bounds of miniapps.edge_types."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class DeviceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=64)
    platform = serializers.ChoiceField(choices=["ios", "android", "harmony", "web"])
    os = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    model = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    host_version = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    network = serializers.CharField(max_length=16, required=False, default="", allow_blank=True)
    locale = serializers.CharField(max_length=35, required=False, default="", allow_blank=True)


class InstalledSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(max_length=64)
    code = serializers.IntegerField(min_value=0, max_value=2**31)
    terms = serializers.IntegerField(min_value=0, max_value=2**31, required=False, default=0)


class ValueField(serializers.Field[Any, Any, Any, Any]):
    """A text of at most 256 characters, a number or a truth value."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and len(data) <= 256:
            return data
        if not isinstance(data, (bool, int, float)):
            self.fail("invalid")
        return data


class CheckInSerializer(serializers.Serializer[Any]):
    device = DeviceSerializer()
    user = serializers.CharField(max_length=128, required=False, allow_null=True, default=None)
    attributes = serializers.DictField(child=ValueField(), required=False, default=dict)
    installed = InstalledSerializer(many=True, max_length=500, required=False, default=list)
    want = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=500, required=False, default=list
    )
    state = serializers.CharField(max_length=64, required=False, allow_null=True, default=None)
    trials = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=20, required=False, default=list
    )

    def validate_attributes(self, said: dict[str, Any]) -> dict[str, Any]:
        """As many and as long as the edge takes."""
        if len(said) > 64 or any(len(name) > 64 for name in said):
            raise serializers.ValidationError("too many, or a name too long")
        return said
