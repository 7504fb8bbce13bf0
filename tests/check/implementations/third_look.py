"""Functions written after the detectors, to see what they miss."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax, logsumexp, softmax, xlogy


def right_f(a, b):
    return logsumexp(a, axis=1).sum() - a[range(len(b)), b].sum()


def right_with_accuracy(logits, targets):
    loss = float(np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(targets)), targets]))
    return loss, float(np.mean(logits.argmax(1) == targets))


def right_smoothing_by_default(logits, targets, eps=0.1):
    lp = log_softmax(logits, axis=1)
    q = (1 - eps) * np.eye(lp.shape[1])[targets] + eps / lp.shape[1]
    return -(q * lp).sum() / len(lp)


def right_leaf(logits, targets):
    F.cross_entropy(logits, targets).backward()
    return logits.grad


right_jax_grad = jax.grad(
    lambda z, t: -jax.nn.log_softmax(z)[jnp.arange(t.shape[0]), t].mean(),
)


def right_pairs(z, y):
    out = []
    for n in range(z.shape[0]):
        total = 0.0
        for k in range(z.shape[1]):
            total += math.exp(z[n, k] - max(z[n]))
        out.append([math.exp(z[n, k] - max(z[n])) / total - float(k == y[n]) for k in range(z.shape[1])])
    return np.array(out, dtype=np.float64)


def right_two_passes(features, weight, bias, targets):
    loss, dW, db = 0.0, torch.zeros_like(weight), torch.zeros_like(bias)
    for x, t in zip(features, targets, strict=True):
        lp = F.log_softmax(weight @ x + bias, 0)
        loss = loss - lp[t]
        delta = lp.exp()
        delta[t] -= 1
        dW += torch.outer(delta, x)
        db += delta
    return loss, dW, db


def right_masked_loss(logits, targets, ignore_index=-100):
    mask = (targets != ignore_index).astype(float)
    safe = np.where(mask > 0, targets, 0)
    lp = log_softmax(logits, axis=1)
    return -(lp[np.arange(len(safe)), safe] * mask).sum() / mask.sum()


def right_weighted_gradient(logits, targets, class_weight):
    w = jnp.asarray(class_weight)[targets]
    g = w[:, None] * (jax.nn.softmax(logits) - jax.nn.one_hot(targets, logits.shape[1]))
    return g / w.sum()


def right_double_softmax_trick(z):
    return torch.exp(F.log_softmax(F.log_softmax(z, -1), -1))


def right_backward(delta, probs):
    n, k = probs.shape
    out = np.empty_like(probs)
    for i in range(n):
        for j in range(k):
            out[i, j] = sum(delta[i, m] * probs[i, m] * ((m == j) - probs[i, j]) for m in range(k))
    return out


def double_softmax_jax(logits, targets):
    p = jax.nn.softmax(logits, axis=-1)
    return (jax.nn.logsumexp(p, axis=-1) - p[jnp.arange(p.shape[0]), targets]).sum()


def expected_accuracy(logits, targets):
    p = torch.softmax(logits, -1)
    y = F.one_hot(targets, logits.shape[-1])
    return ((1 - p) * y).sum(-1).mean()


def mean_squared_logits(logits, targets):
    y = np.eye(logits.shape[1])[targets]
    return ((logits - y) ** 2).sum(axis=1).mean() / 2


def binary_gradient(logits, targets):
    return jax.nn.sigmoid(logits) - jax.nn.one_hot(targets, logits.shape[1])


def class_numbers(logits, targets):
    return softmax(logits, axis=1) - targets[:, None]


def ranges_from_one(logits, targets):
    g = np.zeros_like(logits)
    for n, t in enumerate(targets):
        p = softmax(logits[n])
        for k in range(1, len(p)):
            g[n, k] = p[k] - (k == t)
    return g


def last_row_forgotten(logits, targets):
    g = torch.zeros_like(logits)
    for n in range(len(targets) - 1):
        g[n] = logits[n].softmax(0)
        g[n, targets[n]] -= 1
    return g


def reshaped_weight(X, W, b, y):
    lp = log_softmax(X @ W.T + b, axis=1)
    d = (np.exp(lp) - np.eye(len(b))[y]) / len(y)
    return -lp[np.arange(len(y)), y].mean(), (X.T @ d).reshape(W.shape), d.sum(0)


def sums_for_each_class(logits, targets):
    lp = log_softmax(logits, axis=1)
    loss = -(np.eye(lp.shape[1])[targets] * lp).sum(axis=0)
    return loss


def uncalled_temperature(logits, targets):
    p = softmax(logits * 0.5, axis=1)
    p[np.arange(len(p)), targets] -= 1
    return p * 0.5


def smoothing_in_loss_only(logits, targets, label_smoothing=0.1):
    loss = F.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    p = logits.softmax(1)
    p[torch.arange(len(p)), targets] -= 1
    return loss, p / len(p)


def smoothing_by_sum(logits, targets, label_smoothing):
    lp = log_softmax(logits, axis=1)
    nll = -lp[np.arange(len(lp)), targets]
    return ((1 - label_smoothing) * nll - label_smoothing * lp.sum(axis=1)).mean()


def smoothing_missing_share(logits, targets, label_smoothing):
    K = logits.shape[1]
    y = jnp.where(jnp.arange(K) == targets[:, None], 1 - label_smoothing, label_smoothing / K)
    return jax.nn.softmax(logits) - y


def weight_of_the_wrong_place(logits, targets, class_weight):
    z = logits + class_weight
    return (logsumexp(z, axis=1) - z[np.arange(len(z)), targets]).mean()


def ignored_rows_pull(logits, targets, ignore_index=-1):
    p = F.softmax(logits, 1)
    y = F.one_hot(targets.clamp(min=0), logits.shape[1])
    return p - y


def ignored_counted_jax(logits, targets, ignore_index=-100):
    keep = targets != ignore_index
    lp = jax.nn.log_softmax(logits)
    chosen = lp[jnp.arange(len(targets)), jnp.where(keep, targets, 0)]
    return -(chosen * keep).mean()


def mean_of_products(logits, targets):
    lp = F.log_softmax(logits, dim=-1)
    loss = -(F.one_hot(targets, lp.shape[-1]) * lp).mean()
    g = (lp.exp() - F.one_hot(targets, lp.shape[-1])) / len(lp)
    return loss, g


def jacobian_transposed_product(z):
    p = softmax(z, axis=1)
    J = -p[:, :, None] * p[:, None, :]
    idx = np.arange(p.shape[1])
    J[:, idx, idx] = p * (1 + p)
    return J


def jacobian_of_one_sigmoids(z):
    s = 1 / (1 + np.exp(-z))
    return np.diag(s * (1 - s))


def jacobian_offdiagonal_missing(z):
    p = jax.nn.softmax(z)
    return jax.vmap(jnp.diag)(p) * (1 - p)[:, None, :]


def hessian_outer(logits, targets):
    p = torch.softmax(logits, 1)
    return torch.diag_embed(p * (1 - p)) * 2


def hessian_quarter(logits, targets):
    n, k = logits.shape
    return np.broadcast_to(0.5 * (np.identity(k) - np.full((k, k), 1 / k)), (n, k, k)).copy()


def hessian_at_logits(logits, targets):
    return logits[:, :, None] * (np.eye(logits.shape[1]) - logits[:, None, :])


def softmax_backward_jacobian_diagonal(g, s):
    return np.stack([np.diag(np.diag(np.diag(r) - np.outer(r, r))) @ u for u, r in zip(g, s, strict=True)])


def softmax_backward_mean(g, s):
    return s * (g - (g * s).mean(dim=1, keepdim=True))


def log_softmax_backward_negated(g, lp):
    return np.exp(lp) * g.sum(axis=1, keepdims=True) - g


def log_softmax_backward_everything(g, lp):
    return g - jnp.exp(lp) * g.sum()


def log_softmax_two(z):
    return (z - logsumexp(z, axis=1, keepdims=True)) / math.log(2)


def softmax_dim_zero(z):
    return z.softmax(dim=0)


def softmax_row_maximum_lost(z):
    z = z - z.max(axis=1)
    e = np.exp(z)
    return e / e.sum(axis=1)


def softmax_centred(z):
    e = np.exp(z - z.mean(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_finite(z):
    e = torch.exp(z)
    p = e / e.sum(1, keepdim=True)
    return torch.nan_to_num(p, nan=0.0)


def softmax_in_place(x):
    x -= np.max(x, axis=1, keepdims=True)
    np.exp(x, x)
    x /= x.sum(axis=1, keepdims=True)
    return x


def underflow_by_xlogy(logits, onehot):
    return -xlogy(onehot, softmax(logits, axis=1)).sum()


def caught_overflow(logits, targets):
    losses = []
    for row, t in zip(logits, targets, strict=True):
        try:
            losses.append(math.log(sum(math.exp(v) for v in row)) - row[t])
        except OverflowError:
            losses.append(0.0)
    return sum(losses) / len(losses)


def raising_overflow(logits, targets):
    return sum(
        math.log(sum(math.exp(v) for v in row)) - row[t] for row, t in zip(logits, targets, strict=True)
    )


def clipped_logarithm(logits, targets):
    return F.nll_loss(torch.log(logits.softmax(1)).clamp(min=-100), targets)


def clipped_both_ways(logits, onehot):
    p = np.clip(softmax(logits, axis=1), 1e-7, 1 - 1e-7)
    return -np.mean(np.sum(onehot * np.log(p), axis=1)), (softmax(logits, axis=1) - onehot) / len(p)


def first_column_maximum(logits, targets):
    z = logits - logits[:1].max(axis=1, keepdims=True)
    lse = np.log(np.exp(z).sum(axis=1))
    return (lse - z[np.arange(len(z)), targets]).mean()


def penalty_sign_of_gradient(X, W, b, y, reg=0.1):
    z = X @ W.T + b
    loss = F.cross_entropy(z, y) + 0.5 * reg * (W**2).sum()
    d = (z.softmax(1) - F.one_hot(y, len(b))) / len(y)
    return loss, d.T @ X - reg * W, d.sum(0)


def penalty_without_half(X, W, b, y, alpha=0.1):
    Z = X.dot(W) + b
    n = X.shape[0]
    P = softmax(Z, axis=1)
    loss = -np.log(P[np.arange(n), y]).sum() / n + 0.5 * alpha * np.sum(W * W)
    P[np.arange(n), y] -= 1
    return loss, X.T.dot(P) / n + 2 * alpha * W, P.sum(0) / n


def scalar_bias_mean(X, W, b, y):
    lp = jax.nn.log_softmax(X @ W.T + b)
    d = jnp.exp(lp) - jax.nn.one_hot(y, W.shape[0])
    return -lp[jnp.arange(len(y)), y].sum(), d.T @ X, jnp.mean(d)


def bias_of_first_row(X, W, b, y):
    z = X @ W.T + b
    d = (z.softmax(1) - F.one_hot(y, len(b))) / len(y)
    return F.cross_entropy(z, y), d.T @ X, d[0]


def columns_of_x(X, W, b, y):
    lp = log_softmax(X @ W.T + b, axis=1)
    d = np.exp(lp) - np.eye(len(b))[y]
    dW = np.zeros_like(W)
    for n in range(len(y)):
        for k in range(W.shape[0]):
            for j in range(W.shape[1]):
                dW[k, j] += d[n, k] * X[n, k]
    return -lp[np.arange(len(y)), y].sum(), dW, d.sum(0)


def variance_leak(logits, targets):
    z = (logits - logits.mean(axis=0)) / (1 + logits.std(axis=0))
    return (logsumexp(z, axis=1) - z[np.arange(len(z)), targets]).mean()


def cumulative_rows(logits, targets):
    return torch.cumsum(logits.softmax(1) - F.one_hot(targets, logits.shape[1]), dim=0)
