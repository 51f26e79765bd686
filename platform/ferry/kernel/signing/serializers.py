"""Signing keys as the management API shows them."""

from __future__ import annotations

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.signing.models import Purpose, SigningKey


class SigningKeySerializer(serializers.Serializer[SigningKey]):
    """A key; never its private half."""

    kid = serializers.CharField()
    alg = serializers.CharField()
    purpose = serializers.ChoiceField(Purpose.choices)
    public_pem = serializers.CharField(help_text="Of a root key: build it into your host app.")
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(allow_null=True, help_text="Signs nothing new since then.")
    revoked_at = serializers.DateTimeField(allow_null=True, help_text="Nothing that it signed counts since then.")


class RotationInput(StrictSerializer):
    purpose = serializers.ChoiceField(Purpose.choices)
