"""Every implementation on the page: what it calls itself, and its functions by quantity, rows in, values out.

A quantity that a library does not have is left out. NumPy arrays in and out; libraries are imported when used.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[[NDArray[Any], NDArray[np.int64]], NDArray[Any]]


@dataclass(frozen=True)
class Library:
    """A name, its functions, and what has to surround their calls."""

    name: str
    functions: dict[str, Function]
    exp: Callable[[NDArray[Any]], NDArray[Any]] | None = None
    around: Callable[[], Any] = field(default=nullcontext)


def libraries() -> Iterator[Library]:
    """Yield ours on every instruction set of this machine and in NumPy, then the others that are installed."""
    from chainrule.kernels import native

    compiled = native()
    names = {"avx512": "AVX-512", "avx2": "AVX2", "generic": "generic"}
    for path in compiled.instruction_sets() if compiled else []:
        yield _ours(names.get(path, path), path)
    yield _ours("NumPy", None)
    for module, make in (("torch", _pytorch), ("jax", _jax), ("optax", _optax),
                         ("sklearn", _scikit_learn), ("scipy", _scipy)):  # fmt: skip
        if find_spec(module):
            yield make()


def _ours(label: str, path: str | None) -> Library:
    import chainrule as cr
    from chainrule.functions import dispatch
    from chainrule.kernels import native

    compiled = native()

    @contextmanager
    def around() -> Iterator[None]:
        if path is None:
            dispatch.native = lambda: None
        else:
            compiled.use_instruction_set(path)
        yield
        dispatch.native = native
        if compiled is not None:
            compiled.use_instruction_set(compiled.instruction_sets()[0])

    def exp(values: NDArray[Any]) -> NDArray[Any]:
        out = np.empty_like(values)
        compiled.exp_array(values, out)
        return out

    functions: dict[str, Function] = {
        "loss": lambda z, y: cr.cross_entropy(z, y, reduction="none"),
        "gradient": lambda z, y: cr.cross_entropy_with_gradient(z, y, reduction="sum")[1],
        "softmax": lambda z, _: cr.softmax(z),
        "log_softmax": lambda z, _: cr.log_softmax(z),
        "logsumexp": lambda z, _: cr.logsumexp(z),
    }
    return Library(f"chainrule, {label}", functions, exp if path else np.exp, around)


def _pytorch() -> Library:
    import torch
    from torch.nn.functional import cross_entropy

    def gradient(z: NDArray[Any], y: NDArray[np.int64]) -> NDArray[Any]:
        logits = torch.from_numpy(z).requires_grad_()
        loss = cross_entropy(logits, torch.from_numpy(y), reduction="sum")
        return torch.autograd.grad(loss, logits)[0].numpy()

    functions: dict[str, Function] = {
        "loss": lambda z, y: cross_entropy(
            torch.from_numpy(z), torch.from_numpy(y), reduction="none"
        ).numpy(),
        "gradient": gradient,
        "softmax": lambda z, _: torch.softmax(torch.from_numpy(z), 1).numpy(),
        "log_softmax": lambda z, _: torch.log_softmax(torch.from_numpy(z), 1).numpy(),
        "logsumexp": lambda z, _: torch.logsumexp(torch.from_numpy(z), 1).numpy(),
    }
    return Library("PyTorch", functions, lambda x: torch.exp(torch.from_numpy(x)).numpy())


def _jax() -> Library:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def losses(z: Any, y: Any) -> Any:
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)[:, 0]

    functions = {
        "loss": losses,
        "gradient": jax.grad(lambda z, y: losses(z, y).sum()),
        "softmax": lambda z, _: jax.nn.softmax(z),
        "log_softmax": lambda z, _: jax.nn.log_softmax(z),
        "logsumexp": lambda z, _: jax.nn.logsumexp(z, axis=1),
    }
    return Library(
        "JAX", {name: _compiled(function) for name, function in functions.items()}, _compiled(jnp.exp)
    )


def _optax() -> Library:
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    losses = optax.softmax_cross_entropy_with_integer_labels
    gradient = jax.grad(lambda z, y: losses(z, y).sum())
    return Library("optax", {"loss": _compiled(losses), "gradient": _compiled(gradient)})


def _compiled(function: Callable[..., Any]) -> Callable[..., NDArray[Any]]:
    import jax

    compiled = jax.jit(function)
    return lambda *arrays: np.asarray(compiled(*arrays))


def _scikit_learn() -> Library:
    from sklearn._loss.loss import HalfMultinomialLoss
    from sklearn.utils.extmath import softmax

    def both(z: NDArray[Any], y: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]]:
        return HalfMultinomialLoss(n_classes=z.shape[1]).loss_gradient(y.astype(z.dtype), z)

    functions: dict[str, Function] = {
        "loss": lambda z, y: both(z, y)[0],
        "gradient": lambda z, y: both(z, y)[1],
        "softmax": lambda z, _: softmax(z),
    }
    return Library("scikit-learn", functions)


def _scipy() -> Library:
    from scipy import special

    def gradient(z: NDArray[Any], y: NDArray[np.int64]) -> NDArray[Any]:
        p = special.softmax(z, axis=1)
        p[np.arange(len(y)), y] -= 1
        return p

    functions: dict[str, Function] = {
        "loss": lambda z, y: -special.log_softmax(z, axis=1)[np.arange(len(y)), y],
        "gradient": gradient,
        "softmax": lambda z, _: special.softmax(z, axis=1),
        "log_softmax": lambda z, _: special.log_softmax(z, axis=1),
        "logsumexp": lambda z, _: special.logsumexp(z, axis=1),
    }
    return Library("SciPy", functions, np.exp)
