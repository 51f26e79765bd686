"""Events from the journal into Parquet: once, accounted for, in the day in which they happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analytics import selectors, store
from analytics.churn import rollup, source
from analytics.churn.definition import Definition
from analytics.events import records
from ferry.journal.lake import connect
from ferry.journal.models import StoredFile
from ferry.journal.records import moment
from tests.analytics.events.sending import send, track
from tests.journal.world import DAY, HOUR, NOON, World

YESTERDAY = DAY - timedelta(days=1)


def stored(world: World, columns: str = "event") -> list[Any]:
    with connect() as connection:
        start, end = moment(NOON - 90 * 24 * HOUR), moment(NOON + 24 * HOUR)
        view = store.events_view(connection, world.workspace, world.app.id, start=start, end=end)
        rows = connection.execute(f"SELECT {columns} FROM {view} ORDER BY ALL").fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def profiled(world: World) -> set[str]:
    """Of whom a prediction would read something."""
    with source.stored(world.app, Definition(), today=DAY) as found:
        return {row[0] for row in found.connection.execute(f"SELECT DISTINCT user_id FROM {rollup.TABLE}").fetchall()}


def counts(world: World) -> tuple[int, ...]:
    """received, stored, duplicate, rejected, pending."""
    for row in selectors.accounting(world.workspace, world.app.id, DAY).kinds:
        if row.kind == "events":
            return row.received, row.stored, row.duplicate, row.rejected, row.pending
    return (0, 0, 0, 0, 0)


def test_events_are_counted_one_by_one_from_the_moment_they_are_acknowledged(world: World):
    send(world, track("one"), track("two"), track(event=""))
    assert counts(world) == (3, 0, 0, 0, 3)
    world.load()
    assert counts(world) == (3, 2, 0, 1, 0)
    assert stored(world) == ["one", "two"]
    (refused,) = store.quarantine(world.app.id, DAY, limit=10)
    assert refused.reason == "no_name"
    assert '"userId"' in refused.payload


def test_a_row_holds_what_was_said(world: World):
    context = {"mini_program": {"id": "card", "version": 3}, "platform": "ios", "consent": {"analytics": True}}
    send(world, track("Paid", messageId="m1", context=context, properties={"sum": 'a "quoted" one'}))
    world.load()
    columns = "app, message_id, type, event, user_id, device_id, ts, received_at, mini_program, version_code, platform"
    noon = moment(NOON).replace(tzinfo=None)
    assert stored(world, columns) == [
        (world.app.id, "m1", "track", "Paid", "ann", "", noon, noon, "card", 3, "ios"),
    ]
    assert stored(world, "json_extract_string(properties, '/sum')") == ['a "quoted" one']
    assert stored(world, "consent_profiling") == [False]


def test_what_one_event_says_stays_with_it(world: World):
    """Events of a request are kept column by column, and most of them leave something out."""
    card, shop = ({"mini_program": {"id": name, "version": 3}, "platform": "ios"} for name in ("card", "shop"))
    send(
        world,
        track("a", messageId="1", context=card, properties={"n": 1}),
        track("b", messageId="2", user=None, anonymousId="d2", context=shop),
        track("c", messageId="3", timestamp=None, context=card),
        {"type": "identify", "messageId": "4", "userId": "eve", "anonymousId": "d4", "context": card},
        track("e", messageId="5", user="eve", properties={"n": 5}),
    )
    world.load()
    columns = "message_id, type, event, user_id, device_id, mini_program, platform, properties, original_ts IS NULL"
    assert stored(world, columns) == [
        ("1", "track", "a", "ann", "", "card", "ios", '{"n": 1}', False),
        ("2", "track", "b", "", "d2", "shop", "ios", None, False),
        ("3", "track", "c", "ann", "", "card", "ios", None, True),
        ("4", "identify", "$identify", "eve", "d4", "card", "ios", None, True),
        ("5", "track", "e", "eve", "", "", "", '{"n": 5}', False),
    ]


def test_an_event_lies_in_the_day_in_which_it_happened(world: World):
    send(world, track("today"), track("yesterday", at=NOON - 24 * HOUR))
    world.load()
    days = StoredFile.objects.filter(table="events").values_list("day", "rows").order_by("day")
    assert list(days) == [(YESTERDAY, 1), (DAY, 1)]
    assert counts(world) == (2, 2, 0, 0, 0)


def test_the_same_message_is_stored_once_in_a_batch_in_a_step_and_later(world: World):
    twice = track("twice", messageId="m1")
    send(world, twice, twice, track("other", messageId="m2"))
    send(world, twice, received=NOON + 5)
    world.load()
    assert counts(world) == (4, 2, 2, 0, 0)
    send(world, twice, track("new"), received=NOON + HOUR // 2)
    world.load()
    assert counts(world) == (6, 3, 3, 0, 0)
    assert stored(world) == ["new", "other", "twice"]
    # another app, another namespace: other messages
    world.edge().report("device", **world.device("d1", message_id="m1"))
    other = World(name="Elsewhere")
    send(other, twice)
    world.load()
    assert stored(other) == ["twice"]
    assert selectors.device(world.workspace, world.app.id, "d1").registered


def test_key_files_of_events_and_devices_are_merged_and_remember_both(world: World):
    for step in range(12):
        send(world, *(track(messageId=f"m{step}-{number}") for number in range(3)))
        world.edge().report("device", **world.device(f"d{step}", message_id=f"m{step}"))
        world.load()
    keys = StoredFile.objects.filter(table="keys")
    assert keys.count() <= 5
    assert sum(keys.values_list("rows", flat=True)) == 48
    send(world, *(track(messageId=f"m{step}-1") for step in range(12)))
    world.load()
    assert counts(world) == (48, 36, 12, 0, 0)


def test_an_unknown_app_and_a_line_that_is_no_record(world: World):
    edge = world.edge()
    edge.write(records.KIND, records.pack("0" * 26, at=NOON, seq=1, groups=[], refused=[])[0])
    edge.write(records.KIND, b'{"something":"else"}')
    send(world, track("good"), edge=edge)
    world.load()
    assert stored(world) == ["good"]
    assert not edge.path.exists()


def test_a_record_that_lies_about_itself_is_put_aside_alone(world: World):
    edge = world.edge()
    line = records.pack(world.app.id, at=NOON, seq=1, groups=[], refused=[])[0]
    edge.write(records.KIND, line.replace(b'"n":0', b'"n":7'))
    send(world, track("good"), edge=edge)
    world.load()
    assert stored(world) == ["good"]
    assert counts(world) == (8, 1, 0, 7, 0)
    assert [item.reason for item in store.quarantine(world.app.id, DAY, limit=9)] == ["handler_failed"]


class TestConsent:
    """What the database knows of consent, beside what came along."""

    @pytest.fixture
    def strict(self, world: World) -> World:
        return World(consent="required", name="Strict")

    def test_events_that_rest_on_an_old_token_go_when_consent_was_taken_back(self, strict: World):
        edge = strict.edge()
        for device in ("d1", "d2"):
            edge.report("device", **strict.device(device, consent={"analytics": True}))
        edge.report("device", **strict.device("d1", consent={"analytics": False}, at=NOON + 1000))
        strict.load()
        agreed = {"consent_required": True, "device_consents": True}
        send(strict, track("after"), received=NOON + 2000, device_id="d1", **agreed)
        send(strict, track("before"), received=NOON + 500, device_id="d1", **agreed)
        send(strict, track("fine"), received=NOON + 2000, device_id="d2", **agreed)
        yes = {"consent": {"analytics": True}}
        send(strict, track("agreed anew", context=yes), received=NOON + 3000, device_id="d1", **agreed)
        strict.load()
        assert stored(strict) == ["agreed anew", "fine"]
        assert counts(strict) == (4, 2, 0, 2, 0)
        refused = [r for r in store.quarantine(strict.app.id, DAY, limit=9) if r.kind == "events"]
        assert {(item.reason, item.payload) for item in refused} == {("no_consent", "")}

    def test_who_refuses_profiling_later_is_not_profiled_from_then_on(self, world: World):
        """Predictions have the last word, also about events from before."""
        yes = {"consent": {"analytics": True, "profiling": True}}
        send(world, track("1", user="ann", context=yes), track("2", user="bob", context=yes), track("3", user="eve"))
        send(world, track("4", user="dan", anonymousId="d9"))
        edge = world.edge()
        no = {"analytics": True, "profiling": False}
        edge.report("device", **world.device("d1", consent=no, user="bob"))
        edge.report("device", **world.device("d9", consent=no))
        world.load()
        assert profiled(world) == {"ann", "eve"}

    def test_where_consent_is_required_an_unknown_profile_is_a_no(self, strict: World):
        edge = strict.edge()
        edge.report("device", **strict.device("d1", consent={"analytics": True, "profiling": True}))
        edge.report("device", **strict.device("d2", consent={"analytics": True}))
        agreed = {"consent_required": True, "device_consents": True}
        for device in ("d1", "d2", "d3"):
            send(strict, track(user=f"of {device}"), device_id=device, **agreed)
        strict.load()
        assert profiled(strict) == {"of d1"}

    def test_consent_said_with_events_changes_the_device(self, world: World):
        from analytics.models import Device

        edge = world.edge()
        edge.report("device", **world.device("d1", consent={"analytics": True, "marketing": True}))
        edge.report("consent", **world.stamp(NOON + 5), device="d1", consent={"analytics": True, "marketing": False})
        edge.report("consent", **world.stamp(NOON - 5), device="d1", consent={"analytics": False})
        world.load()
        consent = Device.objects.of(world.workspace).get(device_id="d1").consent
        assert consent == {"analytics": True, "marketing": False}


def test_hostile_properties_stop_nobody(world: World):
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    odd = [{"a": deep}, {"n": 1e308}, {"": ""}, {"a'b": "'); DROP TABLE events; --"}, {"x": "\u2028\ud7ff"}]
    send(world, *(track(f"e{number}", properties=each) for number, each in enumerate(odd)))
    world.load()
    assert len(stored(world)) == len(odd)
    assert stored(world, "json_valid(properties)") == [True] * len(odd)
