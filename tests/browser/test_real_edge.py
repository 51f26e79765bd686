"""The phone in the browser against Ferry's own processes: install, a share, the way back, and life without the edge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from examples.demo.platform import Platform
from examples.hosts.web.server import Config, WebHost
from ferry.cli.api import Api
from ferry.cli.archive import archive
from ferry.cli.profile import Profile
from tests.ports import environment, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]
MINIAPP = Path(__file__).resolve().parents[2] / "examples" / "miniapps" / "city-ferry"
PROGRAM = "2026112100000001"


class Office:
    """The people of a workspace, each with a token of his own."""

    def __init__(self, site: str, made: dict[str, Any]) -> None:
        self.app = made["host_app"]["id"]
        self.apis = {role: Api(Profile(site, token)) for role, token in made["tokens"].items()}

    def publish(self, name: str) -> str:
        """Uploads and approves a version of the shipped mini-program."""
        developer, reviewer = self.apis["developer"], self.apis["reviewer"]
        with archive(MINIAPP / name) as file:
            made = developer.upload(f"mini-programs/{PROGRAM}/versions", file, {}, lambda done, total: None)
        developer.post(f"versions/{made['id']}/submit", {"host_app": self.app})
        reviewer.post(f"versions/{made['id']}/approve", {"host_app": self.app, "reason": "Good."})
        return str(made["id"])

    def release(self, version: str, **plan: Any) -> str:
        made = self.apis["operator"].post("releases", {"version": version, "host_app": self.app, **plan})
        return str(made["id"])

    def close(self) -> None:
        for api in self.apis.values():
            api.close()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    (port,) = free_ports(1)
    with Platform(environment(), tmp_path / "ferry", host_port=port) as running:
        running.manage("migrate", "--no-input", "--verbosity", "0")
        running.start()
        running.wait_until_up()
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 860}, locale="en-GB")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_a_phone_installs_follows_a_gray_release_goes_back_and_lives_without_the_edge(platform, page):
    port = platform.ports["web host"]
    origin = f"http://harbour.localhost:{port}"
    made = platform.manage_json("bootstrap", "--workspace", "T", "--app", "Harbour", "--cors-origin", origin, "--json")
    office = Office(platform.site, made)
    office.apis["admin"].patch(f"host-apps/{office.app}", {"check_interval_s": 5})
    office.apis["developer"].post("mini-programs", {"id": PROGRAM, "name": "City Ferry"})
    office.release(office.publish("v1"), kind="full")
    with WebHost(Config(edge=platform.edge, app_key=made["host_app"]["app_key"]), port=port) as host:
        version = page.frame_locator("#stage iframe").locator("body")
        tile = page.locator(f"[data-program='{PROGRAM}']")
        # The edge needs a moment for what was just published, so the page may be opened before it is there.
        expect(opened(page, host.url)).to_be_visible()
        assert tile.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 192
        tile.click()
        expect(version).to_have_attribute("data-version", "1.0.0")
        for step in ("registered", "fresh", "hash", "signature", "installed"):
            expect(page.locator(f"#log li[data-what={step}]").first).to_be_visible()

        device = page.locator("#facts dd").first.inner_text()
        data_comes_with_consent_and_a_message_arrives(page, office, device)
        gray = office.release(office.publish("v2"), kind="gray", share=0, devices=[device])
        page.locator("#reopen").click(timeout=20_000)
        expect(version).to_have_attribute("data-version", "2.0.0")

        office.apis["operator"].post(f"releases/{gray}/roll-back", {"reason": "Test."})
        expect(version).to_have_attribute("data-version", "1.0.0", timeout=20_000)
        expect(page.locator("#log li[data-what=wentBack]")).to_be_visible()

        office.close()
        platform.stop()
        page.goto(host.url)
        expect(page.locator("#log li[data-what=unreachable]").first).to_be_visible()
        tile.click()
        expect(version).to_have_attribute("data-version", "1.0.0")
        expect(page.locator("#log li[data-what=openedOffline]")).to_be_visible()


def opened(page: Page, url: str) -> Any:
    """The page, opened; its tile as soon as the directory has it (asked again by the page's own button)."""
    page.goto(url)
    page.locator("body[data-ready=yes]").wait_for()
    tile = page.locator(f"[data-program='{PROGRAM}']")
    for _ in range(10):
        if tile.count():
            break
        lines = page.locator("#log li").count()
        page.locator("#check-in").click()
        expect(page.locator("#log li")).not_to_have_count(lines)
    return tile


def until_known(page: Page, office: Office, device: str) -> None:
    """The loader needs a moment to know a phone that has just registered."""
    for _ in range(100):
        known = office.apis["admin"].get(f"host-apps/{office.app}/devices")["items"]
        if device in {one["device_id"] for one in known}:
            return
        page.wait_for_timeout(200)


def data_comes_with_consent_and_a_message_arrives(page: Page, office: Office, device: str) -> None:
    """The person agrees, opens the program, gets a message by the stream and taps it; Ferry counts all of it."""
    page.locator("#close").click()
    for name in ("analytics", "marketing"):
        page.locator(f"#consent-{name}").check()
    page.locator("#consent-save").click()
    for step in ("consentTold", "push_stream"):
        expect(page.locator(f"#log li[data-what={step}]").first).to_be_visible()
    operator = office.apis["operator"]
    campaign = operator.post(
        "campaigns",
        {
            "host_app": office.app,
            "name": "Test",
            "title": "Your ferry waits",
            "body": "At gate 4.",
            "audience": {"kind": "everyone"},
            "data": {"program": PROGRAM},
        },
    )
    until_known(page, office, device)
    operator.post(f"campaigns/{campaign['id']}/test", {"devices": [device]})
    banner = page.locator("#banner")
    expect(banner).to_contain_text("Your ferry waits")
    banner.locator(".text").click()
    for step in ("pushArrived", "pushOpened", "eventsSent"):
        expect(page.locator(f"#log li[data-what={step}]").first).to_be_visible()
    admin = office.apis["admin"]
    stored: dict[str, int] = {}
    for _ in range(100):
        kinds = admin.get(f"host-apps/{office.app}/accounting")["kinds"]
        stored = {kind["kind"]: kind["stored"] for kind in kinds}
        if stored.get("events") and stored.get("receipt", 0) >= 2:
            break
        page.wait_for_timeout(200)
    assert stored["receipt"] == 2  # arrived, opened
    assert stored["events"] == 1
    health = admin.get(f"host-apps/{office.app}/reports/version-health", program_id=PROGRAM)
    assert [(one["version_code"], one["opens"]) for one in health["versions"]] == [(1, 1)]
