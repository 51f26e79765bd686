"""Sub-packages and a plugin from Ferry's own processes to the phone in the browser: only what is needed travels."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Request, expect

from examples.demo.platform import Platform
from examples.hosts.web.server import Config, WebHost
from ferry.cli.archive import archive
from tests.browser.phones import Phone
from tests.browser.test_preset import bundle
from tests.browser.test_real_edge import PROGRAM, Office
from tests.browser.test_real_edge import platform as platform

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(300)]

RANGE = {"web": {"min": "6.0.0", "max": None}}
MANIFEST = {
    "version": "1.0.0",
    "host_range": RANGE,
    "subpackages": [{"name": "book", "root": "pages/book"}, {"name": "pay", "root": "pages/pay", "independent": True}],
    "preload": {"index": ["book"]},
    "plugins": {"chart": {"id": "charts", "range": "^1.0.0"}},
}
START = b"""<!doctype html><h1></h1><nav><a href=pages/pay/pay.html>pay</a></nav><script type=module>
import { name } from "/.ferry/plugin/chart/index.js"; document.querySelector("h1").textContent = name;</script>"""
FILES = {
    "index.html": START,
    "ferry.json": json.dumps(MANIFEST).encode(),
    "pages/book/book.html": b"<!doctype html><h1>book</h1>",
    "pages/pay/pay.html": b"<!doctype html><h1>pay</h1>",
}
PLUGIN = {
    "plugin.json": b"{}",
    "ferry.json": json.dumps({"version": "1.2.0", "host_range": RANGE}).encode(),
    "index.js": b'export const name = "from the plugin";',
}


def publish(office: Office, program: str, files: dict[str, bytes], folder: Path) -> str:
    """Uploads, approves and releases a version to everybody; its id."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    developer, reviewer = office.apis["developer"], office.apis["reviewer"]
    developer.post("mini-programs", {"id": program, "name": program})
    with archive(folder) as file:
        made = developer.upload(f"mini-programs/{program}/versions", file, {}, lambda done, total: None)
    developer.post(f"versions/{made['id']}/submit", {"host_app": office.app})
    reviewer.post(f"versions/{made['id']}/approve", {"host_app": office.app, "reason": "Good."})
    office.release(made["id"], kind="full")
    return str(made["id"])


def test_a_phone_fetches_the_parts_that_it_needs_and_the_plugin(
    platform: Platform, context: BrowserContext, tmp_path: Path
) -> None:
    port = platform.ports["web host"]
    origin = f"http://harbour.localhost:{port}"
    made = platform.manage_json("bootstrap", "--workspace", "T", "--app", "Harbour", "--cors-origin", origin, "--json")
    office = Office(platform.site, made)
    publish(office, "charts", PLUGIN, tmp_path / "charts")
    version = publish(office, PROGRAM, FILES, tmp_path / "program")
    terms = office.apis["developer"].get(f"versions/{version}/terms", host_app=office.app)
    names = {part["sha256"]: part["name"] for part in terms["terms"]["parts"]}
    names |= {plugin["sha256"]: plugin["alias"] for plugin in terms["terms"]["plugins"]}
    fetched: list[str] = []

    def note(request: Request) -> None:
        if "/packages/" in request.url:
            fetched.append(names.get(request.url.partition("/packages/")[2][:64], "whole"))

    config = Config(edge=platform.edge, app_key=made["host_app"]["app_key"])
    with WebHost(config, port=port) as host:
        page = context.new_page()
        page.on("request", note)
        phone = Phone(page, host.url)
        phone.switch_on()
        tile = page.locator(f"[data-program='{PROGRAM}']")
        while not tile.count():  # the edge needs a moment for what was just published
            phone.check_in()
        tile.click()
        phone.shows("from the plugin")
        expect(page.locator("#log li[data-what=part]")).to_have_count(3)
        assert fetched == ["__APP__", "chart", "book"]
        phone.program.locator("nav a").click()
        phone.shows("pay")
        assert fetched == ["__APP__", "chart", "book", "pay"]
        preset = bundle(office, tmp_path / "preset.zip")
        office.close()
        platform.stop()
        phone.switch_on()
        tile.click()
        phone.shows("from the plugin")
        phone.program.locator("nav a").click()
        phone.shows("pay")
        assert fetched == ["__APP__", "chart", "book", "pay"]

        # A new phone whose app was built with both: whole, with the plugin, and nothing to ask.
        host.configure(dataclasses.replace(config, preset=str(preset)))
        page.locator("#forget").click()
        page.locator("body[data-ready=yes]").wait_for()
        tile.click()
        phone.shows("from the plugin")
        assert fetched == ["__APP__", "chart", "book", "pay"]
