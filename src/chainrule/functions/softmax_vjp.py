"""The derivative of the softmax times a vector, from either side."""

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.functions.arguments import check_logits, logit_rows, quiet
from chainrule.functions.directions import direction_rows
from chainrule.functions.dispatch import in_its_own_library, row_kernels
from chainrule.kernels import thread_count


@in_its_own_library
@quiet
def softmax_vjp(
    logits: ArrayLike, cotangent: ArrayLike, *, axis: int = -1, n_threads: int | None = None
) -> Array:
    """Return the vector-Jacobian product p_k (g_k - sum_j g_j p_j) of the softmax, (SM.2).

    The Jacobian is symmetric, so this is its Jacobian-vector product as well.

    Parameters
    ----------
    logits : array_like of float16, bfloat16, float32 or float64, any shape
        Input z of the softmax.
    cotangent : array_like of numbers, shape of ``logits``
        g, the gradient with respect to the probabilities (or a tangent of the logits), converted to the dtype in
        which the logits are computed.
    axis : int
        The axis of the classes, of both.
    n_threads : int or None
        At most this many threads; None: as many as the process may use. Never changes a bit of the result.

    Returns
    -------
    ndarray, shape and dtype of ``logits``
        The gradient with respect to the logits (or the tangent of the probabilities); each row sums to 0 up to
        rounding.

    Raises
    ------
    ArgumentTypeError
        If the logits are not floating point, or the cotangent holds no numbers.
    ArgumentError
        If there are no classes, no such axis, the shapes differ, or ``n_threads`` < 1.

    Notes
    -----
    The error of an entry is at most (20 + sqrt(K) + 2 R) u p_k sum_j p_j |g_k - g_j| in float32 and twice that
    constant, 40, in float64, with R the range of the row's logits (at most 104 and 745) and u the unit roundoff: a
    confident row and a common offset of g cost nothing. Terms that underflow are exempt. A class with a logit of -inf
    has 0 and takes no part; one +inf gives 0; rows that have no softmax, and rows with a g that is not finite, are
    NaN alone.

    Examples
    --------
    >>> softmax_vjp([0.0, 0.0], [1.0, 3.0])
    array([-0.5,  0.5])
    """
    call = "softmax_vjp"
    array = check_logits(call, "logits", logits)
    rows = logit_rows(call, array, axis)
    direction = direction_rows(call, "cotangent", cotangent, array, rows, axis)
    out = np.empty_like(rows.values)
    row_kernels().softmax_jacobian_rows(rows.values, direction, None, 1.0, 1.0, out, thread_count(n_threads))
    return np.moveaxis(rows.result(out), -1, axis)
