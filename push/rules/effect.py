"""What a campaign did: the share that came back among the treated and among the held out. Pure.

The interval of the difference is Newcombe's hybrid score interval (R. G. Newcombe, "Interval estimation for the
difference between independent proportions: comparison of eleven methods", Statistics in Medicine 17, 1998, 873-890,
method 10). Unlike Wald's it holds its level for small groups and for shares near 0 and 1, and never collapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Arm:
    """People of one arm, and how many of them came back within the return window."""

    people: int
    returned: int

    @property
    def rate(self) -> float:
        """0 for nobody."""
        return self.returned / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference of the rates, treated minus held out, with its interval; None where an arm is empty."""

    difference: float
    low: float
    high: float
    level: float

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def effect(treated: Arm, held_out: Arm, *, level: float = 0.95) -> Effect | None:
    """By intention to treat: whoever was to be sent a copy counts as treated, whatever became of it."""
    if not treated.people or not held_out.people:
        return None
    first, second = treated.rate, held_out.rate
    low1, high1 = wilson(treated.returned, treated.people, level)
    low2, high2 = wilson(held_out.returned, held_out.people, level)
    difference = first - second
    return Effect(
        difference=difference,
        low=difference - sqrt((first - low1) ** 2 + (high2 - second) ** 2),
        high=difference + sqrt((high1 - first) ** 2 + (second - low2) ** 2),
        level=level,
    )


def wilson(count: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of one share."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
