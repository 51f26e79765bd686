"""Looking at one device: reading personal data is an act of its own and leaves a trace."""

from __future__ import annotations

from analytics import selectors as analytics
from analytics.values import ExposedDevices
from ferry.kernel.audit.services import record
from ferry.kernel.identity.actors import Actor, require
from ferry.kernel.identity.models import HostApp
from ferry.kernel.identity.rights import Right
from miniapps import selectors
from miniapps.models import MiniProgram, Release
from miniapps.services.scope import within


def explain_device(*, actor: Actor, host_app: HostApp, program: MiniProgram, device_id: str) -> selectors.Explanation:
    """Why this device gets what it gets, with an audit entry. Raises NotFound."""
    require(actor, Right.VIEW_DEVICES)
    within(actor, host_app, program)
    found = selectors.explain(actor.workspace, host_app, program, device_id=device_id)
    after = {"host_app": host_app.pk, "program_id": program.program_id}
    record(actor=actor, action="device.explained", target=("device", device_id), after=after)
    return found


def list_exposed(*, actor: Actor, release: Release, limit: int = 500) -> ExposedDevices:
    """The devices that a release was shown to, with an audit entry: who takes part in a trial."""
    require(actor, Right.VIEW_DEVICES)
    within(actor, release)
    found = analytics.exposed_devices(
        actor.workspace,
        release.host_app_id,
        program_id=release.program.program_id,
        release_id=release.pk,
        since=release.created_at,
        limit=limit,
    )
    record(actor=actor, action="devices.listed", target=release.host_app, after={"release": release.pk})
    return found
