"""Who holds a device, as a query that others can put into theirs.

Apart from analytics.selectors, because edges read it too and must not carry that module's DuckDB.
"""

from __future__ import annotations

from django.db.models import QuerySet

from analytics.models import Device
from ferry.kernel.identity.models import Workspace


def holder(workspace: Workspace, host_app_id: str, device_id: str) -> QuerySet[Device, str]:
    """The user who is bound to the device now (verified), at most one; "" when nobody is."""
    rows = Device.objects.of(workspace).filter(host_app_id=host_app_id, device_id=device_id)
    return rows.values_list("bound_user", flat=True)[:1]
