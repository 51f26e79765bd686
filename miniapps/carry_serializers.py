"""What the API of signed files, trusted exporters and imports takes and gives."""

from __future__ import annotations

import json
from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import AtMost, StrictSerializer
from ferry.kernel.ids import LENGTH
from miniapps.models import Archive, ArchiveKind, ArchiveState, ImportedVersion, TrustedExporter
from miniapps.review_serializers import ReviewSerializer
from miniapps.serializers import MOST_CODE, OfVersionSerializer, SignatureSerializer
from miniapps.services.presets import MOST_PROGRAMS
from miniapps.version_serializers import BuildSerializer

FINGERPRINT_HELP = "sha256 of the key as DER, hex. Compare it with the exporter by another way than the file's."
APPROVALS_HELP = "For which host apps its approvals count: app key there to id of the host app here."


class WishInput(StrictSerializer):
    id = serializers.CharField(max_length=64, help_text="Id of a mini-program.")
    code = serializers.IntegerField(
        min_value=1,
        max_value=MOST_CODE,
        required=False,
        allow_null=True,
        default=None,
        help_text="A version that everybody gets; without it the one that a new device gets.",
    )


class PresetInput(StrictSerializer):
    """What the bundle holds, and for which build it is."""

    programs = serializers.ListField(
        child=WishInput(),
        max_length=MOST_PROGRAMS,
        required=False,
        default=list,
        help_text="Empty: every one that everybody gets there.",
    )
    platform = serializers.CharField(max_length=16, required=False, default="", allow_blank=True)
    host_version = serializers.CharField(
        max_length=64, required=False, default="", allow_blank=True, help_text="Of the build that it goes into."
    )


class ExportInput(StrictSerializer):
    recipient = serializers.CharField(
        max_length=LENGTH,
        required=False,
        default="",
        allow_blank=True,
        help_text="Id of the only workspace that may import it; empty: any that trusts the key.",
    )


class ProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class ArchiveSerializer(serializers.Serializer[Archive]):
    """A signed file. `made`: fetch it from …/file."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(ArchiveKind.choices)
    serial = serializers.IntegerField(help_text="1, 2, 3 … per host app; of exports per workspace.")
    host_app = serializers.CharField(source="host_app_id", allow_null=True)
    version = serializers.CharField(source="version_id", allow_null=True)
    programs = serializers.SerializerMethodField(help_text="Of a preset bundle: mini-program to version code.")
    platform = serializers.SerializerMethodField()
    host_version = serializers.SerializerMethodField()
    state = serializers.ChoiceField([choice for choice in ArchiveState.choices if choice[0] != ArchiveState.DELETED])
    problem = ProblemSerializer(allow_null=True)
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    asked_by = serializers.CharField(source="asked_by_name")
    created_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField(allow_null=True)

    def get_programs(self, archive: Archive) -> dict[str, int]:
        return dict(archive.choice.get("programs", {}))

    def get_platform(self, archive: Archive) -> str:
        return str(archive.choice.get("platform", ""))

    def get_host_version(self, archive: Archive) -> str:
        return str(archive.choice.get("host_version", ""))


class PlaceSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class ExportKeySerializer(serializers.Serializer[Any]):
    """What another installation has to know to trust this workspace."""

    workspace = PlaceSerializer()
    kid = serializers.CharField()
    public_pem = serializers.CharField()
    fingerprint = serializers.CharField(help_text=FINGERPRINT_HELP)


def _approvals(**options: Any) -> serializers.JSONField:
    return serializers.JSONField(
        help_text=APPROVALS_HELP, validators=[AtMost(8192, depth=2), _pairs], required=False, **options
    )


def _pairs(value: Any) -> None:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise serializers.ValidationError(APPROVALS_HELP)


class ExporterInput(StrictSerializer):
    name = serializers.CharField(max_length=120, help_text="Yours for it.")
    workspace_of_origin = serializers.CharField(max_length=LENGTH, help_text="Id of the exporting workspace.")
    public_pem = serializers.CharField(max_length=1000, trim_whitespace=False)
    fingerprint = serializers.CharField(max_length=128, help_text=FINGERPRINT_HELP)
    approvals = _approvals(default=dict)


class ExporterChange(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    approvals = _approvals()


class ExporterSerializer(serializers.Serializer[TrustedExporter]):
    id = serializers.CharField()
    name = serializers.CharField()
    workspace_of_origin = serializers.CharField()
    public_pem = serializers.CharField()
    fingerprint = serializers.CharField()
    approvals = serializers.DictField(child=serializers.CharField(), help_text=APPROVALS_HELP)
    trusted_by = serializers.CharField(source="trusted_by_name")
    created_at = serializers.DateTimeField()


class InspectedProgram(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class InspectedApproval(serializers.Serializer[Any]):
    app_key = serializers.CharField(source="host_app.app_key")
    host_app = serializers.CharField(source="host_app.name")
    environment = serializers.CharField(source="host_app.environment")
    decided_by = serializers.CharField(source="decided_by.name")
    decided_at = serializers.CharField()
    reason = serializers.CharField()


class InspectedSerializer(serializers.Serializer[Any]):
    """What is in an export whose signature holds."""

    serial = serializers.IntegerField(source="export.serial")
    created_at = serializers.CharField(source="export.created_at")
    workspace = PlaceSerializer(source="export.workspace")
    recipient = serializers.CharField(source="export.recipient")
    program = InspectedProgram(source="export.program")
    version = BuildSerializer(source="export.version")
    approvals = InspectedApproval(source="export.approvals", many=True)
    fingerprint = serializers.CharField(help_text=FINGERPRINT_HELP)
    public_pem = serializers.CharField()
    trusted = serializers.SerializerMethodField(help_text="Id of the trusted exporter; null: not trusted here.")

    def get_trusted(self, reading: Any) -> str | None:
        return reading.exporter.pk if reading.exporter is not None else None


class ImportSerializer(OfVersionSerializer):
    """Where a version came from."""

    id = serializers.CharField()
    program = serializers.CharField(source="version.program.program_id")
    exporter = serializers.CharField(source="exporter_id")
    exporter_name = serializers.CharField(source="exporter.name")
    file_sha256 = serializers.CharField()
    imported_by = serializers.CharField(source="imported_by_name")
    created_at = serializers.DateTimeField()


class ImportMadeSerializer(serializers.Serializer[Any]):
    """What an import made."""

    id = serializers.CharField(source="row.pk")
    version = serializers.CharField(source="row.version_id")
    program = serializers.CharField(source="row.version.program.program_id")
    version_code = serializers.IntegerField(source="row.version.code")
    version_name = serializers.CharField(source="row.version.name")
    sha256 = serializers.CharField(source="row.version.sha256")
    approvals = ReviewSerializer(many=True, help_text="Those that count here; the others are evidence.")


class ImportDetailSerializer(ImportSerializer):
    """With the evidence: the document as it was signed, and the same read."""

    document = serializers.CharField(help_text="Byte for byte what the signature is over.")
    signature = SignatureSerializer()
    told = serializers.SerializerMethodField()

    def get_told(self, row: ImportedVersion) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(row.document)
        return value
