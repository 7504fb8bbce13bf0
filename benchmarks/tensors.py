"""PyTorch tensors: ours against ``torch.nn.functional.cross_entropy``, loss alone and with backward."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import chainrule as cr
from frame import Timing, Verdict, main_local

N_EXAMPLES, N_CLASSES = 128, 10
CALLS = 100  # a measurement: one call is too short for the clock


def calls() -> dict[str, Callable[[], Any]]:
    """Return loss, loss and gradient, and loss and backward, of both; results are compared first."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(N_EXAMPLES, N_CLASSES, generator=generator)
    targets = torch.randint(N_CLASSES, (N_EXAMPLES,), generator=generator)
    followed, out = logits.clone().requires_grad_(), torch.empty_like(logits)
    theirs: Callable[[Tensor, Tensor], Tensor] = torch.nn.functional.cross_entropy

    def backward(loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        followed.grad = None
        loss(followed, targets).backward()  # type: ignore[no-untyped-call]  # PyTorch gives it no types
        assert followed.grad is not None
        return followed.grad

    torch.testing.assert_close(backward(cr.cross_entropy), backward(theirs))
    torch.testing.assert_close(cr.cross_entropy(logits, targets), theirs(logits, targets))
    return {
        "ours, loss": _repeated(lambda: cr.cross_entropy(logits, targets)),
        "PyTorch, loss": _repeated(lambda: theirs(logits, targets)),
        "ours, loss and gradient": _repeated(lambda: cr.cross_entropy_with_gradient(logits, targets)),
        "ours, into a tensor": _repeated(lambda: cr.cross_entropy_with_gradient(logits, targets, out=out)),
        "ours, loss and backward": _repeated(lambda: backward(cr.cross_entropy)),
        "PyTorch, loss and backward": _repeated(lambda: backward(theirs)),
    }


def _repeated(call: Callable[[], Any]) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(CALLS):
            call()

    return repeated


def judge(timings: dict[str, Timing]) -> list[Verdict]:
    """Hold loss and backward to PyTorch's own; say what the other calls cost."""
    verdicts = []
    for what in ("loss", "loss and backward"):
        ratio = timings[f"PyTorch, {what}"].median / timings[f"ours, {what}"].median
        verdicts.append(Verdict(f"ours, {what}, against PyTorch's", ">= 1x", f"{ratio:.2f}x", ratio >= 1))
    for name in ("ours, loss and gradient", "ours, into a tensor"):
        seconds = timings[name].median / CALLS
        verdicts.append(Verdict(f"{name}, a call", "<= 20 us", f"{seconds * 1e6:.1f} us", seconds <= 20e-6))
    return verdicts


if __name__ == "__main__":
    title = f"PyTorch tensors: ours against F.cross_entropy, {CALLS} calls"
    main_local("tensors", title, f"{N_EXAMPLES}x{N_CLASSES}-float32", calls(), judge)
