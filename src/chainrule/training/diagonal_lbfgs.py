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
from chainrule.training.long_vectors import combined, scale_pair, vector_products
from chainrule.training.outcome import StopReason
from chainrule.training.resolution import RESOLUTION, reason_to_give_up
from chainrule.training.solver import FullBatchSolver, SmoothFunction

SUFFICIENT_DECREASE = 1e-4
FLOAT32_RESOLUTION = 1e-5
"""Decrease, relative to F, below which values made of float32 logits do not judge a step."""
ANEW = 10
"""Steps after which the metric is made anew; half as many evaluations as with the metric of the start."""
MOST_TRIALS = 40
MOST_SLOW_STEPS = 60


@dataclass(frozen=True)
class ScaledPairs:
    """The memory of (DL.1), in the coordinates of the metric; its arrays are overwritten from step to step.

    Parameters
    ----------
    rows : ndarray of float32, shape (2 memory + 3, P)
        Steps, changes of the gradient, the gradient, and the newest pair; rows that are not filled are 0.
    products : ndarray of float64, shape (2 memory + 1, 2 memory + 1)
        Of each row but those of the newest pair with each.
    root : ndarray of float64, shape (P,)
        M^-1/2.
    count : int
        Pairs so far; pair i is at i modulo memory.
    """

    rows: Array
    products: Array
    root: Array
    count: int = 0

    @property
    def memory(self) -> int:
        """The most pairs."""
        return len(self.products) // 2


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
        size = 2 * self.memory + 1
        pairs = ScaledPairs(
            np.zeros((size + 2, len(parameters)), np.float32),
            np.zeros((size, size)),
            _root(problem, parameters),
        )
        state = DiagonalLBFGSState(value, gradient, _norm(gradient, problem), pairs, tol)
        if _near(problem, gradient, tol):
            state = _made_exact(problem, parameters, state)
            gap = function.certified_gap(state.gradient)
            if gap is not None and gap <= tol:
                return replace(state, reason=StopReason.CONVERGED)
        return replace(state, pairs=_with_gradient(state.pairs, state.gradient, problem))

    def step(
        self, function: SmoothFunction, parameters: Array, state: DiagonalLBFGSState
    ) -> tuple[Array, DiagonalLBFGSState]:
        """Search along the direction of (DL.1), and judge the point."""
        problem = function.linear_softmax()
        if state.since >= ANEW:
            state = replace(state, pairs=_in_metric_of(problem, parameters, state.pairs), since=0)
        direction = _direction(state.pairs, problem)
        slope = _dot(state.gradient, direction, problem)
        promised = -0.5 * slope
        if not state.exact and not promised > max(FLOAT32_RESOLUTION * abs(state.value), state.tol):
            state = _made_exact(problem, parameters, state)
            state = replace(state, pairs=_with_gradient(state.pairs, state.gradient, problem))
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
    pairs = _remembered(state.pairs, (before, here), (state.gradient, gradient), problem)
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
        size = len(state.pairs.products)
        empty = ScaledPairs(
            np.zeros_like(state.pairs.rows), np.zeros((size, size)), _root(problem, parameters)
        )
        pairs = _with_gradient(empty, state.gradient, problem)
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
    coefficients = two_loop_coefficients(pairs.products, pairs.count)
    scaled = combined(pairs.rows[:-2], -coefficients, problem.n_threads)
    return problem.without_common_shift(scaled * pairs.root)


def two_loop_coefficients(products: Array, count: int) -> Array:
    """Return the coefficients of H g in the remembered vectors, H being (LB.1) and (LB.2), from their products.

    Parameters
    ----------
    products : ndarray, shape (2 m + 1, 2 m + 1)
        Of the m steps, the m changes of the gradient, and the gradient, each with each.
    count : int
        Pairs so far; pair i is at i modulo m.

    Examples
    --------
    >>> two_loop_coefficients(np.diag([0.0, 0.0, 4.0]), 0)
    array([0., 0., 1.])
    """
    memory = len(products) // 2
    coefficients = np.zeros(2 * memory + 1)
    coefficients[-1] = 1.0
    newest_first = [i % memory for i in range(count - 1, max(count - memory, 0) - 1, -1)]
    factors = {}
    for i in newest_first:
        factors[i] = float(coefficients @ products[:, i]) / products[i, memory + i]
        coefficients[memory + i] -= factors[i]
    if newest_first:
        last = newest_first[0]
        coefficients *= products[last, memory + last] / products[memory + last, memory + last]
    for i in reversed(newest_first):
        correction = float(coefficients @ products[:, memory + i]) / products[i, memory + i]
        coefficients[i] += factors[i] - correction
    return coefficients


def _remembered(
    pairs: ScaledPairs, ends: tuple[Array, Array], gradients: tuple[Array, Array], problem: LinearSoftmax
) -> ScaledPairs:
    """Take in a step, from one end to the other, and the gradient after it; a pair without curvature is left out."""
    slot, memory, rows, products = pairs.count % pairs.memory, pairs.memory, pairs.rows, pairs.products
    scale_pair(ends, gradients, pairs.root, rows[-3:], problem.n_threads)
    found = vector_products(rows, rows[-3:], problem.n_threads)
    keeps = found[-2, 2] > 1e-12 * math.sqrt(found[-2, 1] * found[-1, 2])
    if keeps:
        for place, row in ((slot, -2), (memory + slot, -1)):
            rows[place], found[place] = rows[row], found[row]
        for place, column in ((slot, 1), (memory + slot, 2)):
            products[:, place] = products[place] = found[:-2, column]
    products[:, -1] = products[-1] = found[:-2, 0]
    return replace(pairs, count=pairs.count + 1) if keeps else pairs


def _with_gradient(pairs: ScaledPairs, gradient: Array, problem: LinearSoftmax) -> ScaledPairs:
    np.multiply(gradient, pairs.root, out=pairs.rows[-3], casting="same_kind")
    found = vector_products(pairs.rows[:-2], pairs.rows[-3:-2], problem.n_threads)[:, 0]
    pairs.products[:, -1] = pairs.products[-1] = found
    return pairs


def _in_metric_of(problem: LinearSoftmax, parameters: Array, pairs: ScaledPairs) -> ScaledPairs:
    """Return the pairs in the coordinates of the metric at some parameters."""
    root, memory = _root(problem, parameters), pairs.memory
    ratio = (pairs.root / root).astype(np.float32)
    pairs.rows[:memory] *= ratio
    pairs.rows[memory:] /= ratio
    products = vector_products(pairs.rows[:-2], pairs.rows[:-2], problem.n_threads)
    return replace(pairs, products=products, root=root)


def _dot(first: Array, second: Array, problem: LinearSoftmax) -> float:
    return float(vector_products(first[None], second[None], problem.n_threads)[0, 0])


def _norm(vector: Array, problem: LinearSoftmax) -> float:
    return math.sqrt(_dot(vector, vector, problem))
