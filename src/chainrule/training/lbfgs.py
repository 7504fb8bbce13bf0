"""L-BFGS: quasi-Newton steps from the last few differences of gradients."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from chainrule._types import Array
from chainrule.errors import ArgumentError
from chainrule.training.fixed_order import fixed_order_dot, fixed_order_norm
from chainrule.training.line_search import LinePoint, LineSearch, strong_wolfe
from chainrule.training.outcome import StopReason
from chainrule.training.resolution import reason_to_give_up
from chainrule.training.solver import FullBatchSolver, SmoothFunction


@dataclass(frozen=True)
class CurvaturePair:
    """One remembered step s = x' - x, the change of the gradient y = g' - g, and s . y > 0."""

    step: Array
    change: Array
    product: float


@dataclass(frozen=True)
class Line:
    """The point to search from, with the slope there, and the direction to search along."""

    origin: LinePoint
    direction: Array


@dataclass(frozen=True)
class LBFGSState:
    """Value and gradient at the parameters, the remembered pairs (oldest first), and whether it is over."""

    value: float
    gradient: Array
    gradient_norm: float
    pairs: tuple[CurvaturePair, ...]
    tol: float
    step_length: float = 0.0
    reason: StopReason | None = None


@dataclass(frozen=True)
class LBFGS(FullBatchSolver):
    """Limited-memory BFGS with a strong Wolfe line search.

    The direction is -H g, where H is the BFGS inverse Hessian built from the last ``memory`` pairs by ::

        (LB.1)  H0 = (s . y / y . y) I                              of the newest pair
        (LB.2)  H <- (I - r s y^T) H (I - r y s^T) + r s s^T        r = 1 / (s . y), oldest pair first

    and applied by the two-loop recursion, algorithm 7.4 of [NocedalWright2006]; [LiuNocedal1989]. All sums are in
    float64 and in a fixed order. It ends when the Euclidean norm of the gradient is at most ``tol``.

    Parameters
    ----------
    memory : int
        Number of pairs, >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> class Bowl:
    ...     def value_and_gradient(self, x):
    ...         return float(x @ x), 2.0 * x
    >>> solver, x = LBFGS(), np.array([3.0, 4.0])
    >>> state = solver.start(Bowl(), x, tol=1e-10)
    >>> while state.reason is None:
    ...     x, state = solver.step(Bowl(), x, state)
    >>> float(abs(x).max()) < 1e-9, state.reason.name
    (True, 'CONVERGED')
    """

    memory: int = 10

    name: ClassVar[str] = "lbfgs"

    def __post_init__(self) -> None:
        if self.memory < 1:
            raise ArgumentError("LBFGS", "memory is at least 1", repr(self.memory), "The usual value is 10.")

    def start(self, function: SmoothFunction, parameters: Array, tol: float) -> LBFGSState:
        """Evaluate the function at the first parameters."""
        value, gradient = function.value_and_gradient(parameters)
        norm = fixed_order_norm(gradient)
        return LBFGSState(
            value, gradient, norm, (), tol, reason=StopReason.CONVERGED if norm <= tol else None
        )

    def step(
        self, function: SmoothFunction, parameters: Array, state: LBFGSState
    ) -> tuple[Array, LBFGSState]:
        """Search along the quasi-Newton direction and remember the pair."""
        line = _line(parameters, state)
        found = _search(function, state, line)
        if found.point is None and state.pairs:
            # The memory may describe a place the run has left: steepest descent decides whether all is lost.
            state = replace(state, pairs=())
            found = _search(function, state, _line(parameters, state))
        if found.point is None:
            # A quadratic falls by half the slope. The memory knows the curvature, but not along directions that it
            # has not seen, for which it may promise too little by any factor: the plain gradient has its say too.
            promised = 0.5 * max(abs(line.origin.slope), state.gradient_norm**2)
            reason = reason_to_give_up(promised, state.value)
            return parameters, replace(state, step_length=0.0, reason=reason)
        return found.point.parameters, self._advanced(parameters, state, found.point)

    def _advanced(self, parameters: Array, state: LBFGSState, point: LinePoint) -> LBFGSState:
        step, change = point.parameters - parameters, point.gradient - state.gradient
        product = fixed_order_dot(step, change)
        pairs = state.pairs
        if product > 1e-12 * fixed_order_norm(step) * fixed_order_norm(change):
            pairs = (*pairs, CurvaturePair(step, change, product))[-self.memory :]
        norm = fixed_order_norm(point.gradient)
        reason = StopReason.CONVERGED if norm <= state.tol else None
        return LBFGSState(point.value, point.gradient, norm, pairs, state.tol, point.step, reason)


def two_loop(gradient: Array, pairs: Sequence[CurvaturePair]) -> Array:
    """Return H g by the two-loop recursion, H being (LB.1) and (LB.2); the gradient itself without pairs.

    Parameters
    ----------
    gradient : ndarray of float64, shape (P,)
        g.
    pairs : sequence of CurvaturePair
        Oldest first.

    Returns
    -------
    ndarray of float64, shape (P,)
        A new array.
    """
    direction = gradient.copy()
    factors = []
    for pair in reversed(pairs):
        factor = fixed_order_dot(pair.step, direction) / pair.product
        direction -= factor * pair.change
        factors.append(factor)
    if pairs:
        newest = pairs[-1]
        direction *= newest.product / fixed_order_dot(newest.change, newest.change)
    for pair, factor in zip(pairs, reversed(factors), strict=True):
        correction = fixed_order_dot(pair.change, direction) / pair.product
        direction += (factor - correction) * pair.step
    return direction


def _line(parameters: Array, state: LBFGSState) -> Line:
    direction = -two_loop(state.gradient, state.pairs)
    slope = fixed_order_dot(state.gradient, direction)
    return Line(LinePoint(0.0, state.value, slope, parameters, state.gradient), direction)


def _search(function: SmoothFunction, state: LBFGSState, line: Line) -> LineSearch:
    origin, direction = line.origin, line.direction
    if not (origin.finite and origin.slope < 0.0):
        return LineSearch(None, strong=False)

    def evaluate(step: float) -> LinePoint:
        trial = origin.parameters + step * direction
        value, gradient = function.value_and_gradient(trial)
        return LinePoint(step, value, fixed_order_dot(gradient, direction), trial, gradient)

    # Without curvature the gradient's length says nothing about the distance: the first step has length at most 1.
    return strong_wolfe(evaluate, origin, 1.0 if state.pairs else min(1.0, 1.0 / state.gradient_norm))
