"""Which preconditioner serves a linear softmax network, and when it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule._types import Array
from chainrule.functions import SparseFeatures
from chainrule.training import curvature_preconditioner, hessian_preconditioner, low_rank_preconditioner
from chainrule.training.conjugate_gradient import Operator
from chainrule.training.diagonal_preconditioner import diagonal_preconditioner
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.low_rank_preconditioner import LowRankPreconditioner

LARGEST_SQUARE = 256
"""With more features the square of (KP.1) costs more than it saves."""


@dataclass(frozen=True)
class Preconditioning:
    """A preconditioner and its cost.

    Parameters
    ----------
    make : callable
        (problem, parameters) -> an operator.
    cost : float
        What making it costs, in products with the curvature of all rows.
    first, again : float
        Products before it is made, and after which it is made anew, in units of the cost.
    exact : bool
        Whether directions take so few products that no row need be left out of them.
    """

    make: Callable[[LinearSoftmax, Array], Any]
    cost: float
    first: float = 1.0
    again: float = 3.0
    exact: bool = False


def preconditioning_of(problem: LinearSoftmax) -> Preconditioning:
    """Return the one for a problem: a function of its sizes alone."""
    if isinstance(problem.features, SparseFeatures):
        return Preconditioning(diagonal_preconditioner, cost=1.0)
    if hessian_preconditioner.serves(problem):
        make, cost = (
            hessian_preconditioner.hessian_preconditioner,
            hessian_preconditioner.cost_in_passes(problem),
        )
        return Preconditioning(make, cost, first=0.0, again=1.0, exact=True)
    if problem.shape[1] < LARGEST_SQUARE:
        return Preconditioning(
            curvature_preconditioner.preconditioner, curvature_preconditioner.cost_in_passes(problem)
        )
    return Preconditioning(
        low_rank_preconditioner.low_rank_preconditioner,
        low_rank_preconditioner.cost_in_passes(problem),
        first=0.5,
        again=12.0,
    )


def following(made: Operator, problem: LinearSoftmax, probabilities: Array) -> Operator:
    """Return what was made elsewhere as it is at these probabilities of all rows: (CL.1) follows them."""
    return made.at(problem, probabilities) if isinstance(made, LowRankPreconditioner) else made
