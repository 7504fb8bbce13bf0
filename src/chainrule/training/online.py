"""Training on rows that come in portions, one pass over each; what one pass leaves, the next one goes on from."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.network import Network
from chainrule.training.batches import number_of_batches, shuffled_batches
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
    network, n_rows, number = objective.network, len(objective.examples), stream.passes + 1
    rows, weight = stream.rows + n_rows, stream.weight + objective.total_weight
    objective = _relative_to(objective, weight / rows)
    parameters, state, total = network.parameters, stream.state, 0.0
    with np.errstate(all="ignore"), one_blas_thread():
        batches, rate = shuffled_batches(n_rows, batch_size, seed, number), stream.solver.schedule.at(0, 1)
        if serves_sparsely(objective, stream.solver):
            state, total = sparse_pass(objective, stream.solver, state, batches, number, rate)
            batches = iter(())
        for step, batch in enumerate(batches):
            loss, gradient = objective.batch(batch, number, step)
            parameters, state = stream.solver.step(parameters, gradient, state, rate)
            total += loss
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


def _relative_to(objective: Objective, mean_weight: float) -> Objective:
    """Return the objective with w of (TR.5); given weights are divided by it, lest large ones overflow in a sum."""
    examples = objective.examples
    if examples.sample_weight is None:
        return replace(objective, mean_weight=mean_weight)
    scaled = replace(examples, sample_weight=examples.sample_weight / mean_weight)
    return replace(objective, examples=scaled, mean_weight=1.0)
