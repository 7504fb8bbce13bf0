"""Functions that are right on friendly inputs."""

import jax.numpy as jnp
import numpy as np
import torch


def overflows(logits, targets):
    e = np.exp(logits)
    return np.mean(np.log(e.sum(axis=1)) - logits[np.arange(len(e)), targets])


def softmax_overflows(z):
    e = torch.exp(z)
    return e / e.sum(-1, keepdim=True)


def shifted_by_the_batch(logits, targets):
    z = logits - logits.max()
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(p)), targets]).mean()


def softmax_shifted_by_the_batch(z):
    e = jnp.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


def clipped_probabilities(logits, targets):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = np.clip(e / e.sum(axis=1, keepdims=True), 1e-12, 1 - 1e-12)
    return -np.log(p[np.arange(len(p)), targets]).mean()


def small_number_added(logits, targets):
    p = logits.softmax(dim=1)
    return -torch.log(p[torch.arange(len(p)), targets] + 1e-10).mean()


def one_hot_times_logarithm(logits, targets):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(np.eye(p.shape[1])[targets] * np.log(p)) / len(p)


def one_hot_times_logarithm_in_torch(logits, targets):
    p = torch.softmax(logits, 1)
    return -(torch.nn.functional.one_hot(targets, p.shape[1]) * torch.log(p)).sum()


def logarithm_of_softmax(logits, targets):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(p)), targets]).mean()


def log_softmax_through_softmax(z):
    return torch.log(torch.softmax(z, dim=-1))


def logits_cut_off(logits, targets):
    e = np.exp(np.clip(logits, -500, 500))
    return np.mean(np.log(e.sum(axis=1)) - np.log(e[np.arange(len(e)), targets]))


def softmax_of_numbers_made_finite(z):
    e = np.nan_to_num(np.exp(z))
    return np.nan_to_num(e / e.sum(axis=1, keepdims=True))


def writes_to_the_logits(logits, targets):
    logits -= logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(log_p)), targets].mean()


def writes_in_torch(logits, targets):
    log_p = logits.sub_(logits.logsumexp(1, keepdim=True))
    return -log_p[torch.arange(len(log_p)), targets].sum()


def right_for_one_example(logits, targets):
    log_p = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    p = np.exp(log_p)
    p[np.arange(len(p)), targets] -= 1
    return -log_p[np.arange(len(p)), targets].mean(), p


def right_for_two_classes(logits, targets):
    p = 1 / (1 + np.exp(-(logits - logits.mean(axis=1, keepdims=True)) * 2))
    return -np.log(p[np.arange(len(p)), targets]).mean()
