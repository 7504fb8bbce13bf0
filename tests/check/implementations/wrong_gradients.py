"""Gradients by the logits that are not those of the cross-entropy."""

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import expit, log_softmax, softmax


def _rows(t):
    return np.arange(len(t))


def targets_minus_probabilities(logits, targets):
    return np.eye(logits.shape[1])[targets] - softmax(logits, axis=1)


def cross_term_sign(logits, targets):
    g = -softmax(logits, axis=1)
    g[_rows(targets), targets] = -1 - g[_rows(targets), targets]
    return g / len(g)


def uphill(logits, targets):
    loss = F.cross_entropy(logits, targets)
    return loss, (F.one_hot(targets, logits.shape[1]) - logits.softmax(1)) / len(targets)


def only_the_target(logits, targets):
    p = softmax(logits, axis=1)
    g = np.zeros_like(p)
    g[_rows(targets), targets] = p[_rows(targets), targets] - 1
    return g


def diagonal_of_the_jacobian(logits, y):
    p = jax.nn.softmax(logits)
    Y = jax.nn.one_hot(y, logits.shape[1])
    return -Y / p * p * (1 - p)


def jacobian_added_up(logits, targets):
    g = np.zeros_like(logits)
    for n, p in enumerate(softmax(logits, axis=1)):
        J = np.diag(p) - np.outer(p, p)
        g[n] = J.sum(axis=0)
    return g


def row_of_the_jacobian(logits, targets):
    p = torch.softmax(logits, 1)
    J = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    return J[torch.arange(len(targets)), targets]


def gradient_of_the_probability(logits, targets):
    p = softmax(logits, axis=1)
    c = p[_rows(targets), targets][:, None]
    loss = -np.log(c).mean()
    return loss, c * (p - np.eye(p.shape[1])[targets]) / len(p)


def minus_p_gradient(logits, targets):
    p = logits.softmax(1)
    c = p.gather(1, targets[:, None])
    return -c.mean(), c * (p - F.one_hot(targets, p.shape[1])) / len(p)


def by_the_probabilities(logits, targets):
    p = softmax(logits, axis=1)
    g = np.zeros_like(p)
    g[_rows(targets), targets] = -1 / p[_rows(targets), targets]
    return g


def backward_stops_early(logits, targets):
    p = logits.softmax(1).detach().requires_grad_()
    F.nll_loss(p.log(), targets).backward()
    return p.grad


def by_the_targets(logits, targets):
    return -log_softmax(logits, axis=1)


def by_a_weight(logits, targets):
    p = softmax(logits, axis=1)
    p[_rows(targets), targets] -= 1
    return logits.T @ p / len(p)


def one_for_every_class(logits, targets):
    return softmax(logits, axis=1) - 1


def columns_of_the_targets(logits, targets):
    p = softmax(logits, axis=1)
    p[:, targets] -= 1
    return p / len(p)


def next_class(logits, targets):
    y = torch.nn.functional.one_hot((targets + 1) % logits.shape[1], logits.shape[1])
    return logits.softmax(dim=1) - y


def target_probability_everywhere(logits, targets):
    p = softmax(logits, axis=1)
    y = np.eye(p.shape[1])[targets]
    return np.sum(p * y, axis=1, keepdims=True) - y


def logits_minus_targets(logits, targets):
    g = logits.copy()
    g[_rows(targets), targets] -= 1
    return g


def raw_scores(logits, targets):
    return jnp.asarray(logits) - jax.nn.one_hot(targets, logits.shape[1])


def squared_error_gradient(logits, targets):
    p = softmax(logits, axis=1)
    d = p - np.eye(p.shape[1])[targets]
    return p * (d - (d * p).sum(axis=1, keepdims=True))


def sigmoid_derivative_too(logits, targets):
    p = softmax(logits, axis=1)
    return (p - np.eye(p.shape[1])[targets]) * p * (1 - p)


def sigmoid_derivative_of_logits(logits, targets):
    p = logits.softmax(1)
    s = torch.sigmoid(logits)
    return (p - F.one_hot(targets, p.shape[1])) * s * (1 - s)


def softmax_again(logits, targets):
    p = softmax(softmax(logits, axis=1), axis=1)
    return p - np.eye(p.shape[1])[targets]


def yes_or_no(logits, targets):
    return expit(logits) - np.eye(logits.shape[1])[targets]


def divided_by_everything(logits, targets):
    g = softmax(logits, axis=1) - np.eye(logits.shape[1])[targets]
    return g / g.size


def mean_loss_sum_gradient(logits, targets):
    lp = log_softmax(logits, axis=1)
    loss = -lp[_rows(targets), targets].mean()
    return loss, np.exp(lp) - np.eye(lp.shape[1])[targets]


def mean_loss_sum_gradient_in_torch(logits, targets):
    g = logits.softmax(1)
    g[torch.arange(len(targets)), targets] -= 1
    return F.cross_entropy(logits, targets), g


def sum_loss_mean_gradient(logits, targets):
    lp = log_softmax(logits, axis=1)
    g = np.exp(lp)
    g[_rows(targets), targets] -= 1
    return -lp[_rows(targets), targets].sum(), g / len(g)


def sum_loss_mean_gradient_in_jax(logits, targets):
    lp = jax.nn.log_softmax(logits)
    y = jax.nn.one_hot(targets, logits.shape[1])
    return -(y * lp).sum(), (jnp.exp(lp) - y) / logits.shape[0]


def divided_twice(logits, targets):
    lp = log_softmax(logits, axis=1)
    g = (np.exp(lp) - np.eye(lp.shape[1])[targets]) / len(lp)
    return -lp[_rows(targets), targets].mean(), g / len(lp)


def doubled(logits, targets):
    g = softmax(logits, axis=1)
    g[_rows(targets), targets] -= 1
    return 2 * g


def halved_in_torch(logits, targets):
    loss = F.cross_entropy(logits, targets, reduction="sum")
    return loss, 0.5 * (logits.softmax(1) - F.one_hot(targets, logits.shape[1]))


def bits_gradient(logits, targets):
    lp = log_softmax(logits, axis=1)
    loss = -lp[_rows(targets), targets].mean() / np.log(2)
    return loss, (np.exp(lp) - np.eye(lp.shape[1])[targets]) / len(lp)


def temperature_forgotten(logits, targets, temperature):
    lp = log_softmax(logits / temperature, axis=1)
    g = np.exp(lp)
    g[_rows(targets), targets] -= 1
    return -lp[_rows(targets), targets].sum(), g


def temperature_forgotten_in_torch(logits, targets, T):
    return F.softmax(logits / T, 1) - F.one_hot(targets, logits.shape[1])


def soft_targets_of_old(logits, targets):
    y = np.full(logits.shape, 0.1)
    y[_rows(targets), targets] = 0.9
    return softmax(logits, axis=1) - y


def weighted_targets(logits, targets, class_weight):
    y = np.eye(logits.shape[1])[targets] * class_weight
    lp = log_softmax(logits, axis=1)
    return -(y * lp).sum(), np.exp(lp) - y


def smoothing_in_the_loss_alone(logits, targets, label_smoothing):
    K = logits.shape[1]
    q = (1 - label_smoothing) * np.eye(K)[targets] + label_smoothing / K
    lp = log_softmax(logits, axis=1)
    return -(q * lp).sum(), np.exp(lp) - np.eye(K)[targets]


def ignored_rows_have_a_gradient(logits, targets, ignore_index=-1):
    keep = targets != ignore_index
    p = softmax(logits, axis=1)
    p[np.flatnonzero(keep), targets[keep]] -= 1
    return p


def examples_compete(logits, targets):
    return F.softmax(logits, dim=0) - F.one_hot(targets, logits.shape[1])


def one_sum_for_all(logits, targets):
    e = np.exp(logits)
    p = e / np.sum(e)
    p[_rows(targets), targets] -= 1
    return p


def keepdims_lost(logits, targets):
    e = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1)
    p[_rows(targets), targets] -= 1
    return p


class _Careless(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, t):
        ctx.save_for_backward(z, t)
        return F.cross_entropy(z, t)

    @staticmethod
    def backward(ctx, upstream):
        z, t = ctx.saved_tensors
        p = z.softmax(1)
        return upstream * (p - F.one_hot(t, z.shape[1])), None


def careless_function_loss(logits, targets):
    return _Careless.apply(logits, targets)


@jax.custom_vjp
def custom_rule_loss(logits, targets):
    return -jax.nn.log_softmax(logits)[jnp.arange(len(targets)), targets].sum()


def _forward(logits, targets):
    return custom_rule_loss(logits, targets), (logits, targets)


def _backward(saved, upstream):
    logits, targets = saved
    return upstream * (jax.nn.one_hot(targets, logits.shape[1]) - jax.nn.softmax(logits)), None


custom_rule_loss.defvjp(_forward, _backward)


def neighbours_gradient(logits, targets):
    g = softmax(logits, axis=1) - np.eye(logits.shape[1])[targets]
    return g + 0.1 * np.roll(g, 1, axis=0)
