"""Means of tensors whose weights have any size: by the kernels, by the formulas of other devices, under vmap."""

import numpy as np
import pytest
import torch
from hypothesis import example, given

import chainrule as cr
import weighted_means
from chainrule.functions.pytorch import devices


@pytest.fixture(params=["kernels", "formulas"])
def where(request, monkeypatch):
    """Compute as on the CPU, and as on other devices."""
    if request.param == "formulas":
        monkeypatch.setattr(devices, "has_kernels", lambda _: False)


def _tensors(mean):
    options = {
        name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in mean.options.items()
    }
    return torch.from_numpy(mean.logits), torch.from_numpy(mean.targets), options


@pytest.mark.usefixtures("where")
@example(mean=weighted_means.UNUSED_CLASSES)
@given(mean=weighted_means.means())
def test_a_mean_is_right_whatever_the_sizes_of_its_weights_are(mean):
    logits, targets, options = _tensors(mean)
    loss, gradient = cr.cross_entropy_with_gradient(logits, targets, **options)
    weighted_means.assert_close(loss, gradient, mean, 1e-13)


@pytest.mark.usefixtures("where")
@given(mean=weighted_means.means())
def test_a_mean_under_vmap_is_right_whatever_the_sizes_of_its_weights_are(mean):
    logits, targets, options = _tensors(mean)

    def one(logits, targets):
        return cr.cross_entropy_with_gradient(logits, targets, **options)

    losses, gradients = torch.func.vmap(one)(logits[None], targets[None])
    weighted_means.assert_close(losses[0], gradients[0], mean, 1e-13)


@pytest.mark.usefixtures("where")
@given(mean=weighted_means.means())
def test_a_second_derivative_of_a_mean_is_that_of_numpys_path(mean):
    logits, targets, options = _tensors(mean)
    wanted = cr.cross_entropy_hvp(mean.logits, mean.logits[::-1], mean.targets, **mean.options)
    limits = {"rtol": 1e-12, "atol": 1e-13 * np.abs(wanted).max() + 1e-300}

    def one(logits, direction, targets):
        return cr.cross_entropy_hvp(logits, direction, targets, **options)

    direction = logits.flip(0)
    np.testing.assert_allclose(one(logits, direction, targets), wanted, **limits)
    batched = torch.func.vmap(one)(logits[None], direction[None], targets[None])[0]
    np.testing.assert_allclose(batched, wanted, **limits)


@pytest.mark.usefixtures("where")
def test_the_derivative_by_soft_targets_does_not_depend_on_the_size_of_the_class_weights():
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]], dtype=torch.float64)
    targets = torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]], dtype=torch.float64, requires_grad=True)

    def slope(size):
        weights = size * torch.tensor([1.0, 3.0, 0.5], dtype=torch.float64)
        return torch.autograd.grad(cr.cross_entropy(logits, targets, class_weight=weights), targets)[0]

    for size in (1e-300, 1e307):
        torch.testing.assert_close(slope(size), slope(1.0), rtol=1e-12, atol=0)
