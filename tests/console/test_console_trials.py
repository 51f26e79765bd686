"""A trial's page: who takes part, and a device that is explained with the invitation that it held."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ferry.kernel.audit import selectors as audit
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.models import Release
from tests.console.desk import Desk
from tests.miniapps.test_invitations import token_of

GUEST = "device-00007"


@pytest.fixture
def trial(desk: Desk) -> Release:
    """Everybody has 1.0.0; a device has come into the trial of 2.0.0 by invitation."""
    world = desk.world
    identity.update_host_app(
        actor=system(desk.workspace), host_app=world.host_app, link_base="https://go.harbour.example/app"
    )
    world.release("1.0.0")
    made = world.release("2.0.0", kind="trial", invited=True)
    invitation = services.invite(actor=world.operator, release=made, lifetime=timedelta(days=1))
    world.devices[GUEST].trials.append(token_of(selectors.invitation(desk.workspace, invitation.pk)))
    world.check_in()
    world.observe()
    return made


def test_the_devices_are_shown_to_who_asks_and_the_log_says_so(desk: Desk, trial: Release):
    operator = desk.as_(Role.OPERATOR)
    page = operator.get(desk.program_url("release", trial.pk)).content.decode()
    assert "Who takes part" in page
    assert GUEST not in page, "nobody's device is shown before somebody asks"
    part = operator.get(desk.program_url("trial-devices", trial.pk)).content.decode()
    assert "1 device so far" in part
    assert desk.url("device", desk.world.host_app.pk, GUEST) in part
    [entry] = [entry for entry in audit.entries(desk.workspace) if entry.action == "devices.listed"]
    assert entry.actor_name == desk.account(Role.OPERATOR).name


def test_a_trial_that_nobody_joined_says_so(desk: Desk):
    made = desk.world.release("1.0.0", kind="trial", devices=["nobody"])
    part = desk.as_(Role.OPERATOR).get(desk.program_url("trial-devices", made.pk)).content.decode()
    assert "No device has got this version by this trial yet" in part


def test_explaining_says_that_the_device_was_invited(desk: Desk, trial: Release):
    address = desk.program_url("explain", desk.world.host_app.pk)
    operator = desk.as_(Role.OPERATOR)
    told = operator.get(address, {"device": GUEST}).content.decode()
    assert "It gets 2.0.0" in told
    assert "it showed an invitation to this trial then" in told
    assert "it showed an invitation" not in operator.get(address, {"device": "device-00001"}).content.decode()


def test_who_may_not_and_who_is_elsewhere(desk: Desk, trial: Release):
    developer = desk.as_(Role.DEVELOPER)
    assert "Who takes part" not in developer.get(desk.program_url("release", trial.pk)).content.decode()
    assert developer.get(desk.program_url("trial-devices", trial.pk)).status_code == 403
    other = Desk.make("Elsewhere")
    assert other.admin.get(other.program_url("trial-devices", trial.pk)).status_code == 404
