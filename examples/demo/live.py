"""The last step by hand: phones keep checking in, the operator presses “Roll back” and watches what changes."""

from __future__ import annotations

import asyncio
import random

import httpx

from examples.demo.story import Story

PER_SECOND = 12  # check-ins of all simulated phones together: enough to see, little to compute


async def live(story: Story, host_page: str) -> None:
    """Runs until Ctrl-C. When one phone changes its version, all of them ask, and the shares are shown again."""
    screen, fleet = story.screen, story.fleet
    screen.step("Now you: open the phone and tap City Ferry; then press “Roll back” on the release and watch the phone")
    screen.link(host_page)
    screen.link(story.release_page("v2"))
    screen.say(f"{PER_SECOND} simulated phones check in every second. Ctrl-C stops everything.")
    while True:
        story.platform.check()
        before = fleet.on_versions()
        try:
            if await fleet.turn(random.choice(fleet.phones)):
                screen.say("a phone was given another version: all of them ask now")
                await fleet.check_in(fleet.phones, lambda done, total: screen.progress("checked in", done, total))
                _tell(story, before[2])
        except httpx.HTTPError:
            await asyncio.sleep(1)  # a restart, perhaps: the phones ask again, as phones do
        on = fleet.on_versions()
        screen.now(
            f"      v1 on {on[1]} · v2 on {on[2]} · {fleet.counts.requests} requests · {fleet.counts.verified} verified"
        )
        await asyncio.sleep(1 / PER_SECOND)


def _tell(story: Story, before: int) -> None:
    on, size = story.fleet.on_versions(), len(story.fleet.phones)
    if before and not on[2]:
        story.screen.say(f"v2 was taken back: all {before} phones returned to v1, each verified once more")
    for code in sorted(on):
        story.screen.say(f"v{code}: {on[code]} phones, {100 * on[code] / size:.2f} %")
