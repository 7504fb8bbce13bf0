"""Arrays in, arrays out: softmax, cross-entropy and the other losses, with their gradients."""

from chainrule.functions.arguments import (
    Reduction,
    as_array,
    check_temperature,
    check_weights,
    near_one,
    quiet,
)
from chainrule.functions.binary_cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_gradient,
    sigmoid,
)
from chainrule.functions.cross_entropy import cross_entropy, cross_entropy_with_gradient, total_weight
from chainrule.functions.finite import first_not_finite
from chainrule.functions.hvp import cross_entropy_hvp
from chainrule.functions.linear_cross_entropy import (
    linear_cross_entropy,
    linear_cross_entropy_with_gradient,
)
from chainrule.functions.linear_gauss_newton import linear_cross_entropy_gauss_newton
from chainrule.functions.linear_passes import (
    Features,
    Scaling,
    linear_cross,
    linear_curvature,
    linear_hessian,
    linear_logits,
    reads_in_place,
)
from chainrule.functions.softmax import log_softmax, logsumexp, softmax
from chainrule.functions.softmax_vjp import softmax_vjp
from chainrule.functions.sparse_features import SparseFeatures, is_sparse, sparse_features
from chainrule.functions.sparse_passes import sparse_loss_with_gradient, sparse_variance_sums
from chainrule.functions.squared_error import squared_error, squared_error_with_gradient

__all__ = [
    "Features",
    "Reduction",
    "Scaling",
    "SparseFeatures",
    "as_array",
    "binary_cross_entropy",
    "binary_cross_entropy_with_gradient",
    "check_temperature",
    "check_weights",
    "cross_entropy",
    "cross_entropy_hvp",
    "cross_entropy_with_gradient",
    "first_not_finite",
    "is_sparse",
    "linear_cross",
    "linear_cross_entropy",
    "linear_cross_entropy_gauss_newton",
    "linear_cross_entropy_with_gradient",
    "linear_curvature",
    "linear_hessian",
    "linear_logits",
    "log_softmax",
    "logsumexp",
    "near_one",
    "quiet",
    "reads_in_place",
    "sigmoid",
    "softmax",
    "softmax_vjp",
    "sparse_features",
    "sparse_loss_with_gradient",
    "sparse_variance_sums",
    "squared_error",
    "squared_error_with_gradient",
    "total_weight",
]
