"""Which release of a mini-program a device gets: the published part, compiled, and the one decision over it.

Pure: no Django, no clock, no I/O. The edge loads the part of its snapshot with it; dry run and explain in
miniapps.selectors compile the same part, so that what an operator is told is what a device is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ferry.kernel import targeting
from ferry.kernel.targeting import Context, Offer, Segments, Sets, Steps, Weighed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gives:
    """What one entry of the part gives. `entry` is its JSON as published."""

    release_id: str
    kind: str
    code: int
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProgramOffers:
    """One mini-program on one host app, ready to be asked."""

    program_id: str
    withdrawn: str | None  # the message; None while it is not withdrawn
    offers: tuple[Offer[Gives], ...]  # in the order in which they are asked
    _steps: Steps[Gives] = field(repr=False)

    def decide(self, context: Context, installed: int | None) -> Gives | None:
        """The first release for this device, which reports version code `installed`. None: nothing for it here."""
        return targeting.decide(self._steps, context, installed)

    def explain(self, context: Context, installed: int | None) -> list[tuple[Weighed[Gives], bool]]:
        """Every release with its reasons, and whether it was left out because it is paused and not installed."""
        weighed = targeting.explain(self.offers, context, installed)
        return [(each, not each.offer.open_to(installed)) for each in weighed]


def compile_program(body: dict[str, Any], *, segments: Segments, sets: Sets) -> ProgramOffers:
    """The part of kind "program" as closures. `segments` and `sets` hold what its releases refer to."""
    offers = compile_releases(body, _gives, segments=segments, sets=sets)
    withdrawn = body["withdrawn"]
    return ProgramOffers(
        body["id"], None if withdrawn is None else withdrawn["message"], offers, targeting.flatten(offers)
    )


def compile_releases(
    body: dict[str, Any], give: Callable[[dict[str, Any]], T], *, segments: Segments, sets: Sets
) -> tuple[Offer[T], ...]:
    """The releases of the part, each giving what `give` makes of its entry."""
    return tuple(
        targeting.compile_offer(
            entry["rule"],
            entry["range"],
            give(entry),
            segments=segments,
            sets=sets,
            holders=entry["version"]["code"] if entry.get("installed_only") else None,
        )
        for entry in body["releases"]
    )


def _gives(entry: dict[str, Any]) -> Gives:
    return Gives(entry["id"], entry["kind"], entry["version"]["code"], entry)
