"""How much time is left: for a call, and for everything."""

import time
from dataclasses import dataclass

LONGEST_CALL = 3.0  # seconds
FIRST_CALL = 5.0  # seconds; what a function imports on its first call takes its time
FIRST_SHARE = 0.25  # of all the time, where that is more: an import that is cut off spoils every later call
SHORT = 1.5  # seconds left, below which what can be left out is left out


@dataclass(frozen=True)
class Budget:
    """When everything began and by when it is to be done, on the clock of ``time.monotonic``."""

    begin: float
    end: float

    def left(self) -> float:
        """Return the seconds that are left, never below 0."""
        return max(self.end - time.monotonic(), 0.0)

    def for_one_call(self) -> float:
        """Return the time limit of the next call."""
        first = time.monotonic() - self.begin < 0.5
        longest_first = max(FIRST_CALL, FIRST_SHARE * (self.end - self.begin))
        return max(min(longest_first if first else LONGEST_CALL, self.left()), 0.05)

    def is_short(self) -> bool:
        """Tell whether only what matters most is still to be done."""
        return self.left() < SHORT


def budget_of(seconds: float) -> Budget:
    """Return a budget that begins now."""
    now = time.monotonic()
    return Budget(now, now + seconds)
