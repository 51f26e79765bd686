"""Vendors' tokens, as the newest record of each device and channel has left them.

A token belongs to one device of a host app: a phone that was set up anew keeps its token and gets a new device id, and
would otherwise be sent everything twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from analytics.selectors import marketing_refused_at
from ferry.kernel import clock
from ferry.kernel.identity.models import Workspace
from push.models import Address
from push.receipts.records import AddressRecord

_CHUNK = 500  # ids in one statement: SQLite's older builds take 999 variables
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
        asked: dict[str, list[str]] = defaultdict(list)
        for app, device, _ in self._newest:
            asked[app].append(device)
        refusing = {
            app: marketing_refused_at(Workspace(pk=workspaces[app]), app, devices) for app, devices in asked.items()
        }
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
                if device in refusing[app] and record.at <= refusing[app][device]:
                    own.delete()  # a report that was on its way when the device said no
                    continue
                others = rows.filter(token=record.token, registered_at__lte=record.at).exclude(device_id=device)
                others.update(token="", dead_at=clock.now())


def forget(*, workspace_id: str, host_app_id: str, devices: Mapping[str, int], **_: Any) -> None:
    """Delete the tokens of devices that want no marketing, as far as they were given before that was said (ms).

    A token that is given afterwards is the device's wish to be reached by service messages; marketing asks for the
    consent each time.
    """
    known = sorted(devices)
    for start in range(0, len(known), _CHUNK):
        rows = Address.objects.of(Workspace(pk=workspace_id)).filter(
            host_app_id=host_app_id, device_id__in=known[start : start + _CHUNK]
        )
        given = rows.values_list("pk", "device_id", "registered_at")
        gone = [pk for pk, device, at in given if at <= devices[device]]
        if gone:
            rows.filter(pk__in=gone).delete()
