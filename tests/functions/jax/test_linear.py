"""The linear head of JAX arrays: what a call with all its logits gives, in blocks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.functions import jax as functions_for_jax
from chainrule.functions.jax import linear_blocks

pytestmark = pytest.mark.usefixtures("x64", "jax_path", "small_blocks")
GENERATOR = np.random.default_rng(0)
FEATURES, WEIGHT, BIAS = (GENERATOR.normal(size=size) for size in ((7, 4), (3, 4), (3,)))
TARGETS = np.array([0, 2, 1, 1, 0, -1, 2])
SAMPLES, CLASSES = np.array([1, 0.5, 2, 0, 1, 1, 1]), np.array([1.0, 2.0, 0.5])
ARGUMENTS = (FEATURES, WEIGHT, BIAS, SAMPLES, CLASSES)
OPTIONS = {"label_smoothing": 0.1, "temperature": 1.5, "ignore_index": -1}


@pytest.fixture
def small_blocks(monkeypatch):
    """Cut seven rows into blocks of three."""
    monkeypatch.setattr(linear_blocks, "_MOST_ROWS", 3)
    jax.clear_caches()
    yield
    jax.clear_caches()


def _with_all_logits(x, weight, bias, samples, classes, reduction="mean"):
    return cr.cross_entropy(
        jnp.asarray(x) @ weight.T + bias,
        TARGETS,
        sample_weight=samples,
        class_weight=classes,
        reduction=reduction,
        **OPTIONS,
    )


def _in_blocks(x, weight, bias, samples, classes, reduction="mean"):
    return functions_for_jax.linear_cross_entropy(
        x,
        weight,
        TARGETS,
        bias=bias,
        sample_weight=samples,
        class_weight=classes,
        reduction=reduction,
        **OPTIONS,
    )


def _assert_same(ours, theirs):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_loss_and_all_derivatives_are_those_of_a_call_with_all_logits(reduction):
    def both(loss):
        total = lambda *arguments: loss(*arguments, reduction=reduction).sum()  # noqa: E731
        return jax.jit(jax.value_and_grad(total, (0, 1, 2, 3, 4)))(*ARGUMENTS)

    _assert_same(both(_in_blocks), both(_with_all_logits))


def test_the_gradients_of_one_pass_are_those_that_are_asked_for():
    loss, gradients = functions_for_jax.linear_cross_entropy_with_gradient(
        jnp.array(FEATURES),
        WEIGHT,
        TARGETS,
        bias=BIAS,
        sample_weight=SAMPLES,
        class_weight=CLASSES,
        **OPTIONS,
    )
    assert list(gradients) == ["features", "weight", "bias"]
    expected = jax.value_and_grad(_with_all_logits, (0, 1, 2))(*ARGUMENTS)
    _assert_same((loss, tuple(gradients.values())), expected)
    one = functions_for_jax.linear_cross_entropy_with_gradient(
        jnp.array(FEATURES), WEIGHT, TARGETS, ignore_index=-1, wrt=["weight"]
    )
    assert list(one[1]) == ["weight"]


def test_second_derivatives_are_those_of_a_call_with_all_logits():
    def second(loss):
        return jax.jit(jax.hessian(lambda weight: loss(FEATURES, weight, *ARGUMENTS[2:])))(WEIGHT)

    _assert_same(second(_in_blocks), second(_with_all_logits))


def test_the_gauss_newton_product_is_the_second_derivative_of_a_linear_head():
    direction, bias_direction = WEIGHT[::-1], BIAS[::-1]
    product = functions_for_jax.linear_cross_entropy_gauss_newton(
        jnp.array(FEATURES), WEIGHT, direction, TARGETS, bias=BIAS, bias_direction=bias_direction,
        sample_weight=SAMPLES, class_weight=CLASSES, **OPTIONS,
    )  # fmt: skip

    def gradient(weight, bias):
        return jax.grad(_with_all_logits, (1, 2))(FEATURES, weight, bias, SAMPLES, CLASSES)

    expected = jax.jvp(gradient, (WEIGHT, BIAS), (direction, bias_direction))[1]
    _assert_same((product["weight"], product["bias"]), expected)


def test_no_rows_and_rows_of_weight_zero_give_nothing():
    loss, gradients = functions_for_jax.linear_cross_entropy_with_gradient(
        jnp.array(FEATURES)[:0], WEIGHT, TARGETS[:0]
    )
    assert loss == 0
    assert not gradients["weight"].any()
    broken = jnp.array(FEATURES).at[3].set(jnp.nan)
    ours = functions_for_jax.linear_cross_entropy_with_gradient(
        broken, WEIGHT, TARGETS, sample_weight=SAMPLES, ignore_index=-1
    )
    expected = functions_for_jax.linear_cross_entropy_with_gradient(
        jnp.array(FEATURES), WEIGHT, TARGETS, sample_weight=SAMPLES, ignore_index=-1
    )
    _assert_same(ours, expected)


def test_logits_never_exist_as_a_whole():
    rows, classes = 512, 64

    def loss(features, weight):
        return functions_for_jax.linear_cross_entropy(features, weight, jnp.zeros(rows, int))

    program = jax.jit(jax.value_and_grad(loss, (0, 1))).lower(jnp.ones((rows, 2)), jnp.ones((classes, 2)))
    text = program.as_text()
    assert f"3x{classes}x" in text
    assert f"{rows}x{classes}x" not in text
