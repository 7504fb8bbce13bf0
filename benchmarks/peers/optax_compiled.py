"""optax's softmax_cross_entropy_with_integer_labels, compiled by JAX with its gradient."""

from collections.abc import Callable

from peers.installed import installed, versions
from peers.jax_compiled import prepare_with
from problems import LinearHead, LossFromLogits, Result

NAME = "optax"


def available() -> bool:
    """Tell whether the library is installed."""
    return installed("optax") and installed("jax")


def version() -> str:
    """Return the versions."""
    return versions("optax", "jax")


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    import optax

    return prepare_with(
        lambda logits, targets: optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean(),
        problem,
    )
