"""What is done after every epoch: validation, the best parameters, callback and log, and a reason to stop."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.network import Network
from chainrule.training.log import TrainingLog
from chainrule.training.objective import Examples, Loss
from chainrule.training.outcome import StopReason
from chainrule.training.progress import Callback, Progress
from chainrule.training.run_state import Record


@dataclass(frozen=True)
class Epoch:
    """What an epoch reports.

    Loss, last learning rate, steps taken since the beginning of the run, the norm of the objective's gradient if it is
    known and of the last minibatch's if there are any, whether the solver is finished, and the gap that is certified.
    """

    loss: float
    learning_rate: float
    steps: int
    gradient_norm: float | None = None
    batch_gradient_norm: float | None = None
    reason: StopReason | None = None
    gap: float | None = None

    @property
    def finite(self) -> bool:
        """Whether loss and gradient are finite."""
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm or 0.0)


@dataclass(frozen=True)
class Watch:
    """What is looked at after every epoch.

    Parameters
    ----------
    network : Network
        The network that trains.
    n_rows : int
        Rows of an epoch.
    max_epochs : int
        The most epochs there will be.
    validation : Examples or None
        Rows the network does not train on.
    loss : Loss
        How the validation rows are judged.
    patience : int or None
        Epochs without a lower validation loss after which to stop; None: validation is only recorded.
    callback : callable or None
        Told of every epoch.
    log : TrainingLog
        Told as well.
    at_last_epoch : StopReason
        What it means that no epoch is left: the plan is done, or the solver was cut off.
    """

    network: Network
    n_rows: int
    max_epochs: int
    validation: Examples | None
    loss: Loss
    patience: int | None
    callback: Callback | None
    log: TrainingLog
    at_last_epoch: StopReason

    @property
    def selects(self) -> bool:
        """Whether the validation loss decides which epoch is best."""
        return self.validation is not None and self.patience is not None


def look(watch: Watch, record: Record, number: int, epoch: Epoch, seconds: float) -> StopReason | None:
    """Record a finite epoch, tell callback and log, and return a reason to stop, or None."""
    validation_loss = None
    if watch.validation is not None:
        validation_loss = watch.loss.mean(watch.network, watch.validation)
        if not math.isfinite(validation_loss):
            return StopReason.DIVERGED
        record.validation_curve.append(validation_loss)
    record.loss_curve.append(epoch.loss)
    record.gradient_norm, record.gap = epoch.gradient_norm, epoch.gap
    monitored = validation_loss if watch.selects and validation_loss is not None else epoch.loss
    if epoch.reason is StopReason.CONVERGED and not watch.selects:
        monitored = -math.inf  # the gradient has judged it, which is finer than values
    record.best = record.best.after(watch.network.parameters, number, monitored)
    asked_to_stop = _tell(watch, number, epoch, validation_loss, seconds)
    if epoch.reason is not None:
        return epoch.reason
    if asked_to_stop:
        return StopReason.CALLBACK_STOPPED
    if watch.selects and watch.patience is not None and record.best.epochs_since >= watch.patience:
        return StopReason.EARLY_STOPPED
    return watch.at_last_epoch if number >= watch.max_epochs else None


def _tell(watch: Watch, number: int, epoch: Epoch, validation_loss: float | None, seconds: float) -> bool:
    if watch.callback is None and not watch.log.wanted:
        return False
    accuracy = _accuracy(watch)
    watch.log.write(
        "epoch", epoch=number, step=epoch.steps, loss=epoch.loss, validation_loss=validation_loss,
        validation_accuracy=accuracy, gradient_norm=epoch.batch_gradient_norm,
        rows_per_second=watch.n_rows / max(seconds, 1e-9), learning_rate=epoch.learning_rate,
    )  # fmt: skip
    if watch.callback is None:
        return False
    progress = Progress(
        epoch=number,
        max_epochs=watch.max_epochs,
        loss=epoch.loss,
        validation_loss=validation_loss,
        validation_accuracy=accuracy,
        learning_rate=epoch.learning_rate,
        network=watch.network,
        step=epoch.steps,
        gradient_norm=epoch.batch_gradient_norm,
    )
    answer = watch.callback(progress)
    return isinstance(answer, bool | np.bool_) and bool(answer)


def _accuracy(watch: Watch) -> float | None:
    """Return the weighted share of validation rows whose most probable class is their target's."""
    if watch.validation is None or watch.network.head != "softmax":
        return None
    right = weight = 0.0
    for block in watch.validation.blocks(watch.network):
        chosen = watch.network.predict_logits(block.X).argmax(axis=1)
        truth = block.y if block.y.ndim == 1 else block.y.argmax(axis=1)
        weights = np.ones(len(block)) if block.sample_weight is None else block.sample_weight
        right += float(weights @ (chosen == truth))
        weight += float(weights.sum())
    return right / weight
