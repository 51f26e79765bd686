"""What the API of mini-programs takes and gives, and what the others of the app take from it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps.models import Listing, MiniProgram

MOST_CODE = 2_147_483_647


def host_app_field() -> serializers.CharField:
    """The id of a host app."""
    return serializers.CharField(max_length=LENGTH, help_text="Id of the host app.")


class SignatureSerializer(serializers.Serializer[Any]):
    """A signature as it travels: the algorithm, the key's id, base64 of the DER form."""

    alg = serializers.CharField()
    kid = serializers.CharField()
    value = serializers.CharField()


class OfVersionSerializer(serializers.Serializer[Any]):
    """Which version a row is about."""

    version = serializers.CharField(source="version_id")
    version_code = serializers.IntegerField(source="version.code")
    version_name = serializers.CharField(source="version.name")


class MiniProgramSerializer(serializers.Serializer[MiniProgram]):
    id = serializers.CharField(source="program_id", help_text="What devices know it by.")
    name = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField()
    order = serializers.IntegerField(help_text="Place in the directory; smaller comes first.")
    icons = serializers.DictField(
        child=serializers.CharField(), help_text="Size to the sha256 of a PNG; “.webp” after the size for WebP."
    )
    created_at = serializers.DateTimeField()


class MiniProgramInput(StrictSerializer):
    id = serializers.CharField(max_length=64, required=False, default="", help_text="16 digits of its own without.")
    name = serializers.CharField(max_length=64)
    description = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    category = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)
    order = serializers.IntegerField(min_value=-1_000_000, max_value=1_000_000, required=False, default=0)


class MiniProgramChange(StrictSerializer):
    name = serializers.CharField(max_length=64, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    category = serializers.CharField(max_length=64, required=False, allow_blank=True)
    order = serializers.IntegerField(min_value=-1_000_000, max_value=1_000_000, required=False)


class PictureForm(StrictSerializer):
    package = serializers.FileField(help_text="PNG, JPEG or WebP.")


class SizeBudgetsSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Bytes of all files, unpacked.")
    main = serializers.IntegerField(help_text="Bytes of the main package.")
    subpackage = serializers.IntegerField(help_text="Bytes of each sub-package.")


class SizeBudgetsInput(StrictSerializer):
    total = serializers.IntegerField(min_value=1024, max_value=1 << 40)
    main = serializers.IntegerField(min_value=1024, max_value=1 << 40)
    subpackage = serializers.IntegerField(min_value=1024, max_value=1 << 40)


class OnHostAppInput(StrictSerializer):
    host_app = host_app_field()


class WithdrawInput(StrictSerializer):
    host_app = host_app_field()
    message = serializers.CharField(max_length=500, help_text="What users read.")


class ListingInput(StrictSerializer):
    order = serializers.IntegerField(
        min_value=-1_000_000, max_value=1_000_000, allow_null=True, help_text="Null: as the mini-program says."
    )
    category = serializers.CharField(max_length=64, allow_null=True, allow_blank=True)


class ListingSerializer(serializers.Serializer[Listing]):
    """A mini-program on a host app."""

    id = serializers.CharField()
    host_app = serializers.CharField(source="host_app_id")
    program = serializers.CharField(source="program.program_id")
    order = serializers.IntegerField(allow_null=True)
    category = serializers.CharField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_message = serializers.CharField()
