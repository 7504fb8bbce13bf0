"""L-BFGS in the metric of the curvature's diagonal, for linear softmax networks of sparse features."""

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.functions import SparseFeatures, sparse_loss_with_gradient
from chainrule.training.diagonal_preconditioner import diagonal_preconditioner
from chainrule.training.fixed_order import fixed_order_dot
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.long_vectors import finish_gradient, follow_line, vector_products
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
ANEW = 15
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
    """Parameters, F and its gradient there, and the sums of squares of that by the weights and by the biases."""

    parameters: Array
    value: float
    gradient: Array
    squares: tuple[float, float]

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the gradient."""
        return math.sqrt(self.squares[0] + self.squares[1])


@dataclass(frozen=True)
class DiagonalLBFGS(FullBatchSolver):
    """L-BFGS whose initial matrix is the inverse of the curvature's diagonal, until the gap is certified.

    With M of (DP.1), made anew every fifteen steps, and the pairs of (LB.2) ::

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
        begin = _evaluated(problem, parameters, _squares(problem, parameters)[0], np.float32)
        pairs = no_pairs(self.memory, _root(problem, parameters))
        state = DiagonalLBFGSState(begin.value, begin.gradient, begin.gradient_norm, pairs, tol)
        if begin.squares[0] <= 2.0 * problem.alpha * tol:  # what the gap would be with the biases solved
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
        line = _line(problem, parameters, state)
        promised = -0.5 * line.slope
        if not state.exact and not promised > max(FLOAT32_RESOLUTION * abs(state.value), state.tol):
            state = _made_exact(problem, parameters, state)
            state = replace(state, pairs=with_gradient(state.pairs, state.gradient, problem.n_threads))
            line = _line(problem, parameters, state)
        if not (line.slope < 0.0 and math.isfinite(line.slope)):
            return parameters, _without_step(problem, parameters, state, 0.0)
        length, place = _search(problem, line, state)
        if place is None:
            return parameters, _without_step(problem, parameters, state, -0.5 * line.slope)
        return _arrived(function, problem, line, place, state, length)


@dataclass(frozen=True)
class Line:
    """Where the search goes: the direction in the coordinates of the metric, the slope, and the end of the whole step.

    ``squares`` is the sum of squares of the weights at the end.
    """

    begin: Array
    direction: Array
    slope: float
    end: Array
    squares: float


def _line(problem: LinearSoftmax, parameters: Array, state: DiagonalLBFGSState) -> Line:
    """Return the line along -H g; the direction is the row of the memory that is free."""
    root = state.pairs.root
    direction = _without_common_shift(problem, scaled_direction(state.pairs, problem.n_threads), root)
    end, slope, squares = follow_line(
        parameters, direction, root, state.gradient, 1.0, _weights(problem), problem.n_threads
    )
    return Line(parameters, direction, slope, end, squares)


def _without_common_shift(problem: LinearSoftmax, direction: Array, root: Array) -> Array:
    """Take out of a direction what all classes share, in place."""
    if problem.alpha == 0.0:
        direction[:] = problem.without_common_shift(direction.astype(np.float64) * root) / root
        return direction
    first = _weights(problem)  # with a penalty the biases alone have such a part
    change = direction[first:].astype(np.float64) * root[first:]
    direction[first:] = (change - fixed_order_dot(change, np.ones_like(change)) / len(change)) / root[first:]
    return direction


def _weights(problem: LinearSoftmax) -> int:
    """Return the number of weights, which come before the biases."""
    return problem.shape[0] * problem.shape[1]


def _evaluated(problem: LinearSoftmax, parameters: Array, squares: float, dtype: Any) -> Place:
    """Return value and gradient at parameters whose weights have this sum of squares: one pass, logits in a dtype."""
    assert isinstance(problem.read, SparseFeatures), "others are refused before"
    loss, gradient = sparse_loss_with_gradient(
        problem.read, *problem.split(parameters), problem.examples.y, dtype=dtype, **problem.options
    )
    value = loss / problem.total_weight + 0.5 * problem.alpha * squares
    by_gradient = finish_gradient(
        gradient, parameters, problem.total_weight, problem.alpha, _weights(problem), problem.n_threads
    )
    return Place(parameters, value, gradient, by_gradient)


def _search(problem: LinearSoftmax, line: Line, state: DiagonalLBFGSState) -> tuple[float, Place | None]:
    """Return a step that lowers F enough, and where it leads; None if there is none."""
    dtype, slope, length = np.float64 if state.exact else np.float32, line.slope, 1.0
    place = _evaluated(problem, line.end, line.squares, dtype)
    if state.exact and -0.5 * slope <= RESOLUTION * abs(state.value):
        return length, place  # values cannot tell; the gradient will
    for _ in range(MOST_TRIALS):
        if place.value <= state.value + SUFFICIENT_DECREASE * length * slope:
            return length, place
        bend = place.value - state.value - length * slope
        best = -0.5 * slope * length**2 / bend if math.isfinite(bend) and bend > 0.0 else 0.0
        length = min(max(best, 0.1 * length), 0.5 * length)
        here, _, squares = follow_line(
            line.begin, line.direction, state.pairs.root, state.gradient, length, _weights(problem), problem.n_threads
        )  # fmt: skip
        place = _evaluated(problem, here, squares, dtype)
    return 0.0, None


def _arrived(
    function: SmoothFunction,
    problem: LinearSoftmax,
    line: Line,
    place: Place,
    state: DiagonalLBFGSState,
    length: float,
) -> tuple[Array, DiagonalLBFGSState]:
    """Take the gradient at the end of a step and remember the pair; near the goal the biases are solved first."""
    exact, here, value, promised = state.exact, place.parameters, place.value, -0.5 * line.slope
    gradient, squares = place.gradient, place.squares
    if length != 1.0:
        np.multiply(line.direction, np.float32(length), out=line.direction)
    if squares[0] <= 2.0 * problem.alpha * state.tol:
        exact = True
        here, logits = problem.with_biases_solved(here)
        value, gradient = problem.value_and_gradient(logits, here)
        squares = _squares(problem, gradient)
        first = _weights(problem)
        line.direction[first:] = (here[first:] - line.begin[first:]) / state.pairs.root[first:]
    norm = math.sqrt(squares[0] + squares[1])
    pairs = remembered(state.pairs, (state.gradient, gradient), problem.n_threads)
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
    place = _evaluated(problem, parameters, _squares(problem, parameters)[0], np.float64)
    return replace(
        state, value=place.value, gradient=place.gradient, gradient_norm=place.gradient_norm, exact=True
    )


def _root(problem: LinearSoftmax, parameters: Array) -> Array:
    """Return M^-1/2 of (DP.1), as float32 what lies between 1e-30 and 1e30."""
    root = np.sqrt(diagonal_preconditioner(problem, parameters).inverse)
    return np.clip(root, 1e-30, 1e30).astype(np.float32)


def _squares(problem: LinearSoftmax, vector: Array) -> tuple[float, float]:
    """Return the sums of squares of the weights and of the biases."""
    parts = (part.reshape(1, -1) for part in problem.split(vector))
    by_weights, by_biases = (float(vector_products(part, part, problem.n_threads)[0, 0]) for part in parts)
    return by_weights, by_biases
