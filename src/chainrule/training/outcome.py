"""How a training run ended, as values: the reason, the numbers, and what to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

NOTHING_LEFT = " Nothing is left to do."
"""How the advice of a run ends that went well; not said where its diagnosis knows better."""


class StopReason(Enum):
    """Why a run ended; the value of each member is the advice that goes with it.

    Examples
    --------
    >>> StopReason.CONVERGED.advice
    'The minimum was found to the tolerance. Nothing is left to do.'
    """

    CONVERGED = "The minimum was found to the tolerance. Nothing is left to do."
    PRECISION_REACHED = (
        "The loss cannot be lowered any further in floating point; a tolerance above the gradient norm that was "
        "reached would end the fit sooner. Nothing is left to do."
    )
    STALLED = (
        "No lower point could be found although the gradient is not small; features on very different scales are the "
        "usual cause, and the kinks of relu another. Scale the features, or use another solver or activation."
    )
    COMPLETED = "All planned epochs were run and the best parameters kept. Nothing is left to do."
    PORTION_DONE = "One pass over the rows given was made; give more rows to go on, or predict."
    EARLY_STOPPED = "The validation loss stopped falling; its best epoch was kept. Nothing is left to do."
    MAX_EPOCHS = (
        "The solver was cut off while the loss still fell; its parameters are the best found and can be used. "
        "If the last entries of loss_curve differ by less than matters to you, raise tol; else raise max_epochs."
    )
    NOT_IMPROVED = (
        "No epoch ended with a lower loss than the start, whose parameters were kept. "
        "If the start was not a minimum already, use a smaller learning rate."
    )
    CALLBACK_STOPPED = "The callback asked to stop; the best parameters so far were kept."
    INTERRUPTED = "The run was interrupted; the best parameters so far were kept. Fit again to finish."
    DIVERGED = (
        "The loss grew or became infinite, and the best finite parameters were restored. "
        "Use a learning rate ten times smaller, and look for features of extreme size."
    )

    @property
    def advice(self) -> str:
        """What to do, a sentence."""
        return str(self.value)

    @property
    def linear_advice(self) -> str:
        """What to do after a solver of linear models to which the units of features do not matter."""
        return _LINEAR_ADVICE.get(self.name, self.advice)


_LINEAR_ADVICE = {
    "STALLED": (
        "No lower point could be found: what is left lies below the rounding of sums over these rows. The parameters "
        "are the best found and can be used."
    ),
    "MAX_EPOCHS": (
        "The fit was cut off by its limit of iterations; the parameters are the best found and can be used, and "
        "fitting on from them (warm_start=True, or the same network) goes on where it stopped."
    ),
}


@dataclass(frozen=True)
class Outcome:
    """How a training run ended.

    Parameters
    ----------
    reason : StopReason
        Why it ended; ``reason.advice`` says what to do.
    solver : str
        Name of the solver.
    epochs : int
        Number of epochs done, or of iterations of a full-batch solver.
    best_epoch : int
        The epoch whose parameters were kept, counted from 1; 0 if they are those of the start.
    loss : float
        Objective (TR.1) at the parameters that were kept, over the whole training set.
    loss_curve : tuple of float
        One value per epoch. Full-batch solvers: objective (TR.1) at the end of the iteration. Minibatch solvers:
        weighted mean loss over the epoch's batches, each at its own parameters, plus the penalty at the epoch's end.
    validation_curve : tuple of float
        Weighted mean loss of the validation rows after each epoch, without penalty and without label smoothing;
        empty without validation rows.
    gradient_norm : float or None
        Euclidean norm of the objective's gradient at the end of a full-batch solver, or at the start if no
        iteration was done; None for minibatch solvers.
    message : str
        What happened, with its numbers, and the advice.
    gap : float or None
        How far the objective can be above its minimum at most: a proof, not an estimate (TR.9), for the float64
        parameters of a full-batch solver. None where there is none: with hidden layers, other heads, minibatch solvers,
        without a penalty (alpha = 0), and before the biases are solved.
    temperature : float or None
        What was fitted to the validation rows (TC.1) and divides the logits in predictions; None if none was.
    diagnosis : tuple of str
        What was measured of a run that diverged or learned nothing, a sentence or two for each cause; they stand in
        the message too.

    Examples
    --------
    >>> outcome = Outcome(StopReason.COMPLETED, "adamw", 1, 1, 0.5, (0.5,), (), None, "Done.")
    >>> Outcome.from_json_value(outcome.to_json_value()) == outcome
    True
    """

    reason: StopReason
    solver: str
    epochs: int
    best_epoch: int
    loss: float
    loss_curve: tuple[float, ...]
    validation_curve: tuple[float, ...]
    gradient_norm: float | None
    message: str
    temperature: float | None = None
    diagnosis: tuple[str, ...] = ()
    gap: float | None = None

    def to_json_value(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values: the reason by name, numbers that are not finite as null."""
        return {
            "reason": self.reason.name,
            "solver": self.solver,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "loss": _finite_or_none(self.loss),
            "loss_curve": list(self.loss_curve),
            "validation_curve": list(self.validation_curve),
            "gap": self.gap,
            "gradient_norm": None if self.gradient_norm is None else _finite_or_none(self.gradient_norm),
            "message": self.message,
            "temperature": self.temperature,
            "diagnosis": list(self.diagnosis),
        }

    @classmethod
    def from_json_value(cls, value: Mapping[str, Any]) -> "Outcome":
        """Return the outcome that :meth:`to_json_value` wrote."""
        return cls(
            reason=StopReason[value["reason"]],
            solver=value["solver"],
            epochs=value["epochs"],
            best_epoch=value["best_epoch"],
            loss=math.nan if value["loss"] is None else value["loss"],
            loss_curve=tuple(value["loss_curve"]),
            validation_curve=tuple(value["validation_curve"]),
            gradient_norm=value["gradient_norm"],
            message=value["message"],
            temperature=value.get("temperature"),
            diagnosis=tuple(value.get("diagnosis", ())),
            gap=value.get("gap"),
        )


def _finite_or_none(number: float) -> float | None:
    return number if math.isfinite(number) else None
