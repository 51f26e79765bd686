"""What the API of app secrets and login takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from miniapps.login.codes import LONGEST
from miniapps.models import AppSecret
from miniapps.services.login import LoginSession


class RotateInput(StrictSerializer):
    overlap_hours = serializers.IntegerField(
        min_value=0, max_value=24, required=False, default=0, help_text="How long the secret before stays valid."
    )


class AppSecretSerializer(serializers.Serializer[AppSecret]):
    id = serializers.CharField()
    program = serializers.CharField(source="program.program_id")
    prefix = serializers.CharField(help_text="The public beginning of the secret.")
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(source="created_by_name")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Null: until it is rotated.")
    frozen_at = serializers.DateTimeField(allow_null=True)


class AppSecretsSerializer(serializers.Serializer[dict[str, object]]):
    """Not a page: two at most."""

    secrets = AppSecretSerializer(many=True)


class NewAppSecretSerializer(AppSecretSerializer):
    secret = serializers.CharField(help_text="In clear, this once.")


class ExchangeInput(StrictSerializer):
    """The names of RFC 6749 section 4.1.3."""

    grant_type = serializers.ChoiceField([("authorization_code", "authorization_code")], required=False)
    client_id = serializers.CharField(max_length=64, help_text="The id of the mini-program.")
    client_secret = serializers.CharField(max_length=128, help_text="Its app secret.")
    code = serializers.CharField(max_length=LONGEST, help_text="What the mini-program got from the host app.")


class LoginSessionSerializer(serializers.Serializer[LoginSession]):
    openid = serializers.CharField(help_text="The user to this mini-program, always the same.")
    unionid = serializers.CharField(help_text="The user to every mini-program of the workspace.")
    host_app = serializers.CharField(help_text="Id of the host app in which the user signed in.")
    environment = serializers.CharField(help_text="test or production: the same user has other names in the other.")
    expires_in = serializers.IntegerField(help_text="Seconds after which to ask for a new code.")
