"""One Chromium for all browser tests; a phone page that talks to an edge of the test's choosing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from examples.hosts.web.server import Config, WebHost
from tests.browser.misbehaving import APP_KEY, MisbehavingEdge
from tests.browser.phones import Phone
from tests.chromium import FLAGS, chromium

expect.set_options(timeout=20_000)  # a patience, not a measurement: two cores may be busy


@pytest.fixture(scope="module")  # its event loop must not be running in the tests of other modules
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one the browser tests are skipped."""
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def edge() -> Iterator[MisbehavingEdge]:
    with MisbehavingEdge() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1100, "height": 860}, locale="en-GB")
    made.set_default_timeout(8000)
    yield made
    made.close()


@pytest.fixture
def phone(edge: MisbehavingEdge, context: BrowserContext) -> Iterator[Phone]:
    with WebHost(Config(edge=edge.url, app_key=APP_KEY, answer_ms=3000), port=0) as host:
        yield Phone(context.new_page(), host.url)
