"""Training on rows that come in portions, one pass over each; what one pass leaves, the next one goes on from."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.kernels import Purpose, permutation
from chainrule.network import Network
from chainrule.training.batches import number_of_batches, shuffled_batches
from chainrule.training.compiled_step import CompiledSteps, knows
from chainrule.training.objective import Objective
from chainrule.training.one_blas_thread import one_blas_thread
from chainrule.training.solver import MinibatchSolver
from chainrule.training.sparse_steps import serves_sparsely, sparse_pass


@dataclass(frozen=True)
class Stream:
    """Where a training on portions stands.

    Parameters
    ----------
    solver : MinibatchSolver
        Whose learning rate does not change with the step.
    state : object
        The solver's state.
    passes, steps : int
        Portions seen, and steps taken on them.
    rows : int
        Rows seen.
    weight : float
        The sum of their weights, s_i c_i of (TR.1).
    losses : tuple of float
        The mean loss of each pass, each minibatch at its own parameters, plus the penalty at the pass's end.
    """

    solver: MinibatchSolver
    state: Any
    passes: int = 0
    steps: int = 0
    rows: int = 0
    weight: float = 0.0
    losses: tuple[float, ...] = ()

    def copy(self) -> "Stream":
        """Return a stream whose next pass leaves this one as it is."""
        return replace(self, state=copy.deepcopy(self.state))


def start_stream(network: Network, solver: MinibatchSolver) -> Stream:
    """Return the stream before the first portion.

    Examples
    --------
    >>> from chainrule.training import AdamW
    >>> start_stream(Network((2, 3)), AdamW(0.001)).passes
    0
    """
    return Stream(solver, solver.start(network.parameters, network.weight_slices))


def train_on_portion(stream: Stream, objective: Objective, batch_size: int, seed: int) -> Stream:
    """Take one pass over a portion of the rows; the network changes in place, and the stream's state is used up.

    Parameters
    ----------
    stream : Stream
        From :func:`start_stream` or the last pass.
    objective : Objective
        Of the portion. w of (TR.5) is the mean weight of all rows that have been seen, this portion's among them.
    batch_size : int
        The most rows of a minibatch.
    seed : int
        Of the order of rows and of dropout, which depend on it and on the number of the pass.

    Returns
    -------
    Stream
        For the next portion. Its last loss is not finite where the pass diverged.
    """
    n_rows, number = len(objective.examples), stream.passes + 1
    rows, weight = stream.rows + n_rows, stream.weight + objective.total_weight
    objective, parameters = _relative_to(objective, weight / rows), objective.network.parameters
    one_pass = _kind_of_pass(objective, stream.solver)
    with np.errstate(all="ignore"):
        state, total = one_pass(objective, stream.solver, stream.state, batch_size, seed, number)
        mean = total / objective.total_weight + objective.penalty()
    finite = math.isfinite(mean) and bool(np.isfinite(parameters).all())
    return Stream(
        stream.solver,
        state,
        number,
        stream.steps + number_of_batches(n_rows, batch_size),
        rows,
        weight,
        (*stream.losses, mean if finite else math.inf),
    )


def _kind_of_pass(objective: Objective, solver: MinibatchSolver) -> Callable[..., tuple[Any, float]]:
    if serves_sparsely(objective, solver):
        return sparse_pass
    return compiled_pass if knows(objective, solver) else plain_pass


def plain_pass(
    objective: Objective, solver: MinibatchSolver, state: Any, batch_size: int, seed: int, number: int
) -> tuple[Any, float]:
    """Take one step for each minibatch of pass ``number``, in NumPy; return the solver's state and the summed loss."""
    parameters, rate, total = objective.network.parameters, solver.schedule.at(0, 1), 0.0
    with one_blas_thread():
        for step, batch in enumerate(shuffled_batches(len(objective.examples), batch_size, seed, number)):
            loss, gradient = objective.batch(batch, number, step)
            parameters, state = solver.step(parameters, gradient, state, rate)
            total += loss
    return state, total


def compiled_pass(
    objective: Objective, solver: MinibatchSolver, state: Any, batch_size: int, seed: int, number: int
) -> tuple[Any, float]:
    """Do what :func:`plain_pass` does by compiled steps, in calls between which Ctrl-C is heard.

    The kernels' copy of parameters and state is made anew for every portion: for a portion of one minibatch that
    takes less time than its step, and the stream stays a value that can be kept, copied and pickled.
    """
    n_rows = len(objective.examples)
    n_batches, parameters = number_of_batches(n_rows, batch_size), objective.network.parameters
    steps = CompiledSteps(objective, solver, min(batch_size, n_rows))
    steps.load(parameters, state)
    order = steps.rows_of(permutation(n_rows, Purpose.SHUFFLE, seed, number))
    taken, total = 0, 0.0
    while taken < n_batches and math.isfinite(total):
        rates = np.full(steps.steps_of_a_call(n_batches - taken, single=False), solver.schedule.at(0, 1))
        done, total, _ = steps.run(order, n_batches, taken, rates, state, taken, number, total)
        taken += done
    return steps.store(parameters, state, taken), total


def _relative_to(objective: Objective, mean_weight: float) -> Objective:
    """Return the objective with w of (TR.5); given weights are divided by it, lest large ones overflow in a sum."""
    examples = objective.examples
    if examples.sample_weight is None:
        return replace(objective, mean_weight=mean_weight)
    scaled = replace(examples, sample_weight=examples.sample_weight / mean_weight)
    return replace(objective, examples=scaled, mean_weight=1.0)
