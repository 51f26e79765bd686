"""A browser in a thread of its own, beside the test that reads and writes the database.

Playwright keeps an event loop running in the thread that started it, and Django refuses the database there: so the
browser lives in its own thread, and a test hands it what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from tests.chromium import FLAGS

R = TypeVar("R")


@dataclass
class Stage:
    """One browser; `open` gives a tab, `complaints` what its console said about broken rules or scripts."""

    chromium: str
    complaints: list[str] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))
    _playwright: Playwright | None = None
    _browser: Browser | None = None

    def start(self) -> None:
        def launch() -> None:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=self.chromium, args=FLAGS)

        self.do(launch)

    def stop(self) -> None:
        def close() -> None:
            if self._browser is not None and self._playwright is not None:
                self._browser.close()
                self._playwright.stop()

        self.do(close)
        self._thread.shutdown()

    def do(self, act: Callable[[], R]) -> R:
        """Run something in the browser's thread and wait for it."""
        return self._thread.submit(act).result(timeout=120)

    @contextmanager
    def tab(
        self,
        *,
        width: int = 1280,
        locale: str = "en-US",
        scheme: str = "light",
        cookies: dict[str, str] | None = None,
        site: str = "",
    ) -> Iterator[Tab]:
        """A tab of a fresh profile, closed at the end."""

        def make() -> tuple[BrowserContext, Page]:
            assert self._browser is not None
            context = self._browser.new_context(
                viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
            )
            context.add_cookies([{"name": key, "value": value, "url": site} for key, value in (cookies or {}).items()])
            page = context.new_page()
            page.set_default_timeout(15_000)
            page.on("console", self._said)
            page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
            return context, page

        context, page = self.do(make)
        try:
            yield Tab(self, page, site)
        finally:
            self.do(context.close)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.location.get('url')}: {message.text}")


@dataclass
class Tab:
    """A page that is driven from the test's thread."""

    stage: Stage
    page: Page
    site: str

    def do(self, act: Callable[[Page], R]) -> R:
        return self.stage.do(lambda: act(self.page))

    def goto(self, address: str) -> int:
        """The status of the page at this address."""

        def go(page: Page) -> int:
            answer = page.goto(self.site + address)
            assert answer is not None
            return answer.status

        return self.do(go)

    def text(self, selector: str = "body") -> str:
        return self.do(lambda page: page.inner_text(selector))

    def wait_for_text(self, text: str) -> None:
        self.do(lambda page: page.get_by_text(text).first.wait_for())
