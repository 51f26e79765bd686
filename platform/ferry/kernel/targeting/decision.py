"""The decision of a check-in: the first offer, in the order they were made, that is for this device.

The edge calls `decide` for each installed program over offers laid flat when the snapshot was loaded; preview, dry
run and explain call the same. An offer is a release with what it gives, usually bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ferry.kernel.targeting.bucketing import SHARES, digest
from ferry.kernel.targeting.constraints import Test
from ferry.kernel.targeting.context import Context
from ferry.kernel.targeting.hosts import NOWHERE, HostRange, Spans
from ferry.kernel.targeting.reasons import Reasons
from ferry.kernel.targeting.rules import Compiled, Segments, Sets, compile_rule

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Offer(Generic[T]):
    """A compiled rule and what it gives to those who match."""

    rule: Compiled
    gives: T
    holders: int | None = None
    """Only for whoever has this version already: what a paused release gives. None: for everybody."""

    def open_to(self, installed: int | None) -> bool:
        """Whether whoever has version `installed` (None: has none) is asked the rule at all."""
        return self.holders is None or self.holders == installed


@dataclass(frozen=True, slots=True)
class Weighed(Generic[T]):
    """One offer as the explanation tells it: whether it was the one chosen, and why or why not."""

    offer: Offer[T]
    chosen: bool
    reasons: Reasons


Step = tuple[int, Collection[str] | None, bytes | None, int, Spans | None, Test | None, int | None, T]
"""One way into one offer: rules.Way, then whose version, then what it gives.

A plain tuple because a check-in walks through sixty: how many places in memory they lie in is most of what they cost
(docs/decisions/0502).
"""
Steps = tuple[Step[T], ...]


def compile_offer(
    rule: Any, host_range: Any, gives: T, *, segments: Segments, sets: Sets, holders: int | None = None
) -> Offer[T]:
    """An offer from the JSON of a release: its rule and its host range, both of which must hold."""
    compiled = compile_rule(rule, segments=segments, sets=sets, host_range=HostRange.parse(host_range))
    return Offer(compiled, gives, holders)


def flatten(offers: Sequence[Offer[T]]) -> Steps[T]:
    """The offers as `decide` walks through them: a step for each way into each, in order."""
    return tuple((*way, offer.holders, offer.gives) for offer in offers for way in offer.rule.ways)


def decide(steps: Steps[T], context: Context, installed: int | None = None) -> T | None:
    """What the first offer gives that is for this device, which has version `installed`; None when none is.

    The one loop over releases in Ferry. It says nothing that `Compiled.matches` does not say (a property test holds
    the two together); it says it without a call for what most rules ask.
    """
    known, drawn = context.known, context.drawn
    for field, listed, group, share, spans, others, holders, gives in steps:
        if listed is not None and known[field] not in listed:
            continue
        if group is not None and (not drawn[field] or digest(group + drawn[field]) % SHARES >= share):
            continue
        if spans is not None:
            low, high = spans.get(context.platform, NOWHERE)
            if not low <= context.host_place <= high:
                continue
        if holders is not None and holders != installed:
            continue
        if others is None or others(context):
            return gives
    return None


def explain(offers: Sequence[Offer[T]], context: Context, installed: int | None = None) -> list[Weighed[T]]:
    """Every offer with its reasons, in order; the chosen one is what `decide` returns."""
    weighed: list[Weighed[T]] = []
    chosen = False
    for offer in offers:
        reasons = offer.rule.explain(context)
        wins = reasons.matched and offer.open_to(installed) and not chosen
        weighed.append(Weighed(offer, wins, reasons))
        chosen = chosen or wins
    return weighed


def edges(offers: Sequence[Offer[T]]) -> tuple[float, ...]:
    """All moments at which time alone may change the decision, sorted."""
    return tuple(sorted({edge for offer in offers for edge in offer.rule.edges}))
