"""Half the sum of squared errors, and its gradient.

(SE.1)  loss = 1/2 sum_k (o_k - y_k)^2 over the outputs of an example
(SE.2)  dloss/do_k = o_k - y_k
"""

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import Reduction, quiet
from chainrule.functions.dispatch import in_its_own_library
from chainrule.functions.outputs import check_outputs
from chainrule.kernels import thread_count


@in_its_own_library
@quiet
def squared_error(
    outputs: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> float | Array:
    """Return half the sum of squared errors of each example, (SE.1).

    Parameters
    ----------
    outputs : array_like of float16, bfloat16, float32 or float64, shape (examples,) or (examples, outputs)
        What a network with an identity head gives.
    targets : array_like, shape of ``outputs``
        Finite numbers.
    sample_weight : array_like or None, shape (examples,)
        A finite weight >= 0 for each example; an example of weight 0 contributes 0 whatever it holds.
    reduction : "mean", "sum" or "none"
        Over examples; an example's loss is the sum over its outputs. "mean" divides by the sum of the weights.
    n_threads : int or None
        At most this many threads; never changes a bit of the result.

    Returns
    -------
    float, or ndarray of shape (examples,) and the dtype of ``outputs`` for "none"

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an argument is outside its domain; the message names the first offending index and its value.

    Notes
    -----
    Squares are summed in float64. An infinite output gives +inf, NaN gives NaN in that example alone.

    Examples
    --------
    >>> squared_error([[1.0, 2.0]], [[0.0, 0.0]])
    2.5
    """
    return squared_error_with_gradient(
        outputs, targets, sample_weight=sample_weight, reduction=reduction, n_threads=n_threads
    )[0]


@in_its_own_library
@quiet
def squared_error_with_gradient(
    outputs: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    n_threads: int | None = None,
) -> tuple[float | Array, Array]:
    """Return half the sum of squared errors and its gradient with respect to the outputs, (SE.1) and (SE.2).

    Parameters
    ----------
    outputs, targets, sample_weight, reduction, n_threads
        As :func:`squared_error`. With "none" the gradient is that of the sum of the returned losses.

    Returns
    -------
    loss : float, or ndarray of shape (examples,) for "none"
    gradient : ndarray, shape and dtype of ``outputs``

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As :func:`squared_error`.

    Notes
    -----
    The difference is rounded once, to the dtype of the computation.

    Examples
    --------
    >>> squared_error_with_gradient([[1.0, 2.0]], [[0.0, 0.0]])[1]
    array([[1., 2.]])
    """
    thread_count(n_threads)
    checked = check_outputs("squared_error", "outputs", outputs, targets, sample_weight, reduction, False)
    difference = checked.values - checked.targets
    terms = 0.5 * np.square(difference.astype(np.float64))
    return checked.loss(terms, reduction), checked.gradient(difference, reduction)
