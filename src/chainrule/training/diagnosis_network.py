"""What a network tells of a run that learns nothing: dead units, and steps that are too long or too short."""

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, count, islice

import numpy as np

from chainrule._types import Array
from chainrule.network import Network
from chainrule.training.batches import shuffled_batches
from chainrule.training.objective import Examples, Objective
from chainrule.training.solver import MinibatchSolver

DEAD_SHARE = 0.5
"""The share of a layer's units that are never active from which it is worth a word."""
PROBE_STEPS = 30
PROBE_ROWS = 1024
PROBE_BATCH = 256
"""The most rows of a minibatch of a probe: with thousands it would take longer than many a fit, and say the same."""
FELL = 1e-3
"""The relative decrease of the loss from which the steps of a probe have led somewhere."""
LITTLE = 0.01
"""The relative decrease up to which they have hardly."""
SMALLER = (0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
LARGER = (10.0, 100.0, 1e3, 1e4, 1e6, 1e8)
"""What learning rates are multiplied by in search of a better one."""
USUAL = (1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5)
"""What is tried beside, where a learning rate is beyond all measure."""


def dead_shares(network: Network, examples: Examples) -> dict[int, float]:
    """Return the share of units that are 0 for every row, for each hidden layer with a relu, counted from 1.

    Examples
    --------
    >>> network = Network((1, 2, 2))
    >>> network.parameters = np.array([1.0, 1.0, 0.0, -9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    >>> dead_shares(network, Examples(np.array([[1.0], [2.0]]), np.array([0, 1])))
    {1: 0.5}
    """
    layers = [number for number, name in enumerate(network.activations) if name == "relu"]
    alive = {number: np.zeros(network.layer_sizes[number + 1], bool) for number in layers}
    for block in examples.blocks(network):
        activations = network.forward(block.X).activations
        for number in layers:
            alive[number] |= (activations[number] > 0).any(axis=0)
    return {number + 1: float(1.0 - alive[number].mean()) for number in layers}


def dead_units(network: Network, shares: dict[int, float]) -> str | None:
    """Return what to say if many units are dead: of the layer with the greatest share."""
    if not shares or max(shares.values()) < DEAD_SHARE:
        return None
    layer = max(shares, key=lambda number: shares[number])
    units = network.layer_sizes[layer]
    return (
        f"{round(shares[layer] * units)} of {units} relu units of hidden layer {layer} are dead: they are 0 for every "
        "row, and no gradient reaches what is before them. Use a smaller learning rate, another seed, or "
        "activation='tanh'."
    )


def probe(
    objective: Objective, solver: MinibatchSolver, start: Array, batches: list[Array], rate: float
) -> float:
    """Return the relative decrease of the loss over a few steps at one rate, -inf where it becomes infinite."""
    network = objective.network.copy()
    network.parameters = start
    trial = replace(objective, network=network)
    judged = objective.examples.take(np.unique(np.concatenate(batches))[:PROBE_ROWS])
    before = objective.loss.mean(network, judged)
    if not (before > 0.0 and math.isfinite(before)):
        return 0.0
    state = solver.start(network.parameters, trial.weight_slices)
    for number, rows in enumerate(batches):
        _, gradient = trial.batch(rows, 1, number)
        _, state = solver.step(network.parameters, gradient, state, rate)
        if not np.isfinite(network.parameters).all():
            return -math.inf
    after = objective.loss.mean(network, judged)
    return (before - after) / before if math.isfinite(after) else -math.inf


def learning_rate_at_fault(
    objective: Objective, solver: MinibatchSolver, start: Array, batch_size: int, seed: int, total_steps: int
) -> str | None:
    """Return what to say if steps from the start lead up at the learning rate, but down at another one.

    Parameters
    ----------
    objective, solver, batch_size, seed, total_steps
        Of the run.
    start : ndarray, shape (P,)
        The parameters it began at.
    """
    size = min(batch_size, PROBE_BATCH)
    shuffled = (shuffled_batches(len(objective.examples), size, seed, epoch) for epoch in count(1))
    batches = list(islice(chain.from_iterable(shuffled), PROBE_STEPS))
    highest = max(solver.schedule.at(part * total_steps // 32, total_steps) for part in range(32))

    def better(rates: Iterable[float], least: float) -> tuple[float, float] | None:
        tried = ((rate, probe(objective, solver, start, batches, rate)) for rate in rates)
        return next(((rate, decrease) for rate, decrease in tried if decrease > least), None)

    here = probe(objective, solver, start, batches, highest)
    if here < -FELL:
        smaller = [factor * highest for factor in SMALLER]
        beside = [rate for rate in USUAL if rate < smaller[-1]]
        return _too("high", highest, here, better([*smaller, *beside], FELL))
    if here > LITTLE:
        return None
    return _too(
        "low", highest, here, better((factor * highest for factor in LARGER), 5.0 * max(here, LITTLE))
    )


def _too(what: str, rate: float, here: float, other: tuple[float, float] | None) -> str | None:
    if other is None:
        return None
    best, there = other
    return (
        f"the learning rate is too {what}: {PROBE_STEPS} steps from the start {_moved(here)} at {rate:.2g}, and "
        f"{_moved(there)} at {best:.2g}. Use {'at most ' if best < rate else ''}about {best:.2g}."
    )


def _moved(decrease: float) -> str:
    if math.isinf(decrease):
        return "make the loss infinite"
    if decrease < -1.0:
        return f"make the loss {1.0 - decrease:.2g} times as large"
    return f"{'lower' if decrease > 0 else 'raise'} the loss by {abs(decrease):.1%}".replace("%", " %")
