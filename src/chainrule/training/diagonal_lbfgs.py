"""L-BFGS in the metric of the curvature's diagonal, for linear softmax networks of sparse features."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.functions import SparseFeatures
from chainrule.training.diagonal_preconditioner import diagonal_preconditioner
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.long_vectors import vector_products
from chainrule.training.outcome import StopReason
from chainrule.training.resolution import RESOLUTION, reason_to_give_up
from chainrule.training.scaled_pairs import (
    ScaledPairs,
    in_metric,
    no_pairs,
    remembered,
    scaled_direction,
    with_gradient,
)
from chainrule.training.solver import FullBatchSolver, SmoothFunction

SUFFICIENT_DECREASE = 1e-4
FLOAT32_RESOLUTION = 1e-5
"""Decrease, relative to F, below which values made of float32 logits do not judge a step."""
ANEW = 10
"""Steps after which the metric is made anew; half as many evaluations as with the metric of the start."""
MOST_TRIALS = 40
MOST_SLOW_STEPS = 60


@dataclass(frozen=True)
class DiagonalLBFGSState:
    """Value, gradient and its norm; the memory, and steps since its metric was made; whether logits are float64.

    ``slow`` counts steps that values cannot judge and that did not shorten the gradient.
    """

    value: float
    gradient: Array
    gradient_norm: float
    pairs: ScaledPairs
    tol: float
    since: int = 0
    exact: bool = False
    slow: int = 0
    step_length: float = 0.0
    reason: StopReason | None = None


@dataclass(frozen=True)
class Place:
    """Parameters, F there, their logits, and the derivative of the summed loss by these."""

    parameters: Array
    value: float
    logits: Array
    by_logits: Array


@dataclass(frozen=True)
class DiagonalLBFGS(FullBatchSolver):
    """L-BFGS whose initial matrix is the inverse of the curvature's diagonal, until the gap is certified.

    With M of (DP.1), made anew every ten steps, and the pairs of (LB.2) ::

        (DL.1)  H0 = (s . y / y . M^-1 y) M^-1       in the place of (LB.1)

    In the coordinates x~ = M^1/2 x this is plain L-BFGS. The two loops [NocedalWright2006, algorithm 7.4] run on the
    products of the remembered vectors with each other alone, so that a step reads each of them twice. Logits are
    float32 until values cannot judge the steps any more or the goal is near, then float64, and the biases are solved
    before the gap (TR.9) is judged.

    Parameters
    ----------
    memory : int
        Number of pairs, >= 1.

    Examples
    --------
    >>> DiagonalLBFGS().name
    'lbfgs-diagonal'
    """

    memory: int = 5

    name: ClassVar[str] = "lbfgs-diagonal"

    def __post_init__(self) -> None:
        if self.memory < 1:
            remedy = "The usual value is 5."
            raise ArgumentError("DiagonalLBFGS", "memory is at least 1", repr(self.memory), remedy)

    def start(self, function: SmoothFunction, parameters: Array, tol: float) -> DiagonalLBFGSState:
        """Evaluate function, gradient and metric at the first parameters."""
        problem = function.linear_softmax()
        assert isinstance(problem.features, SparseFeatures), "others are refused before"
        value, gradient = problem.value_and_gradient(problem.logits(parameters, np.float32), parameters)
        pairs = no_pairs(self.memory, _root(problem, parameters))
        state = DiagonalLBFGSState(value, gradient, _norm(gradient, problem), pairs, tol)
        if _near(problem, gradient, tol):
            state = _made_exact(problem, parameters, state)
            gap = function.certified_gap(state.gradient)
            if gap is not None and gap <= tol:
                return replace(state, reason=StopReason.CONVERGED)
        return replace(state, pairs=with_gradient(state.pairs, state.gradient, problem.n_threads))

    def step(
        self, function: SmoothFunction, parameters: Array, state: DiagonalLBFGSState
    ) -> tuple[Array, DiagonalLBFGSState]:
        """Search along the direction of (DL.1), and judge the point."""
        problem = function.linear_softmax()
        if state.since >= ANEW:
            moved = in_metric(state.pairs, _root(problem, parameters), problem.n_threads)
            state = replace(state, pairs=moved, since=0)
        direction = _direction(state.pairs, problem)
        slope = _dot(state.gradient, direction, problem)
        promised = -0.5 * slope
        if not state.exact and not promised > max(FLOAT32_RESOLUTION * abs(state.value), state.tol):
            state = _made_exact(problem, parameters, state)
            state = replace(state, pairs=with_gradient(state.pairs, state.gradient, problem.n_threads))
            direction = _direction(state.pairs, problem)
            slope = _dot(state.gradient, direction, problem)
        if not (slope < 0.0 and np.isfinite(direction).all()):
            return parameters, _without_step(problem, parameters, state, 0.0)
        length, place = _search(problem, parameters, direction, slope, state)
        if place is None:
            return parameters, _without_step(problem, parameters, state, -0.5 * slope)
        return _arrived(function, problem, (parameters, place), state, length, -0.5 * slope)


def _evaluated(problem: LinearSoftmax, parameters: Array, logits: Array) -> Place:
    """Return the value at some parameters; no pass over X."""
    loss, by_logits = problem.loss_and_slopes(logits)
    size = problem.shape[0] * problem.shape[1]
    penalty = 0.5 * problem.alpha * _dot(parameters[:size], parameters[:size], problem)
    return Place(parameters, loss / problem.total_weight + penalty, logits, by_logits)


def _search(
    problem: LinearSoftmax, parameters: Array, direction: Array, slope: float, state: DiagonalLBFGSState
) -> tuple[float, Place | None]:
    """Return a step that lowers F enough, and where it leads; None if there is none.

    It looks at the logits of the line, without a pass over X for each.
    """
    dtype = np.float64 if state.exact else np.float32
    following = parameters + direction
    end = _evaluated(problem, following, problem.fresh_logits(following, dtype))
    if state.exact and -0.5 * slope <= RESOLUTION * abs(state.value):
        return 1.0, end  # values cannot tell; the gradient will
    if end.value <= state.value + SUFFICIENT_DECREASE * slope:
        return 1.0, end
    begin, length, value = problem.fresh_logits(parameters, dtype), 1.0, end.value
    change = end.logits - begin
    for _ in range(MOST_TRIALS):
        bend = value - state.value - length * slope
        best = -0.5 * slope * length**2 / bend if math.isfinite(bend) and bend > 0.0 else 0.0
        length = min(max(best, 0.1 * length), 0.5 * length)
        place = _evaluated(problem, parameters + length * direction, begin + dtype(length) * change)
        value = place.value
        if value <= state.value + SUFFICIENT_DECREASE * length * slope:
            return length, place
    return 0.0, None


def _arrived(
    function: SmoothFunction,
    problem: LinearSoftmax,
    ends: tuple[Array, Place],
    state: DiagonalLBFGSState,
    length: float,
    promised: float,
) -> tuple[Array, DiagonalLBFGSState]:
    """Take the gradient at the end of a step and remember the pair; near the goal the biases are solved first."""
    before, place = ends
    exact, here, value = state.exact, place.parameters, place.value
    gradient = problem.gradient(place.by_logits, here)
    if _near(problem, gradient, state.tol):
        exact = True
        here, logits = problem.with_biases_solved(here)
        value, gradient = problem.value_and_gradient(logits, here)
    norm = _norm(gradient, problem)
    pairs = remembered(state.pairs, (before, here), (state.gradient, gradient), problem.n_threads)
    blind = exact and promised <= RESOLUTION * abs(value) and norm > 0.5 * state.gradient_norm
    following = replace(
        state, value=value, gradient=gradient, gradient_norm=norm, pairs=pairs, since=state.since + 1, exact=exact,
        slow=state.slow + 1 if blind else 0, step_length=length,
    )  # fmt: skip
    return here, replace(following, reason=_reason(function, problem, following, promised))


def _reason(
    function: SmoothFunction, problem: LinearSoftmax, state: DiagonalLBFGSState, promised: float
) -> StopReason | None:
    if not state.exact:
        return None
    gap = function.certified_gap(state.gradient)
    if gap is not None and gap <= state.tol:
        return StopReason.CONVERGED
    if problem.alpha == 0.0 and promised <= state.tol:
        return StopReason.CONVERGED
    return StopReason.PRECISION_REACHED if state.slow > MOST_SLOW_STEPS else None


def _without_step(
    problem: LinearSoftmax, parameters: Array, state: DiagonalLBFGSState, promised: float
) -> DiagonalLBFGSState:
    """Forget what was remembered and take float64; give up where both is so already."""
    if not state.exact or state.pairs.count:
        state = _made_exact(problem, parameters, state)
        empty = no_pairs(state.pairs.memory, _root(problem, parameters))
        pairs = with_gradient(empty, state.gradient, problem.n_threads)
        return replace(state, pairs=pairs, since=0, step_length=0.0)
    return replace(state, step_length=0.0, reason=reason_to_give_up(promised, state.value))


def _made_exact(problem: LinearSoftmax, parameters: Array, state: DiagonalLBFGSState) -> DiagonalLBFGSState:
    value, gradient = problem.value_and_gradient(problem.logits(parameters, np.float64), parameters)
    return replace(state, value=value, gradient=gradient, gradient_norm=_norm(gradient, problem), exact=True)


def _near(problem: LinearSoftmax, gradient: Array, tol: float) -> bool:
    """Return whether the gradient by the weights certifies the gap, if the biases were solved."""
    weights = gradient[: problem.shape[0] * problem.shape[1]]
    return _dot(weights, weights, problem) <= 2.0 * problem.alpha * tol


def _root(problem: LinearSoftmax, parameters: Array) -> Array:
    """Return M^-1/2 of (DP.1)."""
    return np.asarray(np.sqrt(diagonal_preconditioner(problem, parameters).inverse))


def _direction(pairs: ScaledPairs, problem: LinearSoftmax) -> Array:
    """Return -H g, a new float64 vector."""
    return problem.without_common_shift(scaled_direction(pairs, problem.n_threads))


def _dot(first: Array, second: Array, problem: LinearSoftmax) -> float:
    return float(vector_products(first[None], second[None], problem.n_threads)[0, 0])


def _norm(vector: Array, problem: LinearSoftmax) -> float:
    return math.sqrt(_dot(vector, vector, problem))
