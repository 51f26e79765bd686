"""What the example host sends of itself, when the person said yes, and the messages that it shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.phones import CARD

pytestmark = pytest.mark.browser
THROWS = "setTimeout(() => { throw new TypeError('tickets is undefined') })"


def wait(phone, holds) -> None:
    """Until something holds that the page itself does not show."""
    for _ in range(200):
        if holds():
            return
        phone.page.wait_for_timeout(50)
    raise AssertionError("it did not come")


def names(edge) -> list[str]:
    return [event["event"] for event in edge.events()]


def test_without_an_answer_nothing_is_recorded_and_everything_works(phone, edge):
    edge.publish(CARD, 1, script=THROWS)
    phone.switch_on()
    expect(phone.page.locator("#consent")).to_be_visible()
    for name in ("analytics", "marketing", "profiling"):
        expect(phone.page.locator(f"#consent-{name}")).not_to_be_checked()  # nothing is ticked for the person
    phone.get()
    phone.shows("version 1")
    phone.home()
    phone.agrees("analytics")
    phone.check_in()
    assert edge.events() == []  # nor is what was before the yes sent after it
    assert "consent" not in edge.calls("POST /v1/devices")[0]


def test_opens_and_errors_travel_with_the_consent(phone, edge):
    edge.publish(CARD, 1, script=THROWS)
    phone.switch_on()
    phone.agrees("analytics", "profiling")
    report = edge.calls("POST /v1/devices")[-1]
    assert report["message_id"] != edge.calls("POST /v1/devices")[0]["message_id"]
    said = {"analytics": True, "marketing": False, "profiling": True, "policy_version": "2026-11"}
    assert said.items() <= report["consent"].items()
    phone.get()
    phone.shows("version 1")
    wait(phone, lambda: {"$open", "$error"} <= set(names(edge)))
    batch = edge.calls("POST /v1/batch")[0]
    assert batch["context"]["platform"] == "web"
    assert said.items() <= batch["context"]["consent"].items()
    error = next(event for event in edge.events() if event["event"] == "$error")
    assert "tickets is undefined" in error["properties"]["message"]
    assert error["context"]["mini_program"] == {"id": CARD, "version": 1}
    assert error["anonymousId"] == batch["context"]["device"]["id"]
    headers = next(headers for call, _, headers in edge.seen if call == "POST /v1/batch")
    assert headers["Authorization"].startswith("Device token-")


def test_a_page_keeps_its_mode_and_its_program_cannot_flood_the_queue(phone, edge):
    flood = "for (let n = 0; n < 200; n++) setTimeout(() => { throw new Error(`no ${n}`) })"
    edge.publish(CARD, 1, script=flood)
    phone.switch_on()
    phone.agrees("analytics")
    phone.get()
    phone.shows("version 1")
    assert phone.page.frames[-1].evaluate("document.compatMode") == "CSS1Compat"
    wait(phone, lambda: names(edge).count("$error") == 10)
    phone.check_in()
    assert names(edge).count("$error") == 10


def test_the_choice_is_asked_once_and_can_be_taken_back(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.agrees("analytics", "marketing", "profiling")
    phone.switch_on()
    expect(phone.page.locator("#consent")).to_be_hidden()
    phone.page.locator("#privacy").click()
    expect(phone.page.locator("#consent-marketing")).to_be_checked()
    phone.page.locator("#consent-none").click()
    phone.logged("consentTold")
    report = edge.calls("POST /v1/devices")[-1]["consent"]
    assert not any(report[name] for name in ("analytics", "marketing", "profiling"))
    sent = len(edge.events())
    phone.get()
    phone.shows("version 1")
    phone.home()
    phone.check_in()
    assert len(edge.events()) == sent


def test_events_wait_on_the_phone_while_there_is_no_edge(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.agrees("analytics")
    phone.get()
    phone.shows("version 1")
    wait(phone, lambda: names(edge) == ["$open"])
    phone.home()
    edge.stop()
    phone.get()
    phone.shows("version 1")
    phone.switch_on()  # closed and started again meanwhile
    edge.start_again()
    phone.check_in()
    wait(phone, lambda: names(edge) == ["$open", "$open"])
    assert len({event["messageId"] for event in edge.events()}) == 2


def test_a_busy_edge_gets_the_same_events_again_later(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.agrees("analytics")
    edge.fail("POST /v1/batch", status=503, headers={"Retry-After": "0"})
    phone.get()
    phone.shows("version 1")
    wait(phone, lambda: len(edge.events()) == 2)
    first, second = edge.events()
    assert first["messageId"] == second["messageId"]


def test_what_the_edge_can_never_read_does_not_block_the_rest(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.agrees("analytics")
    edge.fail("POST /v1/batch", status=400)
    phone.get()
    phone.shows("version 1")
    phone.logged("notTaken")
    phone.home()
    phone.get()
    wait(phone, lambda: len(edge.events()) == 2)
    first, second = edge.events()
    assert first["messageId"] != second["messageId"]


def test_a_message_comes_by_the_stream_once_and_its_fate_is_told(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.agrees("analytics")
    phone.logged("push_stream")
    edge.push("m1", "Your ferry waits", data={"program": CARD})
    banner = phone.page.locator("#banner")
    expect(banner).to_contain_text("Your ferry waits")
    wait(phone, lambda: edge.receipts() == [("m1", "arrived")])
    banner.locator(".text").click()
    phone.shows("version 1")
    wait(phone, lambda: ("m1", "opened") in edge.receipts())
    wait(phone, lambda: any(event["properties"]["from"] == "push" for event in edge.events()))
    phone.switch_on()
    phone.logged("push_stream")
    edge.push("m2", "Another one")
    expect(banner).to_contain_text("Another one")  # m1 did not come again before it
    banner.locator(".away").click()
    expect(banner).to_be_hidden()
    wait(phone, lambda: ("m2", "dismissed") in edge.receipts())
    assert edge.receipts().count(("m1", "arrived")) == 1


def test_after_a_break_the_stream_goes_on_where_it_was(phone, edge):
    phone.switch_on()
    phone.logged("push_stream")
    edge.push("m1")
    expect(phone.page.locator("#banner")).to_contain_text("Hello")
    edge.break_streams()
    edge.push("m2", "After the break")
    expect(phone.page.locator("#banner")).to_contain_text("After the break")
    wait(phone, lambda: len(edge.receipts()) == 2)
    again = [headers for call, _, headers in edge.seen if call == "GET /v1/stream"][-1]
    assert again["Last-Event-ID"] == "1000"


def test_the_same_copy_twice_is_one_message(phone, edge):
    phone.switch_on()
    phone.logged("push_stream")
    edge.push("m1", "Once")
    edge.push("m1", "Twice")  # the same id at another place, as after a batch in doubt
    edge.push("m2", "Last")
    expect(phone.page.locator("#banner")).to_contain_text("Last")
    wait(phone, lambda: edge.receipts() == [("m1", "arrived"), ("m2", "arrived")])


def test_where_no_stream_comes_through_the_phone_asks(phone, edge):
    for _ in range(6):
        edge.fail("GET /v1/stream", status=502)
    edge.push("m1", "By poll")
    phone.switch_on()
    expect(phone.page.locator("#banner")).to_contain_text("By poll")
    phone.logged("push_poll")
    wait(phone, lambda: edge.receipts() == [("m1", "arrived")])


def test_a_message_that_is_over_is_not_shown(phone, edge):
    edge.push("m1", "Too late", expires_at=1_000)
    edge.push("m2", "In time")
    phone.switch_on()
    expect(phone.page.locator("#banner")).to_contain_text("In time")
    wait(phone, lambda: len(edge.receipts()) == 2)
    phone.page.locator("#banner .away").click()
    expect(phone.page.locator("#banner")).to_be_hidden()
