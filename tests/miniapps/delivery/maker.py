"""A worker in a process of its own, to be killed: maker.py STAGE ROW. It says "here" at the stage and waits.

Stages of making the row: "claimed", "compressed" (nothing is stored), "stored" (the row does not say so yet),
"finishing" (inside the transaction that says so), "finished".
"""

from __future__ import annotations

import sys
from typing import Any

import django

django.setup()

from miniapps.delivery import making  # noqa: E402

stage, wanted = sys.argv[1:]
current = ""


def stop_here(at: str) -> None:
    if stage == at and current == wanted:
        print("here", flush=True)  # noqa: T201
        sys.stdin.read()


class Store:
    """The blob store, watched."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def put(self, *what: Any, **how: Any) -> Any:
        stop_here("compressed")
        stored = self.real.put(*what, **how)
        stop_here("stored")
        return stored


real_blobs, real_fence, real_make, real_whole = making.blobs, making.Claim.fence, making._make, making.make
making.blobs = lambda: Store(real_blobs())  # type: ignore[assignment, return-value]


def fence(claim: making.Claim, **changes: Any) -> None:
    real_fence(claim, **changes)
    if changes.get("state") == "made":
        stop_here("finishing")


def make(claim: making.Claim) -> Any:
    global current
    current = claim.row.pk
    stop_here("claimed")
    return real_make(claim)


def whole(claim: making.Claim) -> bool:
    done = real_whole(claim)
    stop_here("finished")
    return done


making.Claim.fence = fence  # type: ignore[method-assign]
making._make, making.make = make, whole
making.work()
