"""The second half of the loop: events tell who is leaving, a push brings them home, and the return is measured.

What the phones' owners do is decided beforehand (PLANTED); what Ferry measures is compared with it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from examples.demo import history
from examples.demo.crowd import Crowd
from examples.demo.devices import Phone
from examples.demo.scale import FULL, Scale
from examples.demo.story import PROGRAM, Story

USERS = 10_000  # in the history, the owners of the phones among them: a model needs 1,000 who left
LEAVING_SHARE = 0.45  # of the phones belong to people who are about to leave
AT_LEAST_HIGH = 250
BROKEN = ("android", "15")  # v2 throws a JavaScript error on this platform version, and nowhere else
HOLD_OUT = 3000  # in 1/10,000
PLANTED = {"treated": 0.5, "held_out": 0.15}
INACTIVE_DAYS = 7
TRAINED_WITHIN_S = 180.0
SENT_WITHIN_S = 90.0


class Comeback:
    """The acts of the second half, in order."""

    def __init__(self, story: Story, crowd: Crowd) -> None:
        self.story = story
        self.crowd = crowd
        self.screen = story.screen
        self.values = story.figures.values
        self.values["skipped"] = []
        self.sent = 0
        self.scale = Scale(len(crowd.fleet.phones))

    @property
    def _phones(self) -> list[Phone]:
        return self.crowd.fleet.phones

    def train(self) -> None:
        """Says what leaving means and asks for a model; the heavy worker trains while the first half goes on."""
        path = f"host-apps/{self.story.app}/churn"
        admin = self.story.apis["admin"]
        admin.put(path, {"inactive_days": INACTIVE_DAYS, "active_days": INACTIVE_DAYS})
        admin.post(f"{path}/train", {})

    async def sign_in(self) -> None:
        """Each phone's owner signs in, so that a push to him reaches this phone."""
        with self.story.figures.timed("sign_in"):
            await self.crowd.sign_in(self.story.bar("signed in"))

    async def use(self, *, name: str) -> None:
        """Everybody opens the mini-program; on v2 the planted error strikes. By the Segment client from PyPI."""
        with self.story.figures.timed(f"events_{name}"):
            count = await asyncio.to_thread(self.crowd.send, list(self._session()))
        self.values[f"events_{name}"] = count
        self.sent += count
        self.screen.say(f"{count} events sent through Segment's own client, each acknowledged after the sync to disk")

    def _session(self) -> Iterable[tuple[Phone, str, dict[str, Any]]]:
        for phone in self._phones:
            yield phone, "$open", {"from": "home"}
            if phone.code == 2 and (phone.platform, phone.os) == BROKEN:
                yield phone, "$error", {"message": "TypeError: tickets is undefined", "page": "pages/tickets"}
            else:
                yield phone, "search", {"route": "north"}

    async def health(self) -> None:
        """Opens and errors of the new version beside the old, as the release page shows them."""
        self.screen.step(
            "The new version beside the old: errors on one platform version", self.story.release_page("v2")
        )
        broken = sum(phone.code == 2 and (phone.platform, phone.os) == BROKEN for phone in self._phones)
        found = await self._until(self._errors, lambda errors: sum(errors.values()) >= broken, 60.0, "errors")
        for (code, system), errors in sorted(found.items()):
            self.screen.say(f"v{code} on {system}: {errors} errors")
        self._expect(broken > 0, "planted_error", "no phone with v2 has the platform version on which it fails")
        self.story.expect(
            dict(found) == ({(2, " ".join(BROKEN)): broken} if broken else {}),
            f"errors {dict(found)} where only v2 on {BROKEN} has {broken}",
        )
        self.values["planted_error"] = {"version": 2, "platform": " ".join(BROKEN), "devices": broken}

    def _errors(self) -> Counter[tuple[int, str]]:
        made = self._get("reports/version-health", program_id=PROGRAM)
        found: Counter[tuple[int, str]] = Counter()
        for version in made["versions"]:
            for part in version["by_os"]:
                if part["errors"]:
                    found[version["version_code"], f"{part['platform']} {part['os']}"] += part["errors"]
        return found

    def reports(self) -> None:
        """A funnel and the retention, over the history and today."""
        self.screen.step("What sixty days say: funnel and retention", f"{self.story.pages}/analytics")
        with self.story.figures.timed("reports"):
            funnel = self._get("reports/funnel", steps=["$open", "search", "ticket_bought"])
            retention = self._get("reports/retention", unit="week")
        steps = funnel["users"]
        self.screen.say(
            "funnel  " + "  →  ".join(f"{name} {count}" for name, count in zip(funnel["steps"], steps, strict=True))
        )
        cohorts = retention["cohorts"]
        self.values["funnel"] = dict(zip(funnel["steps"], steps, strict=True))
        self.values["retention_cohorts"] = len(cohorts)
        self.story.expect(steps[0] > steps[-1] > 0, f"the funnel is {steps}")

    async def prediction(self) -> None:
        """How good the model is on people whose outcome is known, and whom it names now."""
        self.screen.step("Who is about to leave?", f"{self.story.pages}/prediction")
        with self.story.figures.timed("training_waited_for"):
            state = await self._until(
                lambda: self._get("churn"), lambda state: bool(state["run"]), TRAINED_WITHIN_S, "a trained model"
            )
        model = state["model"]
        self.story.expect(not model["fallback"], f"no model was trained: {model['fallback']}")
        quality, beside = model["quality"], model["baselines"]
        self.screen.say(
            f"{model['name']:<9} AUC {quality['auc']:.3f}   lift in the riskiest tenth {quality['lift_at_10']:.2f}"
        )
        for name, other in beside.items():
            self.screen.say(f"{name:<9} AUC {other['auc']:.3f}   lift in the riskiest tenth {other['lift_at_10']:.2f}")
        band = next(each for each in self._get("churn/bands")["items"] if each["band"] == "high")
        self.story.expect(band["on"], "the band of high risk is switched off: too few of its users left in the exam")
        self.screen.say(
            f"high risk: {band['users']} users; {100 * band['precision']:.0f} % of such users left in the exam"
        )
        self.values["model"] = {"name": model["name"], **quality, "baselines": beside, "high_risk": band["users"]}

    async def push(self) -> None:
        """A campaign to the high-risk band, a third held out; a second member approves; phones hold the stream."""
        self.screen.step("A push to those at high risk, 30 % held out", f"{self.story.pages}/campaigns")
        with self.story.figures.timed("streams_opened"):
            await self.crowd.listen()
        self.screen.say(f"{self.crowd.streams} phones hold the stream")
        operator, admin = self.story.apis["operator"], self.story.apis["admin"]
        campaign = operator.post(
            "campaigns",
            {
                "host_app": self.story.app,
                "name": "Come back on board",
                "title": "The ferry misses you",
                "body": "Your next crossing is on us.",
                "audience": {"kind": "band", "band": "high"},
                "holdout_share": HOLD_OUT,
                "return_window_s": self.scale.window_s,
                "return_signal": "event",
            },
        )
        self.campaign = campaign["id"]
        preview = operator.get(f"campaigns/{self.campaign}/preview")
        excluded = sorted(preview["excluded"].items())
        left_out = ", ".join(f"{reason} {reach['people']}" for reason, reach in excluded)
        self.screen.say(
            f"would reach {preview['sent']['people']} people on {preview['sent']['devices']} phones;"
            f" left out: {left_out}"
        )
        if preview["needs_approval"]:
            operator.post(f"campaigns/{self.campaign}/submit", {})
            admin.post(f"campaigns/{self.campaign}/approve", {"revision": campaign["revision"]})
            self.screen.say("approved by a second member")
        with self.story.figures.timed("sent"):
            operator.post(f"campaigns/{self.campaign}/schedule", {})
            expected = preview["sent"]["devices"]
            await self._until(lambda: len(self.crowd.received), lambda got: got >= expected, SENT_WITHIN_S, "the push")
        reached = [each.phone for each in self.crowd.received.values()]
        self.screen.say(f"{len(reached)} phones got it, {self.crowd.doubled} twice")
        self.story.expect(not self.crowd.doubled, "a phone got the push twice")
        self.values["push"] = {"expected": expected, "received": len(reached), "doubled": self.crowd.doubled}
        await self._return(reached)

    async def _return(self, reached: list[Phone]) -> None:
        """The planted part of each arm comes back; then the window is waited for."""
        got = {phone.id for phone in reached}
        held = [phone for phone in self._at_risk() if phone.id not in got]
        back = _first(reached, PLANTED["treated"])
        alone = _first(held, PLANTED["held_out"])
        await self.crowd.receipts(reached, "arrived", self.story.bar("say that it arrived"))
        events = [(phone, "$open", {"from": "push" if phone.id in got else "home"}) for phone in (*back, *alone)]
        self.sent += await asyncio.to_thread(self.crowd.send, events)
        await self.crowd.receipts(back, "opened", self.story.bar("open it and come back"))
        truth = len(back) / max(1, len(reached)) - len(alone) / max(1, len(held))
        self.screen.say(f"{len(alone)} of {len(held)} held-out people come back by themselves")
        self.values["planted"] = {
            "treated": [len(back), len(reached)],
            "held_out": [len(alone), len(held)],
            "difference": round(truth, 4),
        }

    async def measure(self) -> None:
        """The lift that Ferry measured, beside the one that was planted."""
        self.screen.step("The measured return", f"{self.story.pages}/campaigns/{self.campaign}")
        operator = self.story.apis["operator"]
        path = f"campaigns/{self.campaign}"
        planted = self.values["planted"]
        everybody = planted["treated"][0] + planted["held_out"][0]
        with self.story.figures.timed("return_window"):
            made = await self._until(
                lambda: operator.get(f"{path}/effect"),
                lambda made: (
                    made["complete"] and made["treated"]["returned"] + made["held_out"]["returned"] >= everybody
                ),
                self.scale.window_s + 60.0,
                "the end of the return window",
            )
        funnel = operator.get(f"{path}/funnel")
        self.screen.say(
            "funnel  "
            + "  →  ".join(
                f"{name} {funnel[name]}" for name in ("targeted", "eligible", "sent", "accepted", "arrived", "opened")
            )
        )
        effect = made["effect"]
        if effect is None:
            self._expect(False, "lift", "one of the arms is empty")
            return
        self.screen.say(
            f"returned: {100 * made['treated']['rate']:.1f} % of {made['treated']['people']} treated,"
            f" {100 * made['held_out']['rate']:.1f} % of {made['held_out']['people']} held out"
        )
        self.screen.say(
            f"lift {100 * effect['difference']:.1f} points, {100 * effect['low']:.1f} to {100 * effect['high']:.1f}"
            f" (planted {100 * planted['difference']:.1f})"
        )
        self.values["funnel_push"] = {
            name: funnel[name] for name in ("targeted", "eligible", "held_out", "sent", "accepted", "arrived", "opened")
        }
        self.values["lift"] = {**effect, "treated": made["treated"], "held_out": made["held_out"]}
        self._expect(effect["clear"], "lift_clear_of_zero", "the interval of the lift holds zero")
        self.story.expect(
            effect["low"] <= planted["difference"] <= effect["high"], "the interval misses what was planted"
        )

    def _at_risk(self) -> list[Phone]:
        """Phones of people whom the model calls high risk."""
        users: set[str] = set()
        cursor = ""
        while True:
            page = self._get("churn/scores", band="high", limit=200, **({"cursor": cursor} if cursor else {}))
            users |= {each["user"] for each in page["items"]}
            cursor = page["next"] or ""
            if not cursor:
                break
        phones = [phone for phone in self._phones if self.crowd.user_of(phone) in users]
        self.values["high_risk_with_phone"] = len(phones)
        self._expect(len(phones) >= AT_LEAST_HIGH, "high_risk_phones", f"only {len(phones)} phones are at high risk")
        return phones

    def _expect(self, holds: bool, name: str, otherwise: str) -> None:
        """What only a run with many phones has to show; a small one says that it did not."""
        if self.scale.full:
            self.story.expect(holds, otherwise)
        elif not holds:
            self.values["skipped"].append(name)
            self.screen.say(f"{otherwise}; expected from {FULL} phones on")

    def _get(self, path: str, **query: Any) -> Any:
        return self.story.apis["admin"].get(f"host-apps/{self.story.app}/{path}", **query)

    async def _until(self, ask: Any, holds: Any, seconds: float, what: str) -> Any:
        until = time.monotonic() + seconds
        while True:
            found = await asyncio.to_thread(ask)
            if holds(found):
                return found
            self.story.expect(
                time.monotonic() < until, f"{what}: not within {seconds:.0f} s; last seen: {str(found)[:300]}"
            )
            await asyncio.sleep(0.5)


def people_for(size: int) -> tuple[list[history.Passenger], list[history.Passenger]]:
    """Everybody in the history, and those who own the simulated phones."""
    everybody = history.passengers(USERS)
    leavers = round(size * LEAVING_SHARE)
    owners = history.leaving(everybody)[:leavers]
    return everybody, owners + history.staying(everybody)[: size - len(owners)]


def now() -> datetime:
    """The end of the history."""
    return datetime.now(UTC)


def _first(phones: list[Phone], share: float) -> list[Phone]:
    """A share of the phones, the same in each run with the same phones."""
    ordered = sorted(phones, key=lambda phone: phone.message_id)
    return ordered[: round(len(ordered) * share)]
