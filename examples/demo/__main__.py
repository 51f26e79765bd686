"""`python -m examples.demo [--once]`; script/demo makes the environment and calls it.

With --once it stops after the loop: exit code 0, and the last line of stdout is one JSON object with the figures.
Without, it ends with everything running: the operator rolls v2 back in the console and watches the phone change.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from examples.demo import books, history
from examples.demo.comeback import Comeback, now, people_for
from examples.demo.crowd import CONSENT, Crowd
from examples.demo.devices import Fleet, Unverified
from examples.demo.live import live
from examples.demo.person import choose_password
from examples.demo.platform import ROOT, CannotStart, Platform
from examples.demo.screen import Screen
from examples.demo.story import PROGRAM, SHARE, STEPS, Failed, Story
from examples.hosts.web.server import Config, WebHost
from ferry.cli.errors import CliError

EMAIL = "operator@example.com"


def main() -> int:
    """Runs the demo; its exit code."""
    given = _arguments()
    screen = Screen(STEPS)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return asyncio.run(_run(given, screen))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 0 if not given.once else 130
    except (CannotStart, Failed, Unverified, CliError, httpx.HTTPError) as wrong:
        print(f"\nThe demo failed: {wrong}", file=sys.stderr)
        if given.once:
            print(json.dumps({"ok": False, "error": str(wrong)[:500]}))
        return 1


async def _run(given: argparse.Namespace, screen: Screen) -> int:
    run = time.strftime("%Y-%m-%d %H:%M:%S")
    screen.title("publish, gray release, use, events, prediction, push, measured return")
    with Platform(os.environ, given.data, host_port=given.host_port) as platform:
        screen.step("Ferry starts: console, edge, loader, workers, on this machine only")
        origin = f"http://harbour.localhost:{given.host_port}"
        platform.manage("migrate", "--no-input", "--verbosity", "0")
        platform.start()
        workspace = f"Harbour {run}"
        made = platform.manage_json(
            "bootstrap", "--workspace", workspace, "--app", "Harbour", "--cors-origin", origin, "--json"
        )
        admin = platform.manage_json(
            *("create_admin", "--workspace", workspace, "--email", EMAIL, "--new-password", "--json")
        )
        app_key = made["host_app"]["app_key"]
        everybody, owners = people_for(given.devices)
        past = given.data / "history.csv"
        events = history.write(past, everybody, now())
        platform.manage_json("import_events", str(past), "--app", app_key, "--profiling", "yes", "--json")
        phone = f"browser-phone-{int(time.time())}"
        with WebHost(Config(edge=platform.edge, app_key=app_key, phone=phone), port=given.host_port) as host:
            platform.wait_until_up()
            password = choose_password(platform.site, EMAIL, admin["one_time_password"])
            async with Fleet(platform.edge, app_key, PROGRAM, size=given.devices, seed=phone) as fleet:
                fleet.consent = CONSENT
                story = Story(screen, platform, made, fleet)
                crowd = Crowd(fleet, platform.edge, app_key, made["user_token_key"], owners, PROGRAM)
                try:
                    screen.say(f"console    {platform.site}/sign-in   {EMAIL}   {password}")
                    screen.say(f"phone      {host.url}")
                    screen.say(f"edge       {platform.edge}/healthz   ready after {screen.elapsed():.1f} s")
                    screen.say(
                        f"history    {events} events of {len(everybody)} people over {history.DAYS} days, until now"
                    )
                    return await _loop(given, story, Comeback(story, crowd), phone, host.url)
                finally:
                    await crowd.close()
                    story.close()


async def _loop(given: argparse.Namespace, story: Story, comeback: Comeback, phone: str, host_page: str) -> int:
    story.prepare()
    comeback.train()
    versions = story.publish()
    story.screen.step("An operator releases v1 to everybody", story.program_page)
    await story.release("v1", versions["v1"], kind="full")
    await story.arrive()
    await comeback.sign_in()
    await comeback.use(name="v1")
    story.screen.step(f"v2 goes to {SHARE / 100:g} % of the phones (gray release)", story.program_page)
    plan: dict[str, Any] = {"kind": "gray", "share": SHARE}
    if not given.once:
        plan["devices"] = [await story.browser_phone(phone)]
    await story.release("v2", versions["v2"], **plan)
    story.screen.link(story.release_page("v2"))
    story.screen.step("The phones check in: planned and measured share")
    await story.gray()
    story.explain()
    await comeback.use(name="v2")
    await comeback.health()
    if given.once:
        await story.roll_back()
    comeback.reports()
    await comeback.prediction()
    await comeback.push()
    await comeback.measure()
    await books.balance(story, comeback.sent)
    if not given.once:
        await live(story, host_page)
        return 0
    result = story.result()
    story.screen.say(f"done in {result['seconds']['total']:.0f} s")
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description="The whole loop, live, on this machine.")
    parser.add_argument("--once", action="store_true", help="stop after the loop; figures as JSON on the last line")
    parser.add_argument("--devices", type=int, default=1000, help="simulated phones (1000)")
    parser.add_argument("--host-port", type=int, default=8003, help="port of the phone in the browser (8003)")
    parser.add_argument(
        "--data", type=Path, default=ROOT / "var" / "demo", help="the demo's folder; emptied at the start"
    )
    return parser.parse_args()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
