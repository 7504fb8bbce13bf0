"""Second derivatives and the linear head by the kernels: NumPy's bits, and the formulas' results when transformed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule.functions.jax import foreign

pytestmark = pytest.mark.usefixtures("kernels_for_jax", "x64")
GENERATOR = np.random.default_rng(0)
LOGITS, DIRECTION = (3 * GENERATOR.normal(size=(6, 5)) for _ in range(2))
FEATURES, WEIGHT, BIAS = (GENERATOR.normal(size=size) for size in ((6, 4), (5, 4), (5,)))
INDICES, MASSES = np.array([0, 4, 1, -1, 2, 2]), GENERATOR.dirichlet(np.ones(5), 6)
SAMPLES, CLASSES = np.array([1, 0.5, 2, 3, 0, 1]), np.array([1.0, 2.0, 0.5, 3.0, 1.0])
OPTIONS = {"sample_weight": SAMPLES, "class_weight": CLASSES, "label_smoothing": 0.1, "temperature": 1.5}


def _vjp(z, v):
    return cr.softmax_vjp(z, v, axis=0)


def _hvp(z, v):
    return cr.cross_entropy_hvp(z, v, jnp.array(MASSES), **OPTIONS)


def _hvp_of_indices(z, v):
    return cr.cross_entropy_hvp(z, v, jnp.array(INDICES), ignore_index=-1, reduction="sum")


def _loss(x, weight):
    return cr.linear_cross_entropy(x, weight, jnp.array(MASSES), bias=BIAS, **OPTIONS)


def _losses(x, weight):
    return cr.linear_cross_entropy(x, weight, jnp.array(INDICES), ignore_index=-1, reduction="none")


def _gradients(x, weight):
    return cr.linear_cross_entropy_with_gradient(
        x, weight, jnp.array(INDICES), bias=BIAS, ignore_index=-1, **OPTIONS
    )


def _gauss_newton(x, weight):
    return cr.linear_cross_entropy_gauss_newton(
        x, weight, weight, jnp.array(INDICES), ignore_index=-1, class_weight=CLASSES
    )


FUNCTIONS = {
    _vjp: (LOGITS, DIRECTION),
    _hvp: (LOGITS, DIRECTION),
    _hvp_of_indices: (LOGITS, DIRECTION),
    _loss: (FEATURES, WEIGHT),
    _losses: (FEATURES, WEIGHT),
    _gradients: (FEATURES, WEIGHT),
    _gauss_newton: (FEATURES, WEIGHT),
}


def _flat(function):
    """Return the sum of the results, each times numbers of its own."""

    def of_all(*arrays):
        results = jax.tree.leaves(function(*arrays))
        return sum(
            (result * jnp.cos(jnp.arange(result.size).reshape(result.shape))).sum() for result in results
        )

    return of_all


def _many(function, arrays):
    batches = [jnp.stack([array, 2 * array]) for array in arrays]
    return jax.vmap(function)(*batches), jax.vmap(function, (0, None))(batches[0], arrays[1])


TRANSFORMS = {
    "jit": lambda function, arrays: jax.jit(function)(*arrays),
    "vmap": _many,
    "jvp": lambda function, arrays: jax.jvp(function, arrays, tuple(jnp.cos(a) for a in arrays)),
    "grad": lambda function, arrays: jax.grad(_flat(function), (0, 1))(*arrays),
    "vmap of grad": lambda function, arrays: _many(jax.grad(_flat(function), (0, 1)), arrays),
    "jvp of grad": lambda function, arrays: jax.jvp(
        jax.grad(_flat(function), (0, 1)), arrays, tuple(jnp.cos(a) for a in arrays)
    ),
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__.strip("_"))
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_transformation_gives_what_it_gives_with_the_formulas(transform, function, monkeypatch):
    arrays = tuple(map(jnp.array, FUNCTIONS[function]))
    by_kernels = TRANSFORMS[transform](function, arrays)
    monkeypatch.setattr(foreign, "formulas_reason", lambda: "the test wants the formulas")
    by_formulas = TRANSFORMS[transform](function, arrays)
    for ours, theirs in zip(jax.tree.leaves(by_kernels), jax.tree.leaves(by_formulas), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__.strip("_"))
def test_what_has_kernels_is_computed_by_them(function):
    program = jax.jit(function).lower(*map(jnp.array, FUNCTIONS[function])).as_text()
    assert "chainrule_softmax_jacobian" in program or "chainrule_linear_cross_entropy" in program


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_are_those_of_the_calls_with_numpy_arrays(dtype):
    z, v = (GENERATOR.normal(size=(2, 40, 33)).astype(dtype) for _ in range(2))
    on_jax = jnp.array(z), jnp.array(v)
    y = GENERATOR.integers(33, size=(2, 40))
    np.testing.assert_array_equal(cr.softmax_vjp(*on_jax, axis=1), cr.softmax_vjp(z, v, axis=1))
    for options in ({}, {"temperature": 0.7, "ignore_index": 3}):
        np.testing.assert_array_equal(
            cr.cross_entropy_hvp(*on_jax, y, reduction="sum", **options),
            cr.cross_entropy_hvp(z, v, y, reduction="sum", **options),
        )
        head = z, v[0, :20]
        ours = cr.linear_cross_entropy_with_gradient(
            *map(jnp.array, head), y % 20, reduction="none", **options
        )
        wanted = cr.linear_cross_entropy_with_gradient(*head, y % 20, reduction="none", **options)
        for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(wanted), strict=True):
            np.testing.assert_array_equal(a, b)


def test_rows_that_do_not_count_are_zero_and_wrong_targets_nan_under_jit():
    z = jnp.array([[np.nan, 0.0], [1.0, 2.0], [0.5, 0.0]])

    @jax.jit
    def products(targets, weight):
        options = {"sample_weight": weight, "reduction": "none"}
        losses = cr.linear_cross_entropy(z, jnp.eye(2), targets, **options)
        return cr.cross_entropy_hvp(z, jnp.ones((3, 2)) * jnp.arange(2), targets, **options), losses

    for targets in (jnp.array([0, 1, 2]), jnp.array([[1.0, 0.0], [0.0, 1.0], [-0.5, 1.0]])):
        curve, losses = products(targets, jnp.array([0.0, 1.0, 1.0]))
        assert curve[0].tolist() == [0, 0]
        assert losses[0] == 0
        assert np.isfinite(curve[1]).all()
        assert np.isfinite(losses[1])
        assert np.isnan(curve[2]).all()
        assert np.isnan(losses[2])


def test_a_row_without_mass_has_no_curve_unless_it_is_nan():
    z = jnp.array([[np.nan, 0.0], [1.0, 2.0]])
    curve = cr.cross_entropy_hvp(z, jnp.array([[0.0, 1.0]] * 2), jnp.zeros((2, 2)), reduction="sum")
    assert np.isnan(curve[0]).all()
    assert curve[1].tolist() == [0, 0]
