"""What the API of mini-programs and versions takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError

from ferry.kernel.api.parsers import parse_json
from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps import selectors
from miniapps.models import Listing, MiniProgram, PreviewHost, ReasonCode, ResumableUpload, Review, ReviewState, Version
from miniapps.qr import qr_svg

RANGE_HELP = 'For each platform the host app versions that can open it: {"android": {"min": "6.0.0", "max": null}}.'
MOST_CODE = 2_147_483_647
_BOUNDS = AtMost(4096, depth=3)


def host_app_field() -> serializers.CharField:
    """The id of a host app."""
    return serializers.CharField(max_length=LENGTH, help_text="Id of the host app.")


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


class BoundsSerializer(serializers.Serializer[Any]):
    min = serializers.CharField()
    max = serializers.CharField(allow_null=True)


class FindingSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs; docs/publish.md lists all.")
    path = serializers.CharField(help_text="Empty when it is about the whole package.")
    message = serializers.CharField()
    fix = serializers.CharField(help_text="What to do.")
    values = serializers.DictField()


class ReportSerializer(serializers.Serializer[Any]):
    errors = FindingSerializer(many=True)  # type: ignore[assignment]
    warnings = FindingSerializer(many=True)
    ignored = FindingSerializer(many=True)


class VersionSerializer(serializers.Serializer[Version]):
    id = serializers.CharField()
    program = serializers.CharField(source="program.program_id")
    code = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the canonical package.")
    size = serializers.IntegerField(help_text="Bytes of the canonical package.")
    files_root = serializers.CharField()
    entry = serializers.CharField()
    host_range = serializers.DictField(child=BoundsSerializer())
    min_runtime = serializers.CharField()
    notes = serializers.CharField()
    uploaded_by = serializers.CharField(source="uploaded_by_name")
    created_at = serializers.DateTimeField()


class SubpackageSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    root = serializers.CharField()  # type: ignore[assignment]
    independent = serializers.BooleanField()
    size = serializers.IntegerField(help_text="Bytes of its files, unpacked.")
    files = serializers.IntegerField()


class RequestedSerializer(serializers.Serializer[Any]):
    capabilities = serializers.ListField(child=serializers.CharField())
    domains = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class PluginUseSerializer(serializers.Serializer[Any]):
    alias = serializers.CharField()
    id = serializers.CharField()
    range = serializers.CharField()


class DeclaredSerializer(serializers.Serializer[Any]):
    """What the manifest of the package declares."""

    pages = serializers.ListField(child=serializers.CharField())
    subpackages = SubpackageSerializer(many=True)
    requested = RequestedSerializer()
    plugins = PluginUseSerializer(many=True)
    preload = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    window = serializers.DictField(required=False, help_text="Of w3c: its window member, with the defaults.")


class SizeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="__FULL__ (everything), __APP__ (the main package) or a sub-package.")
    size = serializers.IntegerField(help_text="Bytes of its files, unpacked.")


class FileSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class SignatureSerializer(serializers.Serializer[Any]):
    """A signature as it travels: the algorithm, the key's id, base64 of the DER form."""

    alg = serializers.CharField()
    kid = serializers.CharField()
    value = serializers.CharField()


class PartSerializer(serializers.Serializer[Any]):
    """What a host may fetch by itself: the main part, `__APP__`, or a sub-package."""

    name = serializers.CharField()
    root = serializers.CharField()  # type: ignore[assignment]
    independent = serializers.BooleanField(help_text="Opens without the main part.")
    sha256 = serializers.CharField(help_text="Of the part's package; its address on the edge is /packages/{sha256}.")
    size = serializers.IntegerField(help_text="Bytes of the part's package.")


class VersionDetailSerializer(VersionSerializer):
    """A version with what was found in it."""

    declared = DeclaredSerializer()
    sizes = serializers.SerializerMethodField()
    parts = serializers.SerializerMethodField()
    report = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    def get_report(self, version: Version) -> ReportSerializer:
        return selectors.report(version)  # type: ignore[return-value]  # the annotation is what OpenAPI shows

    def get_sizes(self, version: Version) -> SizeSerializer(many=True):  # type: ignore[valid-type]
        return selectors.sizes(version)

    def get_parts(self, version: Version) -> PartSerializer(many=True):  # type: ignore[valid-type]
        return PartSerializer(selectors.parts(version.workspace, version), many=True).data

    def get_files(self, version: Version) -> FileSerializer(many=True):  # type: ignore[valid-type]
        return [{"path": path, "size": size, "sha256": sha256} for path, _, size, sha256 in version.files]


class VersionInput(StrictSerializer):
    """The fields beside the file: of the form, or of the query when the body is the zip."""

    name = serializers.CharField(max_length=64, required=False, default="", help_text="For people: 1.3.0.")
    code = serializers.IntegerField(
        min_value=1,
        max_value=MOST_CODE,
        required=False,
        allow_null=True,
        default=None,
        help_text="Last + 1 without.",
    )
    notes = serializers.CharField(max_length=4000, required=False, default="", allow_blank=True)
    host_range = serializers.JSONField(
        required=False, allow_null=True, default=None, validators=[_BOUNDS], help_text=RANGE_HELP
    )

    def to_internal_value(self, data: Any) -> Any:
        """Fields of forms and queries are text; a range is JSON in it."""
        if isinstance(data.get("host_range"), str):
            data = {**data, "host_range": _json(data["host_range"])}
        return super().to_internal_value(data)

    def validate_host_range(self, value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise serializers.ValidationError(RANGE_HELP)
        return value


def _json(text: str) -> Any:
    try:
        return parse_json(text.encode())
    except ParseError as wrong:
        raise serializers.ValidationError({"host_range": [str(wrong.detail)]}) from None


class VersionForm(VersionInput):
    """The form with the file in it; for OpenAPI."""

    package = serializers.FileField()


class SizeBudgetsSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Bytes of all files, unpacked.")
    main = serializers.IntegerField(help_text="Bytes of the main package.")
    subpackage = serializers.IntegerField(help_text="Bytes of each sub-package.")


class SizeBudgetsInput(StrictSerializer):
    total = serializers.IntegerField(min_value=1024, max_value=1 << 40)
    main = serializers.IntegerField(min_value=1024, max_value=1 << 40)
    subpackage = serializers.IntegerField(min_value=1024, max_value=1 << 40)


class ResumableUploadSerializer(serializers.Serializer[ResumableUpload]):
    id = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes of the whole file.")
    offset = serializers.IntegerField(help_text="Bytes that have arrived for good.")
    expires_at = serializers.DateTimeField(help_text="Moves with every piece.")


class VersionOfUpload(VersionInput):
    """A version of a file that was uploaded in pieces."""

    upload = serializers.CharField(max_length=LENGTH, help_text="Id of a finished upload of your own.")


class PictureForm(StrictSerializer):
    package = serializers.FileField(help_text="PNG, JPEG or WebP.")


class PackageSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    entry = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    host_range = serializers.DictField()
    declared = DeclaredSerializer()
    sizes = SizeSerializer(many=True)
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    files = serializers.IntegerField()
    files_root = serializers.CharField()


class CheckedSerializer(serializers.Serializer[Any]):
    accepted = serializers.BooleanField()
    report = ReportSerializer()
    package = PackageSerializer(allow_null=True)


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


class ReviewSerializer(serializers.Serializer[Review]):
    id = serializers.CharField()
    version = serializers.CharField(source="version_id")
    version_name = serializers.CharField(source="version.name")
    version_code = serializers.IntegerField(source="version.code")
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


class PreviewInput(StrictSerializer):
    hours = serializers.IntegerField(min_value=1, max_value=168, required=False, default=1)


class PreviewSerializer(serializers.Serializer[PreviewHost]):
    id = serializers.CharField()
    url = serializers.SerializerMethodField(help_text="Nobody can guess it; whoever has it sees the version.")
    qr_svg = serializers.SerializerMethodField(help_text="The QR code of the address, as an SVG element.")
    expires_at = serializers.DateTimeField()

    def get_qr_svg(self, preview: PreviewHost) -> str:
        return qr_svg(selectors.preview_url(preview))

    def get_url(self, preview: PreviewHost) -> str:
        return selectors.preview_url(preview)


class DeviceContextInput(StrictSerializer):
    """A device described instead of named."""

    platform = serializers.CharField(max_length=16, help_text="android, ios, harmony or web")
    host_version = serializers.CharField(max_length=64)
    device_id = serializers.CharField(max_length=64, required=False, default="")
    user = serializers.CharField(max_length=256, required=False, default="")
    user_verified = serializers.BooleanField(required=False, default=False)
    os = serializers.CharField(max_length=64, required=False, default="")
    model = serializers.CharField(max_length=128, required=False, default="")
    network = serializers.CharField(max_length=32, required=False, default="")
    locale = serializers.CharField(max_length=32, required=False, default="")
    attributes = serializers.JSONField(required=False, default=dict, validators=[AtMost(8192, depth=2)])
    installed = serializers.IntegerField(
        min_value=1, max_value=MOST_CODE, required=False, allow_null=True, default=None
    )

    def validate_attributes(self, value: Any) -> Any:
        if not isinstance(value, dict) or not all(
            isinstance(item, str | int | float | bool) for item in value.values()
        ):
            raise serializers.ValidationError('An object of plain values, like {"tier": "gold"}.')
        return value
