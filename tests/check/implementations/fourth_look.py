"""Functions written after the third look."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax, logsumexp, softmax


def right_float32_kernel(logits, targets):
    y = torch.zeros(logits.shape[0], logits.shape[1])
    y.scatter_(1, targets[:, None], 1.0)
    lp = torch.log_softmax(logits, 1)
    return -torch.trace(y @ lp.t())


def right_numpy_matrix(logits, labels):
    N, K = logits.shape
    Y = np.zeros((K, N))
    Y[labels, np.arange(N)] = 1
    E = np.exp(logits.T - logits.T.max(0))
    P = E / E.sum(0)
    return ((P - Y) / N).T


def right_ten_classes(logits, targets):
    y = np.eye(10)[targets]
    return -(y * log_softmax(logits, axis=1)).sum() / len(y)


def right_two_classes(logits, targets):
    d = logits[:, 1] - logits[:, 0]
    sign = 1 - 2 * targets
    if logits.shape[1] != 2:
        raise ValueError("two classes")
    return np.logaddexp(0, sign * d).mean()


def right_vmap(logits, targets):
    return jax.vmap(lambda z, t: jax.nn.logsumexp(z) - z[t])(logits, targets).mean()


def right_func_grad(logits, targets):
    return torch.func.grad(lambda z: F.cross_entropy(z, targets))(logits)


def right_partial_sums(logits, targets):
    total = np.zeros(len(logits))
    for k in range(logits.shape[1]):
        total = np.logaddexp(total, logits[:, k]) if k else logits[:, 0].copy()
    return np.sum(total - np.choose(targets, logits.T))


def right_jvp_of_log_softmax(g, log_p):
    return g - jnp.einsum("nk,nj->nk", jnp.exp(log_p), g)


def right_penalised_bias_too(X, W, b, y, reg=0.2):
    lp = log_softmax(X @ W.T + b, axis=1)
    d = (np.exp(lp) - np.eye(len(b))[y]) / len(y)
    loss = -lp[np.arange(len(y)), y].mean() + reg / 2 * (np.sum(W * W) + np.sum(b * b))
    return loss, d.T @ X + reg * W, d.sum(0) + reg * b


def swapped_index(logits, targets):
    p = softmax(logits, axis=1)
    return (
        p
        - np.eye(p.shape[1])[targets]
        + np.roll(np.eye(p.shape[1])[targets], 1, axis=1) * 0.0
        - 1 / p.shape[1]
    )


def first_class_always(logits, targets):
    return -torch.log_softmax(logits, 1)[:, 0].mean()


def rows_for_classes(logits, targets):
    lp = log_softmax(logits, axis=1)
    return -lp[np.arange(len(lp)), np.arange(len(lp)) % lp.shape[1]].mean()


def mse_gradient(logits, targets):
    p = F.softmax(logits, dim=1).requires_grad_()
    z = logits.clone().requires_grad_()
    F.mse_loss(z.softmax(1), F.one_hot(targets, logits.shape[1]).to(z.dtype), reduction="sum").backward()
    return z.grad + 0 * p.detach()


def mse_gradient_of_outputs(logits, targets):
    p = softmax(logits, axis=1)
    y = np.eye(p.shape[1])[targets]
    return ((p - y) ** 2).sum() / 2, p - y


def all_outer_products(logits, targets):
    p = jax.nn.softmax(logits)
    y = jax.nn.one_hot(targets, p.shape[1])
    return -jnp.einsum(
        "ni,nik->nk", y, jnp.einsum("ni,ik->nik", p, jnp.eye(p.shape[1])) - p[:, :, None] * p[:, None]
    )


def quotient_rule_slip(logits, targets):
    e = np.exp(logits - logits.max(1, keepdims=True))
    s = e.sum(1, keepdims=True)
    y = np.eye(e.shape[1])[targets]
    return e / s - y * e / s


def sum_over_rows_first(logits, onehot):
    p = softmax(logits, axis=1)
    return np.tile((p - onehot).sum(axis=0), (len(p), 1)) / len(p)


def minus_sigmoid(logits, targets):
    s = 1 / (1 + np.exp(-logits))
    y = np.eye(s.shape[1])[targets]
    return -(y * np.log(s)).sum(axis=1).mean()


def twice_log(logits, targets):
    return -jnp.log(-jax.nn.log_softmax(logits))[jnp.arange(len(targets)), targets].mean()


def squared_logarithm(logits, targets):
    lp = log_softmax(logits, axis=1)
    return (lp[np.arange(len(lp)), targets] ** 2).mean()


def focal(logits, targets):
    lp = F.log_softmax(logits, 1).gather(1, targets[:, None])
    return (-((1 - lp.exp()) ** 2) * lp).mean()


def smoothing_sum_to_more(logits, targets, label_smoothing=0.1):
    K = logits.shape[1]
    y = np.eye(K)[targets]
    q = y * (1 - label_smoothing) + label_smoothing / (K - 1)
    lp = log_softmax(logits, axis=1)
    return -(q * lp).sum(1).mean(), (np.exp(lp) - q) / len(y)


def log_of_two(logits, targets):
    lp = jax.nn.log_softmax(logits)
    y = jax.nn.one_hot(targets, lp.shape[1])
    return -(y * lp).sum() / jnp.log(2.0), jnp.exp(lp) - y


def temperature_in_gradient_only(logits, targets, temperature):
    p = softmax(logits / temperature, axis=1)
    y = np.eye(p.shape[1])[targets]
    return (logsumexp(logits / temperature, axis=1) - (y * logits).sum(1) / temperature).mean(), (
        (softmax(logits, axis=1) - y) / temperature / len(y) + 0 * p
    )


def temperature_times(logits, targets, temperature):
    return F.cross_entropy(logits / temperature, targets) * temperature**2


def weights_by_row(logits, targets, class_weight):
    lp = F.log_softmax(logits * class_weight, dim=1)
    return F.nll_loss(lp, targets, reduction="sum")


def weights_for_probability(logits, targets, class_weight):
    p = softmax(logits, axis=1) * class_weight
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), targets] -= 1
    return p


def hessian_is_gradient(logits, targets):
    p = softmax(logits, axis=1)
    return p[:, :, None] * np.ones((1, 1, p.shape[1])) - np.eye(p.shape[1])[targets][:, :, None]


def softmax_jacobian_row_slip(z):
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    n, k = p.shape
    J = np.empty((n, k, k))
    for r in range(n):
        for i in range(k):
            for j in range(k):
                J[r, i, j] = p[r, i] * (1 - p[r, i]) if i == j else p[r, i] * p[r, j]
    return J


def softmax_jacobian_batch_outer(z):
    p = softmax(z, axis=1)
    return np.stack([np.diag(r) for r in p]) - np.einsum("ni,mk->ik", p, p)


def softmax_backward_for_sum(upstream, output):
    return output * upstream.sum(axis=1, keepdims=True)


def softmax_backward_quadratic(dp, p):
    return p * (dp - (dp * p**2).sum(axis=1, keepdims=True))


def log_softmax_backward_with_output(g, out):
    return g - F.softmax(out.exp(), 1) * g.sum(1, keepdim=True)


def softmax_over_batch_maximum(z):
    z = z - z.max(axis=0, keepdims=True)
    e = jnp.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def softmax_keepdims_torch(z):
    e = torch.exp(z - z.max())
    return e / e.sum(1)


def linear_without_bias_in_the_loss(X, W, b, y):
    lp = log_softmax(X @ W.T, axis=1)
    d = (np.exp(lp) - np.eye(len(b))[y]) / len(y)
    return -lp[np.arange(len(y)), y].mean(), d.T @ X, d.sum(0)


def linear_features_gradient(X, W, b, y):
    z = X @ W.T + b
    d = jax.nn.softmax(z) - jax.nn.one_hot(y, len(b))
    return (jax.nn.logsumexp(z, axis=1) - z[jnp.arange(len(y)), y]).sum(), d.T @ X, X.sum(0)


def linear_sum_mean(X, W, b, y):
    z = F.linear(X, W, b)
    d = z.softmax(1) - F.one_hot(y, len(b))
    return F.cross_entropy(z, y, reduction="sum"), d.T @ X / len(y), d.sum(0) / len(y)


def writes_both(logits, targets):
    e = np.exp(logits)
    logits /= 2
    return e / e.sum(axis=1, keepdims=True) - np.eye(e.shape[1])[targets]


def clip_to_unit(logits, targets):
    g = F.softmax(logits, dim=1) - F.one_hot(targets, logits.shape[1])
    return torch.clamp(g, -1e-1, 1e-1)
