"""What a run has come to: whether its parameters are kept, and the outcome that says so."""

import math

import numpy as np

from chainrule.training.choice import Solver
from chainrule.training.diagonal_lbfgs import DiagonalLBFGS
from chainrule.training.early_stopping import Best
from chainrule.training.newton_cg import NewtonCG
from chainrule.training.newton_cholesky import NewtonCholesky
from chainrule.training.objective import Objective
from chainrule.training.outcome import Outcome, StopReason
from chainrule.training.run_state import Record, Standing
from chainrule.training.solver import MinibatchSolver
from chainrule.training.watching import Watch

OF_LINEAR_MODELS = (NewtonCG, NewtonCholesky, DiagonalLBFGS)
"""Solvers to which the units of features do not matter."""
DIVERGENCE = 2.0
"""A run has diverged if it ends above this many times the loss it began with; less is a step past a minimum."""


def standing(objective: Objective, watch: Watch) -> Standing:
    """Return where the network stands."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = deciding = objective.value()
        if watch.selects and watch.validation is not None:
            deciding = watch.loss.mean(watch.network, watch.validation)
    return Standing(watch.network.parameters.copy(), value, deciding)


def keep_or_restore(record: Record, watch: Watch, first: Standing, last: Standing) -> float:
    """Give the network back its first parameters if the run has not improved on them, and say so in the record.

    Parameters
    ----------
    record : Record
        Of a run that is over; changed where the start is restored.
    watch : Watch
        Of the same run.
    first, last : Standing
        Before and after it.

    Returns
    -------
    float
        The objective at the parameters that the network has now.
    """
    finite = math.isfinite(last.objective) and math.isfinite(last.deciding)
    if not finite or last.deciding > DIVERGENCE * first.deciding:
        record.reason = StopReason.DIVERGED
    elif watch.selects or not last.objective > first.objective:
        return last.objective
    elif record.reason in (StopReason.COMPLETED, StopReason.MAX_EPOCHS):
        record.reason = StopReason.NOT_IMPROVED
    record.best = Best(first.parameters)
    watch.network.parameters = first.parameters
    return first.objective


def outcome_of(record: Record, solver: Solver, loss: float) -> Outcome:
    """Return the outcome of a run that left the objective at ``loss``."""
    reason = record.reason
    assert reason is not None, "a run ends for a reason"
    unit = "epochs" if isinstance(solver, MinibatchSolver) else "iterations"
    count = len(record.loss_curve)
    numbers = f"{solver.name}: objective {loss:.6g} after {count} {unit[:-1] if count == 1 else unit}"
    if record.gradient_norm is not None:
        numbers += f", gradient norm {record.gradient_norm:.2g}"
    gap = record.gap if record.best.epoch == count else None
    if gap is not None:
        numbers += f", at most {gap:.2g} above the minimum"
    elif isinstance(solver, NewtonCG | DiagonalLBFGS) and record.gap is None:
        numbers += ", with no proven bound on what is left (one takes a penalty, alpha > 0)"
    return Outcome(
        reason=reason,
        solver=solver.name,
        epochs=count,
        best_epoch=record.best.epoch,
        loss=loss,
        loss_curve=tuple(record.loss_curve),
        validation_curve=tuple(record.validation_curve),
        gradient_norm=record.gradient_norm,
        gap=gap,
        message=f"{numbers}. {reason.linear_advice if isinstance(solver, OF_LINEAR_MODELS) else reason.advice}",
    )
