"""The management API of the audit log: reading."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ferry.kernel.api.schema import page_schema
from ferry.kernel.api.views import WorkspaceView
from ferry.kernel.audit import selectors
from ferry.kernel.audit.serializers import AuditEntrySerializer, AuditQuery
from ferry.kernel.identity.rights import Right


class AuditView(WorkspaceView):
    """Who did what, newest first."""

    rights = {"get": Right.READ_AUDIT}

    @extend_schema(summary="Read the audit log", parameters=[AuditQuery], responses=page_schema(AuditEntrySerializer))
    def get(self, request: Request) -> Response:
        rows = selectors.entries(self.workspace, **self.query(AuditQuery))
        return self.page(rows, AuditEntrySerializer, key="number")
