"""The loop, told: a mini-program goes from a developer to a thousand phones, to the right ones, and back again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import Any

import httpx

from examples.demo.devices import Fleet, Phone
from examples.demo.platform import Platform
from examples.demo.screen import Screen
from ferry.cli.api import Api
from ferry.cli.archive import archive
from ferry.cli.profile import Profile

HERE = Path(__file__).resolve().parent
MINIAPP = HERE.parent / "miniapps" / "city-ferry"
PROGRAM = "2026112100000001"
SHARE = 2000  # of v2's gray release, in 1/10,000
CHECK_INTERVAL_S = 5  # how often the phone in the browser asks; a real host app has 1800
LOADED_WITHIN_S = 30.0
LIVE_WITHIN_S = 30.0
STEPS = 13


class Failed(Exception):
    """Something in the loop is not as it has to be."""


@dataclass
class Figures:
    """What was measured; becomes the last line of `--once`."""

    values: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """How long a part took."""
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 2)


class Story:
    """The acts of the demo, in order. Each role acts with a token of its own: nobody approves his own upload."""

    def __init__(self, screen: Screen, platform: Platform, made: dict[str, Any], fleet: Fleet) -> None:
        self.screen = screen
        self.platform = platform
        self.fleet = fleet
        self.figures = Figures()
        self.app: str = made["host_app"]["id"]
        self.number = str(made["host_app"]["number"])
        self.pages = f"{platform.site}/w/{made['workspace']}"
        self.apis = {role: Api(Profile(platform.site, token)) for role, token in made["tokens"].items()}
        self.releases: dict[str, str] = {}
        self._began = datetime.now(UTC).date()
        self.browser = ""  # device id of the phone in the browser, where somebody may be using it

    @property
    def program_page(self) -> str:
        return f"{self.pages}/programs/{PROGRAM}"

    def release_page(self, name: str) -> str:
        """Where a release is watched and rolled back."""
        return f"{self.program_page}/releases/{self.releases[name]}"

    def days(self) -> list[str]:
        """The UTC days that this run has touched: two, if midnight came in between."""
        return sorted({self._began.isoformat(), datetime.now(UTC).date().isoformat()})

    def close(self) -> None:
        """Closes the connections to the site."""
        for api in self.apis.values():
            api.close()

    async def browser_phone(self, message_id: str) -> str:
        """Registers the phone in the browser ahead of its page: the same message gives the same device."""
        self.browser = await self.fleet.device_of(message_id)
        return self.browser

    def prepare(self) -> None:
        """The host app asks often, so that what an operator does is seen at once."""
        self.apis["admin"].patch(f"host-apps/{self.app}", {"check_interval_s": CHECK_INTERVAL_S})

    def publish(self) -> dict[str, str]:
        """Uploads, submits and approves both versions; name → version id."""
        self.screen.step("A developer uploads two versions of City Ferry; a reviewer approves them", self.program_page)
        developer, reviewer = self.apis["developer"], self.apis["reviewer"]
        developer.post("mini-programs", {"id": PROGRAM, "name": "City Ferry"})
        versions = {}
        with self.figures.timed("publish"):
            for name in ("v1", "v2"):
                with archive(MINIAPP / name) as file:
                    made = developer.upload(f"mini-programs/{PROGRAM}/versions", file, {}, lambda done, total: None)
                developer.post(f"versions/{made['id']}/submit", {"host_app": self.app})
                reviewer.post(
                    f"versions/{made['id']}/approve", {"host_app": self.app, "reason": "Looked at in preview."}
                )
                versions[name] = made["id"]
                self.screen.say(
                    f"{name} is version code {made['code']}: {made['size']} bytes, sha256 {made['sha256'][:16]}…"
                )
        return versions

    async def release(self, name: str, version: str, **plan: Any) -> None:
        """An operator starts a release; returns when the edge serves it."""
        with self.figures.timed(f"live_{name}"):
            before = self._served()
            made = self.apis["operator"].post("releases", {"version": version, "host_app": self.app, **plan})
            await self._live(before)
        await self._settled()
        self.releases[name] = made["id"]
        self.screen.say(f"live on the edge after {self.figures.seconds[f'live_{name}']:.1f} s")

    async def arrive(self) -> None:
        """The phones register and get v1."""
        size = len(self.fleet.phones)
        self.screen.step(f"{size} phones register, ask for City Ferry, download it and verify hash and signature")
        with self.figures.timed("register"):
            await self.fleet.register(self.bar("registered"))
        with self.figures.timed("install_v1"):
            await self.fleet.check_in(self.fleet.phones, self.bar("checked in, downloaded, verified"))
        self.expect(self.fleet.on_versions() == {1: size}, "not every phone has v1")

    async def gray(self) -> None:
        """The phones ask again; the share that gets v2 stands beside the plan."""
        with self.figures.timed("gray_check_in"):
            await self.fleet.check_in(self.fleet.phones, self.bar("checked in"))
        on, size = self.fleet.on_versions(), len(self.fleet.phones)
        plan, measured = SHARE / 100, 100 * on[2] / size
        self.screen.share("v1", 100 - plan, 100 - measured, on[1])
        self.screen.share("v2", plan, measured, on[2])
        tolerance = 400 * sqrt(SHARE / 10_000 * (1 - SHARE / 10_000) / size)  # four standard deviations of chance
        self.figures.values["share"] = {"plan": plan, "measured": round(measured, 2), "tolerance": round(tolerance, 2)}
        self.expect(abs(measured - plan) <= tolerance, f"{measured:.2f} % have v2 where {plan:.2f} % were planned")
        moved = [phone for phone in self.fleet.phones if phone.code == 2]
        await self.fleet.check_in(moved, self.bar("say that they have v2 now"))
        await self._counted({1: on[1], 2: on[2]}, "loaded")

    def explain(self) -> None:
        """Why one phone has v2."""
        phone = next(phone for phone in self.fleet.phones if phone.code == 2)
        self.screen.step(f"Why does phone {phone.id} have v2?", f"{self.program_page}/apps/{self.app}/explain")
        made = self.apis["operator"].post(f"host-apps/{self.app}/explain", {"program": PROGRAM, "device": phone.id})
        chosen = made["release"]
        self.expect(chosen is not None and chosen["version_code"] == 2, "the explanation names another version")
        lines = [reason for step in made["steps"] if step["chosen"] for reason in step["reasons"]]
        self.screen.say(f"By the {chosen['kind']} release {chosen['serial']} of {chosen['version_name']}:")
        for line in lines:
            self.screen.say(f"  {line}")
        self.figures.values["explained"] = {"device": phone.id, "version": chosen["version_name"], "reasons": lines}

    async def roll_back(self) -> None:
        """The operator takes v2 back; every phone returns to v1."""
        self.screen.step("The operator rolls v2 back; the phones return to v1", self.release_page("v2"))
        moved = [phone for phone in self.fleet.phones if phone.code == 2]
        with self.figures.timed("live_rollback"):
            before = self._served()
            body = {"reason": "Demo: v2 is taken back."}
            self.apis["operator"].post(f"releases/{self.releases['v2']}/roll-back", body)
            await self._live(before)
        await self._settled()
        self.screen.say(f"live on the edge after {self.figures.seconds['live_rollback']:.1f} s")
        with self.figures.timed("return_to_v1"):
            await self.fleet.check_in(self.fleet.phones, self.bar("checked in"))
        await self.returned(moved)

    async def returned(self, moved: list[Phone]) -> None:
        """Checks that all phones have v1 again, and that the platform knows it."""
        size = len(self.fleet.phones)
        back = sum(phone.code == 1 for phone in moved)
        self.figures.values["returned"] = back
        self.expect(self.fleet.on_versions() == {1: size}, "not every phone returned to v1")
        await self.fleet.check_in(moved, self.bar("say that they have v1 again"))
        await self._counted({1: size}, "loaded_after_rollback")
        self.screen.say(f"{back} of {len(moved)} phones returned to v1, each verified once more")

    def result(self) -> dict[str, Any]:
        """All figures."""
        counts = self.fleet.counts
        return {
            "ok": True,
            "devices": len(self.fleet.phones),
            **self.figures.values,
            "requests": counts.requests,
            "told_to_wait": counts.waited,
            "downloads": counts.downloads,
            "downloaded_bytes": counts.bytes,
            "verified": counts.verified,
            "seconds": {**self.figures.seconds, "total": round(self.screen.elapsed(), 1)},
        }

    async def _counted(self, expected: dict[int, int], name: str) -> None:
        """Waits until the platform's own counts, which come by the journal, are those of the phones."""
        with self.figures.timed(name):
            until = time.monotonic() + LOADED_WITHIN_S
            while True:
                found = await asyncio.to_thread(self._population)
                if all(0 <= found.get(code, 0) - devices <= bool(self.browser) for code, devices in expected.items()):
                    break
                self.expect(time.monotonic() < until, f"the console counts {found}, the phones {expected}")
                await asyncio.sleep(0.3)
        text = ", ".join(f"v{code} on {devices}" for code, devices in sorted(expected.items()))
        self.screen.say(
            f"the console counts the same: {text} (by journal and loader, {self.figures.seconds[name]:.1f} s)"
        )
        self.figures.values[f"{name}_counts"] = {f"v{code}": devices for code, devices in sorted(expected.items())}

    def _population(self) -> dict[int, int]:
        """Devices on each version as the console shows them; the phone in the browser may be one more."""
        made = self.apis["operator"].get(f"mini-programs/{PROGRAM}/devices", host_app=self.app)
        return {one["code"]: one["devices"] for one in made["versions"] if one["devices"]}

    def _snapshot(self) -> dict[str, Any]:
        answer = httpx.get(f"{self.platform.edge}/healthz", timeout=5, trust_env=False).json()
        return dict(answer["snapshot"])

    def _served(self) -> int:
        return int(self._snapshot()["versions"].get(self.number, 0))

    async def _settled(self) -> None:
        """The new version that was seen may be another publish's, a delta's: two polls that began later saw ours."""
        until, last, polls = time.monotonic() + LIVE_WITHIN_S, time.time(), 0
        while polls < 2:
            self.expect(time.monotonic() < until, "the edge does not look for what was published")
            checked = time.time() - (await asyncio.to_thread(self._snapshot))["age_s"]
            if checked > last + 0.3:
                last, polls = checked, polls + 1
            await asyncio.sleep(0.05)

    async def _live(self, before: int) -> None:
        until = time.monotonic() + LIVE_WITHIN_S
        while await asyncio.to_thread(self._served) <= before:
            self.expect(time.monotonic() < until, "the edge does not serve what was published")
            await asyncio.sleep(0.05)

    def bar(self, text: str) -> Any:
        """A progress bar with this text."""
        return lambda done, total: self.screen.progress(text, done, total)

    def expect(self, holds: bool, otherwise: str) -> None:
        """Raises Failed when something is not as it has to be."""
        if not holds:
            raise Failed(otherwise)
