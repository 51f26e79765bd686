"""Vendors' tokens, as the newest record of each device and channel has left them.

A token belongs to one device of a host app: a phone that was set up anew keeps its token and gets a new device id, and
would otherwise be sent everything twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferry.kernel import clock
from ferry.kernel.identity.models import Workspace
from push.models import Address
from push.receipts.records import AddressRecord

Key = tuple[str, str, str]  # host app, device, channel


class Tokens:
    """The newest token that a step brings for each device and channel."""

    def __init__(self) -> None:
        self._newest: dict[Key, AddressRecord] = {}

    def add(self, record: AddressRecord) -> None:
        """Records come in the order of their positions."""
        key = record.host_app, record.device, record.channel
        self._newest.pop(key, None)  # to the end: what was said last is written last
        self._newest[key] = record

    def save(self, workspaces: Mapping[str, str]) -> None:
        """Write them, inside the loader's transaction. An older record never replaces a newer one."""
        for (app, device, channel), record in self._newest.items():
            rows = Address.objects.of(Workspace(pk=workspaces[app])).filter(host_app_id=app, channel=channel)
            own = rows.filter(device_id=device)
            dead_at = None if record.token else clock.now()
            values: dict[str, Any] = {"token": record.token, "registered_at": record.at, "dead_at": dead_at}
            if not own.filter(registered_at__lte=record.at).update(**values):
                if own.exists():
                    continue  # something newer has come by another edge
                whose = {"workspace_id": workspaces[app], "host_app_id": app, "device_id": device, "channel": channel}
                Address.objects.insert([Address(**(whose | values))])
            if record.token:
                others = rows.filter(token=record.token, registered_at__lte=record.at).exclude(device_id=device)
                others.update(token="", dead_at=clock.now())
