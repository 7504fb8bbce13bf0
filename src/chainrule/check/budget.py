"""How much time is left: for a call, and for everything."""

import time
from dataclasses import dataclass

LONGEST_CALL = 3.0  # seconds; a first call may compile
SHORT = 1.5  # seconds left, below which what can be left out is left out


@dataclass(frozen=True)
class Budget:
    """A moment by which everything is to be done, on the clock of ``time.monotonic``."""

    end: float

    def left(self) -> float:
        """Return the seconds that are left, never below 0."""
        return max(self.end - time.monotonic(), 0.0)

    def for_one_call(self) -> float:
        """Return the time limit of the next call."""
        return max(min(LONGEST_CALL, self.left()), 0.05)

    def is_short(self) -> bool:
        """Tell whether only what matters most is still to be done."""
        return self.left() < SHORT


def budget_of(seconds: float) -> Budget:
    """Return a budget that begins now."""
    return Budget(time.monotonic() + seconds)
