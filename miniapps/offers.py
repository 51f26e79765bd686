"""Which release of a mini-program a device gets: the published part, compiled, and the one decision over it.

Pure: no Django, no clock, no I/O. The edge loads the part of its snapshot with it; dry run and explain in
miniapps.selectors compile the same part, so that what an operator is told is what a device is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ferry.kernel import targeting
from ferry.kernel.targeting import Context, Offer, Segments, Sets, Weighed


@dataclass(frozen=True, slots=True)
class Gives:
    """What one entry of the part gives. `entry` is its JSON as published."""

    release_id: str
    kind: str
    code: int
    installed_only: bool  # of a paused release: whoever has the version keeps it, nobody new gets it
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ProgramOffers:
    """One mini-program on one host app, ready to be asked."""

    program_id: str
    withdrawn: str | None  # the message; None while it is not withdrawn
    offers: tuple[Offer[Gives], ...]  # in the order in which they are asked
    any_installed_only: bool

    def decide(self, context: Context, installed: int | None) -> Gives | None:
        """The first release for this device, which reports version code `installed`. None: nothing for it here."""
        offers: Sequence[Offer[Gives]] = self.offers
        if self.any_installed_only:
            offers = [offer for offer in offers if not offer.gives.installed_only or offer.gives.code == installed]
        chosen = targeting.decide(offers, context)
        return None if chosen is None else chosen.gives

    def explain(self, context: Context, installed: int | None) -> list[tuple[Weighed[Gives], bool]]:
        """Every release with its reasons, and whether it was left out because it is paused and not installed."""
        chosen = self.decide(context, installed)
        return [
            (
                Weighed(weighed.offer, weighed.offer.gives is chosen, weighed.reasons),
                weighed.offer.gives.installed_only and weighed.offer.gives.code != installed,
            )
            for weighed in targeting.explain(self.offers, context)
        ]


def compile_program(body: dict[str, Any], *, segments: Segments, sets: Sets) -> ProgramOffers:
    """The part of kind "program" as closures. `segments` and `sets` hold what its releases refer to."""
    offers = tuple(
        targeting.compile_offer(
            release["rule"],
            release["range"],
            Gives(
                release["id"],
                release["kind"],
                release["version"]["code"],
                bool(release.get("installed_only")),
                release,
            ),
            segments=segments,
            sets=sets,
        )
        for release in body["releases"]
    )
    withdrawn = body["withdrawn"]
    return ProgramOffers(
        body["id"],
        None if withdrawn is None else withdrawn["message"],
        offers,
        any(offer.gives.installed_only for offer in offers),
    )
