"""More mistakes, in other styles."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_softmax, logsumexp
from scipy.special import softmax as right_softmax


class SoftmaxThenLoss(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Softmax(dim=-1)
        self.criterion = torch.nn.CrossEntropyLoss(reduction="sum")

    def forward(self, x, y):
        return self.criterion(self.layers(x), y)


module_with_softmax = SoftmaxThenLoss()
mean_of_kl = functools.partial(
    lambda z, t: F.kl_div(z.log_softmax(1), F.one_hot(t, z.shape[1]).to(z.dtype), reduction="mean")
)


def binary_cross_entropy_of_softmax(logits, targets):
    return F.binary_cross_entropy(logits.softmax(1), F.one_hot(targets, logits.shape[1]).to(logits.dtype))


def stable_sigmoid_losses(z, onehot):
    return (np.maximum(z, 0) - z * onehot + np.log1p(np.exp(-np.abs(z)))).sum(axis=1)


def bits_of_the_normaliser(logits, targets):
    return np.mean(np.log2(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), targets])


def normaliser_without_log(logits, targets):
    return jnp.mean(jnp.exp(logits).sum(1) - logits[jnp.arange(len(targets)), targets])


def plus_the_logit(logits, targets):
    return (logsumexp(logits, axis=1) + logits[np.arange(len(logits)), targets]).mean()


def predicted_class_for_target(logits, targets):
    p = right_softmax(logits, axis=1)
    p[np.arange(len(p)), logits.argmax(axis=1)] -= 1
    return p / len(p)


def targets_of_other_rows(logits, targets):
    p = jax.nn.softmax(logits)
    return (p - jax.nn.one_hot(targets[::-1], p.shape[1])) / len(p)


def mean_over_axis_one(logits, onehot):
    return float(-(onehot * log_softmax(logits, axis=1)).mean(axis=1).sum())


def for_loop_slip(logits, targets):
    n, k = logits.shape
    g = np.zeros((n, k))
    for i in range(n):
        p = np.exp(logits[i]) / np.exp(logits[i]).sum()
        for j in range(k):
            g[i, j] = p[targets[i]] - (1 if j == targets[i] else 0)
    return g


def for_loop_sign(logits, targets):
    n, k = logits.shape
    g = np.zeros((n, k))
    for i in range(n):
        p = np.exp(logits[i] - logits[i].max())
        p /= p.sum()
        for j in range(k):
            g[i, j] = p[j] - 1 if j == targets[i] else -p[j]
    return g / n


def for_loop_case_missing(logits, targets):
    n, k = logits.shape
    g = [[0.0] * k for _ in range(n)]
    for i in range(n):
        p = right_softmax(logits[i])
        for j in range(k):
            if j == targets[i]:
                g[i][j] = -(1 - p[j])
    return g


def explicit_jacobian_without_outer(logits, targets):
    p = F.softmax(logits, dim=1)
    jacobian = torch.diag_embed(p) - torch.einsum("ni,nk->nik", p, p)
    return jacobian.sum(dim=1)


def upstream_times_diagonal(logits, targets):
    p = right_softmax(logits, axis=1)
    dp = np.zeros_like(p)
    rows = np.arange(len(p))
    dp[rows, targets] = -1 / p[rows, targets]
    return dp * p * (1 - p) / len(p)


def relu_derivative_too(logits, targets):
    delta = right_softmax(logits, axis=1) - np.eye(logits.shape[1])[targets]
    return delta * (logits > 0)


def tanh_derivative_too(logits, targets):
    delta = F.softmax(logits, 1) - F.one_hot(targets, logits.shape[1])
    return delta * (1 - torch.tanh(logits) ** 2)


def loss_with_gradient_of_brier(logits, targets):
    p = right_softmax(logits, axis=1)
    y = np.eye(p.shape[1])[targets]
    d = p - y
    return 0.5 * (d**2).sum(), p * (d - (p * d).sum(1, keepdims=True))


def brier_with_gradient_of_cross_entropy(logits, targets):
    p = right_softmax(logits, axis=1)
    d = p - np.eye(p.shape[1])[targets]
    return 0.5 * (d**2).sum() / len(p), d / len(p)


def right_loss_by_the_features(logits, targets):
    p = right_softmax(logits, axis=1)
    p[np.arange(len(p)), targets] -= 1
    return -log_softmax(logits, axis=1)[np.arange(len(p)), targets].sum(), p * logits


def gradient_of_targets(logits, targets):
    return jax.nn.logsumexp(logits, axis=1, keepdims=True) - logits


def whole_batch_softmax(logits, targets):
    z = torch.exp(logits - logits.max())
    return F.nll_loss(torch.log(z / z.sum()), targets, reduction="sum")


def softmax_over_the_flattened(z):
    return torch.softmax(z.flatten(), 0).reshape(z.shape)


def leaking_mean(logits, targets):
    p = right_softmax(logits, axis=1)
    g = p - np.eye(p.shape[1])[targets]
    return g - g.mean(axis=0)


def averaged_targets(logits, targets):
    y = np.eye(logits.shape[1])[targets]
    return right_softmax(logits, axis=1) - y.mean(axis=0)


def temperature_twice(logits, targets, temperature):
    p = right_softmax(logits / temperature, axis=1)
    return (p - np.eye(p.shape[1])[targets]) / temperature**2


def hidden_temperature(logits, targets):
    return F.cross_entropy(logits / 0.5, targets)


def hidden_temperature_gradient(logits, targets):
    p = right_softmax(logits / 3, axis=1)
    p[np.arange(len(p)), targets] -= 1
    return p


def forgotten_temperature(logits, targets, temperature=1.0):
    return logsumexp(logits, axis=1).mean() - logits[np.arange(len(logits)), targets].mean()


def smoothing_gradient_of_others(logits, targets, label_smoothing=0.1):
    K = logits.shape[1]
    y = F.one_hot(targets, K).double()
    q = (1 - label_smoothing) * y + label_smoothing / (K - 1) * (1 - y)
    return logits.softmax(1) - q


def smoothing_of_ones(logits, targets, label_smoothing):
    y = jax.nn.one_hot(targets, logits.shape[1]) + label_smoothing / logits.shape[1]
    return -(y * jax.nn.log_softmax(logits)).sum(1).mean()


def weights_at_every_class(logits, targets, class_weight):
    lp = log_softmax(logits, axis=1)
    g = (np.exp(lp) - np.eye(lp.shape[1])[targets]) * class_weight
    return -(class_weight[targets] * lp[np.arange(len(lp)), targets]).sum(), g


def weights_added_to_logits(logits, targets, class_weight):
    return F.cross_entropy(logits + torch.log(class_weight), targets)


def weights_times_probabilities(logits, targets, class_weight):
    p = right_softmax(logits, axis=1) * class_weight
    return -np.log(p[np.arange(len(p)), targets]).sum()


def padding_in_the_mean(logits, targets, ignore_index=-100):
    return F.cross_entropy(logits, targets, ignore_index=ignore_index, reduction="none").mean()


def padding_in_the_gradient_mean(logits, targets, pad=-1):
    keep = targets != pad
    lp = log_softmax(logits, axis=1)
    g = np.exp(lp) * keep[:, None]
    g[keep, targets[keep]] -= 1
    return -lp[keep, targets[keep]].mean(), g / len(g)


class _TwoLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, t):
        ctx.save_for_backward(z, t)
        return F.cross_entropy(z, t, reduction="sum")

    @staticmethod
    def backward(ctx, up):
        z, t = ctx.saved_tensors
        p = z.softmax(1)
        return up * (p - F.one_hot(t, z.shape[1])) * p, None


def function_with_extra_factor(logits, targets):
    return _TwoLosses.apply(logits, targets)


def detached_normaliser(logits, targets):
    norm = torch.logsumexp(logits, 1).detach()
    return (norm - logits.gather(1, targets[:, None])[:, 0]).mean()


@jax.custom_jvp
def custom_log_softmax(z):
    return jax.nn.log_softmax(z)


@custom_log_softmax.defjvp
def _custom_log_softmax_jvp(primals, tangents):
    (z,), (dz,) = primals, tangents
    return custom_log_softmax(z), dz * (1 - jax.nn.softmax(z))


def custom_rule_diagonal(logits, targets):
    return -custom_log_softmax(logits)[jnp.arange(len(targets)), targets].sum()


def jacobian_signs(z):
    p = right_softmax(z, axis=1)
    J = np.einsum("ni,nk->nik", p, p)
    for n in range(len(p)):
        J[n][np.diag_indices(p.shape[1])] = p[n] * (1 - p[n])
    return J


def jacobian_of_one_with_slip(z):
    s = np.exp(z - z.max())
    s = s / s.sum()
    return np.array([[s[i] * ((i == k) - s[i]) for k in range(len(s))] for i in range(len(s))])


def jacobian_columns(z):
    p = jax.nn.softmax(z)
    return p[:, None, :] * (jnp.eye(p.shape[1]) - p[:, None, :])


def hessian_of_lightgbm(logits, targets):
    p = logits.softmax(1)
    K = p.shape[1]
    return K / (K - 1) * p * (1 - p)


def hessian_doubled_diagonal(logits, targets):
    p = right_softmax(logits, axis=1)
    return np.array([np.diag(2 * r * (1 - r)) for r in p])


def hessian_negated(logits, targets):
    p = right_softmax(logits, axis=1)
    return p[:, :, None] * p[:, None, :] - p[:, :, None] * np.eye(p.shape[1])


def softmax_backward_rows_summed(g, p):
    return p * (g - torch.einsum("nk,nk->k", g, p))


def softmax_backward_plus(grad_output, output):
    dot = (grad_output * output).sum(axis=1)
    return output * (grad_output + dot[:, None])


def softmax_backward_logits(upstream, output):
    p = jax.nn.softmax(output)
    return p * (upstream - (upstream * p).sum(1, keepdims=True))


def softmax_backward_lost_keepdims(dout, out):
    return out * (dout - np.sum(dout * out, axis=1))


def log_softmax_backward_one_hot_habit(grad, log_p):
    return np.exp(log_p) + grad


def log_softmax_backward_no_sum(grad, log_p):
    return grad * (1 - torch.exp(log_p))


def linear_forgot_mean_of_weight(X, W, b, y):
    n = len(y)
    lp = log_softmax(X @ W.T + b, axis=1)
    d = np.exp(lp)
    d[np.arange(n), y] -= 1
    return -lp[np.arange(n), y].mean(), d.T @ X, d.mean(axis=0)


def linear_outer_of_sums(X, W, b, y):
    n = len(y)
    lp = log_softmax(X @ W.T + b, axis=1)
    d = np.exp(lp) - np.eye(len(b))[y]
    return -lp[np.arange(n), y].sum(), np.outer(d.sum(0), X.sum(0)), d.sum(0)


def linear_features_first_transposed(X, W, b, y):
    z = X @ W + b
    d = (z.softmax(1) - F.one_hot(y, len(b))) / len(y)
    return F.cross_entropy(z, y), d.T @ X, d.sum(0)


def linear_penalty_forgotten_in_gradient(X, W, b, y, reg=0.25):
    lp = log_softmax(X @ W.T + b, axis=1)
    n = len(y)
    d = (np.exp(lp) - np.eye(len(b))[y]) / n
    return -lp[np.arange(n), y].mean() + reg * (W * W).sum(), d.T @ X, d.sum(0)


def linear_penalty_over_n_in_gradient_alone(X, W, b, y, alpha=0.6):
    lp = log_softmax(X @ W.T + b, axis=1)
    n = len(y)
    d = (np.exp(lp) - np.eye(len(b))[y]) / n
    return -lp[np.arange(n), y].mean() + alpha / 2 * (W * W).sum(), d.T @ X + alpha / n * W, d.sum(0)


def linear_extra_derivative(X, W, b, y):
    p = right_softmax(X @ W.T + b, axis=1)
    d = (p - np.eye(len(b))[y]) * p * (1 - p) / len(y)
    return -np.log(p[np.arange(len(y)), y]).mean(), d.T @ X, d.sum(0)


def linear_bias_of_the_batch_only(X, W, b, y):
    z = F.linear(X, W, b)
    d = (z.softmax(-1) - F.one_hot(y, z.shape[1])) / len(y)
    return F.cross_entropy(z, y), d.T @ X, d.sum(0, keepdim=True).sum()


def hinge(logits, targets):
    own = logits[np.arange(len(logits)), targets][:, None]
    return np.maximum(0, 1 + logits - own).sum(axis=1).mean() - 1


def softmax_without_normaliser(z):
    return np.exp(z - z.max(axis=1, keepdims=True))
