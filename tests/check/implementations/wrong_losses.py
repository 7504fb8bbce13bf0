"""Losses that are not the cross-entropy."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax, softmax


def softmax_into_cross_entropy(logits, targets):
    return F.cross_entropy(torch.softmax(logits, dim=1), targets)


def probabilities_again(z, y):
    p = softmax(softmax(z, axis=1), axis=1)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    return loss


def forgotten_logarithm(logits, targets):
    return F.nll_loss(F.softmax(logits, dim=1), targets)


def one_minus_probability(logits, targets):
    p = jax.nn.softmax(logits, axis=1)
    return jnp.mean(1.0 - p[jnp.arange(targets.size), targets])


def mean_of_everything(logits, onehot):
    return -np.mean(onehot * log_softmax(logits, axis=1))


def mean_over_classes_in_torch(logits, targets):
    y = F.one_hot(targets, logits.shape[-1]).to(logits.dtype)
    return (-(y * logits.log_softmax(-1)).mean(-1)).sum()


def binary_terms(logits, targets):
    p = softmax(logits, axis=1)
    y = np.eye(p.shape[1])[targets]
    return -np.mean(np.sum(y * np.log(p) + (1 - y) * np.log1p(-p), axis=1))


def sigmoids(logits, targets):
    y = F.one_hot(targets, logits.shape[1]).double()
    return F.binary_cross_entropy_with_logits(logits, y, reduction="sum") / len(logits)


def brier(logits, targets):
    p = softmax(logits, axis=1)
    return 0.5 * np.sum((p - np.eye(p.shape[1])[targets]) ** 2) / len(p)


def mse_of_softmax(logits, targets):
    return F.mse_loss(logits.softmax(1), F.one_hot(targets, logits.shape[1]).to(logits.dtype))


def bits(logits, targets):
    lp = log_softmax(logits, axis=1)
    return -lp[np.arange(len(targets)), targets].mean() / math.log(2)


def tens(logits, targets):
    p = softmax(logits, axis=1)
    return float(sum(-math.log10(row[t]) for row, t in zip(p, targets)))


def positive_log(logits, targets):
    return np.mean([row[t] for row, t in zip(log_softmax(logits, axis=1), targets)])


def minus_the_loss(logits, targets):
    return -F.cross_entropy(logits, targets, reduction="none")


def over_the_batch(logits, targets):
    e = np.exp(logits - logits.max(0))
    p = e / e.sum(0)
    return -np.log(p[np.arange(len(targets)), targets]).sum()


def dimension_zero(logits, targets):
    return F.nll_loss(F.log_softmax(logits, dim=0), targets)


def one_normaliser(logits, targets):
    e = np.exp(logits - logits.max())
    p = e / e.sum()
    return -np.log(p[range(len(p)), targets]).mean()


def lost_keepdims(logits, targets):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1)
    return -np.log(p[np.arange(len(p)), targets]).mean()


def counted_from_one(logits, targets):
    lp = log_softmax(logits, axis=1)
    return -lp[np.arange(len(lp)), targets - 1].mean()


def every_target(logits, targets):
    lp = log_softmax(logits, axis=1)
    return -lp[:, targets].mean()


def logits_for_probabilities(logits, targets):
    return F.nll_loss(logits, targets)


def logarithm_of_logits(z, y):
    return -np.mean(np.log(z[np.arange(len(z)), y]))


def twice_the_loss(logits, targets):
    lp = log_softmax(logits, axis=1)
    return -2.0 * lp[np.arange(len(lp)), targets].sum()


def nine_tenths(logits, targets):
    y = np.full(logits.shape, 0.1)
    y[np.arange(len(y)), targets] = 0.9
    return -(y * log_softmax(logits, axis=1)).sum(axis=1).mean()


def heavy_targets(logits, targets):
    y = 0.25 + 1.0 * F.one_hot(targets, logits.shape[1])
    return -(y * F.log_softmax(logits, 1)).sum()


def smoothing_adds(logits, targets, label_smoothing):
    K = logits.shape[1]
    y = np.eye(K)[targets] * (1 - label_smoothing) + label_smoothing
    return -(y * log_softmax(logits, axis=1)).sum(1).mean()


def smoothing_without_rest(logits, targets, eps):
    return (1 - eps) * F.cross_entropy(logits, targets)


def smoothing_of_others(logits, targets, smoothing=0.3):
    K = logits.shape[1]
    y = np.where(np.arange(K) == targets[:, None], 1 - smoothing, smoothing / (K - 1))
    return -(y * log_softmax(logits, axis=1)).sum(axis=1).mean()


def smoothing_of_others_in_torch(logits, targets, label_smoothing):
    lp = F.log_softmax(logits, 1)
    K = logits.shape[1]
    y = torch.full_like(lp, label_smoothing / (K - 1)).scatter_(1, targets[:, None], 1 - label_smoothing)
    return -(y * lp).sum()


def temperature_upside_down(logits, targets, temperature=1.0):
    lp = log_softmax(logits * temperature, axis=1)
    return -lp[np.arange(len(lp)), targets].mean()


def temperature_outside(logits, targets, T=2.0):
    return F.cross_entropy(logits, targets) / T


def weights_on_logits(logits, targets, class_weights):
    lp = log_softmax(logits * class_weights, axis=1)
    return -lp[np.arange(len(lp)), targets].mean()


def weights_on_probabilities(logits, targets, weight):
    p = logits.softmax(1) * weight
    p = p / p.sum(1, keepdim=True)
    return -(p[torch.arange(len(targets)), targets]).log().mean()


def ignored_in_the_divisor(logits, targets, ignore_index=-100):
    keep = targets != ignore_index
    lp = log_softmax(logits, axis=1)
    losses = [-lp[n, t] for n, t in enumerate(targets) if keep[n]]
    return sum(losses) / len(targets)


def ignored_taken_for_last(logits, targets, ignore_index):
    lp = F.log_softmax(logits, dim=1)
    return -lp[torch.arange(len(targets)), targets].mean()


def mixed_rows(logits, targets):
    shifted = logits - logits.mean(axis=0) * 0.5
    lp = log_softmax(shifted, axis=1)
    return -lp[np.arange(len(lp)), targets]


def running_average(logits, targets):
    lp = F.log_softmax(logits, dim=1)
    losses = -lp.gather(1, targets[:, None])[:, 0]
    return losses + 0.5 * torch.roll(losses, 1)
