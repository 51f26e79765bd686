"""Packages that are alike and packages that are not, and a worker for their derived files."""

from __future__ import annotations

import random
from collections.abc import Mapping

from miniapps.delivery import making, plan
from miniapps.models import Derived, Form
from tests.world import World


def text(seed: int, size: int = 60_000) -> bytes:
    """Words in an order that follows from the seed: compresses to about a third, and no two seeds help each other."""
    chance = random.Random(seed)
    return " ".join(f"{chance.getrandbits(40):x}" for _ in range(size // 11)).encode()


BOOK = text(1)
FIRST: Mapping[str, bytes] = {"index.html": b"<h1>one</h1>", "book.js": BOOK, "ä/ö.txt": b"umlauts"}
SECOND: Mapping[str, bytes] = {"index.html": b"<h1>two</h1>", "book.js": BOOK[:30_000] + b"new" + BOOK[30_000:]}
OTHER: Mapping[str, bytes] = {"index.html": b"<h1>other</h1>", "book.js": text(2)}


def deliver() -> int:
    """Plan and make everything."""
    plan.plan()
    return making.work()


def row(world: World, form: Form, source: str, base: str = "") -> Derived:
    return Derived.objects.of(world.workspace).get(form=form, source=source, base=base)
