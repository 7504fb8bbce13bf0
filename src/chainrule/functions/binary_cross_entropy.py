"""Sigmoid followed by binary cross-entropy: the loss from logits, and its gradient.

(BCE.1)  loss = y ln(1 + exp(-z)) + (1 - y) ln(1 + exp(z)), summed over the outputs of an example
(BCE.2)  dloss/dz = (1 - y) sigmoid(z) - y sigmoid(-z)     (equals sigmoid(z) - y, without its cancellation)
"""

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import Reduction, quiet
from chainrule.functions.dispatch import in_its_own_library
from chainrule.functions.outputs import Outputs, check_outputs
from chainrule.kernels import thread_count


@quiet
def sigmoid(logits: Array) -> Array:
    """Return 1 / (1 + exp(-z)) without overflow, to a few ulp, for a floating-point array of any shape.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, small) / (1 + small)


@in_its_own_library
@quiet
def binary_cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> float | Array:
    """Return the cross-entropy of independent yes-or-no outputs, (BCE.1).

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, shape (examples,) or (examples, outputs)
        Input z of the sigmoid.
    targets : array_like, shape of ``logits``
        Probabilities y of "yes", from 0 to 1.
    sample_weight : array_like or None, shape (examples,)
        A finite weight >= 0 for each example; an example of weight 0 contributes 0 whatever it holds.
    reduction : "mean", "sum" or "none"
        Over examples; an example's loss is the sum over its outputs. "mean" divides by the sum of the weights.
    n_threads : int or None
        At most this many threads; never changes a bit of the result.

    Returns
    -------
    float, or ndarray of shape (examples,) and the dtype of ``logits`` for "none"

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is outside its domain; the message names the first offending index and its value.

    Notes
    -----
    Each term has a relative error of a few u for every finite logit. An infinite logit gives the limit: 0 where the
    target agrees, +inf where it has mass on the other side. NaN gives NaN in that example alone.

    Examples
    --------
    >>> binary_cross_entropy([40.0], [1.0])  # not 0
    4.248354255291589e-18
    """
    thread_count(n_threads)
    outputs = check_outputs("binary_cross_entropy", "logits", logits, targets, sample_weight, reduction, True)
    return outputs.loss(_terms(outputs), reduction)


@in_its_own_library
@quiet
def binary_cross_entropy_with_gradient(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> tuple[float | Array, Array]:
    """Return the binary cross-entropy and its gradient with respect to the logits, (BCE.1) and (BCE.2).

    Parameters
    ----------
    logits, targets, sample_weight, reduction, n_threads
        As :func:`binary_cross_entropy`. With "none" the gradient is that of the sum of the returned losses.

    Returns
    -------
    loss : float, or ndarray of shape (examples,) for "none"
    gradient : ndarray, shape and dtype of ``logits``

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As :func:`binary_cross_entropy`.

    Notes
    -----
    Every entry of the gradient has a relative error of a few u for targets 0 and 1, confident outputs included.

    Examples
    --------
    >>> binary_cross_entropy_with_gradient([0.0], [1.0])[1]
    array([-0.5])
    """
    thread_count(n_threads)
    call = "binary_cross_entropy_with_gradient"
    outputs = check_outputs(call, "logits", logits, targets, sample_weight, reduction, True)
    z, y = outputs.values, outputs.targets
    derivative = (1 - y) * sigmoid(z) - y * sigmoid(-z)
    return outputs.loss(_terms(outputs), reduction), outputs.gradient(derivative, reduction)


def _terms(outputs: Outputs) -> Array:
    z, y = outputs.values, outputs.targets
    tail = np.log1p(np.exp(-np.abs(z)))
    no = np.where(y == 0, 0 * tail, y * (np.maximum(-z, 0) + tail))
    yes = np.where(y == 1, 0 * tail, (1 - y) * (np.maximum(z, 0) + tail))
    return no + yes
