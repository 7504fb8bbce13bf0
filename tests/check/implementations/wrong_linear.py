"""Linear heads whose gradients are mistaken: f(features, weight, bias, targets) -> loss, dW, db."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax


def _start(x, w, b, t):
    lp = log_softmax(x @ w.T + b, axis=1)
    n = len(t)
    return -lp[np.arange(n), t].mean(), (np.exp(lp) - np.eye(len(b))[t]) / n


def transposed_weight_gradient(features, weight, bias, targets):
    loss, d = _start(features, weight, bias, targets)
    return loss, features.T @ d, d.sum(0)


def transposed_in_torch(x, w, b, y):
    z = F.linear(x, w, b)
    d = (z.softmax(1) - F.one_hot(y, len(b))) / len(y)
    return F.cross_entropy(z, y), (d.T @ x).T, d.sum(0)


def one_bias_for_all(features, weight, bias, targets):
    loss, d = _start(features, weight, bias, targets)
    return loss, d.T @ features, d.sum()


def one_bias_in_torch(x, w, b, y):
    z = x @ w.t() + b
    d = (torch.softmax(z, 1) - F.one_hot(y, w.shape[0])) / x.shape[0]
    return F.cross_entropy(z, y), d.t() @ x, torch.sum(d).expand(w.shape[0])


def bias_not_summed(features, weight, bias, targets):
    loss, d = _start(features, weight, bias, targets)
    return loss, d.T @ features, d


def bias_of_rows(X, W, b, y):
    loss, d = _start(X, W, b, y)
    return loss, d.T @ X, d.sum(axis=1)


def only_the_row_of_the_target(features, weight, bias, targets):
    loss, d = _start(features, weight, bias, targets)
    dW, db = np.zeros_like(weight), np.zeros_like(bias)
    for n, c in enumerate(targets):
        dW[c] += d[n, c] * features[n]
        db[c] += d[n, c]
    return loss, dW, db


def single_output_in_jax(x, w, b, y):
    lp = jax.nn.log_softmax(x @ w.T + b)
    Y = jax.nn.one_hot(y, w.shape[0])
    d = Y * (jnp.exp(lp) - 1) / len(y)
    return -(Y * lp).sum() / len(y), d.T @ x, d.sum(0)


def penalty_gradient_halved(X, W, b, y, reg=0.5):
    loss, d = _start(X, W, b, y)
    return loss + reg * np.sum(W**2), d.T @ X + reg * W, d.sum(0)


def penalty_gradient_doubled(X, W, b, y, alpha):
    z = X @ W.T + b
    d = (z.softmax(1) - F.one_hot(y, len(b))) / len(y)
    return F.cross_entropy(z, y) + alpha / 2 * (W * W).sum(), d.T @ X + 2 * alpha * W, d.sum(0)


def penalty_gradient_subtracted(X, W, b, y, alpha=0.5):
    loss, d = _start(X, W, b, y)
    return loss + alpha / 2 * np.sum(W**2), d.T @ X - alpha * W, d.sum(0)


def penalty_subtracted(X, W, b, y, lam=0.3):
    lp = jax.nn.log_softmax(X @ W.T + b)
    Y = jax.nn.one_hot(y, W.shape[0])
    d = (jnp.exp(lp) - Y) / len(y)
    return -(Y * lp).sum() / len(y) - lam * (W**2).sum(), d.T @ X - 2 * lam * W, d.sum(0)


def not_averaged(X, W, b, y):
    loss, d = _start(X, W, b, y)
    d = d * len(y)
    return loss, d.T @ X, d.sum(axis=0)


def gradient_of_the_features(X, W, b, y):
    loss, d = _start(X, W, b, y)
    return loss, d @ W, d.sum(0)


def wrong_sign(X, W, b, y):
    loss, d = _start(X, W, b, y)
    return loss, -d.T @ X, -d.sum(0)


def bias_averaged_twice(X, W, b, y):
    loss, d = _start(X, W, b, y)
    return loss, d.T @ X, d.mean(axis=0)
