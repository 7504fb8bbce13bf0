"""The functions for PyTorch's tensors: the same names, arguments, checks and bits, and differentiable.

On the CPU a tensor goes to the compiled kernels through a NumPy view of its memory; on other devices the same
formulas are computed by PyTorch's own operations. Loaded only when a function is given a tensor.
"""

from chainrule.functions.pytorch.cross_entropy import cross_entropy, cross_entropy_with_gradient
from chainrule.functions.pytorch.hvp import cross_entropy_hvp
from chainrule.functions.pytorch.linear_cross_entropy import (
    linear_cross_entropy,
    linear_cross_entropy_with_gradient,
)
from chainrule.functions.pytorch.linear_gauss_newton import linear_cross_entropy_gauss_newton
from chainrule.functions.pytorch.per_output import (
    binary_cross_entropy,
    binary_cross_entropy_with_gradient,
    squared_error,
    squared_error_with_gradient,
)
from chainrule.functions.pytorch.per_row import log_softmax, logsumexp, softmax, softmax_vjp

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_gradient",
    "cross_entropy",
    "cross_entropy_hvp",
    "cross_entropy_with_gradient",
    "linear_cross_entropy",
    "linear_cross_entropy_gauss_newton",
    "linear_cross_entropy_with_gradient",
    "log_softmax",
    "logsumexp",
    "softmax",
    "softmax_vjp",
    "squared_error",
    "squared_error_with_gradient",
]
