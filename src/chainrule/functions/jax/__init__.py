"""The functions for JAX arrays: the same names, arguments and values, differentiable under every transformation."""

from chainrule.functions.jax.cross_entropy import (
    cross_entropy,
    cross_entropy_hvp,
    cross_entropy_with_gradient,
)
from chainrule.functions.jax.foreign import formulas_reason, path
from chainrule.functions.jax.linear_cross_entropy import (
    linear_cross_entropy,
    linear_cross_entropy_gauss_newton,
    linear_cross_entropy_with_gradient,
)
from chainrule.functions.jax.outputs import (
    binary_cross_entropy,
    binary_cross_entropy_with_gradient,
    squared_error,
    squared_error_with_gradient,
)
from chainrule.functions.jax.softmax import log_softmax, logsumexp, softmax, softmax_vjp

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_gradient",
    "cross_entropy",
    "cross_entropy_hvp",
    "cross_entropy_with_gradient",
    "formulas_reason",
    "linear_cross_entropy",
    "linear_cross_entropy_gauss_newton",
    "linear_cross_entropy_with_gradient",
    "log_softmax",
    "logsumexp",
    "path",
    "softmax",
    "softmax_vjp",
    "squared_error",
    "squared_error_with_gradient",
]
