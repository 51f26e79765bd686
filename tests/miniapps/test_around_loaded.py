"""Accepted agreements and opened links reach the tables through the journal: each once, whoever asks again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from analytics import selectors as analytics
from ferry.kernel import clock, ids
from miniapps import selectors, services
from miniapps.models import PrivacyAcceptance, PrivacyAgreement
from tests.journal.world import Edge
from tests.journal.world import World as Journal
from tests.world import World


@pytest.fixture
def port(world: World, folders: Path) -> World:
    from ferry.kernel.identity import services as identity
    from ferry.kernel.identity.actors import system

    identity.update_host_app(actor=system(world.workspace), host_app=world.host_app, link_base="harbour://open")
    world.release("1.0.0")
    return world


def told(world: World, kind: str, *records: dict) -> None:
    """An edge wrote these records, and they are loaded."""
    journal = Journal.__new__(Journal)
    journal.journal, journal.parquet = Path(settings.FERRY_JOURNAL_DIR), Path(settings.FERRY_PARQUET_DIR)
    edge = Edge(journal.journal, ids.new())
    for seq, record in enumerate(records):
        edge.report(kind, **{"host_app": world.host_app.pk, "at": clock.now_ms(), "seq": seq, **record})
    journal.load()


def published(world: World, text: str) -> PrivacyAgreement:
    return services.publish_agreement(actor=world.operator, program=world.program, text={"en": text}, url={})


def accepted(device: str, version: int = 1, **more) -> dict:
    return {"device": device, "program": "2018080616290001", "version": version, **more}


def test_each_device_counts_once_for_each_version(port):
    agreement = published(port, "Hello.")
    published(port, "Hello again.")
    told(port, "privacy_accepted", accepted("d1"), accepted("d1"), accepted("d2", user="anna"), accepted("d1", 2))
    told(port, "privacy_accepted", accepted("d1"), accepted("d3"))
    assert selectors.acceptances(port.program) == {1: {port.host_app.pk: 3}, 2: {port.host_app.pk: 1}}
    assert selectors.accepted(agreement) == 3
    assert PrivacyAcceptance.objects.of(port.workspace).get(device="d2").user == "anna"
    assert selectors.acceptances(World.make("Elsewhere").program) == {}


def test_nobody_accepts_what_is_not_published_yet(port):
    told(port, "privacy_accepted", accepted("d1"), accepted("d1", program="nobody"))
    published(port, "Hello.")
    told(port, "privacy_accepted", accepted("d1", 2), accepted("d2"))
    assert selectors.acceptances(port.program) == {1: {port.host_app.pk: 1}}
    reasons = [row.reason for row in analytics.quarantine(port.workspace, port.host_app.pk, clock.now().date())]
    assert reasons == ["unknown_agreement"] * 3


def test_opens_are_counted_and_only_of_the_host_apps_own_links(port):
    link = services.create_link(
        actor=port.operator, host_app=port.host_app, program=port.program, lifetime=timedelta(days=1)
    )
    other = port.host("Bank")
    told(
        port,
        "link_opened",
        *[{"code": link.code}] * 3,
        {"code": "1nothing0"},
        {"code": link.code, "host_app": other.pk},
    )
    told(port, "link_opened", {"code": link.code})
    found = selectors.link(port.workspace, link.pk)
    assert found.opens == 4
    assert found.last_opened_at is not None


def test_what_cannot_be_read_or_belongs_to_nobody_stops_nothing(port):
    published(port, "Hello.")
    told(
        port,
        "privacy_accepted",
        accepted(""),
        accepted("d\0"),
        accepted("d1", 0),
        accepted("d1", host_app="0" * 26),
        accepted("d1"),
    )
    assert selectors.acceptances(port.program) == {1: {port.host_app.pk: 1}}
