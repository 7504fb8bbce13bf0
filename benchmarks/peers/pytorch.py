"""PyTorch, eager: cross_entropy and its autograd, on tensors that share the memory of the arrays."""

from collections.abc import Callable

from peers.installed import installed, versions
from problems import LinearHead, LossFromLogits, Result

NAME = "PyTorch"


def available() -> bool:
    """Tell whether the library is installed."""
    return installed("torch")


def version() -> str:
    """Return the versions."""
    return versions("torch")


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`. ``autograd.grad`` spares the accumulation that ``backward`` does into ``.grad``."""
    import torch
    from torch.nn.functional import cross_entropy, linear

    torch.set_num_threads(problem.n_threads)
    targets = torch.from_numpy(problem.targets)
    if isinstance(problem, LossFromLogits):
        logits = torch.from_numpy(problem.logits).requires_grad_()

        def from_logits() -> Result:
            loss = cross_entropy(logits, targets)
            (gradient,) = torch.autograd.grad(loss, logits)
            return loss.item(), {"logits": gradient.numpy()}

        return from_logits
    arrays = {name: torch.from_numpy(getattr(problem, name)) for name in ("features", "weight", "bias")}
    wanted = [arrays[name].requires_grad_() for name in problem.wrt]

    def head() -> Result:
        loss = cross_entropy(linear(arrays["features"], arrays["weight"], arrays["bias"]), targets)
        gradients = torch.autograd.grad(loss, wanted)
        return loss.item(), {name: g.numpy() for name, g in zip(problem.wrt, gradients, strict=True)}

    return head
