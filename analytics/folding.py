"""What is known of a device, and how each record changes it. The order in which records are loaded does not matter.

Pure: no Django, no I/O. Records of one device reach the loader through several edge processes, so they may come in
any order. Each group of fields remembers the position (at, seq) of the record that wrote it, and an older record never
overwrites a newer one. The groups are apart because different records write them: consent comes with registrations and
events, the bound user with bind and unbind, the context with registrations and check-ins, the rest with check-ins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from analytics.records import BindRecord, CheckinRecord, ConsentRecord, DeviceRecord

Position = tuple[int, int]  # edge receive time in ms, counter of the edge process
NEVER: Position = (0, 0)
Installed = list[list[Any]]  # [program id, version code, release id or ""], sorted by program id

_CONTEXT = ("platform", "os", "model", "host_version", "network", "locale")


@dataclass(slots=True)
class DeviceState:
    """Everything that is kept of one device. Positions say which record wrote a group of fields."""

    device_id: str
    registered: bool = False
    consent: dict[str, Any] | None = None
    consent_position: Position = NEVER
    bound_user: str = ""
    bound_by: str = ""
    bound_position: Position = NEVER
    claimed_user: str = ""
    platform: str = ""
    os: str = ""
    model: str = ""
    host_version: str = ""
    network: str = ""
    locale: str = ""
    context_position: Position = NEVER
    attributes: dict[str, Any] = field(default_factory=dict)
    installed: Installed = field(default_factory=list)
    observed_position: Position = NEVER
    first_seen: int = 0  # ms since the epoch; 0 = never
    last_seen: int = 0

    def registers(self, record: DeviceRecord) -> None:
        """The device asked for its token, or reported itself anew."""
        self._seen(record.at)
        self.registered = True
        self._decides(record)
        self._describe(record)

    def decides(self, record: ConsentRecord) -> None:
        """The user has agreed to something, or to nothing any more."""
        self._seen(record.at)
        self._decides(record)

    def binds(self, record: BindRecord) -> None:
        """A verified user belongs to the device from here on."""
        self._bound(record, record.user, record.by)

    def unbinds(self, record: BindRecord) -> None:
        """Nobody is bound to the device from here on."""
        self._bound(record, "", record.by)

    def checks_in(self, record: CheckinRecord) -> None:
        """The device asked for updates and said what it has: all of it, or of some programs alone (`partial`)."""
        self._seen(record.at)
        if record.partial:
            self._adds(record)
            return
        self._describe(record)
        if record.position > self.observed_position:
            self.attributes, self.installed = record.attributes, installed_of(record)
            self.observed_position = record.position

    def _adds(self, record: CheckinRecord) -> None:
        """What such a host does not say stays as it was: the device's system, its other programs."""
        if record.position > self.context_position:
            for name in _CONTEXT:
                setattr(self, name, getattr(record, name) or getattr(self, name))
            self.context_position = record.position
        if record.position > self.observed_position:
            said = {entry[0]: entry for entry in self.installed} | {entry[0]: entry for entry in installed_of(record)}
            self.installed = [said[program] for program in sorted(said)]
            self.observed_position = record.position

    def refuses(self) -> bool:
        """Whether the device's last word on consent was that nothing may be analysed."""
        return self.consent is not None and not self.consent.get("analytics")

    def consents(self) -> bool:
        """Whether its last word was a yes."""
        return self.consent is not None and bool(self.consent.get("analytics"))

    def forget(self) -> None:
        """Keep the refusal and nothing else: without it an older yes could come back."""
        empty = DeviceState(self.device_id)
        for name in self.__slots__:
            if name not in ("device_id", "registered", "consent") and not name.endswith("_position"):
                setattr(self, name, getattr(empty, name))

    def _seen(self, at: int) -> None:
        self.first_seen = min(self.first_seen, at) if self.first_seen else at
        self.last_seen = max(self.last_seen, at)

    def _decides(self, record: DeviceRecord | ConsentRecord) -> None:
        if record.position > self.consent_position:
            self.consent, self.consent_position = record.consent, record.position

    def _bound(self, record: BindRecord, user: str, by: str) -> None:
        self._seen(record.at)
        if record.position > self.bound_position:
            self.bound_user, self.bound_by, self.bound_position = user, by, record.position

    def _describe(self, record: DeviceRecord | CheckinRecord) -> None:
        if record.position > self.context_position:
            for name in _CONTEXT:
                setattr(self, name, getattr(record, name))
            self.claimed_user, self.context_position = record.user, record.position


def installed_of(record: CheckinRecord) -> Installed:
    """What is installed, each with the release under which this check-in decided for that same version."""
    arms = {(program, code): release for program, release, code in record.arms}
    return [[program, code, arms.get((program, code), "")] for program, code in sorted(record.installed.items())]
