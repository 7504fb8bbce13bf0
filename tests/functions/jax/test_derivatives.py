"""Derivatives of the functions of JAX arrays: by NumPy's gradients, by plain formulas, by the order of the error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr

pytestmark = pytest.mark.usefixtures("x64", "jax_path")
GENERATOR = np.random.default_rng(0)
LOGITS, DIRECTION = GENERATOR.normal(size=(2, 4, 3))
TARGETS = GENERATOR.random((4, 3))
WEIGHT = np.array([1.0, 0.5, 2.0, 0.0])
OPTIONS = {"label_smoothing": 0.1, "temperature": 1.5}


def _loss(logits, targets, weight, class_weight):
    return cr.cross_entropy(logits, targets, sample_weight=weight, class_weight=class_weight, **OPTIONS)


def _plain_loss(logits, targets, weight, class_weight):
    q = targets * 0.9 + 0.1 / 3
    losses = -(class_weight * q * jax.nn.log_softmax(logits / 1.5)).sum(-1)
    return (losses * weight).sum() / (weight * ((targets * class_weight).sum(-1) / targets.sum(-1))).sum()


# NumPy arrays, which JAX takes as float64 inside of the tests.
ARGUMENTS = (LOGITS, TARGETS, WEIGHT, np.array([1.0, 2.0, 0.5]))
ALL = (0, 1, 2, 3)


def _assert_same(ours, theirs):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_all_first_derivatives_are_those_of_the_plain_formula():
    _assert_same(jax.jit(jax.grad(_loss, ALL))(*ARGUMENTS), jax.grad(_plain_loss, ALL)(*ARGUMENTS))


def test_all_second_derivatives_are_those_of_the_plain_formula():
    ours = jax.jit(jax.jacfwd(jax.grad(_loss, ALL), ALL))(*ARGUMENTS)
    _assert_same(ours, jax.jit(jax.hessian(_plain_loss, ALL))(*ARGUMENTS))


@pytest.mark.parametrize("second", [jax.jacfwd, jax.jacrev])
@pytest.mark.parametrize("first", [jax.jacfwd, jax.jacrev])
def test_every_nesting_of_modes_gives_the_second_derivative(first, second):
    def loss(logits):
        return cr.cross_entropy(logits, jnp.array([0, 2, 1, 1]), temperature=1.5)

    product = cr.cross_entropy_hvp(LOGITS, DIRECTION, temperature=1.5)
    second_derivative = jax.jit(second(first(loss)))(ARGUMENTS[0])
    np.testing.assert_allclose(
        jnp.tensordot(second_derivative, DIRECTION, 2), product, rtol=1e-12, atol=1e-15
    )


def test_the_second_derivative_keeps_its_digits_on_a_confident_row():
    small = 4.248354255291589e-18
    second = jax.hessian(lambda z: cr.cross_entropy(z, jnp.array(0)))(jnp.array([40.0, 0.0]))
    np.testing.assert_allclose(second, [[small, -small], [-small, small]], rtol=1e-15)


def test_the_third_derivative_is_that_of_the_plain_formula():
    def third(loss):
        return jax.jit(jax.jacfwd(jax.hessian(lambda z: loss(z, *ARGUMENTS[1:]))))(ARGUMENTS[0])

    _assert_same(third(_loss), third(_plain_loss))


def test_derivatives_keep_their_rules_inside_a_scan():
    blocks = jnp.array(LOGITS).reshape(2, 2, 3)

    def loss(shift):
        def add(total, block):
            return total + cr.cross_entropy(block + shift, jnp.array([0, 1]), reduction="sum"), None

        return jax.lax.scan(add, 0.0, blocks)[0]

    second = jax.jit(jax.hessian(loss))(jnp.array([40.0, 0.0, 0.0]))
    expected = sum(
        jax.hessian(lambda z: cr.cross_entropy(z, jnp.array(0)))(row + jnp.array([40.0, 0.0, 0.0]))
        for row in ARGUMENTS[0]
    )
    np.testing.assert_allclose(second, expected, rtol=1e-12)


@pytest.mark.parametrize("axes", [(0, None), (2, 0), (None, 0)])
def test_vmap_over_any_axes_gives_what_one_call_for_each_gives(axes):
    many = np.stack([LOGITS, 2 * LOGITS, LOGITS + 1])
    targets = np.stack([TARGETS, TARGETS[::-1], TARGETS / 2])
    given = [
        jnp.array(one if axis is None else np.moveaxis(all_of_them, 0, axis))
        for one, all_of_them, axis in zip((LOGITS, TARGETS), (many, targets), axes, strict=True)
    ]
    losses, gradients = jax.vmap(jax.value_and_grad(cr.cross_entropy), in_axes=axes)(*given)
    for i in range(3):
        z = LOGITS if axes[0] is None else many[i]
        q = TARGETS if axes[1] is None else targets[i]
        loss, gradient = cr.cross_entropy_with_gradient(z, q)
        np.testing.assert_allclose(losses[i], loss, rtol=1e-14)
        np.testing.assert_allclose(gradients[i], gradient, rtol=1e-13, atol=1e-17)


def test_the_derivatives_of_the_softmax_family_are_those_of_jax_nn():
    pairs = ((cr.softmax, jax.nn.softmax), (cr.log_softmax, jax.nn.log_softmax),
             (cr.logsumexp, lambda z, axis: jax.nn.logsumexp(z, axis)))  # fmt: skip

    def second(functions):
        total = lambda z: sum((f(z, axis=0) ** 2).sum() for f in functions)  # noqa: E731
        return jax.jit(jax.hessian(total))(ARGUMENTS[0])

    _assert_same(second([ours for ours, _ in pairs]), second([theirs for _, theirs in pairs]))


def test_the_derivatives_of_the_other_losses_are_those_of_plain_formulas():
    def ours(z, y, weight):
        return cr.binary_cross_entropy(z, y, sample_weight=weight) + cr.squared_error(
            z, y, sample_weight=weight
        )

    def plain(z, y, weight):
        terms = jnp.logaddexp(0, z) - y * z + 0.5 * (z - y) ** 2
        return (weight * terms.sum(-1)).sum() / weight.sum()

    _assert_same(
        jax.jit(jax.hessian(ours, (0, 1, 2)))(*ARGUMENTS[:3]),
        jax.jit(jax.hessian(plain, (0, 1, 2)))(*ARGUMENTS[:3]),
    )
    small = 4.248354255291589e-18
    loss, gradient = cr.binary_cross_entropy_with_gradient(jnp.array([40.0]), jnp.array([1.0]))
    assert (float(loss), gradient.tolist()) == (small, [-small])


def test_products_with_the_second_derivative_are_those_of_numpy_arrays():
    options = {"sample_weight": WEIGHT, "class_weight": [1.0, 2.0, 0.5], **OPTIONS}
    ours = cr.cross_entropy_hvp(jnp.array(LOGITS), jnp.array(DIRECTION), jnp.array(TARGETS), **options)
    np.testing.assert_allclose(
        ours, cr.cross_entropy_hvp(LOGITS, DIRECTION, TARGETS, **options), rtol=1e-12, atol=1e-16
    )
    product = cr.softmax_vjp(jnp.array(LOGITS), jnp.array(DIRECTION) + 1e8, axis=0)
    np.testing.assert_allclose(product, cr.softmax_vjp(LOGITS, DIRECTION + 1e8, axis=0), rtol=1e-7)


def test_the_gradient_is_the_slope_of_the_loss_by_the_order_of_the_error():
    @jax.jit
    def along(step):
        return _loss(LOGITS + step * DIRECTION, *ARGUMENTS[1:])

    slope = jax.grad(along)(0.0)
    errors = [abs((along(h) - along(-h)) / (2 * h) - slope) for h in (0.1, 0.05)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)


def test_a_masked_class_and_one_that_stands_still_give_no_nan():
    logits = jnp.array([[-jnp.inf, 0.0, 0.0]])
    loss = lambda z, q, c: cr.cross_entropy(z, q, class_weight=c)  # noqa: E731
    q = jnp.array([[0.0, 1.0, 0.0]])
    gradients = jax.jit(jax.grad(loss, (0, 1, 2)))(logits, q, jnp.ones(3))
    assert all(jnp.isfinite(gradient).all() for gradient in gradients)
    certain = jnp.array([jnp.inf, 0.0])
    slope = jax.jvp(lambda z: cr.cross_entropy(z, jnp.array(1)), (certain,), (jnp.array([1.0, 2.0]),))[1]
    assert slope == -1
