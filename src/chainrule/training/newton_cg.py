"""Newton's method with conjugate gradients, for linear softmax networks of any size."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures, reads_in_place
from chainrule.training.conjugate_gradient import Operator, conjugate_gradient
from chainrule.training.fixed_order import fixed_order_dot, fixed_order_norm
from chainrule.training.linear_softmax import Curvature, LinearSoftmax
from chainrule.training.outcome import StopReason
from chainrule.training.preconditioning import Preconditioning, following, preconditioning_of
from chainrule.training.resolution import RESOLUTION, reason_to_give_up
from chainrule.training.solver import FullBatchSolver, SmoothFunction

SUFFICIENT_DECREASE = 1e-4
FORCING = 0.2
"""The share of the residual that may be left."""
WORTHWHILE_PRODUCT = 0.3
"""A product has to lower the model by this share of what products did on average, or is the last one."""
ENOUGH = 0.3
"""The most that may be left where the goal is near."""
MOST_PRODUCTS = 250
COVERED = 0.95
"""Rows are left out of the curvature as long as the others hold this share of its trace: those that are certain."""
WORTHWHILE = 0.75
"""Above this share of the rows all are taken: rows side by side need no copy."""
WORTHWHILE_WITHOUT_ZEROS = 0.5
"""The same where the copy has to be sorted by columns as well. Where rows are read in place it is 1."""
COARSE_ROWS = 3
"""At first every third row stands for the rest in the curvature."""
LEAST_COARSE_ROWS = 1024
SHORTEST_USUAL = 0.01
"""Shorter steps are a sign of numbers that are too coarse."""
MOST_SLOW_STEPS = 5
KEPT_PROMISE = 0.9
"""It does so until a step brings less than this share of what it promised."""
LEFT_BY_FEW_ROWS = 0.7
"""All rows are taken once a step without those that are certain leaves more than this share of the gradient,"""
NEAR = 0.01
"""if it promised less than this share of F: steps from afar may leave more."""
FLOAT32_RESOLUTION = 1e-5
"""Decrease, relative to F, below which values made of float32 logits do not judge a step."""


@dataclass(frozen=True)
class NewtonCGState:
    """Where the solver stands.

    Value, gradient and its norm; the decrease that the last direction promised relative to F; whether they are
    those of float64 logits, and whether the curvature is taken in float64 too; whether few rows still stand for the
    others in it, and whether all rows are needed, for a step without those that are certain went too far; how many
    steps hardly shortened the gradient; where the preconditioner was made, and the products
    since then in units of all rows.
    """

    value: float
    gradient: Array
    gradient_norm: float
    tol: float
    promised: float = math.inf
    exact: bool = False
    wide: bool = False
    coarse: bool = True
    whole: bool = False
    slow: int = 0
    anchor: Array | None = None
    work: float = 0.0
    step_length: float = 0.0
    reason: StopReason | None = None


@dataclass(frozen=True)
class NewtonCG(FullBatchSolver):
    """Newton's method, its directions by preconditioned conjugate gradients, until the gap is certified.

    With gradient g and Hessian H, a direction solves ::

        (CG.1)  |H d + g| <= 0.2 |g|,  or  n (q_n - q_{n-1}) <= 0.3 q_n,        q_n = -(g . d_n + d_n . H d_n / 2)

    after n products [NocedalWright2006, section 7.1], [NashSofer1990], the lengths measured by the preconditioner's
    inverse; it is never solved further than ``tol`` asks for. H is taken in float32, over the rows that hold 95 % of
    its trace, at first over every third row; so are F and g until they come near their goal, and in float64 from then
    on. Where the parameters are few the preconditioner is the matrix of second derivatives itself over some of the rows
    (HP.1), made at once, and H is taken over all rows; else it is (KP.1) or (LP.1), made when products have cost as
    much, and anew when they have cost three times as much again; with (LP.1) goes (CL.1), which follows every step.

    Examples
    --------
    >>> NewtonCG().name
    'newton-cg'
    """

    name: ClassVar[str] = "newton-cg"
    libraries: ClassVar[tuple[str, ...]] = ("scipy.linalg",)

    def start(self, function: SmoothFunction, parameters: Array, tol: float) -> NewtonCGState:
        """Evaluate function and gradient at the first parameters."""
        problem = function.linear_softmax()
        parameters = problem.centred(parameters)
        value, gradient = problem.value_and_gradient(problem.logits(parameters, np.float32), parameters)
        exact = not math.isfinite(value) or _near(problem, gradient, tol)
        if exact:
            value, gradient = problem.value_and_gradient(problem.logits(parameters, np.float64), parameters)
        norm = fixed_order_norm(gradient)
        state = NewtonCGState(value, gradient, norm, tol, exact=exact, coarse=not exact)
        gap = function.certified_gap(gradient)
        return replace(state, reason=StopReason.CONVERGED) if gap is not None and gap <= tol else state

    def step(
        self, function: SmoothFunction, parameters: Array, state: NewtonCGState
    ) -> tuple[Array, NewtonCGState]:
        """Find a direction, search along it, and judge the point."""
        problem = function.linear_softmax()
        found, following = _iteration(function, problem, problem.centred(parameters), state)
        return (parameters if found is None else problem.as_given(found)), following


def _iteration(
    function: SmoothFunction, problem: LinearSoftmax, parameters: Array, state: NewtonCGState
) -> tuple[Array | None, NewtonCGState]:
    """Return new parameters, None where they stay, and the state there; all of centred features (LN.3)."""
    if state.wide and not state.exact:
        state = _made_exact(problem, parameters, state)
    state, direction = _direction(problem, parameters, state)
    slope = fixed_order_dot(state.gradient, direction)
    if not (slope < 0.0 and np.isfinite(direction).all()):
        return None, _without_step(problem, parameters, state)
    state = replace(state, promised=-0.5 * slope / max(abs(state.value), 1e-300))
    if not state.exact and state.promised < FLOAT32_RESOLUTION:
        state = _made_exact(problem, parameters, state)
        slope = fixed_order_dot(state.gradient, direction)
    length = _search(problem, parameters, direction, slope, state)
    if length == 0.0:
        return None, _without_step(problem, parameters, state)
    state = replace(
        state,
        whole=state.whole or (length < 1.0 and not state.coarse),
        wide=state.wide or length < SHORTEST_USUAL,
    )
    return _arrived(function, problem, parameters + length * direction, state, length)


def _direction(
    problem: LinearSoftmax, parameters: Array, state: NewtonCGState
) -> tuple[NewtonCGState, Array]:
    """Return the direction (CG.1), and the state with what it cost."""
    kind = preconditioning_of(problem)
    if state.work >= kind.cost * (kind.again if state.anchor is not None else kind.first):
        state = replace(state, anchor=parameters, work=0.0)
    made = None if state.anchor is None else _preconditioner(problem, kind, state.anchor)
    # Afterwards, for it holds the probabilities of all rows.
    curvature = _curvature(problem, kind, parameters, state)
    precondition = None if made is None else following(made, problem, curvature.probabilities)
    tolerance = FORCING
    if problem.alpha > 0.0:
        enough = math.sqrt(2.0 * problem.alpha * state.tol)
        tolerance = max(tolerance, min(ENOUGH, 0.5 * enough / max(state.gradient_norm, 1e-300)))
    tighter = 0.1**state.slow
    most = min(MOST_PRODUCTS, 2 * parameters.size + 10)
    found = conjugate_gradient(
        curvature.product,
        state.gradient,
        precondition,
        tolerance * tighter,
        most,
        WORTHWHILE_PRODUCT * tighter,
        problem.n_threads,
    )
    work = state.work + found.iterations * curvature.row_share
    # Products that are never enough may be too coarse.
    state = replace(state, work=work, wide=state.wide or found.iterations == most)
    return state, problem.without_common_shift(found.direction)


def _preconditioner(problem: LinearSoftmax, kind: Preconditioning, anchor: Array) -> Operator:
    kept = problem.kept
    if kept is None or not np.array_equal(kept[0], anchor):
        problem.kept = kept = (anchor, kind.make(problem, anchor))
    made = kept[1]
    assert callable(made)
    return made


def _curvature(
    problem: LinearSoftmax, kind: Preconditioning, parameters: Array, state: NewtonCGState
) -> Curvature:
    """Return the curvature over the rows that it needs."""
    whole = problem.curvature(parameters, np.float64 if state.wide else np.float32)
    n_rows = len(whole.probabilities)
    if kind.exact or isinstance(problem.features, SparseFeatures):
        # Rare features are in few rows: without those their curvature is the penalty's, and steps go far too far.
        return whole
    if state.coarse and n_rows >= COARSE_ROWS * LEAST_COARSE_ROWS:
        return replace(whole, positions=np.arange(0, n_rows, COARSE_ROWS), share=float(COARSE_ROWS))
    if state.whole or state.wide:
        return whole
    trace = problem.row_curvature(whole.probabilities)
    ordered = np.sort(trace)
    left_out = np.cumsum(ordered)
    least = ordered[np.searchsorted(left_out, (1.0 - COVERED) * left_out[-1])]
    positions = np.flatnonzero(trace >= least)
    return replace(whole, positions=positions) if len(positions) < _few(problem, whole) * n_rows else whole


def _few(problem: LinearSoftmax, whole: Curvature) -> float:
    """Return the share of the rows below which the others are left out."""
    if not isinstance(problem.read, SparseFeatures):
        return WORTHWHILE
    in_place = reads_in_place(problem.read, problem.shape[0], whole.probabilities.dtype, problem.n_threads)
    return 1.0 if in_place else WORTHWHILE_WITHOUT_ZEROS


def _search(
    problem: LinearSoftmax, parameters: Array, direction: Array, slope: float, state: NewtonCGState
) -> float:
    """Return a step that lowers F enough, 0 if there is none: on the logits of the line, without a pass for each."""
    dtype = np.float64 if state.exact else np.float32
    end = problem.logits(parameters + direction, dtype)
    value = problem.value(end, parameters + direction)
    if state.exact and state.promised <= RESOLUTION:
        return 1.0  # values cannot tell; the gradient will
    if value <= state.value + SUFFICIENT_DECREASE * slope:
        return 1.0
    begin, length = problem.logits(parameters, dtype), 1.0
    change = end - begin
    for _ in range(60):
        bend = value - state.value - length * slope
        best = -0.5 * slope * length**2 / bend if math.isfinite(bend) and bend > 0.0 else 0.0
        length = min(max(best, 0.1 * length), 0.5 * length)
        value = problem.value(begin + dtype(length) * change, parameters + length * direction)
        if value <= state.value + SUFFICIENT_DECREASE * length * slope:
            return length
    return 0.0


def _arrived(
    function: SmoothFunction, problem: LinearSoftmax, parameters: Array, state: NewtonCGState, length: float
) -> tuple[Array, NewtonCGState]:
    """Evaluate at the new point: in float32 while that suffices, else with the biases solved."""
    if not state.exact:
        value, gradient = problem.value_and_gradient(problem.logits(parameters, np.float32), parameters)
        norm = fixed_order_norm(gradient)
        state = _with_rows_enough(state, norm)
        kept = state.value - value >= KEPT_PROMISE * state.promised * abs(state.value)
        following = replace(
            state,
            value=value,
            gradient=gradient,
            gradient_norm=norm,
            step_length=length,
            coarse=state.coarse and kept,
        )
        if math.isfinite(value) and math.isfinite(norm) and not _near(problem, gradient, state.tol):
            return parameters, following
    solved, logits = problem.with_biases_solved(parameters)
    value, gradient = problem.value_and_gradient(logits, solved)
    norm = fixed_order_norm(gradient)
    following = replace(
        _with_rows_enough(state, norm),
        value=value,
        gradient=gradient,
        gradient_norm=norm,
        step_length=length,
        exact=True,
        coarse=False,
    )
    return solved, _judged(function, state, following)


def _with_rows_enough(state: NewtonCGState, norm: float) -> NewtonCGState:
    """Return the state before a step that left so much of the gradient, with all rows in H if those were too few."""
    slow = norm > LEFT_BY_FEW_ROWS * state.gradient_norm and state.promised < NEAR
    return replace(state, whole=state.whole or (slow and not state.coarse))


def _judged(function: SmoothFunction, state: NewtonCGState, following: NewtonCGState) -> NewtonCGState:
    gap = function.certified_gap(following.gradient)
    if gap is not None and gap <= following.tol:
        return replace(following, reason=StopReason.CONVERGED)
    promised = following.promised * abs(state.value)
    if gap is None and function.linear_softmax().alpha == 0.0 and promised <= following.tol:
        return replace(following, reason=StopReason.CONVERGED)
    slow = state.exact and following.gradient_norm > 0.5 * state.gradient_norm
    count = state.slow if state.promised <= RESOLUTION else 0
    if slow and state.promised <= FLOAT32_RESOLUTION:
        count = state.slow + 1
    if count > MOST_SLOW_STEPS and state.wide and state.promised <= RESOLUTION:
        return replace(following, reason=StopReason.PRECISION_REACHED)
    return replace(following, slow=count, wide=state.wide or count > 0)


def _near(problem: LinearSoftmax, gradient: Array, tol: float) -> bool:
    """Return whether a float32 gradient is near its goal, or near its own rounding."""
    weights = gradient[: problem.shape[0] * problem.shape[1]]
    square = fixed_order_dot(weights, weights)
    return square <= 2.0 * problem.alpha * tol


def _made_exact(problem: LinearSoftmax, parameters: Array, state: NewtonCGState) -> NewtonCGState:
    value, gradient = problem.value_and_gradient(problem.logits(parameters, np.float64), parameters)
    return replace(
        state,
        value=value,
        gradient=gradient,
        gradient_norm=fixed_order_norm(gradient),
        exact=True,
        coarse=False,
    )


def _without_step(problem: LinearSoftmax, parameters: Array, state: NewtonCGState) -> NewtonCGState:
    """Take everything in float64 from here on, and give up where it is already."""
    if not (state.exact and state.wide):
        return replace(_made_exact(problem, parameters, state), wide=True, step_length=0.0)
    promised = state.promised * abs(state.value)
    return replace(state, step_length=0.0, reason=reason_to_give_up(promised, state.value))
