"""What is known of devices after their records were loaded, and who may see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import selectors, services, store
from analytics.models import Device, InstalledVersion
from ferry.journal.models import StoredFile
from ferry.journal.records import moment
from ferry.kernel.audit import selectors as audit
from ferry.kernel.errors import NotAllowed, NotFound
from ferry.kernel.identity import services as identity
from ferry.kernel.identity.actors import Actor, system
from ferry.kernel.identity.rights import ROLE_RIGHTS, Role
from tests.journal.world import DAY, HOUR, NOON, World


def test_a_device_is_what_its_newest_records_say(world: World):
    one, two = world.edge("1"), world.edge("2")
    two.report("checkin", **world.checkin("d1", at=NOON + 500, model="new", attributes={"vip": True}, user="claim"))
    one.report("device", **world.device("d1", at=NOON, model="old", user="first"))
    one.report("bind", **world.bind("d1", "vera", at=NOON + 100))
    world.load()
    late = world.edge("3")
    late.report("checkin", **world.checkin("d1", at=NOON + 50, model="older", installed={"card": 1}))
    late.report("unbind", **world.bind("d1", "", at=NOON + 60))
    world.load()
    device = selectors.device(world.workspace, world.app.id, "d1")
    assert (device.model, device.user, device.user_verified) == ("new", "vera", True)
    assert device.installed == {}
    assert device.properties()["vip"] == "true"
    assert device.registered
    assert device.first_seen == moment(NOON)


def test_versions_on_devices_are_counted_and_follow_updates(world: World):
    edge = world.edge()
    for number in range(10):
        edge.report("checkin", **world.checkin(f"d{number}", installed={"card": 1, "shop": 7}))
    world.load()
    assert selectors.version_counts(world.workspace, world.app.id, "card") == {1: 10}
    edge = world.edge()
    for number in range(4):
        edge.report("checkin", **world.checkin(f"d{number}", installed={"card": 2}, arms=[["card", "r2", 2]]))
    world.load()
    assert selectors.version_counts(world.workspace, world.app.id, "card") == {1: 6, 2: 4}
    assert selectors.version_counts(world.workspace, world.app.id, "shop") == {7: 6}
    updated = InstalledVersion.objects.of(world.workspace).filter(program_id="card", code=2)
    assert set(updated.values_list("release_id", flat=True)) == {"r2"}


def test_a_device_that_says_the_same_again_is_not_written(world: World):
    edge = world.edge()
    edge.report("checkin", **world.checkin("d1", installed={"card": 1}))
    world.load()
    edge = world.edge()
    edge.report("checkin", **world.checkin("d1", at=NOON + 60_000, installed={"card": 1}))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        world.load()
    assert not [query for query in queries if "analytics_" in query["sql"] and not query["sql"].startswith("SELECT")]
    edge = world.edge()
    edge.report("checkin", **world.checkin("d1", at=NOON + HOUR, installed={"card": 1}))
    world.load()
    seen = selectors.device(world.workspace, world.app.id, "d1").last_seen
    assert seen is not None
    assert moment(NOON + HOUR) - seen < timedelta(minutes=1)


def test_exposures_per_release_come_from_parquet(world: World):
    for process in ("1", "2"):
        edge = world.edge(process)
        for number in range(5):
            arm = ["card", "gray" if number == 0 else "full", 2 if number == 0 else 1]
            edge.report("checkin", **world.checkin(f"d{number}", arms=[arm, ["shop", "s", 9]]))
        world.load()
    assert StoredFile.objects.filter(table="checkins").count() == 2
    shown = selectors.exposures(world.workspace, world.app.id, first=DAY, last=DAY, program_id="card")
    assert [(e.release_id, e.version_code, e.devices, e.checkins) for e in shown] == [
        ("full", 1, 4, 8),
        ("gray", 2, 1, 2),
    ]
    assert selectors.devices_per_day(world.workspace, world.app.id, first=DAY, last=DAY) == {DAY: 5}
    (world.parquet / "checkins" / f"app={world.app.id}" / f"day={DAY}" / "stray.parquet").write_bytes(
        b"not in the manifest"
    )
    assert len(selectors.exposures(world.workspace, world.app.id, first=DAY, last=DAY)) == 3


def test_recent_devices_newest_first(world: World):
    edge = world.edge()
    for number in range(5):
        edge.report("checkin", **world.checkin(f"d{number}", at=NOON + number * HOUR // 10))
    world.load()
    recent = selectors.recent_devices(world.workspace, world.app.id, limit=3)
    assert [device.device_id for device in recent] == ["d4", "d3", "d2"]


class TestConsentRequired:
    """A host app that asks Ferry to store nothing without consent (rule 13)."""

    @pytest.fixture
    def strict(self, world: World) -> World:
        return World(consent="required", name="Strict")

    def test_without_consent_nothing_is_stored(self, strict: World):
        edge = strict.edge()
        edge.report("device", **strict.device("no", consent={"analytics": False}))
        edge.report("device", **strict.device("silent"))
        edge.report("checkin", **strict.checkin("no"))
        edge.report("checkin", **strict.checkin("never-registered"))
        edge.report("device", **strict.device("yes", consent={"analytics": True}))
        edge.report("checkin", **strict.checkin("yes", installed={"card": 1}))
        strict.load()
        known = Device.objects.of(strict.workspace).values_list("device_id", flat=True)
        assert list(known) == ["yes"]
        assert selectors.devices_per_day(strict.workspace, strict.app.id, first=DAY, last=DAY) == {DAY: 1}
        refused = store.quarantine(strict.app.id, DAY, limit=10)
        assert {(item.reason, item.payload) for item in refused} == {("no_consent", "")}

    def test_a_consent_taken_back_erases_what_was_known(self, strict: World):
        edge = strict.edge()
        edge.report("device", **strict.device("d1", consent={"analytics": True}, model="phone"))
        edge.report("bind", **strict.bind("d1", "vera"))
        edge.report("checkin", **strict.checkin("d1", installed={"card": 1}))
        strict.load()
        edge = strict.edge()
        edge.report("device", **strict.device("d1", consent={"analytics": False}, at=NOON + HOUR))
        strict.load()
        with pytest.raises(NotFound):
            selectors.device(strict.workspace, strict.app.id, "d1")
        row = Device.objects.of(strict.workspace).get()
        assert (row.bound_user, row.model, row.installed) == ("", "", [])
        assert selectors.version_counts(strict.workspace, strict.app.id, "card") == {}
        edge = strict.edge()
        edge.report("device", **strict.device("d1", consent={"analytics": True}, at=NOON + 1))
        strict.load()
        with pytest.raises(NotFound):  # an older yes does not undo a newer no
            selectors.device(strict.workspace, strict.app.id, "d1")


@pytest.mark.parametrize("consent", ["required", "handled_by_app"])
@pytest.mark.parametrize("steps", [1, 2])
def test_a_refusal_under_a_used_message_id_is_never_lost(world: World, consent: str, steps: int):
    """A device without its token sends its registration again, and says no this time."""
    world = World(consent=consent, name="Used")
    world.edge("1").report("device", **world.device("d1", consent={"analytics": True}, message_id="m1", model="phone"))
    if steps == 2:
        world.load()
    for process in ("2", "3"):
        world.edge(process).report("device", **world.device("d1", consent={"analytics": False}, message_id="m1"))
    world.load()
    kept = Device.objects.of(world.workspace).filter(device_id="d1").values_list("consent", flat=True)
    assert all(said == {"analytics": False} for said in kept)
    assert len(kept) == 1
    (count,) = selectors.accounting(world.workspace, world.app.id, DAY).kinds
    assert (count.received, count.stored, count.duplicate) == (3, 1, 2)


def test_another_workspace_sees_nothing(world: World):
    world.edge().report("checkin", **world.checkin("d1"))
    world.load()
    stranger = identity.create_workspace(name="Elsewhere")
    for ask in (
        lambda: selectors.device(stranger, world.app.id, "d1"),
        lambda: selectors.recent_devices(stranger, world.app.id),
        lambda: selectors.exposures(stranger, world.app.id, first=DAY, last=DAY),
        lambda: selectors.accounting(stranger, world.app.id, DAY),
        lambda: selectors.quarantine(stranger, world.app.id, DAY),
    ):
        with pytest.raises(NotFound):
            ask()
    assert selectors.version_counts(stranger, world.app.id, "card") == {}


def test_who_looks_at_devices_is_in_the_audit_log(world: World):
    world.edge().report("checkin", **world.checkin("d1"))
    world.load()
    services.open_device(actor=world.actor, host_app_id=world.app.id, device_id="d1")
    services.list_devices(actor=world.actor, host_app_id=world.app.id)
    actions = [entry.action for entry in audit.entries(world.workspace)]
    assert {"device.viewed", "devices.listed"} <= set(actions)
    developer = Actor(**{**_fields(system(world.workspace)), "rights": ROLE_RIGHTS[Role.DEVELOPER]})
    with pytest.raises(NotAllowed):
        services.open_device(actor=developer, host_app_id=world.app.id, device_id="d1")


def _fields(actor: Actor) -> dict[str, object]:
    return {name: getattr(actor, name) for name in actor.__slots__}
