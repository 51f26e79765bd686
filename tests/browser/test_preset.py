"""A phone whose app was built with a bundle: it opens mini-programs on its first start without the platform."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examples.hosts.web.server import Config, WebHost
from tests.browser.test_real_edge import PROGRAM, Office
from tests.browser.test_real_edge import platform as platform

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(480)]


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def bundle(office: Office, target: Path) -> Path:
    """The file that the app's build takes in."""
    operator = office.apis["operator"]
    made = operator.post(f"host-apps/{office.app}/preset-bundles", {"platform": "web", "host_version": "6.3.0"})
    with target.open("w+b") as file:
        operator.download(f"archives/{made['id']}/file", file, lambda done, total: None)
    return target


def test_a_new_phone_opens_what_came_with_the_app_then_is_updated_and_closed(platform, page, tmp_path):
    port = platform.ports["web host"]
    origin = f"http://harbour.localhost:{port}"
    made = platform.manage_json("bootstrap", "--workspace", "T", "--app", "Harbour", "--cors-origin", origin, "--json")
    office = Office(platform.site, made)
    office.apis["admin"].patch(f"host-apps/{office.app}", {"check_interval_s": 5})
    office.apis["developer"].post("mini-programs", {"id": PROGRAM, "name": "City Ferry"})
    office.release(office.publish("v1"), kind="full")
    preset = str(bundle(office, tmp_path / "preset.zip"))
    keys = office.apis["operator"].get("signing-keys")["items"]
    roots = {key["kid"]: key["public_pem"] for key in keys if key["purpose"] == "root"}
    config = Config(edge=platform.edge, app_key=made["host_app"]["app_key"], preset=preset)
    version = page.frame_locator("#stage iframe").locator("body")
    tile = page.locator(f"[data-program='{PROGRAM}']")

    def started() -> None:
        page.goto(host.url)
        page.locator("body[data-ready=yes]").wait_for()

    def logged(what: str) -> None:
        expect(page.locator(f"#log li[data-what={what}]").first).to_be_visible()

    def new_phone() -> None:
        page.locator("#forget").click()
        page.locator("body[data-ready=yes]").wait_for()

    away = "http://127.0.0.1:9"  # the discard port: nobody answers
    with WebHost(dataclasses.replace(config, edge=away), port=port) as host:
        started()
        logged("preset")
        logged("unreachable")
        expect(tile).to_contain_text("City Ferry")
        assert tile.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 192
        tile.click()
        expect(version).to_have_attribute("data-version", "1.0.0")
        logged("openedOffline")

        # The platform comes within reach: the program from the bundle is one like any other, and is updated.
        office.release(office.publish("v2"), kind="full")
        host.configure(config)
        started()
        logged("installed")
        tile.click()
        expect(version).to_have_attribute("data-version", "2.0.0")

        # A bundle whose signature no built-in key made, or that was changed, is left alone.
        host.configure(dataclasses.replace(config, edge=away, root=dict.fromkeys(["another"], *roots.values())))
        new_phone()
        logged("presetRefused")
        assert tile.count() == 0
        damaged = bytearray(Path(preset).read_bytes())
        damaged[damaged.index(b'"City Ferry"') + 1] = ord("K")
        (tmp_path / "damaged.zip").write_bytes(damaged)
        host.configure(dataclasses.replace(config, edge=away, preset=str(tmp_path / "damaged.zip")))
        new_phone()
        logged("presetRefused")

        # Withdrawn since the app was built: it closes with the first check-in of a new phone.
        office.apis["operator"].post(
            f"mini-programs/{PROGRAM}/withdraw", {"host_app": office.app, "message": "No boats today."}
        )
        host.configure(dataclasses.replace(config, edge=away, root=roots))
        new_phone()
        logged("preset")
        host.configure(config)
        started()
        logged("withdrawn")
        tile.click()
        expect(page.locator("#stage")).to_contain_text("No boats today.")
    office.close()
