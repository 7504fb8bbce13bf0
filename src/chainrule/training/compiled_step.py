"""Minibatch steps by the compiled kernels: many steps to a call, from the rows of the data to the parameters.

The plain network and solvers are what these steps are held to: :class:`~chainrule.training.loop.MinibatchMethod` with
:meth:`~chainrule.training.objective.Objective.batch` and ``step`` of :class:`~chainrule.training.sgd.SGD`,
:class:`~chainrule.training.adam.Adam` or :class:`~chainrule.training.adamw.AdamW`. State goes in and comes out as
theirs, flat, so that a checkpoint is the same; inside, parameters and moments lie as the kernels read them.
"""

import math
import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.kernels import Purpose, native, permutation, thread_count
from chainrule.network import ACTIVATIONS
from chainrule.training.adam import Adam, AdamState
from chainrule.training.adamw import AdamW, AdamWState
from chainrule.training.loop import MinibatchMethod, MinibatchState, Stretch, facts
from chainrule.training.objective import Objective
from chainrule.training.pauses import Pauses
from chainrule.training.schedules import ConstantSchedule, Schedule
from chainrule.training.selected_rows import SelectedRows
from chainrule.training.sgd import SGD, SGDState
from chainrule.training.solver import MinibatchSolver

SECONDS_PER_CALL = 0.02
"""About how long a call may keep Ctrl-C and checkpoints waiting."""


@dataclass(frozen=True)
class TrainingArrays:
    """The training set as the kernels read it; what is not C-contiguous is copied once."""

    features: Array  # float32 or float64
    rows: Array | None  # those of the features that are examples; None: all
    targets: Array  # of all rows of the features: int64 (rows,), or (rows, outputs) in the network's dtype
    row_weight: Array | None
    class_weight: Array | None
    centre: Array | None
    scale: Array | None
    limit: float


class CompiledSteps:
    """Steps of a solver on the minibatches of an objective.

    Parameters
    ----------
    objective : Objective
    solver : SGD, Adam or AdamW
    batch_size : int
        The most rows of a minibatch.

    Notes
    -----
    Every element of a product is a sum of chains of 128 fused multiply-adds, and every other sum has an order that the
    sizes fix: no bit depends on the number of threads, on how many steps a call takes, or on whether AVX2 or AVX-512
    computes.
    """

    def __init__(self, objective: Objective, solver: MinibatchSolver, batch_size: int) -> None:
        module, network = native(), objective.network
        assert module is not None, "asked for where there are kernels"
        self._objective = objective
        self._arrays = training_arrays(objective)
        self._pace = 1
        none = (0,) * len(network.activations)
        thresholds = none if objective.dropout is None else objective.dropout.thresholds
        self._steps = module.TrainingSteps(
            dtype=network.dtype.name, layer_sizes=list(network.layer_sizes), activations=list(network.activations),
            thresholds=list(thresholds), head=network.head, most_rows=batch_size, alpha=objective.alpha,
            max_norm=objective.max_gradient_norm or 0.0, **_solver_settings(solver),
        )  # fmt: skip

    @property
    def _threads(self) -> int:
        return thread_count(self._objective.loss.n_threads)

    def load(self, parameters: Array, state: Any) -> None:
        """Take parameters and a solver's state; both are left as they are."""
        self._steps.load(parameters, *_vectors(state), self._threads)

    def store(self, parameters: Array, state: Any, steps: int) -> Any:
        """Write parameters and the solver's state back to arrays; return the state after so many more steps."""
        self._steps.store(parameters, *_vectors(state), self._threads)
        return _after(state, steps)

    def rows_of(self, order: Array) -> Array:
        """Return where the examples of an epoch, given by their numbers, lie among the rows of the features."""
        return order if self._arrays.rows is None else self._arrays.rows[order]

    def steps_of_a_call(self, left: int, single: bool) -> int:
        """Return how many of the steps that are left the next call should take."""
        return 1 if single else min(left, self._pace)

    def run(
        self,
        order: Array,
        n_batches: int,
        first: int,
        rates: Array,
        state: Any,
        taken: int,
        epoch: int,
        total: float,
    ) -> tuple[int, float, float]:
        """Take one step for each learning rate, on the minibatches from number ``first`` on.

        Parameters
        ----------
        order : ndarray of int64, shape (rows,)
            The rows of the epoch, from :meth:`rows_of`, which its minibatches share evenly.
        n_batches, first : int
            Minibatches of the epoch, and the one to begin with.
        rates : ndarray of float64, shape (steps,)
        state : object
            The solver's state that was loaded, ``taken`` steps ago.
        taken : int
        epoch : int
            Its number, from 1: what dropout draws by.
        total : float
            Sum of the losses of the epoch before.

        Returns
        -------
        steps : int
            Steps that were taken: fewer where the loss was not finite.
        total : float
            The sum of the losses after them, or the one that is not finite.
        gradient_norm : float
            Of the last step's gradient, where it ends an epoch.
        """
        arrays, objective, started = self._arrays, self._objective, time.perf_counter()
        mean_weight = objective.mean_weight or objective.total_weight / len(objective.examples)
        done, total, norm = self._steps.run(
            arrays.features, arrays.targets, arrays.row_weight, arrays.class_weight, objective.loss.label_smoothing,
            mean_weight, arrays.centre, arrays.scale, arrays.limit, order, n_batches, first, rates,
            _steps_before(state) + taken, 0 if objective.dropout is None else objective.dropout.seed, epoch, total,
            self._threads,
        )  # fmt: skip
        seconds = max(time.perf_counter() - started, 1e-6)
        self._pace = max(1, int(len(rates) * SECONDS_PER_CALL / seconds))
        return done, total, norm


@dataclass(frozen=True)
class CompiledMinibatchMethod(MinibatchMethod):
    """:class:`~chainrule.training.loop.MinibatchMethod` with many steps to a call of the kernels."""

    steps: CompiledSteps = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", CompiledSteps(self.objective, self.solver, self.batch_size))

    def take(
        self, state: MinibatchState, stretch: Stretch, pauses: Pauses
    ) -> tuple[MinibatchState, float | None]:
        """Take the steps of a stretch that are left; return the state and the norm of the last gradient."""
        parameters, steps = self.objective.network.parameters, self.steps
        n_rows, norm, taken = len(self.objective.examples), None, 0
        threads = thread_count(self.objective.loss.n_threads)
        order = steps.rows_of(
            permutation(n_rows, Purpose.SHUFFLE, self.seed, *stretch.place, n_threads=threads)
        )
        steps.load(parameters, state.solver)
        while state.batches < stretch.end and math.isfinite(state.total):
            if pauses.due:
                state = replace(state, solver=steps.store(parameters, state.solver, taken))
                taken = 0
                pauses.pause(state, **facts(state, stretch))
            count = steps.steps_of_a_call(stretch.end - state.batches, single=pauses.due)
            first = stretch.steps_before + state.batches
            rates = learning_rates(self.solver.schedule, first, count, self.max_epochs * stretch.per_epoch)
            done, total, norm = steps.run(
                order, stretch.count, state.batches - stretch.before, rates, state.solver, taken, stretch.draw,
                state.total,
            )  # fmt: skip
            taken += done
            rate = float(rates[done - 1]) if done else state.learning_rate
            state = MinibatchState(state.solver, state.batches + done, total, rate)
        return replace(state, solver=steps.store(parameters, state.solver, taken)), norm


def learning_rates(schedule: Schedule, first: int, count: int, total_steps: int) -> Array:
    """Return the learning rates of the steps from number ``first`` on.

    Examples
    --------
    >>> learning_rates(ConstantSchedule(0.5), 0, 3, 10)
    array([0.5, 0.5, 0.5])
    """
    if type(schedule) is ConstantSchedule and schedule.warm_up == 0.0:
        return np.full(count, schedule.learning_rate)
    return np.array(
        [schedule.at(step, total_steps) for step in range(first, first + count)], dtype=np.float64
    )


def compiled(method: MinibatchMethod) -> MinibatchMethod:
    """Return the method with compiled steps where the kernels know all that it does; else the method itself."""
    if not knows(method.objective, method.solver):
        return method
    return CompiledMinibatchMethod(
        method.objective, method.solver, method.batch_size, method.max_epochs, method.seed
    )


def knows(objective: Objective, solver: MinibatchSolver) -> bool:
    """Return whether there are kernels, and they know solver, activations, head and the kind of the features."""
    network, features = objective.network, objective.examples.X
    return (
        native() is not None
        and type(objective) is Objective
        and type(solver) in (SGD, Adam, AdamW)
        and set(network.activations) <= ACTIVATIONS.keys()
        and isinstance(features, np.ndarray | SelectedRows)
        and features.dtype.name in ("float16", "float32", "float64")
    )


def training_arrays(objective: Objective) -> TrainingArrays:
    """Return the training set of an objective as the kernels read it."""
    network, examples, loss = objective.network, objective.examples, objective.loss
    kind = examples.X.dtype.name if examples.X.dtype.itemsize > 2 else network.dtype.name
    targets, row_weight, class_weight = examples.y, examples.sample_weight, loss.class_weight
    if network.head == "softmax" and targets.ndim == 1:
        targets = np.ascontiguousarray(targets, dtype=np.int64)
        # A class weight of 0 stays inside the target: a row that is NaN is NaN, as with the equal one-hot row.
        if class_weight is not None and not loss.label_smoothing and (class_weight > 0).all():
            of_rows = class_weight[targets]
            row_weight, class_weight = of_rows if row_weight is None else row_weight * of_rows, None
    else:
        targets = np.ascontiguousarray(targets.reshape(len(targets), -1), dtype=network.dtype)
    scaling, rows = network.input_scaling, None
    features: Any = examples.X
    if isinstance(features, SelectedRows):
        features, rows = features.base, features.rows
        targets, row_weight = _placed(targets, rows, features), _placed(row_weight, rows, features)
    return TrainingArrays(
        np.ascontiguousarray(features, dtype=kind),
        rows,
        targets,
        _float64(row_weight),
        _float64(class_weight),
        None if scaling is None else _float64(scaling.center),
        None if scaling is None else _float64(scaling.scale),
        0.0 if scaling is None or scaling.limit is None else float(scaling.limit),
    )


def _placed(values: Any, rows: Array, features: Array) -> Any:
    """Return what belongs to some rows of the features where those rows are, 0 beside; None for None."""
    if values is None:
        return None
    placed = np.zeros((len(features), *values.shape[1:]), values.dtype)
    placed[rows] = values
    return placed


def _float64(values: Array | None) -> Array | None:
    return None if values is None else np.ascontiguousarray(values, dtype=np.float64)


def _solver_settings(solver: MinibatchSolver) -> dict[str, Any]:
    if isinstance(solver, SGD):
        name = "nesterov" if solver.nesterov else "sgd"
        return {
            "solver": name,
            "momentum": solver.momentum,
            "beta2": 0.0,
            "epsilon": 1.0,
            "weight_decay": 0.0,
        }
    assert isinstance(solver, Adam | AdamW), "one of those that the kernels know"
    decay = solver.weight_decay if isinstance(solver, AdamW) else 0.0
    return {
        "solver": "adam",
        "momentum": solver.beta1,
        "beta2": solver.beta2,
        "epsilon": solver.epsilon,
        "weight_decay": decay,
    }


def _vectors(state: Any) -> tuple[Array, Array | None]:
    if isinstance(state, SGDState):
        return state.velocity, None
    adam: AdamState = state.adam if isinstance(state, AdamWState) else state
    return adam.first_moment, adam.second_moment


def _steps_before(state: Any) -> int:
    if isinstance(state, SGDState):
        return 0
    adam: AdamState = state.adam if isinstance(state, AdamWState) else state
    return adam.steps


def _after(state: Any, steps: int) -> Any:
    if isinstance(state, SGDState):
        return state
    if isinstance(state, AdamWState):
        return AdamWState(_after(state.adam, steps), state.weight_slices)
    return replace(state, steps=state.steps + steps)
