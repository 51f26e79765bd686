"""A mini-program in parts on the example host: what is fetched, when, and what opens without the platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.parted import MAIN, PartedEdge
from tests.browser.phones import CARD, Phone

pytestmark = pytest.mark.browser

PAGE = (
    "<!doctype html><meta charset=utf-8><link rel=stylesheet href=/css/app.css><h1>{title}</h1>"
    "<nav><a href=/index.html>start</a> <a href=/pages/book/book.html>book</a> <a href=/pages/pay/pay.html>pay</a>"
    " <a href=/pages/map/map.html>map</a></nav>"
)
ROOTS = {"book": "pages/book", "+pay": "pages/pay", "map": "pages/map"}
PRELOAD = {"index": ["book"]}


def pages(**changed: str) -> dict[str, bytes]:
    """The files of a version; `changed` gives a page another title."""
    titles = {"start": "start", "book": "book", "pay": "pay", "map": "map"} | changed
    paths = {name: f"pages/{name}/{name}.html" for name in ("book", "pay", "map")} | {"start": "index.html"}
    files = {paths[name]: PAGE.format(title=title).encode() for name, title in titles.items()}
    return files | {"css/app.css": b"h1 { color: rgb(1, 2, 3) }"}


@pytest.fixture
def edge() -> Iterator[PartedEdge]:
    with PartedEdge() as running:
        yield running


def go(phone: Phone, page: str) -> None:
    """Follows a link inside the program."""
    phone.program.locator(f"nav a >> text={page}").click()


def count(phone: Phone, store: str) -> int:
    counted: int = phone.page.evaluate(
        "async (name) => (await (await (await import('/store.js')).openStore()).keys(name)).length",
        store,
    )
    return counted


def installed(phone: Phone, times: int) -> None:
    expect(phone.page.locator("#log li[data-what=installed]")).to_have_count(times)


def waits(phone: Phone) -> None:
    """The phone says that a part cannot be had now."""
    expect(phone.page.locator("#part")).to_have_text(
        "This page is not on the phone yet, and the platform cannot be asked for it."
    )


def test_only_the_parts_that_pages_need_are_fetched(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS, preload=PRELOAD)
    phone.switch_on()
    assert edge.fetched == []
    phone.get()
    phone.shows("start")
    expect(phone.page.locator("#log li[data-what=part]")).to_have_count(2)
    assert edge.fetched == [MAIN, "book"]  # what opens, and what the rules name for its page
    go(phone, "book")
    phone.shows("book")
    expect(phone.program.locator("h1")).to_have_css("color", "rgb(1, 2, 3)")  # out of the main part
    assert edge.fetched == []
    go(phone, "pay")
    phone.shows("pay")
    assert edge.fetched == ["pay"]
    phone.page.locator("#details").click()
    expect(phone.page.locator("#sheet")).to_contain_text("__APP__ ✓, book ✓, pay ✓, map –")


def test_what_was_fetched_opens_without_the_platform_and_the_rest_waits_for_it(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    phone.switch_on()
    phone.get()
    go(phone, "book")
    phone.shows("book")
    edge.stop()
    phone.switch_on()
    phone.get()
    phone.shows("start")
    go(phone, "map")
    waits(phone)
    phone.shows("start")  # the program has not left its page
    go(phone, "book")
    phone.shows("book")
    edge.start_again()
    go(phone, "map")
    phone.shows("map")
    expect(phone.page.locator("#part")).to_be_hidden()


def test_a_link_to_an_independent_part_fetches_nothing_else_until_more_is_asked_for(
    phone: Phone, edge: PartedEdge
) -> None:
    edge.publish_parts(
        CARD, 1, pages() | {"pages/pay/pay.html": b"<h1>pay</h1><nav><a href=/index.html>start</a></nav>"}, ROOTS
    )
    phone.page.goto(f"{phone.url}/?program={CARD}&path=pages%2Fpay%2Fpay.html")
    phone.shows("pay")
    assert edge.fetched == ["pay"]
    go(phone, "start")
    phone.shows("start")
    assert edge.fetched == [MAIN]


def test_a_link_to_a_dependent_part_fetches_the_main_part_too(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    phone.page.goto(f"{phone.url}/?program={CARD}&path=pages%2Fmap%2Fmap.html")
    phone.shows("map")
    assert edge.fetched == [MAIN, "map"]


def test_an_update_brings_what_has_changed_of_what_the_phone_has(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    phone.switch_on()
    phone.get()
    go(phone, "pay")
    phone.shows("pay")
    assert edge.fetched == [MAIN, "pay"]
    phone.home()
    edge.publish_parts(CARD, 2, pages(pay="pay 2", map="map 2"), ROOTS)
    phone.check_in()
    installed(phone, 2)
    assert edge.fetched == ["pay"]
    edge.stop()
    phone.get()
    phone.shows("start")
    go(phone, "pay")
    phone.shows("pay 2")
    edge.start_again()


def test_parts_that_no_kept_version_names_are_let_go(phone: Phone, edge: PartedEdge) -> None:
    phone.switch_on()
    for code in (1, 2, 3):
        edge.publish_parts(CARD, code, pages(start=f"start {code}"), ROOTS)
        phone.check_in()
        installed(phone, code if code > 1 else 0)
        phone.get()
        phone.shows(f"start {code}")
        phone.home()
    assert (count(phone, "packages"), count(phone, "parts")) == (2, 2)  # the current version and the one before


def test_a_part_with_wrong_bytes_is_never_kept(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    true = dict(edge.packages)
    edge.packages = {sha: content.replace(b"map</h1>", b"mop</h1>") for sha, content in true.items()}
    phone.switch_on()
    phone.get()
    phone.shows("start")
    go(phone, "map")
    waits(phone)
    phone.shows("start")
    assert count(phone, "parts") == 1
    phone.check_in()
    assert edge.calls("POST /v1/checkin")[-1]["attributes"] == {"package_problem": f"{CARD}@1 hash"}
    phone.page.goto(f"{phone.url}/?program={CARD}&path=pages%2Fmap%2Fmap.html")
    expect(phone.page.locator(".notice")).to_contain_text("Not available yet")
    phone.home()
    phone.get()
    phone.shows("start")  # what is here is none the worse
    edge.packages = true
    go(phone, "map")
    phone.shows("map")


def test_a_version_whose_first_part_is_wrong_is_refused_and_the_one_before_runs(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    phone.switch_on()
    phone.get()
    phone.shows("start")
    edge.publish_parts(CARD, 2, pages(start="start 2"), ROOTS)
    edge.packages = {sha: content.replace(b"start 2", b"start 3") for sha, content in edge.packages.items()}
    phone.check_in()
    phone.logged("refusedPackage")
    phone.home()
    phone.get()
    phone.shows("start")
    phone.check_in()
    assert edge.calls("POST /v1/checkin")[-1]["attributes"] == {"package_problem": f"{CARD}@2 hash"}


@pytest.mark.parametrize("damage", ["part", "terms"])
def test_what_is_damaged_on_the_phone_does_not_open(phone: Phone, edge: PartedEdge, damage: str) -> None:
    """A part that is not what was signed, and signed terms with another part in them."""
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    phone.switch_on()
    phone.get()
    phone.shows("start")
    phone.page.evaluate(
        """async (damage) => {
             const store = await (await import("/store.js")).openStore();
             const [name, key] = damage === "part" ? ["parts", (await store.keys("parts"))[0]]
               : ["facts", (await store.keys("facts")).find((one) => one.startsWith("terms:"))];
             const kept = await store.get(name, key);
             if (damage === "part") kept.bytes[45] ^= 1;
             else kept.terms.parts[0].size += 1;
             await store.write((put) => put(name, key, kept));
           }""",
        damage,
    )
    edge.stop()
    phone.switch_on()
    phone.page.locator(f"[data-program='{CARD}']").click()
    phone.logged("refusedPackage")
    edge.start_again()
    phone.switch_on()
    phone.get()
    phone.shows("start")  # fetched anew


def test_a_platform_that_asks_to_wait_is_left_alone(phone: Phone, edge: PartedEdge) -> None:
    edge.publish_parts(CARD, 1, pages(), ROOTS)
    phone.switch_on()
    phone.get()
    phone.shows("start")
    edge.fail("GET /packages", status=429, headers={"Retry-After": "600"})
    go(phone, "map")
    waits(phone)
    asked = len(edge.seen)
    phone.page.locator("#part").click()
    go(phone, "map")
    waits(phone)
    assert [name for name, _, _ in edge.seen[asked:] if name == "GET /packages"] == []


def chart(edge: PartedEdge, version: str) -> dict[str, Any]:
    kept = edge.keep(
        f"chart {version}", {"plugin.json": b"{}", "index.js": f"export const name = 'chart {version}';".encode()}
    )
    return {"alias": "chart", "id": "charts", "code": 7, "name": version, "entry": "index.js", "files_root": "", **kept}


def test_a_borrowed_plugin_is_there_follows_its_releases_and_is_done_without(phone: Phone, edge: PartedEdge) -> None:
    page = b"""<!doctype html><h1 id=h></h1><script>
        const plugin = import("/.ferry/plugin/chart/index.js").catch(() => ({ name: "none" }));
        plugin.then(({ name }) => { h.textContent = name; });
    </script>"""
    edge.publish(CARD, 1, files={"index.html": page})
    edge.say(CARD, 1, plugins=[chart(edge, "1.4.0")])
    edge.named |= dict.fromkeys(set(edge.packages) - set(edge.named), "whole")
    phone.switch_on()
    phone.get()
    phone.shows("chart 1.4.0")
    assert edge.fetched == ["chart 1.4.0", "whole"]
    edge.say(CARD, 2, plugins=[chart(edge, "1.5.0")])
    phone.check_in()
    phone.shows("chart 1.5.0")  # opened anew: it counts at once
    edge.stop()
    phone.switch_on()
    phone.get()
    phone.shows("chart 1.5.0")
    edge.start_again()
    edge.say(CARD, 3, plugins=[{"alias": "chart", "id": "charts"}])
    phone.home()
    phone.switch_on()
    phone.get()
    phone.shows("none")
