"""The host's rules around a mini-program: terms, privacy, trials, links, release notes, categories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.phones import CARD, Phone
from tests.browser.surrounded import SurroundedEdge

pytestmark = pytest.mark.browser

TOKEN = "0123456789abcdefghjkmnpqrstvwxyz"
PAGES = {
    "index.html": b"<!doctype html><meta charset=utf-8><h1>start</h1>",
    "pages/order.html": b"<!doctype html><meta charset=utf-8><h1>order</h1><p></p><script>"
    b"document.querySelector('p').textContent = new URLSearchParams(location.search).get('for')</script>",
}
PRIVACY = {
    "version": 1,
    "text": {"en": "We keep your tickets.", "zh-Hans": "我们保存您的车票。"},
    "url": {"en": "https://harbour.example.com/privacy"},
}


@pytest.fixture
def edge() -> Iterator[SurroundedEdge]:
    with SurroundedEdge() as running:
        yield running


def visit(phone: Phone, query: str) -> None:
    """The app is opened by a link."""
    phone.page.goto(f"{phone.url}/?{query}")
    phone.page.locator("body[data-ready=yes]").wait_for()


def told(edge: SurroundedEdge) -> list[dict]:
    return edge.calls("POST /v1/privacy/accept")


def test_an_agreement_is_shown_once_for_each_version_and_told(phone, edge):
    edge.publish(CARD, 1)
    edge.say(CARD, 1, 1, privacy=PRIVACY)
    phone.switch_on()
    phone.page.locator(f"[data-program='{CARD}']").click()
    expect(phone.page.locator("#agreement")).to_be_visible()
    expect(phone.page.locator("#agreement-text")).to_have_text("We keep your tickets.")
    expect(phone.page.locator("#agreement-link")).to_have_attribute("href", "https://harbour.example.com/privacy")
    assert phone.page.locator("#stage iframe").count() == 0, "nothing runs before the answer"
    phone.page.locator("#agree").click()
    phone.shows("version 1")
    phone.logged("privacyTold")
    assert told(edge) == [{"program": CARD, "version": 1}]
    phone.home()
    phone.get()
    phone.shows("version 1")
    expect(phone.page.locator("#agreement")).to_be_hidden()
    edge.say(CARD, 1, 2, privacy=PRIVACY | {"version": 2, "text": {"en": "Two years."}})
    phone.home()
    phone.check_in()
    phone.page.locator(f"[data-program='{CARD}']").click()
    expect(phone.page.locator("#agreement-text")).to_have_text("Two years.")
    phone.page.locator("#agree").click()
    phone.shows("version 1")
    phone.page.wait_for_function("() => document.querySelectorAll('#log li[data-what=privacyTold]').length === 2")
    assert told(edge)[-1] == {"program": CARD, "version": 2}


def test_whoever_does_not_agree_does_not_get_in_and_is_asked_again(phone, edge):
    edge.publish(CARD, 1)
    edge.say(CARD, 1, 1, privacy=PRIVACY)
    phone.switch_on()
    phone.page.locator(f"[data-program='{CARD}']").click()
    phone.page.locator("#disagree").click()
    expect(phone.page.locator("#home")).to_be_visible()
    assert told(edge) == []
    phone.page.locator(f"[data-program='{CARD}']").click()
    expect(phone.page.locator("#agreement")).to_be_visible()


def test_an_acceptance_without_a_network_waits_until_there_is_one(phone, edge):
    edge.publish(CARD, 1)
    edge.say(CARD, 1, 1, privacy=PRIVACY)
    phone.switch_on()
    phone.page.locator(f"[data-program='{CARD}']").click()
    expect(phone.page.locator("#agreement")).to_be_visible()
    edge.stop()
    phone.page.locator("#agree").click()
    phone.shows("version 1")
    edge.start_again()
    phone.switch_on()
    phone.logged("privacyTold")
    assert told(edge) == [{"program": CARD, "version": 1}]


@pytest.mark.parametrize("wrong", ["program", "serial", "signature"])
def test_terms_that_the_platform_did_not_sign_for_this_version_stop_the_update(phone, edge, wrong):
    edge.publish(CARD, 1)
    edge.say(CARD, 1, 1, privacy=PRIVACY)
    entry = edge.said[CARD, 1]
    if wrong == "program":
        edge.say("other", 1, 1, privacy=PRIVACY)
        entry["terms_signature"] = edge.said["other", 1]["terms_signature"]
    elif wrong == "serial":
        entry["terms"]["serial"] = 9
    else:
        entry["terms_signature"]["value"] = "MEUCIQ=="
    phone.switch_on()
    phone.page.locator(f"[data-program='{CARD}']").click()
    phone.logged("refusedPackage")
    assert phone.packages() == 0


def test_older_terms_of_the_same_version_are_refused(phone, edge):
    edge.publish(CARD, 1)
    edge.say(CARD, 1, 5)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    old = dict(edge.said[CARD, 1])
    edge.say(CARD, 1, 4, privacy=PRIVACY)
    edge.said[CARD, 1] = edge.said[CARD, 1] | {"terms": edge.said[CARD, 1]["terms"]}
    edge.faults["POST /v1/checkin"].clear()
    answered = edge._check_in

    def replayed(body):
        answer = answered(body)
        return answer if "unchanged" in answer else answer | {"terms": [edge.said[CARD, 1]]}

    edge._check_in = replayed
    phone.home()
    phone.check_in()
    phone.logged("refusedPackage")
    phone.get()
    phone.shows("version 1")
    assert old["terms"]["serial"] == 5
    expect(phone.page.locator("#agreement")).to_be_hidden()


def test_a_link_takes_the_phone_into_a_trial_until_it_is_over(phone, edge):
    edge.publish(CARD, 1)
    edge.put_on_trial(TOKEN, CARD, 2)
    visit(phone, f"program={CARD}&trial={TOKEN}")
    phone.shows("version 2")
    assert TOKEN not in phone.page.url
    assert edge.calls("POST /v1/checkin")[-1]["trials"] == [TOKEN]
    edge.trials.clear()
    edge.version += 1
    phone.home()
    phone.check_in()
    phone.logged("trialOver")
    phone.logged("wentBack")
    phone.get()
    phone.shows("version 1")
    phone.home()
    phone.check_in()
    assert "trials" not in edge.calls("POST /v1/checkin")[-1]


def test_a_link_opens_a_page_with_its_query(phone, edge):
    edge.publish(CARD, 1, files=PAGES)
    visit(phone, f"program={CARD}&path=pages%2Forder.html&query=for%3D%E8%88%B9%26x%3D1")
    phone.shows("order")
    expect(phone.program.locator("p")).to_have_text("船")


@pytest.mark.parametrize("path", ["pages/none.html", "../index.html", "https:%2F%2Fevil.example", "//evil.example"])
def test_a_page_that_the_package_does_not_have_opens_the_start(phone, edge, path):
    edge.publish(CARD, 1, files=PAGES)
    visit(phone, f"program={CARD}&path={path}")
    phone.shows("start")


def test_a_scanned_short_link_is_resolved_by_the_edge(phone, edge):
    edge.publish(CARD, 1, files=PAGES)
    edge.links["1abcdefgh"] = {"id": CARD, "path": "pages/order.html", "query": "for=me", "link": "1abcdefgh"}
    phone.switch_on()
    for text, what in (("not a link", "notALink"), ("https://edge.example/l/1zzzzzzzz", "noSuchLink")):
        phone.page.locator("#scanned").fill(text)
        phone.page.locator("#scan button").click()
        phone.logged(what)
    phone.page.locator("#scanned").fill("https://edge.example/l/1abcdefgh")
    phone.page.locator("#scan button").click()
    phone.shows("order")
    expect(phone.program.locator("p")).to_have_text("me")


def test_what_is_new_is_told_once_when_an_update_opens(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    expect(phone.page.locator("#news")).to_be_hidden()
    phone.home()
    edge.publish(CARD, 2)
    edge.offers[CARD]["notes"] = "Night boats.\n<b>More</b> piers."
    phone.check_in()
    phone.logged("installed")
    phone.get()
    phone.shows("version 2")
    expect(phone.page.locator("#news-text")).to_have_text("Night boats.\n<b>More</b> piers.")
    phone.page.locator("#news-close").click()
    phone.home()
    phone.get()
    phone.shows("version 2")
    expect(phone.page.locator("#news")).to_be_hidden()


def test_the_home_grid_has_the_shelves_of_the_platform(phone, edge):
    edge.shelves = [
        {"id": "travel", "name": {"en": "Travel", "zh-Hans": "出行"}},
        {"id": "food", "name": {"en": "Food"}},
    ]
    for program, category in (("ferry", "travel"), ("bus", "travel"), ("noodles", "food"), ("misc", "")):
        edge.publish(program, 1)
        edge.places[program] = category
    phone.switch_on()
    expect(phone.page.locator("#grid .shelf")).to_have_text(["Travel", "Food"])
    phone.page.locator("#language").click()
    expect(phone.page.locator("#grid .shelf")).to_have_text(["出行", "Food"])


def test_a_withdrawn_program_stays_closed_offline_and_opens_again_when_restored(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    phone.home()
    edge.withdrawn[CARD] = "Closed for repairs."
    edge.version += 1
    phone.check_in()
    edge.stop()
    visit(phone, f"program={CARD}")
    expect(phone.page.locator("#stage .notice p")).to_have_text("Closed for repairs.")
    edge.start_again()
    edge.withdrawn.clear()
    edge.version += 1
    phone.switch_on()
    phone.logged("reopened")
    phone.get()
    phone.shows("version 1")
