"""Right functions of PyTorch tensors."""

import torch
import torch.nn.functional as F


def library_loss(logits, targets):
    return F.cross_entropy(logits, targets)


def losses_not_reduced(logits, targets):
    return F.cross_entropy(logits, targets, reduction="none")


def gathered_loss(logits, targets):
    return -torch.log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).squeeze(1).sum()


def gradient_by_autograd(logits, targets):
    leaf = logits.clone().requires_grad_(True)
    F.cross_entropy(leaf, targets, reduction="sum").backward()
    return leaf.grad


def loss_and_gradient(logits, targets):
    p = logits.softmax(-1)
    loss = torch.logsumexp(logits, -1).sub(logits[torch.arange(len(targets)), targets]).mean()
    return loss, (p - F.one_hot(targets, logits.shape[1])) / len(targets)


class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, t):
        log_p = z.log_softmax(1)
        ctx.save_for_backward(log_p.exp(), t)
        return -log_p[torch.arange(len(t)), t].mean()

    @staticmethod
    def backward(ctx, upstream):
        p, t = ctx.saved_tensors
        g = p.clone()
        g[torch.arange(len(t)), t] -= 1
        return upstream * g / len(t), None


def own_function_loss(logits, targets):
    return Own.apply(logits, targets)


def in_single_precision(logits, targets):
    return F.nll_loss(F.log_softmax(logits.float(), dim=1), targets)


module_loss = torch.nn.CrossEntropyLoss()
