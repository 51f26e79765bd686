"""What the API of permissions takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps.models import Grant, GrantState, Terms
from miniapps.permissions.asking import KINDS
from miniapps.permissions.domains import MOST_DOMAINS
from miniapps.selectors.permissions import Offered
from miniapps.serializers import SignatureSerializer, host_app_field

_MOST_CAPABILITIES = 200


class CapabilitySerializer(serializers.Serializer[Offered]):
    id = serializers.CharField(
        source="row.pk", default=None, allow_null=True, help_text="Of the workspace's own entry; null for a built-in."
    )
    name = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    sensitive = serializers.BooleanField(help_text="Never granted along with a version.")
    built_in = serializers.BooleanField()


class CatalogueSerializer(serializers.Serializer[Any]):
    """Not a page: a catalogue is small and hosts build it in."""

    capabilities = CapabilitySerializer(many=True)


class CapabilityInput(StrictSerializer):
    name = serializers.CharField(max_length=64, help_text="Letters, digits and “_.:-”; what the host is called by.")
    title = serializers.CharField(max_length=64)
    description = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    sensitive = serializers.BooleanField(required=False, default=True)


class CapabilityChange(StrictSerializer):
    title = serializers.CharField(max_length=64, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    sensitive = serializers.BooleanField(required=False)


def _domains(what: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=255),
        max_length=MOST_DOMAINS,
        required=False,
        default=list,
        help_text=f"Host names for {what}: api.example.com or *.example.com.",
    )


class DomainsInput(StrictSerializer):
    request = _domains("requests")
    webview = _domains("web views")
    upload = _domains("uploads")
    download = _domains("downloads")


class PermissionInput(StrictSerializer):
    host_app = host_app_field()
    capabilities = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=_MOST_CAPABILITIES, required=False, default=list
    )
    domains = DomainsInput(required=False)
    purpose = serializers.CharField(
        max_length=4000, required=False, default="", allow_blank=True, help_text="For whoever decides."
    )


class PermissionQuery(StrictSerializer):
    host_app = serializers.CharField(max_length=LENGTH, required=False)
    program = serializers.CharField(max_length=64, required=False)
    state = serializers.ChoiceField(GrantState.choices, required=False, default="")


class PermissionSerializer(serializers.Serializer[Grant]):
    id = serializers.CharField()
    host_app = serializers.CharField(source="host_app_id")
    program = serializers.CharField(source="program.program_id")
    kind = serializers.ChoiceField(KINDS)
    value = serializers.CharField()
    version = serializers.CharField(source="version_id", allow_null=True, help_text="The version that asked first.")
    everywhere = serializers.BooleanField(help_text="For every version; else for those whose manifest asks for it.")
    state = serializers.ChoiceField(GrantState.choices)
    purpose = serializers.CharField()
    requested_by = serializers.CharField(source="requested_by_name")
    requested_at = serializers.DateTimeField(source="created_at")
    decided_by = serializers.CharField(source="decided_by_name")
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class RequestedPermissionsSerializer(serializers.Serializer[Any]):
    requested = PermissionSerializer(many=True)


class NothingInput(StrictSerializer):
    """A body without members."""


class TermsSerializer(serializers.Serializer[Terms]):
    """What devices are told beside the package; both null while nothing was ever said of the version."""

    terms = serializers.JSONField(source="numbered", allow_null=True)
    terms_signature = SignatureSerializer(source="signature", allow_null=True)


class TermsQuery(StrictSerializer):
    host_app = serializers.CharField(max_length=LENGTH)
