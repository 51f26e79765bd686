"""Who takes part in a trial, and what explanations and dry runs make of the invitations that devices hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from ferry.kernel import clock
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotAllowed, NotFound
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.identity.rights import Role
from miniapps import selectors, services
from miniapps.models import Invitation, Release
from miniapps.releases import Kind, ReleasePlan
from tests.miniapps.test_invitations import token_of
from tests.world import World

DAY = timedelta(days=1)
GUEST, NAMED, OTHER = "device-00007", "device-00003", "device-00001"


@pytest.fixture
def port(db: None, folders: Any) -> World:
    """Everybody has 1.0.0; 2.0.0 is on trial for one named device and for whoever is invited: GUEST has joined."""
    world = World.make(devices=20)
    identity.update_host_app(
        actor=system(world.workspace), host_app=world.host_app, link_base="https://go.harbour.example/app"
    )
    world.release("1.0.0")
    world.check_in()
    world.observe()
    world.release("2.0.0", kind="trial", invited=True, devices=[NAMED])
    world.devices[GUEST].trials.append(token_of(invite(world)))
    world.check_in()
    world.observe()
    return world


def trial(world: World) -> Release:
    return selectors.releases(world.workspace, program=world.program).get(kind="trial")


def invite(world: World) -> Invitation:
    made = services.invite(actor=world.operator, release=trial(world), lifetime=DAY)
    return selectors.invitation(world.workspace, made.pk)


def explained(world: World, device: str, **values: Any) -> selectors.Explanation:
    return selectors.explain(world.workspace, world.host_app, world.program, device_id=device, **values)


def chosen(found: selectors.Explanation) -> tuple[str, bool]:
    [step] = [step for step in found.steps if step.chosen]
    return step.release.version.name, step.recalled


def dry(world: World, plan: ReleasePlan, *, of: Release | None = None) -> selectors.DryRun:
    return selectors.dry_run(world.workspace, world.host_app, world.version("2.0.0"), plan, of=of)


def test_the_list_names_those_who_came_by_name_and_by_invitation(port: World):
    found = services.list_exposed(actor=port.operator, release=trial(port))
    assert {one.device.device_id for one in found.listed} == {GUEST, NAMED}
    assert found.total == 2
    assert all(one.has_it and one.first_at <= one.last_at for one in found.listed)
    [entry] = audit.entries(port.workspace, target_kind="hostapp", target_id=port.host_app.pk)[:1]
    assert (entry.action, audit.read(entry.after)) == ("devices.listed", {"release": trial(port).pk})


def test_whoever_left_stays_on_the_list_and_no_longer_has_it(port: World):
    for invitation in selectors.invitations(trial(port)):
        services.revoke_invitation(actor=port.operator, invitation=invitation)
    port.check_in()
    port.observe()
    found = services.list_exposed(actor=port.operator, release=trial(port))
    assert {one.device.device_id: one.has_it for one in found.listed} == {GUEST: False, NAMED: True}


def test_the_api_lists_them_for_those_who_may_see_devices(port: World):
    def ask(role: str, world: World = port):
        made = identity.create_token(actor=system(world.workspace), name=role, roles=[role], days=1)
        address = f"/api/v1/releases/{trial(port).pk}/devices"
        return Client().get(address, headers={"Authorization": f"Bearer {made.plain}"})

    answer = ask(Role.OPERATOR)
    assert (answer.status_code, answer.json()["total"]) == (200, 2)
    assert {item["device"] for item in answer.json()["items"]} == {GUEST, NAMED}
    assert ask(Role.DEVELOPER).status_code == 403
    assert ask(Role.OPERATOR, World.make("Elsewhere")).status_code == 404
    with pytest.raises(NotAllowed):
        services.list_exposed(actor=port.developer, release=trial(port))
    with pytest.raises(NotFound):
        services.list_exposed(actor=World.make("Far").operator, release=trial(port))


def test_a_device_is_explained_with_the_invitation_that_it_held(port: World):
    assert chosen(explained(port, GUEST)) == ("2.0.0", True)
    assert chosen(explained(port, NAMED)) == ("2.0.0", False), "it is let in by name"
    assert chosen(explained(port, OTHER)) == ("1.0.0", False)


def test_it_is_explained_before_it_has_installed_anything(port: World):
    port.devices[OTHER].trials.append(token_of(invite(port)))
    port.observe()  # the check-in was answered; the download is still going on
    assert port.devices[OTHER].installed == {port.program.program_id: port.version("1.0.0").code}
    assert chosen(explained(port, OTHER)) == ("2.0.0", True)


def test_an_invitation_that_is_over_lets_nobody_in(port: World, monkeypatch: pytest.MonkeyPatch):
    later = clock.now() + 2 * DAY
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: later)
        assert chosen(explained(port, GUEST)) == ("1.0.0", False)
    for invitation in selectors.invitations(trial(port)):
        services.revoke_invitation(actor=port.operator, invitation=invitation)
    assert chosen(explained(port, GUEST)) == ("1.0.0", False)


def test_a_device_that_was_let_in_no_more_is_not_invited_by_what_it_once_got(port: World):
    port.devices[GUEST].trials.clear()  # the host forgot it; the invitation itself is open
    port.check_in()
    port.observe()
    assert chosen(explained(port, GUEST)) == ("1.0.0", False)


def test_a_described_device_shows_the_invitations_that_are_named(port: World):
    device = explained(port, OTHER).device
    token = token_of(invite(port))
    assert chosen(explained(port, "", context=device, trials=[token])) == ("2.0.0", False)
    assert chosen(explained(port, "", context=device, trials=["0" * 32])) == ("1.0.0", False)


def test_a_dry_run_keeps_whoever_was_invited(port: World):
    code = {name: port.version(name).code for name in ("1.0.0", "2.0.0")}
    run = dry(port, ReleasePlan(kind=Kind.GRAY, share=0))
    assert run.before == {code["2.0.0"]: 2, code["1.0.0"]: len(port.devices) - 2}
    assert run.changed == 0


def test_a_dry_run_of_the_trial_itself_has_its_invitations(port: World):
    release = trial(port)
    run = dry(port, selectors.plan_of(release, share=0), of=release)
    assert (run.reached, run.changed) == (2, 0)


def test_a_trial_that_names_nobody_can_be_tried_too(port: World):
    port.roll_back(trial(port))
    release = port.release("2.0.0", kind="trial", invited=True)
    run = dry(port, selectors.plan_of(release, share=0), of=release)
    assert (run.reached, run.changed) == (0, 0)
