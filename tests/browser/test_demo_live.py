"""`script/demo` as a person sees it: its links, “Roll back” pressed in the console, the phone that changes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ports import environment, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(400)]


class Demo:
    """A running demo and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        self._more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._more:
                self.said += line
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def hears(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """Waits until it has said something that fits."""
        with self._more:
            self._more.wait_for(lambda: re.search(pattern, self.said) or self.process.poll() is not None, seconds)
            found = re.search(pattern, self.said)
        assert found, self.said
        return found


@pytest.fixture
def demo(root: Path, tmp_path: Path) -> Iterator[Demo]:
    (port,) = free_ports(1)
    arguments = ["--devices", "40", "--host-port", str(port), "--data", str(tmp_path / "demo")]
    with subprocess.Popen(
        [sys.executable, "-m", "examples.demo", *arguments],
        cwd=root,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield Demo(process)
        process.send_signal(signal.SIGINT)
        process.wait(40)


@pytest.fixture
def pages(browser: Browser) -> Iterator[tuple[Page, Page]]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page(), context.new_page()
    context.close()


def test_roll_back_pressed_in_the_console_changes_the_phone(demo, pages):
    console, phone = pages
    sign_in, email, password = demo.hears(r"console +(\S+) +(\S+) +(\S+)").groups()
    host = demo.hears(r"phone +(\S+)")[1]
    release = demo.hears(r"Now you:.*\n.*\n *→ (\S+)", seconds=300)[1]

    phone.goto(host)
    phone.locator("[data-program]").click()
    screen = phone.frame_locator("#stage iframe").locator("body")
    expect(screen).to_have_attribute("data-version", "2.0.0")

    console.goto(sign_in)
    console.locator("input[name=email]").fill(email)
    console.locator("input[name=password]").fill(password)
    console.get_by_role("button", name="Sign in").click()
    console.wait_for_url(lambda url: "/sign-in" not in url)
    console.goto(release)
    console.get_by_role("button", name="Roll back").click()
    console.locator("#roll-back-reason").fill("The map is blank.")
    console.locator("dialog#roll-back").get_by_role("button", name="Roll back").click()

    expect(screen).to_have_attribute("data-version", "1.0.0", timeout=20_000)
    demo.hears(r"v2 was taken back: all \d+ phones returned to v1")
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(40) == 0
