"""Softmaxes, Jacobians, second derivatives and backward passes that are mistaken."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
from scipy.special import log_softmax as right_log_softmax
from scipy.special import softmax as right


def softmax_of_columns(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def softmax_with_one_sum(z):
    e = np.exp(z - np.max(z))
    return e / e.sum()


def softmax_lost_keepdims(z):
    return np.exp(z) / np.sum(np.exp(z), axis=1)


def softmax_of_softmax(z):
    return torch.softmax(torch.softmax(z, -1), -1)


def softmax_of_sigmoids(z):
    return 1 / (1 + np.exp(-z))


def softmax_with_powers_of_two(z):
    e = np.exp2(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def softmax_at_temperature(z, temperature):
    return right(z * temperature, axis=1)


def log_softmax_of_columns(z):
    return z - np.log(np.exp(z).sum(axis=0, keepdims=True))


def log_softmax_forgotten_log(z):
    return jax.nn.softmax(z, axis=-1)


def log_softmax_base_ten(z):
    return np.log10(right(z, axis=1))


def log_softmax_with_one_sum(z):
    return z - np.log(np.exp(z).sum())


def softmax_jacobian_diagonal(z):
    p = right(z, axis=1)
    return np.einsum("nk,kj->nkj", p * (1 - p), np.eye(p.shape[1]))


def softmax_grad(z):
    s = right(z, axis=1)
    return s * (1 - s)


def softmax_jacobian_slip(z):
    p = right(z, axis=1)
    J = np.zeros(p.shape + p.shape[1:])
    for n in range(len(p)):
        for i in range(p.shape[1]):
            for k in range(p.shape[1]):
                J[n, i, k] = p[n, i] * ((i == k) - p[n, i])
    return J


def softmax_jacobian_sign(z):
    p = torch.softmax(z, 1)
    return torch.diag_embed(p) + p.unsqueeze(2) * p.unsqueeze(1)


def softmax_jacobian_of_logits(z):
    return np.stack([np.diag(row) - np.outer(row, row) for row in z])


def softmax_jacobian_of_the_logarithm(z):
    p = right(z, axis=1)
    return np.eye(p.shape[1]) - p[:, None, :]


def hessian_of_boosting(logits, targets):
    p = right(logits, axis=1)
    return 2 * p * (1 - p)


def hessian_bound_of_bohning(logits, targets):
    n, k = logits.shape
    return np.tile((np.eye(k) - np.ones((k, k)) / k) / 2, (n, 1, 1))


def hessian_diagonal_alone(logits, targets):
    p = jax.nn.softmax(logits)
    return jax.vmap(jnp.diag)(p * (1 - p))


def hessian_plus(logits, targets):
    p = right(logits, axis=1)
    return np.stack([np.diag(r) + np.outer(r, r) for r in p])


def softmax_backward_elementwise(upstream, output):
    return upstream * output * (1 - output)


def softmax_backward_no_sum(grad_out, probs):
    return grad_out * probs


def softmax_backward_columns(dy, y):
    return y * (dy - (dy * y).sum(axis=0))


def softmax_backward_everything(dy, y):
    return y * (dy - torch.sum(dy * y))


def softmax_backward_unchanged(upstream, output):
    return np.array(upstream)


def softmax_backward_softmaxed(upstream, output):
    p = right(output, axis=1)
    return p * (upstream - np.sum(upstream * p, axis=1, keepdims=True))


def log_softmax_backward_without_exp(upstream, output):
    return upstream - output * upstream.sum(axis=1, keepdims=True)


def log_softmax_backward_assumes_one(upstream, output):
    return upstream - np.exp(output)


def log_softmax_backward_wrong_axis(upstream, output):
    return upstream - torch.exp(output) * upstream.sum(0, keepdim=True)


def log_softmax_backward_of_softmax(upstream, output):
    p = np.exp(output)
    return p * (upstream - np.sum(p * upstream, 1, keepdims=True))


def log_softmax_negated(z):
    return -right_log_softmax(z, axis=1)
