"""The NumPy functions by their names: the checks and the kernels that tensors on the CPU share."""

from collections.abc import Callable
from typing import Any

from chainrule.functions.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_gradient,
)
from chainrule.functions.cross_entropy import cross_entropy, cross_entropy_with_gradient
from chainrule.functions.hvp import cross_entropy_hvp
from chainrule.functions.linear_cross_entropy import linear_cross_entropy, linear_cross_entropy_with_gradient
from chainrule.functions.linear_gauss_newton import linear_cross_entropy_gauss_newton
from chainrule.functions.softmax import log_softmax, logsumexp, softmax
from chainrule.functions.softmax_vjp import softmax_vjp
from chainrule.functions.squared_error import squared_error, squared_error_with_gradient

NUMPY: dict[str, Callable[..., Any]] = {
    "binary_cross_entropy": binary_cross_entropy,
    "binary_cross_entropy_with_gradient": binary_cross_entropy_with_gradient,
    "cross_entropy": cross_entropy,
    "cross_entropy_hvp": cross_entropy_hvp,
    "cross_entropy_with_gradient": cross_entropy_with_gradient,
    "linear_cross_entropy": linear_cross_entropy,
    "linear_cross_entropy_gauss_newton": linear_cross_entropy_gauss_newton,
    "linear_cross_entropy_with_gradient": linear_cross_entropy_with_gradient,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "softmax": softmax,
    "softmax_vjp": softmax_vjp,
    "squared_error": squared_error,
    "squared_error_with_gradient": squared_error_with_gradient,
}
