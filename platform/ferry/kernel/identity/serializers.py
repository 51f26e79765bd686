"""What identity's API takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.identity.host_apps import (
    ALGORITHMS,
    LONGEST_INTERVAL,
    MOST_CHECKINS,
    SHORTEST_INTERVAL,
)
from ferry.kernel.identity.models import LANGUAGES, PLATFORMS, Consent, Environment, HostAppKey, KeyKind, Member
from ferry.kernel.identity.rights import Role
from ferry.kernel.identity.tokens import DEFAULT_DAYS, LONGEST_DAYS
from ferry.kernel.identity.values import MOST_NETWORKS, MOST_ORIGINS

ROLES = [role.value for role in Role]


class WorkspaceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    slug = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """Who the token is."""

    kind = serializers.CharField(help_text="member or token")
    id = serializers.CharField()
    name = serializers.CharField()
    person_id = serializers.CharField(help_text="Whoever answers for what this token does.")
    rights = serializers.ListField(child=serializers.CharField())
    workspace = WorkspaceSerializer()


class MemberSerializer(serializers.Serializer[Member]):
    id = serializers.CharField()
    account_id = serializers.CharField()
    email = serializers.EmailField(source="account.email")
    name = serializers.CharField(source="account.name")
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES))
    active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class NewMemberSerializer(MemberSerializer):
    """A member, once with the password to hand over."""

    one_time_password = serializers.CharField(allow_null=True, help_text="Shown this once.")


class MemberInput(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120)
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), min_length=1, max_length=len(ROLES))
    language = serializers.ChoiceField(LANGUAGES, default="en")


class MemberChange(StrictSerializer):
    roles = serializers.ListField(
        child=serializers.ChoiceField(ROLES), min_length=1, max_length=len(ROLES), required=False
    )
    active = serializers.BooleanField(required=False)


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="The token's first characters, to recognise it.")
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES))
    principal = serializers.CharField(help_text="Whoever answers for what the token does.")
    allowed_networks = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To within ten minutes.")
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenSerializer(TokenSerializer):
    """A token, once in plain form."""

    token = serializers.CharField(help_text="Shown this once.")


class TokenInput(StrictSerializer):
    name = serializers.CharField(max_length=120)
    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), min_length=1, max_length=len(ROLES))
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=DEFAULT_DAYS)
    allowed_networks = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=MOST_NETWORKS, default=list
    )


class HostAppSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    number = serializers.IntegerField()
    name = serializers.CharField()
    environment = serializers.ChoiceField(Environment.choices)
    platforms = serializers.ListField(child=serializers.ChoiceField(PLATFORMS))
    app_key = serializers.CharField(help_text="Public: it ships inside the app.")
    cors_origins = serializers.ListField(child=serializers.CharField())
    check_interval_s = serializers.IntegerField()
    checkins_per_second = serializers.IntegerField()
    consent = serializers.ChoiceField(Consent.choices)
    link_base = serializers.CharField(help_text="What deep links into the app begin with; empty: it takes none.")
    active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class HostAppSettings(StrictSerializer):
    """What may be set at the start and later."""

    platforms = serializers.ListField(
        child=serializers.ChoiceField(PLATFORMS), min_length=1, max_length=len(PLATFORMS), required=False
    )
    cors_origins = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=MOST_ORIGINS, required=False
    )
    check_interval_s = serializers.IntegerField(min_value=SHORTEST_INTERVAL, max_value=LONGEST_INTERVAL, required=False)
    checkins_per_second = serializers.IntegerField(min_value=1, max_value=MOST_CHECKINS, required=False)
    consent = serializers.ChoiceField(Consent.choices, required=False)
    link_base = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="harbour://open or https://go.shop.example/app"
    )


class HostAppInput(HostAppSettings):
    name = serializers.CharField(max_length=120)
    environment = serializers.ChoiceField(Environment.choices)


class HostAppChange(HostAppSettings):
    name = serializers.CharField(max_length=120, required=False)
    active = serializers.BooleanField(required=False)


class KeySerializer(serializers.Serializer[HostAppKey]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(KeyKind.choices)
    name = serializers.CharField()
    alg = serializers.CharField(help_text="Of a user-token key.")
    kid = serializers.CharField(help_text="Of a user-token key: what the JWT header must name.")
    hint = serializers.CharField(help_text="Of a server key: its first characters.")
    public_pem = serializers.CharField()
    created_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewKeySerializer(KeySerializer):
    """A key, once with its secret."""

    secret = serializers.CharField(allow_null=True, help_text="Shown this once; null when you sent a public key.")


class KeyInput(StrictSerializer):
    kind = serializers.ChoiceField(KeyKind.choices)
    name = serializers.CharField(max_length=120)
    alg = serializers.ChoiceField(ALGORITHMS, required=False, help_text="For a user-token key; HS256 if left out.")
    public_pem = serializers.CharField(
        max_length=8192, required=False, help_text="For ES256 and RS256: the public key of your server."
    )
