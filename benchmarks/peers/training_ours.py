"""chainrule: an epoch of minibatch steps, with its shuffling, and parameters and moments written back at its end."""

from collections.abc import Callable

import numpy as np

from peers.ours import available, version
from problems import Result, TrainingEpoch
from problems.training_epoch import EPOCHS_BEFORE, LEARNING_RATE

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "chainrule"


def prepare(problem: TrainingEpoch) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    from chainrule.network import Network
    from chainrule.training import Adam, Examples, Loss, Objective
    from chainrule.training.compiled_step import compiled
    from chainrule.training.interruption import DeferredInterrupt
    from chainrule.training.loop import MinibatchMethod
    from chainrule.training.pauses import Pauses

    network = Network((problem.n_features, problem.n_hidden, problem.n_classes), "relu")
    network.parameters = np.concatenate([problem.start[name].ravel() for name in ("W1", "b1", "W2", "b2")])
    examples = Examples(problem.features, problem.targets)
    objective = Objective(network, examples, Loss(None, 0.0, problem.n_threads), 0.0)
    method = compiled(MinibatchMethod(objective, Adam(LEARNING_RATE), problem.batch_size, 10**6, seed=0))
    pauses, state, number = Pauses(DeferredInterrupt()), method.start(), 0

    def call() -> Result:
        nonlocal state, number
        number += 1
        state, report = method.epoch(state, number, pauses)
        return report.loss, network.named_parameters

    for _ in range(EPOCHS_BEFORE):
        call()
    return call
