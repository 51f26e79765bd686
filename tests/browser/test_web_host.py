"""The client rules of docs/host-app.md, driven on the example host in a real browser.

The edge here misbehaves on request (misbehaving.py); test_real_edge.py drives the same host against Ferry's own.
"""

from __future__ import annotations

import base64
import json

import pytest
from playwright.sync_api import expect

from examples.hosts.web.server import Config, WebHost
from tests.browser.misbehaving import APP_KEY
from tests.browser.phones import CARD, Phone

pytestmark = pytest.mark.browser


def test_a_tapped_program_is_fetched_verified_and_opened_in_an_origin_of_its_own(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    for step in ("registered", "download", "hash", "signature", "unpacked", "installed", "opened"):
        phone.logged(step)
    frame = phone.page.frames[-1]
    origin = frame.evaluate("location.origin")
    assert origin.startswith("http://v1-")
    assert origin.endswith(f".harbour.localhost:{phone.url.rpartition(':')[2]}")


def test_the_program_can_reach_neither_the_host_nor_the_network(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    tried = phone.page.frames[-1].evaluate(
        """async (edge) => {
             const result = {};
             try { parent.document.title; result.host = "reached"; } catch (error) { result.host = error.name; }
             const call = (url) => fetch(url).then((answer) => answer.status, (error) => error.name);
             result.edge = await call(edge + "/healthz");
             result.own = await call("/index.html");
             result.none = await call("/nothing.json");
             result.databases = (await indexedDB.databases()).length;
             return result;
           }""",
        edge.url,
    )
    assert tried == {"host": "SecurityError", "edge": "TypeError", "own": 200, "none": 404, "databases": 0}


def test_a_program_that_rewrites_its_own_files_opens_verified_the_next_time(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    phone.page.frames[-1].evaluate(
        """async () => (await caches.open("package")).put("/index.html",
             new Response("<h1>changed</h1>", { headers: { "Content-Type": "text/html" } }))"""
    )
    phone.home()
    phone.get()
    phone.shows("version 1")


def test_without_the_edge_the_newest_verified_version_opens(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.stop()
    phone.switch_on()
    phone.logged("unreachable")
    phone.get()
    phone.shows("version 1")
    phone.logged("openedOffline")
    edge.start_again()


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 502}, {"hang": True}])
def test_a_failing_or_silent_edge_stops_nobody_from_opening(phone, edge, fault):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.fail("POST /v1/checkin", **fault)
    phone.switch_on()
    phone.logged("unreachable" if "hang" in fault else "server")
    phone.get()
    phone.shows("version 1")


def test_retry_after_is_obeyed_and_the_queue_is_kept(phone, edge):
    edge.publish(CARD, 1)
    phone.page.clock.install()
    phone.switch_on()
    edge.fail("POST /v1/checkin", status=429, headers={"Retry-After": "40"})
    phone.page.locator(f"[data-program='{CARD}']").click()
    phone.logged("busy")
    asked = len(edge.calls("POST /v1/checkin"))
    phone.page.clock.fast_forward(39_000)
    phone.page.locator("#check-in").click()  # not even by hand
    phone.logged("holds")
    assert len(edge.calls("POST /v1/checkin")) == asked
    phone.page.clock.fast_forward(3_000)
    phone.shows("version 1")  # what was tapped opens as soon as it is there
    assert edge.calls("POST /v1/checkin")[-1]["want"] == [CARD]


def test_without_retry_after_the_wait_doubles_with_jitter_up_to_fifteen_minutes(phone):
    phone.switch_on()
    waits = phone.page.evaluate(
        """async () => {
             const { waitAfter } = await import("/waits.js");
             const ends = (n, after) => [waitAfter(n, after, () => 0), waitAfter(n, after, () => 1)];
             return [ends(1, null), ends(2, null), ends(5, null), ends(30, null), ends(7, 40)];
           }"""
    )
    assert waits == [[500, 1000], [1000, 2000], [8000, 16000], [450_000, 900_000], [40_000, 41_000]]


def test_a_refused_device_token_registers_once_more_as_the_same_device(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    edge.tokens.clear()
    phone.check_in()
    phone.logged("token")
    phone.logged("unchanged")
    first, second = edge.calls("POST /v1/devices")
    assert first["message_id"] == second["message_id"]


def test_a_token_refused_again_waits_instead_of_registering_for_ever(phone, edge):
    phone.switch_on()
    refusal = {"status": 401, "body": {"error": {"code": "device_token_invalid", "message": "No."}}}
    edge.fail("POST /v1/checkin", **refusal)
    edge.fail("POST /v1/checkin", **refusal)
    phone.check_in()
    expect(phone.page.locator("#facts")).to_contain_text("not reachable")
    assert len(edge.calls("POST /v1/devices")) == 2


def test_a_package_with_the_wrong_hash_is_deleted_reported_and_the_old_version_runs(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    package = edge.publish(CARD, 2)
    edge.packages = dict.fromkeys(edge.packages, package[:-30] + b"x" + package[-29:])
    phone.check_in()
    phone.logged("refusedPackage")
    assert phone.packages() == 1
    phone.home()
    phone.get()
    phone.shows("version 1")
    phone.check_in()
    assert edge.calls("POST /v1/checkin")[-1]["attributes"] == {"package_problem": f"{CARD}@2 hash"}
    assert edge.calls("POST /v1/checkin")[-1]["installed"] == [{"id": CARD, "code": 1}]


def test_a_package_signed_by_somebody_else_never_runs(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.publish(CARD, 2)
    raw = bytearray(base64.b64decode(edge.offers[CARD]["signature"]["value"]))
    raw[-1] ^= 1
    edge.offers[CARD]["signature"]["value"] = base64.b64encode(raw).decode()
    phone.check_in()
    phone.logged("refusedPackage")
    phone.home()
    phone.get()
    phone.shows("version 1")
    assert phone.packages() == 1


def test_a_package_signed_for_another_program_or_code_never_runs(phone, edge):
    edge.publish(CARD, 1)
    edge.offers[CARD]["code"] = 9  # the same signed bytes, offered as something else
    phone.switch_on()
    phone.get()
    phone.logged("refusedPackage")
    expect(phone.page.locator(".notice")).to_be_visible()
    assert phone.packages() == 0


def test_a_key_that_is_not_built_into_the_app_is_not_believed(edge, context):
    edge.publish(CARD, 1)
    with WebHost(Config(edge=edge.url, app_key=APP_KEY, root={"k0": "…"}), port=0) as host:
        phone = Phone(context.new_page(), host.url)
        phone.switch_on()
        phone.logged("stale")
        phone.get()
        expect(phone.page.locator(".notice")).to_be_visible()
        assert phone.packages() == 0


def test_a_cut_download_leaves_the_old_version_and_comes_again(phone, edge):
    edge.publish(CARD, 1)
    phone.page.clock.install()
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.publish(CARD, 2)
    edge.fail("GET /packages", cut=50)
    phone.check_in()
    phone.logged("unreachable")
    phone.page.clock.fast_forward(2000)
    expect(phone.page.locator("#offer")).to_be_visible()
    phone.page.locator("#reopen").click()
    phone.shows("version 2")


def test_a_withdrawn_program_closes_and_stays_closed_without_the_edge(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.withdrawn[CARD] = "Under repair until Monday."
    edge.version += 1
    phone.check_in()
    expect(phone.page.locator(".notice")).to_contain_text("Under repair until Monday.")
    edge.stop()
    phone.switch_on()
    phone.get()
    expect(phone.page.locator(".notice")).to_contain_text("Under repair until Monday.")
    edge.start_again()
    edge.withdrawn.clear()
    edge.version += 1
    phone.switch_on()
    phone.get()
    phone.shows("version 1")


def test_a_version_taken_back_changes_on_the_open_screen_and_is_not_the_fallback(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    one = edge.offers[CARD]
    edge.publish(CARD, 2)
    phone.check_in()
    phone.page.locator("#reopen").click()
    phone.shows("version 2")
    edge.offers[CARD] = one
    edge.version += 1
    phone.check_in()
    phone.shows("version 1")
    phone.logged("kept")  # it was still here: the way back costs no download
    phone.logged("wentBack")
    assert phone.packages() == 1


def test_a_package_damaged_on_the_phone_gives_way_to_the_one_before(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.publish(CARD, 2)
    phone.check_in()
    phone.page.locator("#reopen").click()
    phone.shows("version 2")
    phone.home()
    newest = edge.offers[CARD]["package"]["sha256"]
    phone.page.evaluate(
        """async (sha) => {
             const { openStore } = await import("/store.js");
             const store = await openStore();
             const record = await store.get("packages", sha);
             record.bytes[40] ^= 1;
             await store.write((put) => put("packages", sha, record));
           }""",
        newest,
    )
    phone.get()
    phone.logged("refusedPackage")
    phone.shows("version 1")


def test_a_program_that_was_lost_is_installed_anew_by_the_same_question(phone, edge):
    """The state that was kept says that its answer was done; what was done of it is gone."""
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    phone.home()
    phone.page.evaluate(
        """async () => {
             const store = await (await import("/store.js")).openStore();
             await store.write((_, remove) => remove("packages", PACKAGE));
           }""".replace("PACKAGE", json.dumps(edge.offers[CARD]["package"]["sha256"]))
    )
    phone.get()
    phone.shows("version 1")


def test_an_update_that_is_kept_from_the_phone_is_noticed(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.hides = True
    edge.publish(CARD, 2)
    phone.check_in()
    phone.logged("stale")
    assert "withheld" in phone.page.locator("#log li[data-what=stale]").first.inner_text()
    edge.hides = False
    phone.check_in()
    phone.logged("installed")


def test_a_withdrawal_that_is_kept_from_the_phone_closes_the_program_all_the_same(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.hides = True
    edge.withdrawn[CARD] = "Closed."
    phone.check_in()
    phone.logged("withdrawn")


def test_a_version_that_the_platform_does_not_offer_is_not_installed(phone, edge):
    """Approved and signed once, and taken back since: the answer of before, with everything else of now."""
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.publish(CARD, 2)
    edge.not_offered = {(CARD, 2)}
    phone.check_in()
    phone.logged("refusedPackage")
    phone.home()
    phone.get()
    phone.shows("version 1")


def test_answers_that_are_not_proven_fresh_install_nothing(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    phone.shows("version 1")
    edge.publish(CARD, 2)
    edge.expires_in = -3600.0
    phone.check_in()
    phone.logged("stale")
    edge.expires_in = 900.0
    edge.version -= 2  # an old state played again with a valid signature
    phone.check_in()
    expect(phone.page.locator("#log li[data-what=stale]")).to_have_count(2)
    phone.home()
    phone.get()
    phone.shows("version 1")


def test_an_asset_with_a_chinese_name_and_a_space_is_served(phone, edge):
    page = '<!doctype html><meta charset=utf-8><h1>…</h1><script src="js/你 好.js"></script>'.encode()
    edge.publish(
        CARD, 1, files={"index.html": page, "js/你 好.js": b"document.querySelector('h1').textContent = 'read'"}
    )
    phone.switch_on()
    phone.get()
    phone.shows("read")


@pytest.mark.parametrize(("version", "language"), [("v1", "en"), ("v2", "en"), ("v2", "zh")])
def test_the_shipped_mini_program_sells_a_ticket_inside_its_sandbox(phone, edge, root, version, language):
    folder = root / "examples" / "miniapps" / "city-ferry" / version
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    edge.publish(CARD, 1, files=files)
    complaints: list[str] = []
    phone.page.on("console", lambda message: complaints.append(message.text))
    phone.page.on("pageerror", lambda error: complaints.append(str(error)))
    phone.switch_on()
    if language == "zh":
        phone.page.locator("#language").click()
    phone.get()
    ticket = phone.program.locator("#tickets .ticket")
    expect(phone.program.locator("#tickets .none")).to_be_visible()
    phone.program.locator(".buy").first.click()
    expect(ticket).to_have_count(1)
    expect(ticket).to_contain_text({"en": "alid until", "zh": "有效至"}[language])
    assert complaints == []


def test_the_page_speaks_chinese(phone, edge):
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.page.locator("#language").click()
    expect(phone.page.locator("#check-in")).to_have_text("立即签到")
    expect(phone.page.locator("#log")).to_contain_text("签到完成")
