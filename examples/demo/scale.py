"""What a run can show depends on its size. With few phones chance alone hides an effect, so such a run is quick, checks
everything else, and names in its figures what it left out."""

from __future__ import annotations

from dataclasses import dataclass

FULL = 500  # phones from which on everything is expected
WINDOW_S, WINDOW_OF_FEW_S = 45, 25


@dataclass(frozen=True, slots=True)
class Scale:
    """A run with so many simulated phones."""

    phones: int

    @property
    def full(self) -> bool:
        """Whether every expectation holds."""
        return self.phones >= FULL

    @property
    def window_s(self) -> int:
        """How long people may take to come back after the push."""
        return WINDOW_S if self.full else WINDOW_OF_FEW_S
