"""Newton's method with a Cholesky factorisation, for linear softmax networks with few parameters."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.training.fixed_order import fixed_order_dot, fixed_order_norm
from chainrule.training.line_search import LinePoint, strong_wolfe
from chainrule.training.outcome import StopReason
from chainrule.training.resolution import FINISHED, RESOLUTION, reason_to_give_up
from chainrule.training.solver import FullBatchSolver, SmoothFunction


@dataclass(frozen=True)
class NewtonState:
    """Value and gradient, the Newton direction and the gap it promises (NC.2), and whether it is over."""

    value: float
    gradient: Array
    gradient_norm: float
    direction: Array
    gap: float
    tol: float
    step_length: float = 0.0
    reason: StopReason | None = None


@dataclass(frozen=True)
class NewtonCholesky(FullBatchSolver):
    """Newton's method, damped by a strong Wolfe search, down to rounding.

    With gradient g and Hessian H of a convex function ::

        (NC.1)  d = -H^-1 g
        (NC.2)  gap = -g . d / 2        what the quadratic model still promises to gain

    [BoydVandenberghe2004, section 9.5]. Once the gap is below the resolution of the function's values, full steps
    follow as long as they halve the gap, so that equal problems (a row twice, or once with weight 2) end at equal
    parameters up to rounding, whatever ``tol`` is. Where H cannot be factorised (collinear features without a
    penalty), its diagonal is raised by the smallest power of 100 that lets it be [Levenberg1944].

    Examples
    --------
    >>> NewtonCholesky().name
    'newton-cholesky'
    """

    name: ClassVar[str] = "newton-cholesky"
    libraries: ClassVar[tuple[str, ...]] = ("scipy.linalg",)

    def start(self, function: SmoothFunction, parameters: Array, tol: float) -> NewtonState:
        """Evaluate function, gradient and direction at the first parameters."""
        value, gradient = function.value_and_gradient(parameters)
        return _state(function, LinePoint(0.0, value, 0.0, parameters, gradient), tol)

    def step(
        self, function: SmoothFunction, parameters: Array, state: NewtonState
    ) -> tuple[Array, NewtonState]:
        """Take a damped step, or a full one near the minimum."""
        if state.gap <= RESOLUTION * abs(state.value):
            return _polish(function, parameters, state)
        slope = -2.0 * state.gap
        origin = LinePoint(0.0, state.value, slope, parameters, state.gradient)

        def evaluate(step: float) -> LinePoint:
            return _point(function, parameters, state.direction, step)

        found = strong_wolfe(evaluate, origin, 1.0).point
        if found is None:
            return _polish(function, parameters, state)
        return found.parameters, _state(function, found, state.tol)


def _polish(function: SmoothFunction, parameters: Array, state: NewtonState) -> tuple[Array, NewtonState]:
    """Take a full step and keep it if it halves the gap."""
    point = _point(function, parameters, state.direction, 1.0)
    following = _state(function, point, state.tol)
    if point.finite and following.gap <= 0.5 * state.gap:
        return point.parameters, following
    return parameters, _ended(state)


def _state(function: SmoothFunction, point: LinePoint, tol: float) -> NewtonState:
    norm = fixed_order_norm(point.gradient)
    if not (math.isfinite(point.value) and math.isfinite(norm)):
        return _without_direction(point, norm, tol)
    direction = _newton_direction(function.hessian(point.parameters), point.gradient)
    if direction is None:
        return _ended(_without_direction(point, norm, tol))
    gap = -0.5 * fixed_order_dot(point.gradient, direction)
    state = NewtonState(point.value, point.gradient, norm, direction, gap, tol, point.step)
    return _ended(state) if gap <= FINISHED * (1.0 + abs(point.value)) else state


def _without_direction(point: LinePoint, norm: float, tol: float) -> NewtonState:
    nothing = np.zeros_like(point.gradient)
    return NewtonState(point.value, point.gradient, norm, nothing, math.inf, tol, point.step)


def _ended(state: NewtonState) -> NewtonState:
    if state.gradient_norm <= max(state.tol, 1e-8):
        return replace(state, reason=StopReason.CONVERGED)
    return replace(state, reason=reason_to_give_up(state.gap, state.value))


def _point(function: SmoothFunction, parameters: Array, direction: Array, step: float) -> LinePoint:
    trial = parameters + step * direction
    value, gradient = function.value_and_gradient(trial)
    return LinePoint(step, value, fixed_order_dot(gradient, direction), trial, gradient)


def _newton_direction(matrix: Array, gradient: Array) -> Array | None:
    """Return (NC.1), the diagonal raised until the matrix is positive definite in floating point, or None."""
    from scipy.linalg import (  # here: it takes longer to load than this room
        LinAlgError,
        cho_factor,
        cho_solve,
    )

    diagonal = matrix.diagonal().copy()
    floor = diagonal.max() if diagonal.size else 1.0
    places = np.arange(len(matrix))
    for lift in (0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0):
        matrix[places, places] = diagonal + lift * np.maximum(diagonal, 1e-6 * floor)
        try:
            return np.asarray(-cho_solve(cho_factor(matrix, lower=True, check_finite=True), gradient))
        except (LinAlgError, ValueError):
            continue
    return None
