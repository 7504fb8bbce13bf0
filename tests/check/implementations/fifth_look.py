"""Functions as forums and courses show them, written before anything was known of how they would be judged."""

import functools
import math
import time

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F


def _softmax(x):
    x = np.asarray(x, float)
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _normaliser(x):
    m = x.max(1)
    return m + np.log(np.exp(x - m[:, None]).sum(1))


def _hot(targets, classes):
    return np.eye(classes)[targets]


def right_row_loops(logits, targets):
    total = 0.0
    for row, target in zip(logits, targets, strict=True):
        biggest = max(row)
        total += biggest + math.log(sum(math.exp(v - biggest) for v in row)) - row[target]
    return total / len(logits)


def right_decorated(function):
    @functools.wraps(function)
    def inner(*arguments, **options):
        print("calling", function.__name__)
        return function(*arguments, **options)

    return inner


@right_decorated
def right_cross_entropy_loss(logits, targets):
    return (_normaliser(logits) - logits[np.arange(len(targets)), targets]).mean()


class _Layer:
    def forward(self, scores, labels):
        self.p, self.labels = _softmax(scores), labels
        return float(np.mean(_normaliser(scores) - scores[range(len(labels)), labels]))

    def backward(self):
        g = self.p.copy()
        g[range(len(self.labels)), self.labels] -= 1
        return g / len(self.labels)

    def __call__(self, scores, labels):
        return self.forward(scores, labels), self.backward()


right_layer = _Layer()


def _reduced(logits, targets, reduction="mean"):
    losses = _normaliser(logits) - np.take_along_axis(logits, targets[:, None], axis=1)[:, 0]
    return {"mean": np.mean, "sum": np.sum, "none": lambda rows: rows}[reduction](losses)


right_partial = functools.partial(_reduced, reduction="none")
right_vectorized_softmax = np.vectorize(
    lambda row: np.exp(row - row.max()) / np.exp(row - row.max()).sum(), signature="(k)->(k)"
)


def right_in_powers_of_two(x):
    e = 2.0 ** ((x - x.max(-1, keepdims=True)) * np.log2(np.e))
    return e / e.sum(-1, keepdims=True)


def right_mean_of_crossed_differences(logits, targets):
    return np.mean(_normaliser(logits) - logits[np.arange(len(targets)), targets][:, None])


def right_ignoring_a_real_class(logits, targets, ignore_index=1):
    rows = [n for n in range(len(targets)) if targets[n] != ignore_index]
    return sum(np.logaddexp.reduce(logits[n]) - logits[n][targets[n]] for n in rows) / max(len(rows), 1)


def right_padding_zero(logits: torch.Tensor, targets: torch.Tensor, ignore_index=0):
    z = logits.clone().requires_grad_()
    F.cross_entropy(z, targets, ignore_index=ignore_index).backward()
    return z.grad


def right_only_rows_kept(z, t, ignore_index=-100):
    kept = np.flatnonzero(t != ignore_index)
    g, p = np.zeros_like(z), _softmax(z[kept])
    loss = (_normaliser(z[kept]) - z[kept][np.arange(len(kept)), t[kept]]).mean()
    p[np.arange(len(kept)), t[kept]] -= 1
    g[kept] = p / len(kept)
    return loss, g


@jax.custom_vjp
def right_custom_rule(z, t):
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - z[jnp.arange(t.shape[0]), t])


def _forward(z, t):
    return right_custom_rule(z, t), (jax.nn.softmax(z), t)


def _backward(kept, g):
    p, t = kept
    return g * (p - jax.nn.one_hot(t, p.shape[1])) / t.shape[0], None


right_custom_rule.defvjp(_forward, _backward)


def right_torch_module(X: torch.Tensor, W: torch.Tensor, b: torch.Tensor, y: torch.Tensor):
    layer = torch.nn.Linear(X.shape[1], b.numel()).to(X.dtype)
    layer.weight.data.copy_(W)
    layer.bias.data.copy_(b)
    loss = F.cross_entropy(layer(X), y)
    loss.backward()
    return loss.item(), layer.weight.grad, layer.bias.grad


def right_but_slow(logits, targets):
    time.sleep(0.05)
    return right_row_loops(logits, targets)


def contrastive(z: torch.Tensor, t: torch.Tensor):
    return F.cross_entropy(z / 0.07, t)


def scaled_logits(z, t):
    return right_row_loops(64 * z, t)


def attention_scale(z, t):
    return right_row_loops(z / np.sqrt(z.shape[1]), t)


def warm_gradient(z, t):
    return (_softmax(z / 7.0) - _hot(t, z.shape[1])) / len(t)


def warm_softmax(z):
    return _softmax(0.37 * z)


def warm_log_softmax(z):
    return z / 3.3 - _normaliser(z / 3.3)[:, None]


def forgotten_targets(z, t):
    p = _softmax(z)
    p[np.arange(len(t))][:, t] -= 1
    return p / len(t)


def forgotten_targets_of_a_layer(X, W, b, y):
    z = X @ W.T + b
    d = _softmax(z) / len(y)
    return right_row_loops(z, y), d.T @ X, d.sum(0)


def entry_of_the_target(z, t):
    return _softmax(z)[np.arange(len(t)), t] - 1


def transposed_softmax(x):
    e = np.exp(x.T - x.T.max(0))
    return e / e.sum(0)


def transposed_backward(g, p):
    return (p * (g - (g * p).sum(-1, keepdims=True))).T


def backward_without_keepdims(g, p):
    return p * (g - np.sum(g * p, axis=-1))


def perplexity(z, t):
    return np.exp((_normaliser(z) - z[np.arange(len(t)), t]).mean())


def divided_by_the_mean(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.mean(1, keepdims=True)


def weights_taken_and_left(z, t, class_weight=None):
    return right_row_loops(z, t)


def small_number_in_torch(z: torch.Tensor, t: torch.Tensor):
    return -(F.one_hot(t, z.shape[1]) * torch.log(torch.softmax(z, 1) + 1e-8)).sum(1).mean()


def small_number_in_the_gradient(z, t):
    p, y = _softmax(z), _hot(t, z.shape[1])
    g = -y / (p + 1e-4)
    return p * (g - (g * p).sum(1, keepdims=True)) / len(t)


def padding_left_in_the_rows(z, t, ignore_index=0):
    p, rows, kept = _softmax(z), np.arange(len(t)), t != ignore_index
    p[rows[kept], t[kept]] -= 1
    return p / kept.sum()


def not_divided(z):
    return np.exp(z - z.max(1, keepdims=True))


def bias_left_out(X, W, b, y):
    z = X @ W.T
    d = (_softmax(z) - _hot(y, b.size)) / len(y)
    return right_row_loops(z, y), d.T @ X, d.sum(0)


def focal_in_torch(z: torch.Tensor, t: torch.Tensor, gamma=2.0):
    losses = F.cross_entropy(z, t, reduction="none")
    return ((1 - torch.exp(-losses)) ** gamma * losses).mean()


def perceptron(z, t):
    return (z.max(1) - z[np.arange(len(t)), t]).mean()


def ragged(logits, targets):
    return [[1.0], [2.0, 3.0]]


def nan_where_all_are_equal(z, t):
    g = _softmax(z) - _hot(t, z.shape[1])
    g[np.ptp(z, axis=1) == 0] = np.nan
    return g


_CALLS = [0]


def every_other_call(z, t):
    _CALLS[0] ^= 1
    return right_row_loops(z, t) * (1 + _CALLS[0])
