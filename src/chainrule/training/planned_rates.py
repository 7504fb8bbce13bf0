"""The learning rates of a run, from the plain values of its settings: they are a function of the step alone."""

from collections.abc import Mapping
from typing import Any

from chainrule.errors import ChainruleError
from chainrule.training.batches import number_of_batches
from chainrule.training.choice import SOLVERS, Solver, choose_batch_size, choose_max_epochs
from chainrule.training.schedules import ConstantSchedule, CosineSchedule, OneCycleSchedule, Schedule
from chainrule.training.solver import MinibatchSolver

SCHEDULE_CLASSES: dict[str, type[Schedule]] = {
    kind.__name__: kind for kind in (ConstantSchedule, CosineSchedule, OneCycleSchedule)
}


def planned_learning_rates(
    solver: Any, name: str, *, n_rows: int, epochs: int, batch_size: Any = "auto", max_epochs: Any = "auto"
) -> tuple[float, ...] | None:
    """Return the learning rate of the last step of each epoch of a run.

    Parameters
    ----------
    solver : str, mapping or None
        The setting as :func:`chainrule.training.plain` writes it: a name, or a name and parts.
    name : str
        The solver that ran, which "auto" stands for.
    n_rows : int
        Rows of training, >= 1.
    epochs : int
        Epochs that were done.
    batch_size, max_epochs : int or "auto"
        As :func:`chainrule.train`.

    Returns
    -------
    tuple of float or None
        One rate for each epoch; None for a full-batch solver, which has no learning rate, and where the values
        describe no solver or schedule of this package.

    Examples
    --------
    >>> rates = planned_learning_rates("auto", "adamw", n_rows=64, epochs=2, batch_size=32, max_epochs=4)
    >>> [round(rate, 4) for rate in rates]
    [0.01, 0.0081]
    >>> planned_learning_rates("auto", "newton-cg", n_rows=64, epochs=3) is None
    True
    """
    made = solver_of(solver, name)
    if not isinstance(made, MinibatchSolver) or n_rows < 1:
        return None
    size = batch_size if is_count(batch_size) else choose_batch_size(n_rows)
    planned = max_epochs if is_count(max_epochs) else choose_max_epochs(made, n_rows, size)
    per_epoch = number_of_batches(n_rows, size)
    total = max(planned, epochs) * per_epoch
    return tuple(made.schedule.at(epoch * per_epoch - 1, total) for epoch in range(1, epochs + 1))


def solver_of(value: Any, name: str) -> Solver | None:
    """Return the solver of plain values, None if they describe none.

    Examples
    --------
    >>> solver_of({"name": "sgd", "learning_rate": {"name": "ConstantSchedule", "learning_rate": 0.1}}, "sgd").schedule
    ConstantSchedule(learning_rate=0.1, warm_up=0.0)
    """
    try:
        if not isinstance(value, Mapping):
            return SOLVERS[name]()
        parts = {key: schedule_of(part) for key, part in value.items() if key != "name"}
        return SOLVERS[value["name"]](**parts)
    except (
        ChainruleError,
        KeyError,
        TypeError,
        ValueError,
    ):  # a solver of one's own, or a file that was edited
        return None


def schedule_of(value: Any) -> Any:
    """Return the schedule that plain values describe; any other value as it is."""
    if not isinstance(value, Mapping):
        return value
    parts = {key: part for key, part in value.items() if key != "name"}
    return SCHEDULE_CLASSES[value["name"]](**parts)


def is_count(value: Any) -> bool:
    """Return whether a setting is a positive integer, and not "auto"."""
    return type(value) is int and value > 0
