"""What the API of versions, uploads and previews takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError

from ferry.kernel.api.parsers import parse_json
from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps import selectors
from miniapps.models import PreviewHost, ResumableUpload, Version
from miniapps.qr import qr_svg
from miniapps.serializers import MOST_CODE

RANGE_HELP = 'For each platform the host app versions that can open it: {"android": {"min": "6.0.0", "max": null}}.'
_BOUNDS = AtMost(4096, depth=3)


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


class BuildSerializer(serializers.Serializer[Any]):
    """What a version is wherever it is told of, here or in an export."""

    code = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.CharField()
    sha256 = serializers.CharField(help_text="Of the canonical package.")
    size = serializers.IntegerField(help_text="Bytes of the canonical package.")
    files_root = serializers.CharField()
    notes = serializers.CharField()


class VersionSerializer(BuildSerializer):
    """One upload of a mini-program."""

    id = serializers.CharField()
    program = serializers.CharField(source="program.program_id")
    entry = serializers.CharField()
    host_range = serializers.DictField(child=BoundsSerializer())
    min_runtime = serializers.CharField()
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


class ResumableUploadSerializer(serializers.Serializer[ResumableUpload]):
    id = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes of the whole file.")
    offset = serializers.IntegerField(help_text="Bytes that have arrived for good.")
    expires_at = serializers.DateTimeField(help_text="Moves with every piece.")


class VersionOfUpload(VersionInput):
    """A version of a file that was uploaded in pieces."""

    upload = serializers.CharField(max_length=LENGTH, help_text="Id of a finished upload of your own.")


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
