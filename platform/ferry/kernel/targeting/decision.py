"""The decision of a check-in: the first offer, in the order they were made, that is for this device.

The edge calls `decide` for each installed program over offers compiled when the snapshot was loaded; preview, dry run
and explain call the same. An offer is a release with what it gives, usually bytes or an index into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ferry.kernel.targeting.context import Context
from ferry.kernel.targeting.hosts import HostRange
from ferry.kernel.targeting.reasons import Reasons
from ferry.kernel.targeting.rules import Compiled, Segments, Sets, compile_rule

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer(Generic[T]):
    """A compiled rule and what it gives to those who match."""

    rule: Compiled
    gives: T


@dataclass(frozen=True, slots=True)
class Weighed(Generic[T]):
    """One offer as the explanation tells it: whether it was the one chosen, and why or why not."""

    offer: Offer[T]
    chosen: bool
    reasons: Reasons


def compile_offer(rule: Any, host_range: Any, gives: T, *, segments: Segments, sets: Sets) -> Offer[T]:
    """An offer from the JSON of a release: its rule and its host range, both of which must hold."""
    compiled = compile_rule(rule, segments=segments, sets=sets, host_range=HostRange.parse(host_range))
    return Offer(compiled, gives)


def decide(offers: Sequence[Offer[T]], context: Context) -> Offer[T] | None:
    """The first offer that matches; None when none does."""
    for offer in offers:
        if offer.rule.matches(context):
            return offer
    return None


def explain(offers: Sequence[Offer[T]], context: Context) -> list[Weighed[T]]:
    """Every offer with its reasons, in order; the chosen one is what `decide` returns."""
    weighed: list[Weighed[T]] = []
    chosen = False
    for offer in offers:
        reasons = offer.rule.explain(context)
        weighed.append(Weighed(offer, reasons.matched and not chosen, reasons))
        chosen = chosen or reasons.matched
    return weighed


def edges(offers: Sequence[Offer[T]]) -> tuple[float, ...]:
    """All moments at which time alone may change the decision, sorted."""
    return tuple(sorted({edge for offer in offers for edge in offer.rule.edges}))
