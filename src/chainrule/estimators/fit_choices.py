"""What the settings of the classifier stand for, once the network and the number of rows are known."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule._types import Array
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.estimators.robust_input_scaling import robust_input_scaling
from chainrule.estimators.standardisation import sparse_standardisation, standardisation
from chainrule.functions import SparseFeatures
from chainrule.network import InputScaling, Network
from chainrule.training import (
    FEW_ROWS,
    SCHEDULES,
    SGD,
    Adam,
    AdamW,
    ConstantSchedule,
    CosineSchedule,
    Examples,
    LazyAdam,
    MinibatchSolver,
    Schedule,
    Solver,
    check_count,
    check_number,
    choose_solver,
)

CALL = "SoftmaxClassifier.fit"
"""What errors name as the call."""
AUTO = "auto"
ONLINE_SOLVER = "adamw"
ONLINE_SPARSE_SOLVER = "lazy-adam"
ONLINE_LEARNING_RATES = {"sgd": 0.01, "adam": 0.001, "adamw": 0.001, "lazy-adam": 0.001}
"""Learning rates of partial_fit, which never fall: lower than the highest one of a schedule."""
SCALINGS: dict[str, Callable[[Array, Array | None], InputScaling | None]] = {
    "none": lambda _X, _sample_weight: None,
    "standard": standardisation,
    "robust": robust_input_scaling,
}
"""Every scaling of features by its name."""


def hidden_sizes(sizes: int | Sequence[int]) -> tuple[int, ...]:
    """Return the sizes of the hidden layers, of which a single number is one."""
    return (int(sizes),) if isinstance(sizes, int | np.integer) else tuple(sizes)


def seed_of(random_state: int | np.random.RandomState | None, call: str = CALL) -> int:
    """Return a seed: the integer itself, or one drawn as scikit-learn's contract has it."""
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        return check_count(
            call, "random_state", random_state, "Pass a seed such as 0.", low=0, high=2**64 - 1
        )
    return int(check_random_state(random_state).randint(2**31 - 1))


def solver_of(
    solver: str | Solver,
    network: Network,
    n_rows: int,
    *,
    sparse: bool = False,
    learning_rate: float | str | Schedule = AUTO,
    schedule: str = AUTO,
    weight_decay: float | str = AUTO,
    call: str = CALL,
) -> Solver:
    """Return the solver, with the learning rate, schedule and weight decay that are given."""
    chosen = choose_solver(solver, network, n_rows, call, sparse=sparse)
    given = {"learning_rate": learning_rate, "schedule": schedule, "weight_decay": weight_decay}
    given = {name: value for name, value in given.items() if not _is_auto(value)}
    if not given:
        return chosen
    for name, value in given.items():
        if not isinstance(solver, str) or not isinstance(chosen, MinibatchSolver):
            rule = f"{name} goes with a minibatch solver given by name"
            came = f"{name}={value!r} with solver={solver!r}"
            remedy = f"Use {name}='auto', or solver='sgd', 'adam' or 'adamw'."
            raise ArgumentError(call, rule, came, remedy)
    assert isinstance(chosen, SGD | Adam | AdamW | LazyAdam), "others are refused above"
    settings: dict[str, Any] = {}
    if "learning_rate" in given or "schedule" in given:
        settings["learning_rate"] = _schedule(learning_rate, schedule, chosen, call)
    if "weight_decay" in given:
        settings["weight_decay"] = _weight_decay(weight_decay, chosen, call)
    return dataclasses.replace(chosen, **settings)


def online_solver(
    solver: str | Solver,
    network: Network,
    *,
    sparse: bool,
    learning_rate: float | str | Schedule,
    schedule: str,
    weight_decay: float | str,
    call: str,
) -> MinibatchSolver:
    """Return the solver for rows that come in portions: of one learning rate, for no end is in sight."""
    name = (ONLINE_SPARSE_SOLVER if sparse else ONLINE_SOLVER) if _is_auto(solver) else solver
    chosen = choose_solver(name, network, 1, call, sparse=sparse)
    if isinstance(chosen, MinibatchSolver) and _is_auto(learning_rate) and isinstance(name, str):
        learning_rate = ONLINE_LEARNING_RATES[chosen.name]
    if _is_auto(schedule) and not isinstance(learning_rate, str | Schedule):
        schedule = "constant"
    chosen = solver_of(
        name,
        network,
        1,
        sparse=sparse,
        learning_rate=learning_rate,
        schedule=schedule,
        weight_decay=weight_decay,
        call=call,
    )
    if not isinstance(chosen, MinibatchSolver) or not _is_constant(chosen.schedule):
        rule = "a solver of partial_fit has one learning rate, for no end of the rows is in sight"
        remedy = "Use solver='adamw' and learning_rate=0.001, or fit."
        raise ArgumentError(call, rule, f"{chosen!r}", remedy)
    return chosen


def _is_constant(schedule: Schedule) -> bool:
    return schedule == ConstantSchedule(schedule.at(0, 1))


def stops_by_itself(network: Network, solver: Solver, n_rows: int, has_eval_set: bool) -> bool:
    """Return what early_stopping="auto" stands for: with few rows, each is worth more in training."""
    prone = isinstance(solver, MinibatchSolver) and len(network.layer_sizes) > 2
    return prone and (has_eval_set or n_rows >= FEW_ROWS)


def flag_or_auto(name: str, value: bool | str, automatic: bool) -> bool:
    """Return a setting that is True, False or "auto"."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if value != "auto":
        raise ArgumentError(CALL, f"{name} is True, False or 'auto'", repr(value), "Use 'auto'.")
    return automatic


def input_scaling(scaling: str, network: Network, rows: Examples, call: str = CALL) -> InputScaling | None:
    """Return what is done to features before the first layer: by name, or "auto" by the network."""
    if scaling not in (AUTO, *SCALINGS):
        rule = f"scaling is one of {', '.join([AUTO, *SCALINGS])}"
        raise ArgumentError(call, rule, repr(scaling), "Use 'auto'.")
    if isinstance(rows.X, SparseFeatures):
        return _sparse_scaling(scaling, rows.X, rows.sample_weight, call)
    if scaling == AUTO:
        scaling = "robust" if len(network.layer_sizes) > 2 else "none"
    return SCALINGS[scaling](rows.X, rows.sample_weight)


def _sparse_scaling(
    scaling: str, features: SparseFeatures, sample_weight: Array | None, call: str
) -> InputScaling | None:
    """Return what is done to sparse features: nothing, or a scale without a centre, which would fill every entry."""
    if scaling == "robust":
        rule, remedy = (
            "scaling='robust' goes with dense features: it centres them",
            "Use 'standard', or 'none'.",
        )
        raise ArgumentError(call, rule, "sparse features", remedy)
    return sparse_standardisation(features, sample_weight) if scaling == "standard" else None


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def _schedule(learning_rate: Any, schedule: Any, solver: MinibatchSolver, call: str) -> Schedule:
    """Return the schedule of a learning rate, of a name, or of both; what is "auto" is the solver's own."""
    if not _is_auto(schedule) and (not isinstance(schedule, str) or schedule not in SCHEDULES):
        rule = f"schedule is one of {', '.join([AUTO, *SCHEDULES])}"
        remedy = "Pass a Schedule as learning_rate for one with parts of its own."
        raise ArgumentError(call, rule, repr(schedule), remedy)
    if isinstance(learning_rate, Schedule):
        if not _is_auto(schedule):
            came = f"schedule={schedule!r} with learning_rate={learning_rate!r}"
            raise ArgumentError(
                call, "a learning_rate that is a schedule needs no other", came, "Leave one out."
            )
        return learning_rate
    remedy = "Pass a positive number, a schedule, or 'auto'."
    if isinstance(learning_rate, str) and not _is_auto(learning_rate):
        rule = "learning_rate is a number, a schedule or 'auto'"
        raise ArgumentTypeError(call, rule, repr(learning_rate), remedy)
    own = solver.schedule
    if _is_auto(learning_rate):
        assert isinstance(own, CosineSchedule), "the default of every solver"
        rate = own.learning_rate
    else:
        rate = check_number(call, "learning_rate", learning_rate, 0.0, math.inf, remedy)
    return CosineSchedule(rate) if _is_auto(schedule) else SCHEDULES[schedule](rate)


def _weight_decay(weight_decay: Any, solver: Solver, call: str) -> float:
    if not isinstance(solver, AdamW):
        came, remedy = f"solver {solver.name!r}", "Use solver='adamw', or alpha for a penalty."
        raise ArgumentError(call, "weight_decay goes with solver 'adamw'", came, remedy)
    return check_number(call, "weight_decay", weight_decay, 0.0, math.inf, "Try 0.1, or 'auto'.")
