"""Means of JAX arrays whose weights have any size, by the kernels and by the formulas, traced or not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings

import chainrule as cr
import weighted_means

WEIGHTS = ("sample_weight", "class_weight")
FEW = settings(max_examples=12)  # each is a program that XLA compiles


def _split(options):
    weights = {name: value for name, value in options.items() if name in WEIGHTS}
    return weights, {name: value for name, value in options.items() if name not in WEIGHTS}


def _traced(call, mean, dtype):
    """Trace a call of logits, targets and weights, all of which are then unknown to it."""
    weights, fixed = _split(mean.options)
    targets = jnp.array(mean.targets if mean.targets.ndim == 1 else mean.targets.astype(dtype))

    @jax.jit
    def program(logits, targets, weights):
        return call(logits, targets, **weights, **fixed)

    return program(jnp.array(mean.logits, dtype), targets, weights)


@FEW
@example(mean=weighted_means.UNUSED_CLASSES)
@given(mean=weighted_means.means())
@pytest.mark.usefixtures("jax_path", "x64")
def test_a_mean_is_right_whatever_the_sizes_of_its_weights_are(mean):
    eager = cr.cross_entropy_with_gradient(jnp.array(mean.logits), mean.targets, **mean.options)
    weighted_means.assert_close(*eager, mean, 1e-13)
    weighted_means.assert_close(*_traced(cr.cross_entropy_with_gradient, mean, np.float64), mean, 1e-13)


@FEW
@given(mean=weighted_means.means())
@pytest.mark.usefixtures("jax_path")
def test_weights_that_float32_cannot_hold_make_a_mean_where_jax_has_no_float64(mean):
    loss, gradient = cr.cross_entropy_with_gradient(
        jnp.array(mean.logits, jnp.float32), mean.targets, **mean.options
    )
    weighted_means.assert_close(loss, gradient, mean, 1e-5)


@FEW
@given(mean=weighted_means.means(sizes=(1e-40, 1e-30, 1.0, 1e30, 1e37), largest=1e38))
@pytest.mark.usefixtures("jax_path")
def test_traced_weights_of_float32_make_a_mean_whatever_their_sizes_are(mean):
    single = {name: np.float32(value) for name, value in _split(mean.options)[0].items()}
    rounded = weighted_means.Mean(mean.logits, mean.targets, mean.options | single)
    result = _traced(cr.cross_entropy_with_gradient, rounded, np.float32)
    weighted_means.assert_close(*result, rounded, 1e-5)


@FEW
@given(mean=weighted_means.means())
@pytest.mark.usefixtures("jax_path", "x64")
def test_the_other_means_take_weights_of_any_size_as_numpy_does(mean):
    z, v = jnp.array(mean.logits), jnp.array(mean.logits[::-1])
    head = z, jnp.eye(mean.logits.shape[1])
    pairs = [
        (cr.cross_entropy_hvp(z, v, mean.targets, **mean.options),
         cr.cross_entropy_hvp(mean.logits, mean.logits[::-1], mean.targets, **mean.options)),
        (cr.linear_cross_entropy(*head, mean.targets, **mean.options),
         cr.cross_entropy(mean.logits, mean.targets, **mean.options)),
        (cr.linear_cross_entropy_gauss_newton(*head, head[1], mean.targets, **mean.options)["weight"],
         cr.linear_cross_entropy_gauss_newton(
            mean.logits, np.eye(len(z[0])), np.eye(len(z[0])), mean.targets, **mean.options)["weight"]),
    ]  # fmt: skip
    for ours, wanted in pairs:
        np.testing.assert_allclose(ours, wanted, rtol=1e-12, atol=1e-13 * np.abs(wanted).max() + 1e-300)


@pytest.mark.parametrize("size", [1e-300, 1e307])
@pytest.mark.usefixtures("jax_path", "x64")
def test_the_derivative_by_a_weight_is_that_of_the_mean(size):
    logits, y = jnp.array([[1.0, 2.0], [0.5, -1.0]]), jnp.array([0, 1])
    row_losses = cr.cross_entropy(logits, y, reduction="none")
    slope = jax.jvp(
        lambda w: cr.cross_entropy(logits, y, sample_weight=w),
        (jnp.full(2, size),),
        (jnp.array([size, 0.0]),),
    )[1]
    np.testing.assert_allclose(slope, (row_losses[0] - row_losses[1]) / 4, rtol=1e-12)
