"""Version codes for Dimina hosts, which install what is higher than what they have and refuse to go back.

Pure. A device's code is the number of the newest publish that changed what this very device gets, so it grows with
each change, roll-backs too, and stays for everybody whom the change does not touch. No table of devices is needed:
the device is thought to have asked after every publish, and that walk is repeated. docs/decisions/0646.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ferry.kernel.targeting import Context, edges
from miniapps.offers import Gives, ProgramOffers

KIND = "dimina"
LARGEST = 2**31 - 2**20  # a host's version code is a signed 32-bit number; the rest is left to grow in


@dataclass(frozen=True, slots=True)
class Generation:
    """The rules between two publishes."""

    number: int  # `number` for what they gave at first, `number + 1` for what time made of it
    at: float  # seconds since the epoch
    offers: ProgramOffers
    moments: tuple[float, ...]  # when time alone changes what they give

    @classmethod
    def of(cls, number: int, at: float, offers: ProgramOffers) -> Generation:
        """With its moments."""
        return cls(number, at, offers, edges(offers.offers))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a device gets, and under which code."""

    code: int
    gives: Gives


def next_number(last: int | None, newest_version: int) -> int:
    """The number of the next generation: never below a version code, so that a package which was built into a host
    under its own code is not ahead of it."""
    return max(1 if last is None else last + 2, min(newest_version, LARGEST))


def follow(generations: Sequence[Generation], context: Context) -> Delivery | None:
    """What the device gets at `context.now`; None when there is nothing of this kind for it.

    Who was given a version and is given nothing keeps it, as these hosts do: it is no change when it comes back. A
    device that joins during a pause counts as one that was there before: its host does not say what it has.
    """
    gives: Gives | None = None
    held, code = None, 0
    for generation, until in _reigns(generations, context.now):
        for number, moment in _looks(generation, until):
            gives = generation.offers.decide(replace(context, now=moment), held)
            if gives is not None and gives.entry["version"]["kind"] != KIND:
                gives = None
            if gives is not None and gives.code != held:
                held, code = gives.code, number
    return None if gives is None else Delivery(code, gives)


def _reigns(generations: Sequence[Generation], now: float) -> list[tuple[Generation, float]]:
    """Each generation with the end of its time."""
    ends = [generation.at for generation in generations[1:]] + [now]
    return list(zip(generations, ends, strict=True)) if generations else []


def _looks(generation: Generation, until: float) -> list[tuple[int, float]]:
    """When to ask a generation: at its beginning, and at its end where a date has passed in between."""
    begun = [(generation.number, generation.at)]
    passed = any(generation.at < moment <= until for moment in generation.moments)
    return [*begun, (generation.number + 1, until)] if passed else begun
