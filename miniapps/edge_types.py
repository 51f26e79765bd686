"""What a device sends to miniapps.edge, and what the journal keeps of it: types only, each field bounded.

gc=False: none of these can be part of a circle, and twenty of them a check-in need not be looked through for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from ferry.kernel.targeting import Context

MAX_PROGRAMS = 500
MAX_TRIALS = 20  # invitations that a device shows

DeviceId = Annotated[str, Meta(min_length=1, max_length=64)]
ProgramId = Annotated[str, Meta(min_length=1, max_length=64)]
Short = Annotated[str, Meta(max_length=64)]
Value = Annotated[str, Meta(max_length=256)] | bool | int | float


class Device(Struct, frozen=True, gc=False):
    """The device as it describes itself."""

    id: DeviceId
    platform: Literal["ios", "android", "harmony", "web"]
    os: Short = ""
    model: Short = ""
    host_version: Short = ""
    network: Annotated[str, Meta(max_length=16)] = ""
    locale: Annotated[str, Meta(max_length=35)] = ""


class Installed(Struct, frozen=True, gc=False):
    """One program that the device has, and in which version."""

    id: ProgramId
    code: Annotated[int, Meta(ge=0, lt=2**31)]  # as analytics.records and every database take it
    terms: Annotated[int, Meta(ge=0, lt=2**31)] = 0  # serial of the newest terms that it has for this version


class CheckIn(Struct, frozen=True):
    """The body of POST /v1/checkin. Unknown members are ignored: hosts newer than this edge send more."""

    device: Device
    user: Annotated[str, Meta(max_length=128)] | None = None
    attributes: Annotated[dict[Short, Value], Meta(max_length=64)] = {}
    installed: Annotated[list[Installed], Meta(max_length=MAX_PROGRAMS)] = []
    want: Annotated[list[ProgramId], Meta(max_length=MAX_PROGRAMS)] = []
    state: Short | None = None
    trials: Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=MAX_TRIALS)] = []


class Observation(Struct, frozen=True, gc=False):
    """What the journal keeps of an answered check-in (rule 9); analytics reads it under kind "checkin"."""

    host_app: str
    device: str
    user: str
    verified_user: bool
    at: int  # ms
    seq: int
    platform: str
    os: str
    model: str
    host_version: str
    network: str
    locale: str
    attributes: dict[str, Any]
    installed: dict[str, int]  # program → version code
    arms: Raw  # a list of [program, release, version code], each encoded when the snapshot was loaded


class PartialObservation(Observation, frozen=True, gc=False):
    """One that says nothing of the device's other programs, and of the device only what is not empty."""

    partial: bool = True


def observed(
    form: type[Observation],
    host_app: str,
    said: CheckIn,
    context: Context,
    installed: dict[str, int],
    arms: Sequence[bytes],
    seq: int,
) -> Observation:
    """What to keep of one answer. `arms`: of miniapps.snapshot_load, as they were shown."""
    device = said.device
    return form(
        host_app,
        device.id,
        context.user_id,
        context.verified_user,
        int(context.now * 1000),
        seq,
        device.platform,
        device.os,
        device.model,
        device.host_version,
        device.network,
        device.locale,
        said.attributes,
        installed,
        Raw(b"[%b]" % b",".join(arms)),
    )
