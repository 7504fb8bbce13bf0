"""The first layer as one row of weights for each feature, of which a step touches those that its minibatch has.

A weight w whose feature is 0 in the whole minibatch has the gradient alpha w of the penalty alone. SGD (SG.1) with the
rate r then maps it and its velocity v by a matrix that is the same for every weight ::

    (LZ.1)  (w, v) <- M (w, v),   M = | 1 - r alpha (1 + mu)   - r mu^2 |    nesterov=True
                                      | alpha                   mu      |
            M = | 1 - r alpha   - r mu |                                     nesterov=False
                | alpha           mu   |

Steps s + 1, ..., t that a feature was not in come to T_s = M_t ... M_{s+1}; of each s that is still in use T_s is kept
up to date, four numbers a step, and a row is brought from s to t at once when its feature comes again. The result is
that of all steps one by one, but for rounding.
"""

from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.training.adam import AdamState, adam_update
from chainrule.training.lazy_adam import LazyAdam
from chainrule.training.sgd import SGD, SGDState

WINDOW = 1024
"""After so many steps every row is brought up to date, so that few T_s are in use."""
ROWS_AT_A_TIME = 4096


@dataclass(frozen=True)
class LazyState:
    """A solver's state with the first layer by features; the arrays are overwritten from step to step.

    Parameters
    ----------
    weights : ndarray, shape (features, units)
        Row j is as it was after step ``last[j]``.
    moments : ndarray, shape (1 or 2, features, units)
        SGD's velocity, or Adam's two moments, of the same steps.
    rest : ndarray, shape (1 or 2, other parameters)
        Those of all other parameters, which take every step.
    last : ndarray of int64, shape (features,)
    transitions : ndarray of float64, shape (WINDOW + 1, 2, 2)
        T_s of (LZ.1) at place s.
    now : int
        Steps since all rows were up to date.
    steps : int
        Steps in all, for Adam.
    """

    weights: Array
    moments: Array
    rest: Array
    last: Array
    transitions: Array
    now: int = 0
    steps: int = 0


def lazy_state(plain: SGDState | AdamState, parameters: Array, n_features: int, units: int) -> LazyState:
    """Return a solver's state by features, a copy, and the weights of the first layer with it."""
    size = n_features * units
    vectors = (plain.velocity,) if isinstance(plain, SGDState) else (plain.first_moment, plain.second_moment)
    moments = np.stack([_by_features(vector[:size], n_features) for vector in vectors])
    return LazyState(
        _by_features(parameters[:size], n_features),
        moments,
        np.stack([vector[size:] for vector in vectors]),
        np.zeros(n_features, np.int64),
        np.tile(np.eye(2), (WINDOW + 1, 1, 1)),
        steps=plain.steps if isinstance(plain, AdamState) else 0,
    )


def plain_state(state: LazyState) -> SGDState | AdamState:
    """Return the state of SGD or Adam that a state stands for, whose rows are all up to date; a copy."""
    flat = [
        np.concatenate([rows.T.ravel(), rest]) for rows, rest in zip(state.moments, state.rest, strict=True)
    ]
    buffer = np.empty_like(flat[0])
    return SGDState(flat[0], buffer) if len(flat) == 1 else AdamState(state.steps, flat[0], flat[1], buffer)


def write_first_weights(state: LazyState, parameters: Array) -> None:
    """Write the weights, as all steps so far leave them, to the beginning of a parameter vector; the state stays."""
    n_features, units = state.weights.shape
    flat = parameters[: n_features * units].reshape(units, n_features)
    for first in range(0, n_features, ROWS_AT_A_TIME):
        rows = slice(first, first + ROWS_AT_A_TIME)
        flat[:, rows] = caught_up(state, rows)[0].T


def caught_up(state: LazyState, rows: Array | slice) -> tuple[Array, Array]:
    """Return weights and moments of some features as all steps so far leave them, new arrays."""
    weights, moments = state.weights[rows].copy(), state.moments[:, rows].copy()
    if len(moments) == 1:
        behind = np.flatnonzero(state.last[rows] < state.now)
        by = state.transitions[state.last[rows][behind]].astype(weights.dtype)
        w, v = weights[behind], moments[0, behind]
        weights[behind] = by[:, 0, 0, None] * w + by[:, 0, 1, None] * v
        moments[0, behind] = by[:, 1, 0, None] * w + by[:, 1, 1, None] * v
    return weights, moments


def with_rows(state: LazyState, rows: Array | slice, weights: Array, moments: Array) -> None:
    """Put rows that are up to date into a state."""
    state.weights[rows], state.moments[:, rows], state.last[rows] = weights, moments, state.now


def all_caught_up(state: LazyState) -> LazyState:
    """Return the state with every row up to date, counting from there."""
    for first in range(0, len(state.weights), ROWS_AT_A_TIME):
        rows = slice(first, first + ROWS_AT_A_TIME)
        with_rows(state, rows, *caught_up(state, rows))
    state.last[...] = 0
    state.transitions[0] = np.eye(2)
    return replace(state, now=0)


def sgd_step_of_absent(solver: SGD, alpha: float, learning_rate: float) -> Array:
    """Return M of (LZ.1)."""
    mu, r = solver.momentum, learning_rate
    if solver.nesterov:
        return np.array([[1.0 - r * alpha * (1.0 + mu), -r * mu**2], [alpha, mu]])
    return np.array([[1.0 - r * alpha, -r * mu], [alpha, mu]])


@dataclass(frozen=True)
class PresentRows:
    """Features of a minibatch: weights and moments by :func:`caught_up`, and the gradient, shape (present, units)."""

    features: Array
    weights: Array
    moments: Array
    gradient: Array


def stepped(
    solver: SGD | LazyAdam,
    state: LazyState,
    alpha: float,
    learning_rate: float,
    present: PresentRows,
    rest: tuple[Array, Array],
) -> LazyState:
    """Take a step of the features that are there and of all other parameters; return the state after it.

    Parameters
    ----------
    solver : SGD or LazyAdam
    state : LazyState
        Overwritten.
    alpha, learning_rate : float
        Of the penalty, and of this step.
    present : PresentRows
        Overwritten.
    rest : tuple of ndarray
        The other parameters, overwritten, and their gradient.
    """
    weights, moments, gradient = present.weights, present.moments, present.gradient
    taken = replace(state, now=state.now + 1, steps=state.steps + 1)
    if isinstance(solver, SGD):
        by = sgd_step_of_absent(solver, alpha, learning_rate)
        state.transitions[: taken.now] = by @ state.transitions[: taken.now]
        state.transitions[taken.now] = np.eye(2)
        solver.step(weights, gradient, SGDState(moments[0], np.empty_like(weights)), learning_rate)
        solver.step(rest[0], rest[1], SGDState(state.rest[0], np.empty_like(rest[0])), learning_rate)
    else:
        for values, slope, (first, second) in ((weights, gradient, moments), (*rest, state.rest)):
            adam = AdamState(state.steps, first, second, np.empty_like(values))
            adam_update(values, slope, adam, learning_rate, solver.beta1, solver.beta2, solver.epsilon)
    with_rows(taken, present.features, weights, moments)
    return all_caught_up(taken) if taken.now == WINDOW else taken


def _by_features(flat: Array, n_features: int) -> Array:
    return np.ascontiguousarray(flat.reshape(-1, n_features).T)
