"""What analytics' API takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.values import DeviceContext
from ferry.kernel.api.serializers import StrictSerializer


class DevicesQuery(StrictSerializer):
    """Which devices."""

    user = serializers.CharField(max_length=200, required=False, default="", help_text="Only those bound to this user.")


class DayQuery(StrictSerializer):
    """Which received day."""

    day = serializers.DateField(required=False, default=None, help_text="UTC; today without.")


class DeviceSerializer(serializers.Serializer[DeviceContext]):
    """A device as it was last seen."""

    device_id = serializers.CharField()
    user = serializers.CharField(help_text="The bound user, else the one that the device claims; may be empty.")
    user_verified = serializers.BooleanField(help_text="Whether the user was bound with a user token or by the server.")
    platform = serializers.CharField()
    os = serializers.CharField()
    model = serializers.CharField()
    host_version = serializers.CharField()
    network = serializers.CharField()
    locale = serializers.CharField()
    attributes = serializers.DictField(child=serializers.CharField())
    installed = serializers.DictField(child=serializers.IntegerField(), help_text="Program id → version code.")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField(help_text="Exact to a quarter of an hour.")
    registered = serializers.BooleanField(help_text="Whether it has asked for a device token.")


class KindCountSerializer(serializers.Serializer[Any]):
    """received = stored + duplicate + rejected + pending."""

    kind = serializers.CharField()
    received = serializers.IntegerField()
    stored = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="In the journal, not yet loaded.")


class AccountingSerializer(serializers.Serializer[Any]):
    """Where the records of one received day went."""

    day = serializers.DateField()
    complete = serializers.BooleanField(help_text="False while more is pending than one answer looks through.")
    kinds = KindCountSerializer(many=True)


class RefusedSerializer(serializers.Serializer[Any]):
    """A record that was not stored."""

    kind = serializers.CharField()
    reason = serializers.CharField(
        help_text="invalid, unknown_app, unknown_agreement, no_consent, unknown_kind, handler_failed"
    )
    payload = serializers.CharField(help_text="As it was received; empty where consent forbids keeping it.")


class QuarantineSerializer(serializers.Serializer[Any]):
    """What was refused on one received day, at most 200 records."""

    day = serializers.DateField()
    items = RefusedSerializer(many=True)
