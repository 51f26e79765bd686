"""Where an event happened: program, version, platform, session, and what its user has agreed to. Pure.

An SDK says the same context with every event, so this is worked out once for each different one in a request.
"""

from __future__ import annotations

from dataclasses import dataclass

from analytics.consent import Consent
from analytics.events.wire import Context, code

PLATFORMS = {
    "ios": "ios", "ipados": "ios", "android": "android", "harmony": "harmony", "harmonyos": "harmony",
    "openharmony": "harmony", "web": "web",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """What a context comes to."""

    program: str
    code: int | None
    platform: str
    os: str
    host_version: str
    session: str
    device_id: str
    consent: Consent | None  # as it came along
    stores: bool  # whether events from here may be stored
    profiling: bool | None


def place_of(context: Context, *, silence_stores: bool) -> Place:
    """`silence_stores`: whether an event that says nothing about consent may be stored. A no is a no everywhere."""
    program, consent = context.mini_program, context.consent
    return Place(
        program="" if program is None else program.id or "",
        code=None if program is None else code(program.version),
        platform=_platform(context),
        os="" if context.os is None else context.os.version or "",
        host_version="" if context.app is None else context.app.version or "",
        session="" if context.session_id is None else str(context.session_id),
        device_id="" if context.device is None or context.device.id is None else str(context.device.id),
        consent=consent,
        stores=silence_stores if consent is None else consent.analytics,
        profiling=None if consent is None else consent.profiling,
    )


def merged(own: Context, shared: Context) -> Context:
    """An event's own context, and the batch's where it says nothing."""
    return Context(
        own.app or shared.app,
        own.os or shared.os,
        own.device or shared.device,
        own.platform or shared.platform,
        own.mini_program or shared.mini_program,
        shared.session_id if own.session_id is None else own.session_id,
        own.consent or shared.consent,
    )


def _platform(context: Context) -> str:
    device, system = context.device, context.os
    for said in (context.platform, device and device.type, system and system.name):
        if said:
            return PLATFORMS.get(said.lower(), "")
    return ""
