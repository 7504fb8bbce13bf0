"""Which epoch was best, and whether to go on: values that go in and come out."""

import math
from dataclasses import dataclass, replace

from chainrule._types import Array


@dataclass(frozen=True)
class Best:
    """The best epoch so far.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        A copy of its parameters.
    epoch : int
        Its number; 0 is the start.
    value : float
        Its monitored loss, inf before the first epoch.
    epochs_since : int
        Epochs that came after it.
    """

    parameters: Array
    epoch: int = 0
    value: float = math.inf
    epochs_since: int = 0

    def after(self, parameters: Array, epoch: int, value: float) -> "Best":
        """Return the best epoch once one more is over; its parameters are copied if it is the better one."""
        if value < self.value:
            return Best(parameters.copy(), epoch, value)
        return replace(self, epochs_since=self.epochs_since + 1)
