"""Sixty days of a city's ferry passengers, made up with causes: why somebody leaves is planted, so it can be found.

Every passenger comes on some days, looks, searches, sometimes buys. One day trouble begins for most of them: payments
fail, visits grow rarer, and within about ten days the passenger is gone. At the end of the history, which is now, some
are in the midst of that. Nothing else tells them apart from the happy ones.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

DAYS = 60
SEED = 20261122
QUIET_DAYS = range(1, 5)  # how long the leaving ones that get a phone have been silent


@dataclass(frozen=True, slots=True)
class Passenger:
    """One user: when trouble begins and when he is last seen, both in days before now (negative: not yet)."""

    name: str
    joined: float
    habit: float  # chance of a visit on an ordinary day
    trouble: float
    last: float


def passengers(size: int) -> list[Passenger]:
    """The same people for the same size, whatever the day."""
    chance = random.Random(SEED)
    made = []
    for number in range(size):
        joined = chance.uniform(25, DAYS)
        trouble = chance.uniform(-12, joined - 3)
        last = trouble - chance.uniform(3, 10)
        made.append(Passenger(f"passenger-{number:05d}", joined, chance.betavariate(8, 3), trouble, last))
    return made


def leaving(people: list[Passenger]) -> list[Passenger]:
    """Those whose trouble is behind them and who have been silent for some days."""
    return [each for each in people if each.last >= 0 and int(each.last) in QUIET_DAYS]


def staying(people: list[Passenger]) -> list[Passenger]:
    """Those without trouble so far."""
    return [each for each in people if each.trouble < 0]


def write(path: Path, people: list[Passenger], now: datetime) -> int:
    """The history as a CSV file with user_id, event and timestamp; how many events it has."""
    chance = random.Random(SEED + 1)
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("user_id", "event", "timestamp"))
        for person in people:
            for ago, event in _visits(person, chance):
                table.writerow((person.name, event, (now - timedelta(days=ago)).isoformat()))
                count += 1
    return count


def _visits(person: Passenger, chance: random.Random) -> Iterator[tuple[float, str]]:
    for day in range(int(person.joined), -1, -1):
        if day < person.last:
            return
        troubled = person.trouble - day  # days of trouble so far; at or below zero there is none
        habit = person.habit * (0.95 ** max(0.0, troubled))
        if chance.random() >= habit:
            continue
        ago = day + chance.random() * 0.9 + 0.05
        yield ago, "$open"
        yield ago - 0.001, "search"
        if chance.random() < 0.5:
            failed = troubled > 0 and chance.random() < 0.7
            yield ago - 0.002, "payment_failed" if failed else "ticket_bought"
