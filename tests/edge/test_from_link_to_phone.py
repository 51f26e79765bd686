"""From the console's invitation, link and agreement to a phone: real rows, the real publisher, a real edge."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ferry.edge import registry
from ferry.edge.settings import EdgeSettings
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import system
from miniapps import links_edge, privacy_edge, selectors, services
from tests.edge.phone import Phone
from tests.world import World


@pytest.fixture
def world(transactional_db: None) -> World:
    """Committed for real; the host app takes links."""
    made = World.make()
    identity.update_host_app(actor=system(made.workspace), host_app=made.host_app, link_base="harbour://open")
    return made


@pytest.fixture
def phone(world: World, edge_settings: EdgeSettings) -> Phone:
    registry.register_loader("links", "miniapps.snapshot_load_around.load_links")
    made = Phone(world, edge_settings)
    links_edge.add_routes(made.edge.app)
    privacy_edge.add_routes(made.edge.app)
    return made


def test_an_invited_phone_gets_the_trial_and_goes_back_when_it_is_taken_away(world: World, phone: Phone) -> None:
    program = world.program.program_id
    world.release("1.0.0")
    trial = world.release("2.0.0", kind="trial", invited=True)
    made = services.invite(actor=world.operator, release=trial, lifetime=timedelta(days=1))
    invitation = selectors.invitation(world.workspace, made.pk)
    [token] = parse_qs(urlsplit(selectors.invitation_url(invitation)).query)["trial"]
    (update,) = phone.check_in(want=[program], trials=[token])["updates"]
    assert update["name"] == "2.0.0"
    services.revoke_invitation(actor=world.operator, invitation=invitation)
    installed = [{"id": program, "code": update["code"]}]
    (update,) = phone.check_in(installed=installed, trials=[token])["updates"]
    assert update["name"] == "1.0.0"


def test_a_short_link_leads_into_the_app_until_it_is_ended(world: World, phone: Phone) -> None:
    world.release("1.0.0")
    link = services.create_link(actor=world.operator, host_app=world.host_app, program=world.program, path="a.html")
    phone.client.poll()
    page = phone.edge("GET", f"/l/{link.code}")
    assert page.status_code == 200
    assert selectors.link_target(link).replace("&", "&amp;") in page.text
    services.end_link(actor=world.operator, link=link)
    phone.client.poll()
    assert phone.edge("GET", f"/l/{link.code}").status_code == 404


def test_an_agreement_reaches_phones_that_have_the_version_already(world: World, phone: Phone) -> None:
    program = world.program.program_id
    world.release("1.0.0")
    installed = [{"id": program, "code": 1}]
    assert "terms" not in phone.check_in(installed=installed)
    services.publish_agreement(actor=world.operator, program=world.program, text={"en": "Hello."}, url={})
    [terms] = phone.check_in(installed=installed)["terms"]
    assert terms["terms"]["privacy"] == {"version": 1, "text": {"en": "Hello."}}
    known = [{"id": program, "code": 1, "terms": terms["terms"]["serial"]}]
    assert "terms" not in phone.check_in(installed=known)
