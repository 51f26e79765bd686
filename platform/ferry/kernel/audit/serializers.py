"""What the audit API takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ferry.kernel.api.serializers import StrictSerializer
from ferry.kernel.audit.models import AuditEntry
from ferry.kernel.audit.selectors import read


class AuditEntrySerializer(serializers.Serializer[AuditEntry]):
    number = serializers.IntegerField(help_text="1, 2, 3 … in the workspace, without a gap.")
    at = serializers.DateTimeField(source="created_at")
    actor_kind = serializers.CharField()
    actor_id = serializers.CharField()
    actor_name = serializers.CharField()
    person_id = serializers.CharField()
    address = serializers.CharField()
    request_id = serializers.CharField()
    action = serializers.CharField()
    target_kind = serializers.CharField()
    target_id = serializers.CharField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    hash = serializers.CharField()

    def get_before(self, entry: AuditEntry) -> dict[str, Any] | None:
        """What stood there before, where the act changed something."""
        return read(entry.before)

    def get_after(self, entry: AuditEntry) -> dict[str, Any] | None:
        """What stands there since."""
        return read(entry.after)


class AuditQuery(StrictSerializer):
    action = serializers.CharField(max_length=60, required=False, help_text="With a final “.”: all that begin so.")
    person_id = serializers.CharField(max_length=60, required=False)
    target_kind = serializers.CharField(max_length=40, required=False)
    target_id = serializers.CharField(max_length=80, required=False)
