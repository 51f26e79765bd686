"""Every event is judged by itself: what is stored of it, and why some are not."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.events import intake, records, wire
from analytics.events.clocks import DAY_MS, MOST_AGE_MS
from analytics.events.intake import Intake
from analytics.events.judging import Judge, Sender
from analytics.events.reasons import MESSAGES, Reason
from analytics.events.records import EventsRecord
from ferry.journal.frames import MAX_RECORD
from tests.analytics.events.sending import batch, iso, judged, rows, track
from tests.journal.world import HOUR, NOON

YEAR = 365 * DAY_MS


def reasons(taken: Intake) -> dict[int, str]:
    return {each.index: str(each.reason) for each in taken.rejected}


def test_an_event_becomes_a_row():
    context = {
        "app": {"name": "Harbour", "version": "6.3.0"},
        "os": {"name": "Android", "version": "14"},
        "mini_program": {"id": "2018080616290001", "version": 13},
        "session_id": "s1",
        "consent": {"analytics": True, "profiling": True},
        "library": {"name": "analytics-python"},
    }
    (row,) = rows(judged(track("Paid", messageId="m1", context=context, properties={"sum": 3})))
    assert msgspec.to_builtins(row) == {
        "type": "track",
        "event": "Paid",
        "message_id": "m1",
        "ts": NOON,
        "original_ts": NOON,
        "user_id": "ann",
        "mini_program": "2018080616290001",
        "version_code": 13,
        "platform": "android",
        "os": "14",
        "host_version": "6.3.0",
        "session": "s1",
        "properties": '{"sum": 3}',
        "profiling": True,
    }


def test_each_kind_of_call_has_its_name_and_its_content():
    calls = [
        {"type": "page", "userId": "a", "name": "Home", "properties": {"path": "/"}},
        {"type": "screen", "userId": "a"},
        {"type": "identify", "userId": "a", "traits": {"tier": "gold"}, "properties": {"not": "this"}},
        {"type": "group", "userId": "a", "groupId": "g", "traits": None},
        {"type": "alias", "userId": "a", "previousId": "b"},
    ]
    assert [(row.event, row.properties) for row in rows(judged(*calls))] == [
        ("Home", '{"path": "/"}'),
        ("$screen", ""),
        ("$identify", '{"tier": "gold"}'),
        ("$group", ""),
        ("$alias", '{"previousId":"b"}'),
    ]


def test_a_batchs_context_holds_for_events_that_do_not_say_otherwise():
    body = batch(
        track(context={"app": {"version": "7.0.0"}}),
        track(),
        context={"app": {"version": "6.0.0"}, "platform": "ios", "mini_program": {"id": "card", "version": "4"}},
    )
    one, two = rows(intake.take_batch(body, Sender(NOON)))
    assert (one.host_version, two.host_version) == ("7.0.0", "6.0.0")
    assert {row.platform for row in (one, two)} == {"ios"}
    assert {(row.mini_program, row.version_code) for row in (one, two)} == {("card", 4)}


def test_properties_may_name_the_program_where_an_sdk_has_no_context():
    said = {"$mini_program": "card", "$version_code": 3, "$session_id": 9}
    wrong = {"$mini_program": ["no"], "$version_code": "x"}
    one, two = rows(judged(track(properties=said), track(properties=wrong)))
    assert (one.mini_program, one.version_code, one.session) == ("card", 3, "9")
    assert (two.mini_program, two.version_code) == ("", None)


def test_one_wrong_event_spoils_no_other():
    taken = judged(
        track("first"),
        "no event at all",
        track(event=5),
        track(context={"app": "6.0"}),
        track(type="purchase"),
        track(event=""),
        track(event=None),
        track(user=None),
        track(timestamp="yesterday"),
        track(timestamp=12345),
        track(properties=[1, 2]),
        track(properties={"text": "x" * 40_000}),
        track(properties={"text": "a\0b"}),
        track(event="x" * 201),
        track("last"),
    )
    assert [row.event for row in rows(taken)] == ["first", "last"]
    assert reasons(taken) == {
        1: "wrong_type", 2: "wrong_type", 3: "wrong_type", 4: "unknown_type", 5: "no_name", 6: "no_name",
        7: "no_identity", 8: "time_invalid", 9: "wrong_type", 10: "wrong_type", 11: "event_too_large",
        12: "nul_character", 13: "wrong_type",
    }  # fmt: skip
    kept = taken.refusals()
    assert sum(refusal.n for refusal in kept) == 13
    assert all(refusal.payload for refusal in kept)
    assert max(len(refusal.payload or "") for refusal in kept) <= intake.KEPT_OF_REFUSED
    told = taken.rejected[1].body()
    assert (
        told["message"] == "A field has the wrong type or is too long: Expected `str | null`, got `int` - at `$.event`"
    )


class TestClocks:
    """received − (sentAt − timestamp), within reason."""

    def ts(self, at: int, *, sent: int | None) -> int | str:
        taken = judged(track(at=at), received=NOON, sent=sent)
        return rows(taken)[0].ts if rows(taken) else str(taken.rejected[0].reason)

    def test_a_clock_that_is_years_off_but_runs_evenly_is_corrected(self):
        assert self.ts(NOON - 20 * YEAR - HOUR, sent=NOON - 20 * YEAR) == NOON - HOUR
        assert self.ts(NOON + 20 * YEAR - HOUR, sent=NOON + 20 * YEAR) == NOON - HOUR

    def test_an_hour_in_a_queue_is_an_hour_in_the_past(self):
        assert self.ts(NOON - 2 * HOUR, sent=NOON - HOUR) == NOON - HOUR

    def test_nothing_happens_after_it_was_received(self):
        assert self.ts(NOON + HOUR, sent=None) == NOON
        assert self.ts(NOON + HOUR, sent=NOON) == NOON

    @pytest.mark.parametrize("sent", [None, NOON])
    def test_a_clock_years_away_is_refused(self, sent: int | None):
        assert self.ts(NOON + 2 * YEAR, sent=sent) == "clock_ahead"
        assert self.ts(NOON - 2 * YEAR, sent=sent) == "clock_behind"
        assert self.ts(NOON - MOST_AGE_MS, sent=sent) == NOON - MOST_AGE_MS

    def test_without_a_time_it_happened_when_it_came(self):
        (row,) = rows(judged(track(timestamp=None)))
        assert (row.ts, row.original_ts) == (NOON, 0)

    @pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01", "", " "])
    def test_odd_times_are_refused_or_taken_as_none(self, text: str):
        taken = judged(track(timestamp=text), track(sentAt=text))
        assert len(rows(taken)) + len(taken.rejected) == 2


class TestConsent:
    """Rule 13: it travels with the data."""

    def test_where_it_is_required_silence_is_a_no(self):
        taken = judged(track(), consent_required=True)
        assert reasons(taken) == {0: "no_consent"}
        assert [msgspec.to_builtins(each) for each in taken.refusals()] == [{"reason": "no_consent"}]

    def test_a_no_is_a_no_everywhere_and_nothing_of_the_event_is_kept(self):
        no = {"consent": {"analytics": False, "marketing": True}}
        taken = judged(track("secret", context=no), track(context=no), track("fine"))
        assert [row.event for row in rows(taken)] == ["fine"]
        lines = records.pack("0" * 26, at=NOON, seq=1, groups=taken.groups, refused=taken.refusals())
        assert b"secret" not in b"".join(lines)
        assert records.measure(lines[0]).events == 3  # type: ignore[union-attr]

    def test_profiling_goes_along(self):
        yes, no = ({"consent": {"analytics": True, "profiling": flag}} for flag in (True, False))
        taken = judged(track(context=yes), track(context=no), track())
        assert [row.profiling for row in rows(taken)] == [True, False, None]

    def test_a_device_token_that_says_yes_is_enough(self):
        (row,) = rows(judged(track(), consent_required=True, device_id="d1", device_consents=True))
        assert (row.device_id, row.profiling) == ("d1", None)


def test_a_batch_without_message_ids_is_the_same_again_when_its_bytes_are():
    events = [track(messageId=None), track(messageId="")]
    body = batch(*events)
    one, again = (rows(intake.take_batch(body, Sender(NOON + at))) for at in (0, 5))
    assert [row.message_id for row in one] == [row.message_id for row in again]
    assert len({row.message_id for row in one}) == 2
    other = rows(intake.take_batch(batch(*events, sent=NOON), Sender(NOON)))
    assert not {row.message_id for row in one} & {row.message_id for row in other}


def test_more_events_than_a_batch_may_hold():
    body = batch(*({"type": "track", "event": "e", "userId": "u"} for _ in range(2_600)))
    taken = intake.take_batch(body, Sender(NOON))
    assert (len(rows(taken)), taken.unread) == (2_500, 100)
    assert [(each.reason, each.n) for each in taken.refusals()] == [("too_many_events", 100)]


def test_a_request_always_fits_the_journal():
    """Quotes double when JSON is put into JSON, and an event in a session of its own is a group of its own."""
    nasty = {"k": '"' * 15_000}
    small = [f'{{"type":"page","userId":"u","context":{{"session_id":{number}}}}}' for number in range(2_400)]
    large = [json.dumps(track(properties=nasty)) for _ in range(12)]
    body = f'{{"batch":[{",".join([*large, *small])}]}}'.encode()
    assert len(body) <= wire.MAX_BODY_BYTES
    taken = intake.take_batch(body, Sender(NOON))
    lines = records.pack("0" * 26, at=NOON, seq=1, groups=taken.groups, refused=taken.refusals())
    assert len(lines) > 1
    assert all(len(line) <= MAX_RECORD and b"\n" not in line for line in lines)
    assert sum(records.measure(line).events for line in lines) == 2_412  # type: ignore[union-attr]
    kept = [row for line in lines for row in records.rows(msgspec.json.decode(line, type=EventsRecord).groups)]
    assert kept == rows(taken)


def test_pretty_printed_json_stays_one_line():
    body = json.dumps({"batch": [track(properties={"a": [1, {"b": 2}]})]}, indent=2).encode()
    taken = intake.take_batch(body, Sender(NOON))
    (line,) = records.pack("0" * 26, at=NOON, seq=1, groups=taken.groups, refused=[])
    assert b"\n" not in line


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"batch":5}', b'{"batch":' + b"[" * 5000, b"\xff\xfe", b"null"])
def test_what_is_no_batch_is_refused_as_a_whole(body: bytes):
    with pytest.raises(wire.UNREADABLE):
        intake.take_batch(body, Sender(NOON))


@pytest.mark.parametrize("body", [b"{}", b'{"batch":null}', b'{"batch":{}}', b'{"sentAt":5}', b'{"batch":[{}]} {}'])
def test_an_object_without_a_batch_is_none(body: bytes):
    with pytest.raises(wire.UNREADABLE):
        intake.take_batch(body, Sender(NOON))


DEEP = "too_deep unknown_type"  # how deep is too deep differs between Pythons; one that can be read names no type
GOOD = b'{"type":"track","event":"good","userId":"ann"}'


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b'{"event":"\xff"}', "wrong_type"),
        (b'{"type":"track","event":"\\ud800","userId":"a"}', "not_json"),
        (b'{"type":"track","event":"a","userId":NaN}', "not_json"),
        (b'{"event":"a","properties":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", DEEP),
        (b'{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", DEEP),
        (b'{"event":"a, {[\\"","userId":[1,{"b":[2]}]}', "wrong_type"),
        (b"nonsense", "not_json"),
        (b"", "not_json"),
    ],
)
def test_an_event_that_is_no_json_or_too_deep_spoils_no_other(event: bytes, reason: str):
    body = b'{"sentAt": "%b", "batch": [%b, %b,%b] , "writeKey":"k"}' % (iso(NOON).encode(), GOOD, event, GOOD)
    taken = intake.take_batch(body, Sender(NOON))
    assert [row.event for row in rows(taken)] == ["good", "good"]
    assert {row.sent_at for row in rows(taken)} == {NOON}
    assert reasons(taken).keys() == {1}
    assert reasons(taken)[1] in reason.split()
    assert intake.write_key(body) == "k"


class TestTheHeadOfABatch:
    """What is wrong with it is wrong with the events that rest on it, and with no other."""

    @pytest.mark.parametrize("sent_at", [5, True, [], {"a": 1}, "x" * 65])
    def test_a_wrong_sent_at(self, sent_at: Any):
        own = track("own", sentAt=iso(NOON))
        taken = intake.take_batch(json.dumps({"batch": [track(), own], "sentAt": sent_at}).encode(), Sender(NOON))
        assert [row.event for row in rows(taken)] == ["own"]
        (refused,) = taken.rejected
        assert (refused.index, refused.reason) == (0, Reason.WRONG_TYPE)
        assert "sentAt" in refused.detail

    @pytest.mark.parametrize("context", [5, "x", [], {"consent": 1}, {"app": []}, {"consent": {"analytics": "no"}}])
    def test_a_wrong_context_stores_nothing_that_it_may_forbid(self, context: Any):
        taken = intake.take_batch(json.dumps({"batch": [track(), track()], "context": context}).encode(), Sender(NOON))
        assert rows(taken) == []
        assert [each.reason for each in taken.rejected] == [Reason.WRONG_TYPE] * 2
        assert all("context" in each.detail for each in taken.rejected)

    @pytest.mark.parametrize("key", [5, None, {}, "x" * 300])
    def test_a_wrong_write_key_beside_a_right_one_in_the_header(self, key: Any):
        body = json.dumps({"batch": [track()], "writeKey": key}).encode()
        assert intake.take_batch(body, Sender(NOON)).stored == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    ["type", "messageId", "userId", "anonymousId", "event", "name", "timestamp", "sentAt", "context", "properties",
     "traits", "previousId"]
)  # fmt: skip


@given(st.lists(json_values | st.dictionaries(fields, json_values), max_size=5), json_values)
def test_whatever_comes_every_event_is_stored_or_refused(events: list[Any], context: Any):
    """And what is stored is JSON to DuckDB too: the loader and the reports parse it without a second look."""
    text = json.dumps({"batch": [track("good"), *events], "context": context if isinstance(context, dict) else None})
    taken = intake.take_batch(text.encode(), Sender(NOON))
    assert len(rows(taken)) + sum(each.n for each in taken.refusals()) == len(events) + 1
    for line in records.pack("0" * 26, at=NOON, seq=1, groups=taken.groups, refused=taken.refusals()):
        assert b"\n" not in line
    with duckdb.connect() as connection:
        for row in rows(taken):
            if row.properties:
                assert connection.execute("SELECT json_valid($1)", [row.properties]).fetchone() == (True,)


odd = st.sampled_from(
    [None, "", " ", "x", 5, 2.5, {}, {"a": 1}, [], iso(NOON), iso(NOON - HOUR), "2026-09-21T14:00:00"]
)
contexts = st.sampled_from(
    [{}, None, {"platform": "ios"}, {"mini_program": {"id": "card", "version": 3}}, {"device": {"id": 7}}, {"app": 5},
     {"mini_program": {"id": "card"}, "consent": {"analytics": True, "profiling": True}}, {"consent": {}}]
)  # fmt: skip
PLAIN = {"context": {"mini_program": {"id": "card", "version": 1}}, "properties": {"sum": 3}}


@given(
    st.lists(st.dictionaries(fields.filter(lambda name: name != "context"), odd, max_size=2), min_size=1, max_size=4),
    st.lists(contexts, min_size=4, max_size=4),
    st.sampled_from([None, NOON, NOON - HOUR, NOON + HOUR]),
    st.booleans(),
)
def test_the_quick_way_says_what_the_careful_one_says(
    changes: list[dict[str, Any]], places: list[Any], sent: int | None, required: bool
):
    """Ordinary batches are read in one go; put beside a wrong event they are judged one by one, to the same rows."""
    events = [track(**PLAIN) | {"context": place} | change for change, place in zip(changes, places, strict=False)]
    sender = Sender(NOON, required, "d1" if required else "", "", required)
    quick = intake.take_batch(batch(*events, sent=sent), sender)
    careful = intake.take_batch(batch(*events, 5, sent=sent), sender)
    dressed = [row for row in rows(careful) if not row.message_id.startswith("body-")]
    assert [row for row in rows(quick) if not row.message_id.startswith("body-")] == dressed
    assert reasons(quick) == {index: why for index, why in reasons(careful).items() if index < len(events)}
    assert quick.consent == careful.consent


def test_an_ordinary_batch_goes_the_quick_way(monkeypatch: pytest.MonkeyPatch):
    def careful(*_: Any) -> None:
        raise AssertionError("one by one")

    monkeypatch.setattr(Judge, "row", careful)
    assert judged(track(**PLAIN), track(**PLAIN), sent=NOON).stored == 2


def test_the_last_consent_of_a_batch_holds_the_quick_way_too():
    def said(marketing: bool) -> dict[str, Any]:
        consent = {"analytics": True, "marketing": marketing}
        return PLAIN | {"context": {"mini_program": {"id": "card", "version": 1}, "consent": consent}}

    for order in ((True, False, True), (False, True, False), (True, False, False)):
        taken = judged(*(track(**said(marketing)) for marketing in order), track(**PLAIN), sent=NOON)
        assert taken.consent is not None
        assert taken.consent.marketing == order[-1]


def test_every_reason_has_a_sentence():
    assert set(MESSAGES) == set(Reason)
    assert iso(0).startswith("1970")
