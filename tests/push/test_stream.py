"""Streams: what waited, then what comes, in order; every way to end; and who may open one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from ferry.edge.app import EdgeApp
from push.inbox import reading
from push.stream import answer, poller, replay, tickets
from tests.edge.published import APP_KEY, NOW, Caller, Clock
from tests.push.phone import KEYS, changed, make_edge, open_stream, put, run, token
from tests.push.test_inbox import envelope
from tests.push.world import Harbour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def edge(harbour: Harbour, tmp_path: Path, clock: Clock) -> EdgeApp:
    return make_edge(harbour, tmp_path, clock=clock)


def messages(found: list[Any]) -> list[str]:
    return [event.body["title"] for event in found]


def test_first_what_waited_then_what_comes(edge: EdgeApp, harbour: Harbour):
    async def story() -> None:
        await put(envelope(harbour, "anna"), envelope(harbour, "ben"), envelope(harbour, "anna"))
        stream = await open_stream(edge, "anna")
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.headers["cache-control"] == "no-store"
        assert len(await stream.events(2)) == 2
        await put(envelope(harbour, "ben"), envelope(harbour, "anna"))
        got = await stream.events(3)
        assert messages(got) == ["anna"] * 3
        assert [event.id for event in got] == sorted({event.id for event in got})
        await stream.hang_up()
        await put(envelope(harbour, "anna"))
        again = await open_stream(edge, "anna", last_event_id=str(got[-1].id))
        assert len(await again.events(1)) == 1
        by_query = await open_stream(edge, "anna", query=f"since={got[1].id}")
        assert len(await by_query.events(2)) == 2
        await again.hang_up()
        await by_query.hang_up()

    run(edge, story)


def test_an_entry_that_replay_and_loop_both_bring_is_sent_once(edge: EdgeApp, harbour: Harbour):
    """The inbox is read while the loop already offers the same entries."""

    async def story() -> None:
        await put(envelope(harbour, "anna"))
        held, go_on = asyncio.Event(), asyncio.Event()
        real = replay.Replay.waiting

        async def late(self: replay.Replay, *about: Any) -> Any:
            held.set()
            await go_on.wait()
            return await real(self, *about)

        with changed(replay.Replay, waiting=late):
            opening = asyncio.ensure_future(open_stream(edge, "anna"))
            await held.wait()
            await put(envelope(harbour, "anna"), envelope(harbour, "anna"))
            watching = await _second(edge, harbour)
            go_on.set()
            stream = await opening
        await put(envelope(harbour, "anna"))
        got = await stream.events(4)
        assert len({event.id for event in got}) == len(got) == 4
        for each in (stream, watching):
            await each.hang_up()

    async def _second(edge: EdgeApp, harbour: Harbour) -> Any:
        """Another device's stream: once it has something, the loop has passed what was put before."""
        with changed(replay.Replay, waiting=_nothing):
            other = await open_stream(edge, "ben")
        await put(envelope(harbour, "ben"))
        await other.events(1)
        return other

    async def _nothing(self: replay.Replay, *about: Any) -> Any:
        return reading.Waiting([], False)

    run(edge, story)


def test_more_than_one_answer_holds_comes_in_several(edge: EdgeApp, harbour: Harbour):
    """Nothing new overtakes what still waits: the stream ends, and the next one goes on from there."""

    async def story() -> None:
        await put(*(envelope(harbour, "anna") for _ in range(5)))
        with changed(replay, AT_ONCE=2):
            got: list[int] = []
            for expected in (2, 2):
                stream = await open_stream(edge, "anna", last_event_id=str(got[-1]) if got else "")
                await stream.end()
                assert stream.text.startswith("retry: 1\n")
                assert len(stream.taken) == expected
                got += [event.id for event in stream.taken]
                await put(envelope(harbour, "anna"))
            last = await open_stream(edge, "anna", last_event_id=str(got[-1]))
            await last.end()
            got += [event.id for event in last.taken]
            rest = await open_stream(edge, "anna", last_event_id=str(got[-1]))
            got += [event.id for event in await rest.events(1)]
            assert got == sorted(set(got))
            assert len(got) == 7
            await rest.hang_up()

    run(edge, story)


def test_a_message_for_a_user_is_not_for_the_next_one_on_the_phone(edge: EdgeApp, harbour: Harbour):
    harbour.devices(1, prefix="phone", vendor=False, bound_user="anna")
    device = "phone00000"

    async def story() -> None:
        await put(envelope(harbour, device, user="anna"), envelope(harbour, device))
        hers = await open_stream(edge, device, user="anna")
        his = await open_stream(edge, device, user="ben")
        untold = await open_stream(edge, device)  # bound by the company's server: the token does not say
        assert [len(await stream.events(count)) for stream, count in ((hers, 2), (his, 1), (untold, 2))] == [2, 1, 2]
        await put(envelope(harbour, device, user="anna"), envelope(harbour, device))
        assert len(await hers.events(4)) == 4
        assert len(await untold.events(4)) == 4
        assert len(await his.events(2)) == 2
        for stream in (hers, his, untold):
            await stream.hang_up()
        polled = await _sync(edge, device, user="ben")
        assert len(polled["items"]) == 2

    run(edge, story)


async def _sync(edge: EdgeApp, device: str, *, user: str | None = None, since: str = "") -> Any:
    import httpx

    transport = httpx.ASGITransport(edge, client=("203.0.113.7", 4711))
    headers = {"x-app-key": APP_KEY, "authorization": f"Device {token(device, user)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
        answer = await client.get("/v1/sync", params={"since": since} if since else {}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_polling_brings_the_same_in_pieces(edge: EdgeApp, harbour: Harbour):
    async def story() -> None:
        await put(*(envelope(harbour, "anna") for _ in range(3)))
        with changed(replay, AT_ONCE=2):
            first = await _sync(edge, "anna")
            assert (len(first["items"]), first["more"], first["next_sync_after"]) == (2, True, 0)
            rest = await _sync(edge, "anna", since=first["cursor"])
        assert (len(rest["items"]), rest["more"]) == (1, False)
        assert rest["items"][0]["message"]["title"] == "anna"
        assert rest["items"][0]["cursor"] == rest["cursor"]
        empty = await _sync(edge, "anna", since=rest["cursor"])
        assert (empty["items"], empty["cursor"]) == ([], rest["cursor"])
        assert empty["next_sync_after"] > 0

    run(edge, story)


def test_a_hint_over_redis_saves_the_wait(harbour: Harbour, tmp_path: Path, settings: Any):
    """The loop would ask once in a minute here; the entry comes by the hint."""
    url = os.environ.get("REDIS_URL", "")
    if not url:
        pytest.skip("REDIS_URL is not set")
    settings.FERRY_REDIS_URL = url
    edge = make_edge(harbour, tmp_path, redis_url=url)

    async def story() -> None:
        with changed(poller, POLL_S=60.0):
            stream = await open_stream(edge, "anna")
            await put(envelope(harbour, "anna"))
            assert len(await stream.events(1)) == 1
            await stream.hang_up()

    run(edge, story)


class TestWhoMayOpen:
    def test_a_ticket_opens_for_a_minute_and_for_its_device(self, edge: EdgeApp, harbour: Harbour, clock: Clock):
        given = Caller(edge)("POST", "/v1/stream/ticket", authorization=f"Device {token('anna')}")
        assert given.status_code == 200
        assert given.json()["expires_in"] == 60
        ticket = given.json()["ticket"]
        assert APP_KEY not in ticket

        async def story() -> None:
            await put(envelope(harbour, "anna"), envelope(harbour, "ben"))
            stream = await open_stream(edge, query=f"ticket={ticket}", origin="https://shop.example")
            assert messages(await stream.events(1)) == ["anna"]
            assert stream.headers["access-control-allow-origin"] == "https://shop.example"
            await stream.hang_up()
            clock.now += 61
            late = await open_stream(edge, query=f"ticket={ticket}")
            assert late.status == 401
            assert late.json()["error"]["code"] == "stream_ticket_invalid"

        run(edge, story)

    def test_a_ticket_is_made_without_a_query(self, edge: EdgeApp, django_assert_num_queries: Any):
        with django_assert_num_queries(0):
            assert Caller(edge)("POST", "/v1/stream/ticket", authorization=f"Device {token('a')}").status_code == 200
        assert Caller(edge)("POST", "/v1/stream/ticket").json()["error"]["code"] == "device_token_missing"

    @pytest.mark.parametrize(
        "ticket",
        ["x", "x.y", "é", "W10.W10", "." * 2000, "eyJhIjoxfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    )
    def test_nonsense_is_no_ticket(self, edge: EdgeApp, ticket: str):
        async def story() -> None:
            assert (await open_stream(edge, query=f"ticket={ticket}")).status == 401

        run(edge, story)

    def test_a_ticket_of_another_app_or_a_changed_one_opens_nothing(self, edge: EdgeApp, harbour: Harbour):
        from ferry.edge.tokens import DeviceKeys, DeviceToken

        anna = DeviceToken("anna", 0)
        foreign = tickets.issue(DeviceKeys(b"x" * 32, "fa_other"), harbour.app.pk, anna, now=NOW)
        elsewhere = tickets.issue(KEYS, "01another00000000000000app", anna, now=NOW)
        good = tickets.issue(KEYS, harbour.app.pk, anna, now=NOW)
        head, _, tail = good.partition(".")
        bens = tickets.issue(KEYS, harbour.app.pk, DeviceToken("ben", 0), now=NOW).partition(".")[0]
        as_token = KEYS.issue(anna)

        async def story() -> None:
            for ticket in (foreign, elsewhere, f"{bens}.{tail}", f"{head}.{tail[:-2]}AA", as_token):
                assert (await open_stream(edge, query=f"ticket={ticket}")).status == 401
            asked = await open_stream(edge, x_app_key=APP_KEY, authorization=f"Device {good}")
            assert asked.status == 401  # nor is a ticket a token

        run(edge, story)

    def test_without_a_token_or_with_nonsense_there_is_no_stream(self, edge: EdgeApp):
        async def story() -> None:
            assert (await open_stream(edge)).status == 401
            assert (await open_stream(edge, x_app_key=APP_KEY)).status == 401
            for wrong in ("-1", "1e5", "9" * 30, "٣", "1 OR 1=1"):
                refused = await open_stream(edge, "anna", query=f"since={wrong}")
                assert (refused.status, refused.json()["error"]["code"]) == (400, "invalid"), wrong
            assert (await open_stream(edge, "anna", query="&".join("a=1" for _ in range(50)))).status == 400
            assert (await open_stream(edge, "anna", method="PUT")).status == 405
            assert (await open_stream(edge, "anna", path="/v1/streams")).status == 404
            assert (await open_stream(edge, "anna", path="/v1/stream/ticket")).status == 404
            with_slash = await open_stream(edge, "anna", path="/v1/stream/")
            assert with_slash.status == 200
            await with_slash.hang_up()

        run(edge, story)

    def test_an_app_that_is_switched_off_gives_no_streams(self, harbour: Harbour, tmp_path: Path, clock: Clock):
        edge = make_edge(harbour, tmp_path, clock=clock, active=False)
        from ferry.edge.tokens import DeviceToken

        ticket = tickets.issue(KEYS, harbour.app.pk, DeviceToken("anna", 0), now=NOW)

        async def story() -> None:
            assert (await open_stream(edge, query=f"ticket={ticket}")).status == 401
            assert (await open_stream(edge, "anna")).status == 401

        run(edge, story)


class TestLimits:
    def test_a_full_process_sends_devices_elsewhere(self, harbour: Harbour, tmp_path: Path, settings: Any):
        settings.FERRY_STREAMS = 2
        edge = make_edge(harbour, tmp_path)

        async def story() -> None:
            first, second = await open_stream(edge, "anna"), await open_stream(edge, "ben")
            full = await open_stream(edge, "cleo")
            assert (full.status, full.json()["error"]["code"]) == (503, "streams_full")
            assert int(full.headers["retry-after"]) > 0
            await first.hang_up()
            third = await open_stream(edge, "cleo")
            assert third.status == 200
            await second.hang_up()
            await third.hang_up()

        run(edge, story)

    def test_a_fifth_tab_ends_the_first(self, edge: EdgeApp, harbour: Harbour):
        async def story() -> None:
            tabs = [await open_stream(edge, "anna") for _ in range(5)]
            await tabs[0].end()
            assert tabs[0].ended
            assert not tabs[0].aborted
            await put(envelope(harbour, "anna"))
            for tab in tabs[1:]:
                assert len(await tab.events(1)) == 1
                await tab.hang_up()

        run(edge, story)

    def test_a_reader_that_reads_nothing_is_dropped(self, edge: EdgeApp, harbour: Harbour):
        async def story() -> None:
            with changed(answer, SEND_S=0.05):
                stream = await open_stream(edge, "anna")
                await put(envelope(harbour, "anna"))
                await stream.events(1)
                stream.reads = False
                await put(envelope(harbour, "anna"))
                await stream.end()
                assert stream.aborted
            again = await open_stream(edge, "anna", last_event_id=str(stream.taken[0].id))
            assert len(await again.events(1)) == 1
            await again.hang_up()

        run(edge, story)

    def test_a_reader_that_is_too_slow_for_what_comes_loses_its_stream_and_no_message(
        self, edge: EdgeApp, harbour: Harbour
    ):
        from push.stream import hub

        async def story() -> None:
            with changed(hub, MOST_WAITING=3):
                stream = await open_stream(edge, "anna")
                stream.reads = False
                await put(*(envelope(harbour, "anna") for _ in range(10)))
                watching = await open_stream(edge, "ben")
                await put(envelope(harbour, "ben"))
                await watching.events(1)  # so the loop has offered the ten
                stream.reads = True
                stream._gone.clear()
                await stream.end()
                assert stream.aborted
            cursor = str(stream.taken[-1].id) if stream.taken else ""
            again = await open_stream(edge, "anna", last_event_id=cursor)
            got = stream.taken + await again.events(10 - len(stream.taken))
            assert len({event.id for event in got}) == 10
            await again.hang_up()
            await watching.hang_up()

        run(edge, story)


class TestEnds:
    def test_a_process_that_ends_closes_its_streams(self, edge: EdgeApp, harbour: Harbour):
        async def story() -> None:
            streams = [await open_stream(edge, device) for device in ("anna", "ben")]
            edge.drain()
            for stream in streams:
                await stream.end()
                assert stream.ended
                assert not stream.aborted
            assert (await open_stream(edge, "anna")).status == 503

        run(edge, story)

    def test_silence_is_broken_by_a_comment(self, edge: EdgeApp):
        async def story() -> None:
            with changed(answer, KEEP_ALIVE_S=0.01):
                stream = await open_stream(edge, "anna")
                await stream.until(lambda: stream.text.count(":\n\n") > 2)
                await stream.hang_up()

        run(edge, story)

    def test_no_stream_lives_for_ever(self, edge: EdgeApp):
        async def story() -> None:
            with changed(answer, LONGEST_S=0.05, KEEP_ALIVE_S=0.01):
                stream = await open_stream(edge, "anna")
                await stream.end()
                assert stream.ended

        run(edge, story)

    def test_while_the_database_is_away_there_is_a_clear_answer(self, edge: EdgeApp, monkeypatch: Any):
        def away(**about: Any) -> Any:
            raise ConnectionError("the database is away")

        async def story() -> None:
            with monkeypatch.context() as patch:
                patch.setattr(reading, "waiting", away)
                refused = await open_stream(edge, "anna")
            assert (refused.status, refused.json()["error"]["code"]) == (503, "inbox_unavailable")
            stream = await open_stream(edge, "anna")
            assert stream.status == 200
            await stream.hang_up()

        run(edge, story)

    def test_a_start_without_a_database_gives_streams_once_it_is_back(
        self, harbour: Harbour, tmp_path: Path, monkeypatch: Any
    ):
        edge = make_edge(harbour, tmp_path)
        real, away = reading.latest, asyncio.Event()

        def latest() -> int:
            if not away.is_set():
                raise ConnectionError("the database is away")
            return real()

        monkeypatch.setattr(reading, "latest", latest)

        async def story() -> None:
            assert (await open_stream(edge, "anna")).status == 503
            away.set()
            stream = await open_stream(edge, "anna")
            while stream.status == 503:
                await asyncio.sleep(0.05)  # until the loop's next try; nothing tells when
                stream = await open_stream(edge, "anna")
            assert stream.status == 200
            await stream.hang_up()

        run(edge, story)
