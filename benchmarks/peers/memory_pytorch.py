"""PyTorch, eager: an epoch of fused Adam on minibatches of rows that are gathered one batch at a time."""

from collections.abc import Callable

from peers.pytorch import available, version
from problems import LargeFit

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "PyTorch, fused Adam"
BATCH = 256


def prepare(problem: LargeFit) -> Callable[[], Callable[[], float]] | None:
    """Return a fit, which returns what gives its loss; None for linear models, which it has no solver for."""
    import torch
    from torch.nn.functional import cross_entropy

    if not problem.n_hidden:
        return None
    torch.set_num_threads(problem.n_threads)
    torch.manual_seed(0)

    def call() -> Callable[[], float]:
        X, y = map(torch.from_numpy, problem.arrays)
        sizes = problem.n_features, problem.n_hidden, problem.n_classes
        first, second = torch.nn.Linear(*sizes[:2]), torch.nn.Linear(*sizes[1:])
        network = torch.nn.Sequential(first, torch.nn.ReLU(), second)
        optimiser = torch.optim.Adam(network.parameters(), fused=True)
        for rows in torch.randperm(len(X)).split(BATCH):
            optimiser.zero_grad(set_to_none=True)
            cross_entropy(network(X[rows]), y[rows]).backward()
            optimiser.step()
        layers = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in (first, second)]
        return lambda: problem.loss(layers)

    return call
