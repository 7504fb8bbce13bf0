"""What a callback is told after every epoch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from chainrule.network import Network


@dataclass(frozen=True)
class Progress:
    """Where a run stands after an epoch, or after an iteration of a full-batch solver.

    Parameters
    ----------
    epoch, max_epochs : int
        Epochs done, from 1, and the most there will be.
    loss : float
        The epoch's entry of ``Outcome.loss_curve``.
    validation_loss, validation_accuracy : float or None
        Weighted mean loss and weighted accuracy (softmax heads only) of the validation rows; None without them.
    learning_rate : float
        The learning rate of the epoch's last step; the step length for a full-batch solver.
    network : Network
        The network as it is now. Reading it is safe; it goes on changing.
    step : int
        Steps since the beginning of the run, iterations of a full-batch solver.
    gradient_norm : float or None
        Euclidean norm of the last minibatch's gradient, of the objective's for a full-batch solver.
    """

    epoch: int
    max_epochs: int
    loss: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    network: Network
    step: int
    gradient_norm: float | None


Callback: TypeAlias = Callable[[Progress], object]
"""Called with a :class:`Progress` after every epoch; a return value of True ends the run."""
