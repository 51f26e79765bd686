"""Trials by invitation: a link that lets whoever opens it take part, for as long as it holds."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ferry.kernel import clock
from ferry.kernel.errors import Invalid, NotAllowed, NotFound
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from ferry.kernel.publishing.verification import verify_snapshots
from miniapps import selectors, services
from miniapps.errors import LinkBaseMissing, NotATrial, PlanInvalid, TooManyInvitations
from miniapps.models import Invitation
from miniapps.services import invitations as ways
from tests.world import World

DAY = timedelta(days=1)


@pytest.fixture
def port(world: World) -> World:
    """Everybody has 1.0.0; the app takes links; 2.0.0 is on trial for whoever is invited."""
    identity.update_host_app(
        actor=system(world.workspace), host_app=world.host_app, link_base="https://go.harbour.example/app"
    )
    world.release("1.0.0")
    world.release("2.0.0", kind="trial", invited=True)
    return world


def trial(world: World):
    return selectors.releases(world.workspace, program=world.program).get(kind="trial")


def invite(world: World, lifetime: timedelta = DAY, **values) -> Invitation:
    made = services.invite(actor=world.operator, release=trial(world), lifetime=lifetime, **values)
    return selectors.invitation(world.workspace, made.pk)


def token_of(invitation: Invitation) -> str:
    address = urlsplit(selectors.invitation_url(invitation))
    assert (address.scheme, address.netloc, address.path) == ("https", "go.harbour.example", "/app")
    [token] = parse_qs(address.query)["trial"]
    return token


def test_whoever_opens_the_link_takes_part_and_nobody_else(port):
    assert port.devices_on("2.0.0") == set(), "a trial that invites has nobody before"
    token = token_of(invite(port, name="Support team"))
    port.devices["device-00007"].trials.append(token)
    assert port.devices_on("2.0.0") == {"device-00007"}
    assert len(port.devices_on("1.0.0")) == 399


def test_a_device_that_is_not_registered_takes_no_part(port, settings):
    """The edge hashes what it is shown only with a device token; this is the rule for the context that it makes."""
    guessed = port.devices["device-00008"]
    guessed.trials.append("0" * 32)
    invite(port)
    assert port.devices_on("2.0.0") == set()


def test_after_the_end_of_the_invitation_everybody_gets_what_all_get(port, monkeypatch):
    port.devices["device-00007"].trials.append(token_of(invite(port, timedelta(hours=1))))
    assert port.devices_on("2.0.0") == {"device-00007"}
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert port.devices_on("2.0.0") == set()
    assert port.decided(port.devices["device-00007"]).code == port.version("1.0.0").code
    assert verify_snapshots() == [], "the end is a date in the rule: nothing has to be written for it"


def test_an_invitation_that_is_taken_back_ends_at_the_next_check_in(port):
    invitation = invite(port)
    port.devices["device-00007"].trials.append(token_of(invitation))
    services.revoke_invitation(actor=port.operator, invitation=invitation)
    assert port.devices_on("2.0.0") == set()
    assert selectors.invitation_url(selectors.invitation(port.workspace, invitation.pk)) == ""


def test_the_end_of_the_trial_ends_its_invitations(port):
    port.devices["device-00007"].trials.append(token_of(invite(port)))
    port.roll_back(trial(port))
    assert port.devices_on("1.0.0") == set(port.devices)


def test_a_link_that_lets_nobody_in_is_not_shown(port, monkeypatch):
    short, long = invite(port, timedelta(hours=1)), invite(port)
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert selectors.invitation_url(short) == ""
    assert token_of(long)
    port.roll_back(trial(port))
    assert selectors.invitation_url(selectors.invitation(port.workspace, long.pk)) == ""


def test_an_invitation_opens_no_host_app_outside_the_range(port):
    device = port.add_device("old", host_version="5.0.0", trials=[token_of(invite(port))])
    assert port.decided(device) is None


def test_neither_the_snapshot_nor_the_log_nor_the_row_holds_the_token(port):
    invitation = invite(port)
    token = token_of(invitation)
    assert token not in json.dumps(port.part())
    assert invitation.sha256 in json.dumps(port.part())
    from ferry.kernel.audit import selectors as audit

    told = [json.dumps([entry.before, entry.after]) for entry in audit.entries(port.workspace)]
    assert not any(token in text for text in told)
    assert token not in invitation.sealed
    assert len(token) == 32, "160 bits"


def test_an_app_without_a_link_base_has_no_links(port):
    identity.update_host_app(actor=system(port.workspace), host_app=port.host_app, link_base="")
    with pytest.raises(LinkBaseMissing):
        invite(port)


def test_only_an_open_trial_invites(port):
    full = selectors.serving_release(port.host_app, port.program)
    with pytest.raises(NotATrial):
        services.invite(actor=port.operator, release=full, lifetime=DAY)
    over = port.roll_back(trial(port))
    with pytest.raises(NotATrial):
        services.invite(actor=port.operator, release=over, lifetime=DAY)


def test_there_are_at_most_so_many_and_what_is_over_makes_room(port, monkeypatch):
    for _ in range(ways.MOST):
        invite(port, timedelta(hours=1))
    with pytest.raises(TooManyInvitations):
        invite(port)
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    invite(port)
    assert selectors.open_invitations(trial(port)).count() == 1
    assert json.dumps(port.part()).count('"invitation"') == 1, "the published part forgets what is over"


@pytest.mark.parametrize("lifetime", [timedelta(0), -DAY, timedelta(days=31)])
def test_an_invitation_has_an_end_that_is_not_far(port, lifetime):
    with pytest.raises(Invalid):
        invite(port, lifetime)


def test_who_may_not_release_may_not_invite_and_another_workspace_finds_nothing(port):
    for actor in (port.developer, port.reviewer):
        with pytest.raises(NotAllowed):
            services.invite(actor=actor, release=trial(port), lifetime=DAY)
    other = World.make("Elsewhere")
    with pytest.raises(NotFound):
        services.invite(actor=other.operator, release=trial(port), lifetime=DAY)
    with pytest.raises(NotFound):
        selectors.invitation(other.workspace, invite(port).pk)


def test_a_trial_still_has_to_be_for_somebody(port):
    with pytest.raises(PlanInvalid):
        port.release("3.0.0", kind="trial")
    with pytest.raises(PlanInvalid):
        port.release("3.0.0", share=5, invited=True)
