"""torch.compile of the loss together with its gradient.

Compiling ``torch.func.grad_and_value`` as one graph is up to three times faster than compiling the loss alone
and leaving the backward pass to autograd (128 x 10: 38 against 119 microseconds).
"""

from collections.abc import Callable

from peers.pytorch import available, version
from problems import LinearHead, LossFromLogits, Result

__all__ = ["NAME", "available", "prepare", "version"]

NAME = "torch.compile"


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    import torch
    from torch.nn.functional import cross_entropy, linear

    torch.set_num_threads(problem.n_threads)
    targets = torch.from_numpy(problem.targets)
    if isinstance(problem, LossFromLogits):
        arrays = {"logits": torch.from_numpy(problem.logits)}
        wanted: tuple[str, ...] = ("logits",)

        def loss_of(logits: torch.Tensor) -> torch.Tensor:
            return cross_entropy(logits, targets)

    else:
        arrays = {name: torch.from_numpy(getattr(problem, name)) for name in ("weight", "bias", "features")}
        wanted = ("weight", "bias", "features") if "features" in problem.wrt else ("weight", "bias")

        def loss_of(weight: torch.Tensor, bias: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
            return cross_entropy(linear(features, weight, bias), targets)

    torch._dynamo.reset()
    compiled = torch.compile(torch.func.grad_and_value(loss_of, tuple(range(len(wanted)))), dynamic=False)
    inputs = tuple(arrays.values())

    def call() -> Result:
        gradients, loss = compiled(*inputs)
        return loss.item(), {name: g.numpy() for name, g in zip(wanted, gradients, strict=True)}

    call()  # compiles
    return call
