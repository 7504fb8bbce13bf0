"""PyTorch, eager: fused Adam, minibatches as slices of rows that are shuffled at once (no DataLoader)."""

from collections.abc import Callable

from peers.pytorch import available, version
from problems import Result, TrainingEpoch
from problems.training_epoch import EPOCHS_BEFORE, LEARNING_RATE

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "PyTorch, fused Adam"


def prepare(problem: TrainingEpoch) -> Callable[[], Result] | None:
    """See :mod:`peers`. The loss is added up without a look at it, which would wait for nothing on a processor."""
    import torch
    from torch.nn.functional import cross_entropy, linear, relu

    torch.set_num_threads(problem.n_threads)
    torch.manual_seed(0)
    features, targets = torch.from_numpy(problem.features), torch.from_numpy(problem.targets)
    own = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in problem.start.items()}
    optimiser = torch.optim.Adam(own.values(), lr=LEARNING_RATE, fused=True)

    def call() -> Result:
        order, total = torch.randperm(problem.n_examples), 0.0
        X, y = features[order], targets[order]
        for first in range(0, problem.n_examples, problem.batch_size):
            rows = slice(first, first + problem.batch_size)
            optimiser.zero_grad(set_to_none=True)
            logits = linear(relu(linear(X[rows], own["W1"], own["b1"])), own["W2"], own["b2"])
            loss = cross_entropy(logits, y[rows])
            loss.backward()
            optimiser.step()
            total += loss.detach()
        return float(total) / problem.n_steps, {name: value.detach().numpy() for name, value in own.items()}

    for _ in range(EPOCHS_BEFORE):
        call()
    return call
