"""What the settings of the classifier stand for, once the network and the number of rows are known."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import Network
from chainrule.training import (
    SOLVERS,
    CosineSchedule,
    MinibatchSolver,
    Schedule,
    Solver,
    check_count,
    check_number,
    choose_solver,
)

CALL = "SoftmaxClassifier.fit"
"""What errors name as the call."""
ENOUGH_ROWS = 1000
"""Rows from which "auto" holds some back to stop by: with fewer, each is worth more in training."""


def hidden_sizes(sizes: int | Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of the hidden layers, of which a single number is one."""
    return (int(sizes),) if isinstance(sizes, int | np.integer) else tuple(sizes)


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """Return a seed: the integer itself, or one drawn as scikit-learn's contract has it."""
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        return check_count(
            CALL, "random_state", random_state, "Pass a seed such as 0.", low=0, high=2**64 - 1
        )
    return int(check_random_state(random_state).randint(2**31 - 1))


def solver_of(
    solver: str | Solver, learning_rate: float | str | Schedule, network: Network, n_rows: int
) -> Solver:
    """Return the solver, with the learning rate if one is given."""
    chosen = choose_solver(solver, network, n_rows, CALL)
    if isinstance(learning_rate, str) and learning_rate == "auto":
        return chosen
    if not isinstance(solver, str) or not isinstance(chosen, MinibatchSolver):
        rule = "learning_rate goes with a minibatch solver given by name"
        came = f"learning_rate={learning_rate!r} with solver={solver!r}"
        remedy = "Use learning_rate='auto', or solver='sgd', 'adam' or 'adamw'."
        raise ArgumentError(CALL, rule, came, remedy)
    return SOLVERS[chosen.name](learning_rate=_schedule(learning_rate))


def stops_by_itself(network: Network, solver: Solver, n_rows: int, has_eval_set: bool) -> bool:
    """Return what early_stopping="auto" stands for."""
    prone = isinstance(solver, MinibatchSolver) and len(network.layer_sizes) > 2
    return prone and (has_eval_set or n_rows >= ENOUGH_ROWS)


def flag_or_auto(name: str, value: bool | str, automatic: bool) -> bool:
    """Return a setting that is True, False or "auto"."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if value != "auto":
        raise ArgumentError(CALL, f"{name} is True, False or 'auto'", repr(value), "Use 'auto'.")
    return automatic


def scales(scaling: str, network: Network) -> bool:
    """Return whether features are standardised."""
    if scaling not in ("auto", "none", "standard"):
        raise ArgumentError(CALL, "scaling is 'auto', 'none' or 'standard'", repr(scaling), "Use 'auto'.")
    return scaling == "standard" or (scaling == "auto" and len(network.layer_sizes) > 2)


def _schedule(learning_rate: Any) -> Schedule:
    if isinstance(learning_rate, Schedule):
        return learning_rate
    remedy = "Pass a positive number, a schedule, or 'auto'."
    if isinstance(learning_rate, str):
        rule = "learning_rate is a number, a schedule or 'auto'"
        raise ArgumentTypeError(CALL, rule, repr(learning_rate), remedy)
    return CosineSchedule(check_number(CALL, "learning_rate", learning_rate, 0.0, math.inf, remedy))
