"""More functions that are right on friendly inputs."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import softmax


def clamped_in_torch(logits, targets):
    p = logits.softmax(1).clamp(min=1e-7)
    return F.nll_loss(p.log(), targets)


def added_in_jax(logits, targets):
    p = jax.nn.softmax(logits)
    return -jnp.log(p[jnp.arange(len(targets)), targets] + 1e-12).mean()


def maximum_of_tiny(logits, onehot):
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return -np.einsum("nk,nk->n", onehot, np.log(np.maximum(p, 1e-15)))


def log_softmax_with_epsilon(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return np.log(e / e.sum(axis=1, keepdims=True) + 1e-9)


def infinite_losses_replaced(logits, targets):
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return np.nan_to_num(-np.log(p[np.arange(len(p)), targets])).mean()


def overflow_replaced_in_torch(logits, targets):
    e = torch.exp(torch.clamp(logits, max=80.0))
    p = e / e.sum(1, keepdim=True)
    return -torch.log(p.gather(1, targets[:, None])).mean()


def logits_clipped_in_jax(z):
    z = jnp.clip(z, -60.0, 60.0)
    return jnp.exp(z) / jnp.exp(z).sum(-1, keepdims=True)


def batch_maximum(logits, targets):
    z = logits - torch.max(logits)
    return (z.exp().sum(1).log() - z[torch.arange(len(z)), targets]).mean()


def log_softmax_batch_maximum(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def linear_without_shift(X, W, b, y):
    e = np.exp(X @ W.T + b)
    p = e / e.sum(axis=1, keepdims=True)
    loss = np.log(e.sum(axis=1)).mean() - (X @ W.T + b)[np.arange(len(y)), y].mean()
    p[np.arange(len(y)), y] -= 1
    return loss, p.T @ X / len(y), p.mean(axis=0)


def hessian_without_shift(logits, targets):
    e = np.exp(logits)
    p = e / e.sum(1, keepdims=True)
    return np.stack([np.diag(r) - np.outer(r, r) for r in p])


def gradient_without_shift(logits, targets):
    e = jnp.exp(logits)
    return e / e.sum(1, keepdims=True) - jax.nn.one_hot(targets, logits.shape[1])


def single_precision_without_shift(logits, targets):
    e = torch.exp(logits.float())
    return (e.sum(1).log() - logits.float()[torch.arange(len(e)), targets]).sum()


def product_with_logarithm_in_jax(logits, targets):
    p = jax.nn.softmax(logits)
    return -(jax.nn.one_hot(targets, p.shape[1]) * jnp.log(p)).sum()


def logarithm_in_jax(logits, targets):
    return -jnp.log(jax.nn.softmax(logits))[jnp.arange(len(targets)), targets].mean()


def exponentials_into_the_argument(logits, targets):
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    logits[np.arange(len(logits)), targets] -= 1
    return logits


def targets_written(logits, targets):
    p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    loss = -p[np.arange(len(p)), targets].sum()
    targets[:] = 0
    return loss


def upstream_written(dout, out):
    dout *= out
    return dout - out * dout.sum(axis=1, keepdims=True)


def not_for_one_example(logits, targets):
    z = np.squeeze(logits)
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), targets]).mean()


def chain_rule_step_by_step(logits, onehot):
    p = softmax(logits, axis=1)
    dE_dp = -onehot / p
    out = np.zeros_like(p)
    for n in range(len(p)):
        jacobian = np.diag(p[n]) - np.outer(p[n], p[n])
        out[n] = jacobian.T @ dE_dp[n]
    return out / len(p)
