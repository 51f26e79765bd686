"""The accounts at the end: nothing that an edge acknowledged is missing or counted twice."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from examples.demo.story import Story

SETTLED_WITHIN_S = 30.0
PARTS = ("stored", "duplicate", "rejected", "pending")


async def balance(story: Story, sent: int) -> None:
    """Waits until the loader has everything, then holds the equation against what the phones know they sent."""
    until = time.monotonic() + SETTLED_WITHIN_S
    while True:
        kinds = await asyncio.to_thread(_kinds, story)
        if not any(kind["pending"] for kind in kinds.values()) or time.monotonic() > until:
            break
        await asyncio.sleep(0.5)
    for name, kind in kinds.items():
        if name != "checkin":  # observations that keep coming while this looks
            story.expect(kind["pending"] == 0, f"{kind['pending']} records of {name} are still not loaded")
        story.expect(
            kind["received"] == sum(kind[part] for part in PARTS), f"the account of {name} does not add up: {kind}"
        )
    events = kinds.get("events", {})
    story.expect(
        events.get("stored", 0) >= sent and not events.get("rejected"),
        f"{sent} events were sent, the books say {events}",
    )
    story.figures.values["accounting"] = kinds
    story.screen.say(
        "accounts  " + "   ".join(f"{name} {kind['stored']} of {kind['received']}" for name, kind in kinds.items())
    )


def _kinds(story: Story) -> dict[str, dict[str, int]]:
    """Kind of record → its account, over the days that this run has touched."""
    found: dict[str, dict[str, int]] = {}
    for day in story.days():
        made: dict[str, Any] = story.apis["admin"].get(f"host-apps/{story.app}/accounting", day=day)
        for kind in made["kinds"]:
            total = found.setdefault(kind["kind"], dict.fromkeys(("received", *PARTS), 0))
            for part in total:
                total[part] += kind[part]
    return found
