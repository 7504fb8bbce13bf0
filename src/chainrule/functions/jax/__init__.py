"""The functions for JAX arrays: same names, arguments and values, differentiable to every order under every transformation."""

from chainrule.functions.jax.cross_entropy import cross_entropy, cross_entropy_with_gradient
from chainrule.functions.jax.foreign import formulas_reason, path
from chainrule.functions.jax.softmax import log_softmax, logsumexp, softmax, softmax_vjp

__all__ = [
    "cross_entropy",
    "cross_entropy_with_gradient",
    "formulas_reason",
    "log_softmax",
    "logsumexp",
    "path",
    "softmax",
    "softmax_vjp",
]
