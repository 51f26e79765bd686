"""High, medium, low: what a probability is called, and whether the name may be relied on. Pure.

A band says "at least so many of a hundred of these users leave". On users whose outcome is known it is counted how
many did; where it was clearly fewer, or too few to tell, the band is switched off: it targets nobody.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Fewer users than this in the exam say nothing about a band.
FEWEST = 50
# A band may miss its lower bound by this much: calibration drifts by a few points between snapshots.
GRACE = 0.05
_Z = 1.96


class Band(StrEnum):
    """Risk of leaving."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score (0 to 100) on a user is high or medium."""

    high: int = 75
    medium: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.medium < self.high <= 99:
            raise ValueError("the thresholds are whole numbers from 1 to 99, medium below high")

    def band(self, score: int) -> Band:
        """The band of a score."""
        return Band.HIGH if score >= self.high else Band.MEDIUM if score >= self.medium else Band.LOW


@dataclass(frozen=True, slots=True)
class Reliability:
    """A band in the exam: from which score, how many users, how many of them left, whether the band may be used."""

    from_score: int
    users: int
    left: int
    on: bool

    @property
    def precision(self) -> float:
        """The share that left."""
        return self.left / self.users if self.users else 0.0

    def as_json(self) -> dict[str, Any]:
        """As it is stored with a model."""
        return {**asdict(self), "precision": round(self.precision, 4)}


def scores_of(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Probabilities as whole scores from 0 to 100."""
    import numpy as np  # not at the top: the site reads bands and should stay light

    return np.rint(np.clip(probability, 0.0, 1.0) * 100).astype(np.int64)


def examine(
    probability: npt.NDArray[np.float64], gone: npt.NDArray[np.bool_], thresholds: Thresholds
) -> dict[str, Reliability]:
    """Each band on users whose outcome is known. Low promises nothing, so it is never off."""
    scores = scores_of(probability)
    bounds = {
        Band.HIGH: (thresholds.high, 101),
        Band.MEDIUM: (thresholds.medium, thresholds.high),
        Band.LOW: (0, thresholds.medium),
    }
    found = {}
    for band, (low, high) in bounds.items():
        inside = gone[(scores >= low) & (scores < high)]
        users, left = len(inside), int(inside.sum())
        kept = users >= FEWEST and _at_most(left, users) >= low / 100 - GRACE
        found[band.value] = Reliability(low, users, left, kept or band is Band.LOW)
    return found


def _at_most(hits: int, of: int) -> float:
    """The upper end of Wilson's 95 % interval: below it the promise is refuted, not only unlucky."""
    share = hits / of
    middle = share + _Z * _Z / (2 * of)
    spread = _Z * sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    return (middle + spread) / (1 + _Z * _Z / of)
