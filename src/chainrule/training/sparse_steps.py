"""Minibatch steps on sparse features: of the first layer those weights alone whose features are there.

Nothing of the size of that layer is made in a step: a minibatch is brought to the few columns that it has, their rows
of weights are brought up to date (LZ.1), and the network does the rest as on dense features.
"""

import math
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures
from chainrule.network import loss_and_gradients_of_present
from chainrule.training.batches import shuffled_batches
from chainrule.training.fixed_order import fixed_order_dot
from chainrule.training.lazy_adam import LazyAdam
from chainrule.training.lazy_rows import (
    LazyState,
    PresentRows,
    all_caught_up,
    caught_up,
    lazy_state,
    plain_state,
    stepped,
    write_first_weights,
)
from chainrule.training.loop import MinibatchMethod, MinibatchState, Stretch, facts
from chainrule.training.objective import Objective
from chainrule.training.one_blas_thread import one_blas_thread
from chainrule.training.pauses import Pauses
from chainrule.training.sgd import SGD
from chainrule.training.solver import MinibatchSolver


def serves_sparsely(objective: Objective, solver: MinibatchSolver) -> bool:
    """Return whether the steps of a solver touch present features alone: sparse features, and SGD or lazy Adam."""
    return isinstance(objective.examples.X, SparseFeatures) and type(solver) in (SGD, LazyAdam)


class SparseSteps:
    """Steps of a solver on minibatches of sparse examples.

    Parameters
    ----------
    objective : Objective
        Of sparse examples. Of its network the first weights are written by :meth:`write` alone, all others in place.
    solver : SGD or LazyAdam
    """

    def __init__(self, objective: Objective, solver: SGD | LazyAdam) -> None:
        network, features = objective.network, objective.examples.X
        assert isinstance(features, SparseFeatures), "asked before"
        if network.input_scaling is not None:
            features = network.input_scaling.apply_sparse("train", features)
        self._features = features.astype(network.dtype)
        self._objective, self._solver = objective, solver
        self._size = network.n_features * network.layer_sizes[1]
        self._place = np.zeros(network.n_features, np.int32)
        self._is_there = np.zeros(network.n_features, bool)

    def start(self, plain: Any) -> LazyState:
        """Return the state that stands for a solver's own and for the network as it is."""
        network = self._objective.network
        return lazy_state(plain, network.parameters, network.n_features, network.layer_sizes[1])

    def write(self, state: LazyState) -> None:
        """Give the network the first weights of a state."""
        write_first_weights(state, self._objective.network.parameters)

    def step(
        self, state: LazyState, rows: Array, epoch: int, number: int, learning_rate: float
    ) -> tuple[float, float, LazyState]:
        """Return the summed loss of a minibatch, the norm of its gradient, and the state after the step.

        A loss that is not finite takes no step.
        """
        objective, network = self._objective, self._objective.network
        present, features = self._compact(rows)
        weights, moments = caught_up(state, present)
        loss, by_weights, by_rest = loss_and_gradients_of_present(
            network, features, np.ascontiguousarray(weights.T), objective.examples.y[rows], self._options(rows),
            self._masks(len(rows), epoch, number),
        )  # fmt: skip
        if not math.isfinite(loss):
            return loss, math.nan, state
        rest = network.parameters[self._size :]
        gradient = np.ascontiguousarray(by_weights.T)
        mean_weight = objective.mean_weight or objective.total_weight / len(objective.examples)
        for slope in (gradient, by_rest):
            slope *= 1.0 / (len(rows) * mean_weight)
        self._add_penalty(gradient, weights, by_rest, rest)
        norm = math.sqrt(
            fixed_order_dot(gradient.ravel(), gradient.ravel()) + fixed_order_dot(by_rest, by_rest)
        )
        longest = objective.max_gradient_norm
        if longest is not None and norm > longest:
            gradient *= longest / norm
            by_rest *= longest / norm
        following = stepped(
            self._solver, state, objective.alpha, learning_rate,
            PresentRows(present, weights, moments, gradient), (rest, by_rest),
        )  # fmt: skip
        return loss, norm, following

    def _compact(self, rows: Array) -> tuple[Array, SparseFeatures]:
        """Return the features that some rows have, and the rows in terms of these alone."""
        batch = self._features[rows]
        self._is_there[batch.indices] = True
        present = np.flatnonzero(self._is_there)
        self._is_there[present] = False
        self._place[present] = np.arange(len(present))
        return present, SparseFeatures(batch.begin, self._place[batch.indices], batch.values, len(present))

    def _options(self, rows: Array) -> dict[str, Any]:
        loss, weights = self._objective.loss, self._objective.examples.sample_weight
        options: dict[str, Any] = {
            "sample_weight": None if weights is None else weights[rows],
            "n_threads": loss.n_threads,
        }
        if self._objective.network.head == "softmax":
            options |= {"class_weight": loss.class_weight, "label_smoothing": loss.label_smoothing}
        return options

    def _masks(self, n_rows: int, epoch: int, number: int) -> Any:
        dropout, network = self._objective.dropout, self._objective.network
        if dropout is None:
            return ()
        return dropout.masks(n_rows, network.layer_sizes, epoch, number, network.dtype)

    def _add_penalty(self, gradient: Array, weights: Array, by_rest: Array, rest: Array) -> None:
        alpha = self._objective.alpha
        if alpha:
            gradient += alpha * weights
            for place in self._objective.weight_slices[1:]:
                of_rest = slice(place.start - self._size, place.stop - self._size)
                by_rest[of_rest] += alpha * rest[of_rest]


@dataclass(frozen=True)
class SparseMinibatchMethod(MinibatchMethod):
    """:class:`~chainrule.training.loop.MinibatchMethod` whose steps touch the features that are there."""

    state_type: ClassVar[type] = MinibatchState

    def start(self) -> MinibatchState:
        """Return the solver's state before its first step, at the beginning of an epoch."""
        plain = self.solver.start(self.objective.network.parameters, self.objective.weight_slices)
        return MinibatchState(self._steps().start(plain))

    def take(
        self, state: MinibatchState, stretch: Stretch, pauses: Pauses
    ) -> tuple[MinibatchState, float | None]:
        """Take the steps of a stretch that are left; return the state and the norm of the last gradient."""
        n_rows, steps, norm = len(self.objective.examples), self._steps(), None
        batches = shuffled_batches(n_rows, self.batch_size, self.seed, *stretch.place)
        for rows in islice(batches, state.batches - stretch.before, None):
            if pauses.due:
                steps.write(state.solver)
                pauses.pause(state, **facts(state, stretch))
            step = stretch.steps_before + state.batches
            rate = self.solver.schedule.at(step, self.max_epochs * stretch.per_epoch)
            number = state.batches - stretch.before
            loss, norm, solver = steps.step(state.solver, rows, stretch.draw, number, rate)
            if not math.isfinite(state.total + loss):
                state = replace(state, total=state.total + loss)
                break
            state = MinibatchState(solver, state.batches + 1, state.total + loss, rate)
        state = replace(state, solver=all_caught_up(state.solver))
        steps.write(state.solver)
        return state, norm

    def _steps(self) -> SparseSteps:
        assert isinstance(self.solver, SGD | LazyAdam), "others have steps of their own"
        return SparseSteps(self.objective, self.solver)


def sparse_pass(
    objective: Objective, solver: MinibatchSolver, state: Any, batch_size: int, seed: int, number: int
) -> tuple[Any, float]:
    """Take one step for each minibatch of pass ``number``; return the solver's own state and the summed loss."""
    assert isinstance(solver, SGD | LazyAdam), "asked before"
    steps, total, rate = SparseSteps(objective, solver), 0.0, solver.schedule.at(0, 1)
    rows = steps.start(state)
    with one_blas_thread():
        for place, batch in enumerate(shuffled_batches(len(objective.examples), batch_size, seed, number)):
            loss, _, rows = steps.step(rows, batch, number, place, rate)
            total += loss
    rows = all_caught_up(rows)
    steps.write(rows)
    return plain_state(rows), total
