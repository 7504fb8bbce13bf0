"""Losses and softmax of JAX arrays: by hand, against mpmath, edges, equality with NumPy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
import oracle
import regimes
import tolerance

DTYPES = (np.float32, np.float64)
SIZES = (1, 2, 17, 1000)
inf, nan = np.inf, np.nan


def _rows(size, dtype):
    return [next(regimes.rows(regime, dtype, (size,))) for regime in regimes.NAMES]


@pytest.mark.usefixtures("x64", "jax_path")
def test_a_confident_row_costs_what_it_costs_in_every_mode():
    logits, target = jnp.array([[40.0, 0.0]]), jnp.array([0])
    small = 4.248354255291589e-18
    loss, gradient = cr.cross_entropy_with_gradient(logits, target)
    assert float(loss) == small
    assert gradient.tolist() == [[-small, small]]
    of_loss = jax.grad(cr.cross_entropy)
    many = jax.vmap(of_loss)(logits[None], target[None])[0]
    for same in (of_loss(logits, target), jax.jit(of_loss)(logits, target), many):
        assert same.tolist() == [[-small, small]]
    assert jax.jvp(lambda z: cr.cross_entropy(z, target), (logits,), (jnp.eye(1, 2),))[1] == -small
    assert jax.grad(lambda z: -cr.log_softmax(z)[0])(logits[0]).tolist() == [-small, small]


@pytest.mark.parametrize("offset", [1e2, 1e8])
@pytest.mark.usefixtures("jax_path")
def test_a_common_offset_costs_log_two_to_two_ulp(offset):
    loss = cr.cross_entropy(jnp.full((1, 2), offset, jnp.float32), jnp.array([1]))
    assert abs(float(loss) - np.log(2)) <= 2 * np.spacing(np.float32(np.log(2)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.usefixtures("x64", "jax_path")
def test_loss_and_gradient_of_an_index_are_within_the_bar_of_the_truth(size, dtype):
    tiny = 2 * tolerance.smallest_normal(dtype)
    cases = [(row, y) for row in _rows(size, dtype) for y in (0, int(row.argmax()), int(row.argmin()))]
    losses, gradients = cr.cross_entropy_with_gradient(
        jnp.array([row for row, _ in cases]), jnp.array([y for _, y in cases]), reduction="none"
    )
    for (row, y), loss, gradient in zip(cases, losses.tolist(), np.asarray(gradients), strict=True):
        q = np.eye(size)[y]
        truth = oracle.cross_entropy(row, q)
        assert truth < tiny or oracle.relative_error(loss, truth) <= tolerance.loss_bound(row, dtype)
        bound = tolerance.gradient_bound(row, dtype)
        for value, true in zip(gradient, oracle.cross_entropy_gradient(row, q), strict=True):
            assert abs(true) < tiny or oracle.relative_error(value, true) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [1.0, 0.3])
@pytest.mark.usefixtures("x64", "jax_path")
def test_probability_targets_are_within_the_bar_of_the_truth(temperature, dtype):
    tiny = 2 * tolerance.smallest_normal(dtype)
    rows = np.array(_rows(17, dtype))
    targets = np.random.default_rng(3).dirichlet(np.full(17, 0.3), len(rows)).astype(dtype)
    losses, gradients = cr.cross_entropy_with_gradient(
        jnp.array(rows), jnp.array(targets), temperature=temperature, reduction="none"
    )
    for row, q, loss, gradient in zip(rows, targets, losses.tolist(), np.asarray(gradients), strict=True):
        true = oracle.cross_entropy(row, q, temperature)
        limit = tolerance.loss_bound(row, dtype, temperature) * true + tiny
        assert oracle.absolute_error(loss, true) <= limit
        p, exact = oracle.softmax(row, temperature), oracle.exact(q)
        bound = tolerance.gradient_bound(row, dtype, temperature) / temperature
        truth = oracle.cross_entropy_gradient(row, q, temperature)
        for k, value in enumerate(gradient):
            scale = p[k] * (sum(exact) - exact[k]) + exact[k] * (1 - p[k])
            assert oracle.absolute_error(value, truth[k]) <= bound * scale + tiny


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 1000])
@pytest.mark.usefixtures("x64", "jax_path")
def test_the_softmax_family_is_within_the_bar_of_the_truth(size, dtype):
    rows = np.array(_rows(size, dtype))
    tiny = 2 * tolerance.smallest_normal(dtype)
    results = (np.asarray(f(jnp.array(rows))) for f in (cr.softmax, cr.log_softmax, cr.logsumexp))
    for row, p, log_p, total in zip(rows, *results, strict=True):
        bound, log_bound = tolerance.gradient_bound(row, dtype), tolerance.loss_bound(row, dtype)
        for value, truth in zip(p, oracle.softmax(row), strict=True):
            assert truth < tiny or oracle.relative_error(value, truth) <= bound
        for value, truth in zip(log_p, oracle.log_softmax(row), strict=True):
            assert abs(truth) < tiny or oracle.relative_error(value, truth) <= log_bound
        truth = oracle.logsumexp(row)
        size_of_truth = max(abs(float(max(row))), float(truth - float(max(row))))
        assert oracle.absolute_error(total, truth) <= log_bound * size_of_truth


@pytest.mark.usefixtures("jax_path")
def test_the_sum_over_many_rows_is_that_of_float64_without_jax_having_it():
    logits = np.random.default_rng(0).normal(size=(100_000, 2)).astype(np.float32)
    logits[0] = 0, 2.0**24  # beside this loss float32 loses the others
    y = np.zeros(len(logits), int)
    truth = cr.cross_entropy(logits, y, reduction="sum")
    total = cr.cross_entropy(jnp.array(logits), y, reduction="sum")
    assert abs(float(total) - truth) <= np.spacing(np.float32(truth))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["index", "one-hot"])
@pytest.mark.usefixtures("x64", "jax_path")
def test_the_table_of_values_at_the_edge_holds_eagerly_and_jitted(kind, dtype):
    cases = [
        ([nan, 0, 0], 1, nan, [nan] * 3),
        ([inf, inf, 0], 0, nan, [nan] * 3),
        ([-inf, -inf, -inf], 0, nan, [nan] * 3),
        ([inf, 0, -inf], 0, 0, [0, 0, 0]),
        ([inf, 0, -inf], 1, inf, [1, -1, 0]),
        ([-inf, 0, 0], 0, inf, [-1, 0.5, 0.5]),
        ([-inf, 0, 0], 1, np.log(2), [0, -0.5, 0.5]),
        ([0, 0, -inf], 1, np.log(2), [0.5, -0.5, 0]),
    ]
    rows, indices, expected, expected_gradients = zip(*cases, strict=True)
    targets = jnp.array(indices) if kind == "index" else jnp.eye(3)[jnp.array(indices)]

    def both(logits, targets):
        loss, gradient = cr.cross_entropy_with_gradient(logits, targets, reduction="none")
        return (
            loss,
            gradient,
            jax.grad(lambda z: cr.cross_entropy(z, targets, reduction="none").sum())(logits),
        )

    for function in (both, jax.jit(both)):
        losses, gradients, same = function(jnp.array(rows, dtype), targets)
        np.testing.assert_allclose(losses, np.array(expected, dtype), rtol=1e-6)
        np.testing.assert_allclose(gradients, np.array(expected_gradients, dtype), rtol=1e-6)
        np.testing.assert_allclose(same, gradients, rtol=1e-6)


@pytest.mark.usefixtures("jax_path")
def test_one_infinite_logit_with_smoothing_mass_elsewhere_costs_infinity():
    logits = jnp.array([[inf, 0.0], [inf, -inf]])
    losses = cr.cross_entropy(logits, jnp.array([0, 0]), label_smoothing=0.1, reduction="none")
    assert losses.tolist() == [inf, 0]


@pytest.mark.parametrize(
    "options", [{"sample_weight": jnp.array([0.0, 1.0])}, {"ignore_index": 1}], ids=["weight", "ignored"]
)
@pytest.mark.usefixtures("jax_path")
def test_a_row_of_weight_zero_or_ignored_contributes_nothing_even_if_it_is_nan(options):
    logits, y = jnp.array([[nan, 0.0], [1.0, 2.0]]), jnp.array([1, 0])

    def loss(logits):
        return cr.cross_entropy(logits, y, **options)

    value, gradient = jax.value_and_grad(loss)(logits)
    assert value == cr.cross_entropy(logits[1:], y[1:])
    assert gradient[0].tolist() == [0, 0]
    assert jnp.isfinite(jax.jvp(loss, (logits,), (jnp.ones((2, 2)),))[1])
    assert jnp.isfinite(jax.hessian(loss)(logits)).all()


@pytest.mark.parametrize(("n_rows", "options"), [(0, {}), (2, {"sample_weight": jnp.zeros(2)})])
@pytest.mark.usefixtures("jax_path")
def test_nothing_to_average_gives_zero(n_rows, options):
    loss, gradient = cr.cross_entropy_with_gradient(
        jnp.full((n_rows, 2), nan), jnp.ones(n_rows, int), **options
    )
    assert loss == 0.0
    assert (gradient == 0).all()


@pytest.mark.usefixtures("jax_path")
def test_wrong_values_under_jit_make_their_row_nan():
    @jax.jit
    def losses(targets, weight):
        return cr.cross_entropy_with_gradient(
            jnp.zeros((4, 2)), targets, sample_weight=weight, reduction="none"
        )

    loss, gradient = losses(jnp.array([0, 2, -1, 0]), jnp.array([1.0, 1.0, 1.0, -1.0]))
    np.testing.assert_array_equal(jnp.isnan(loss), [False, True, True, True])
    np.testing.assert_array_equal(jnp.isnan(gradient).all(1), [False, True, True, True])
    assert jnp.isfinite(gradient[0]).all()
    targets = jnp.array([[0.5, 0.5], [0.5, -0.1], [nan, 1.0], [inf, 0.0]])
    loss, gradient = losses(targets, jnp.ones(4))
    np.testing.assert_array_equal(jnp.isnan(loss), [False, True, True, True])
    np.testing.assert_array_equal(jnp.isnan(gradient).all(1), [False, True, True, True])


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
@pytest.mark.usefixtures("jax_path")
def test_half_precision_is_computed_in_float32_and_rounded_once(dtype):
    logits = jnp.array([[1.0, 2.0, 3.0]], dtype)
    loss, gradient = cr.cross_entropy_with_gradient(logits, jnp.array([0]))
    wide_loss, wide_gradient = cr.cross_entropy_with_gradient(logits.astype(jnp.float32), jnp.array([0]))
    assert (loss.dtype, gradient.dtype) == (dtype, dtype)
    assert loss == wide_loss.astype(dtype)
    np.testing.assert_array_equal(gradient, wide_gradient.astype(dtype))


@pytest.mark.usefixtures("kernels_for_jax", "x64")
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_kernels_give_the_bits_of_the_call_with_numpy_arrays(dtype):
    generator = np.random.default_rng(1)
    logits = (generator.normal(size=(2, 40, 33)) * 5).astype(dtype)
    y, q = generator.integers(33, size=(2, 40)), generator.random((2, 40, 33)).astype(dtype)
    options = {"class_weight": generator.random(33), "label_smoothing": 0.1, "temperature": 1.7}
    calls = [(y, {}), (y, {"reduction": "none"}), (y, {"ignore_index": 3}), (q, {"reduction": "sum"}),
             (q, {"reduction": "none", **options}), (y, {"reduction": "sum", **options})]  # fmt: skip
    for targets, arguments in calls:
        loss, gradient = cr.cross_entropy_with_gradient(logits, targets, **arguments)
        ours, our_gradient = cr.cross_entropy_with_gradient(
            jnp.array(logits), jnp.array(targets), **arguments
        )
        np.testing.assert_array_equal(ours, np.asarray(loss, dtype))
        np.testing.assert_array_equal(our_gradient, gradient)
    for function in (cr.softmax, cr.log_softmax, cr.logsumexp):
        np.testing.assert_array_equal(function(jnp.array(logits), axis=1), function(logits, axis=1))


@pytest.mark.usefixtures("kernels_for_jax")
def test_subnormal_results_are_not_flushed_by_the_modes_of_the_threads_of_xla():
    logits = np.float32([[0.0, -95.0]])
    assert 0 < cr.softmax(logits)[0, 1] < tolerance.smallest_normal(np.float32)
    np.testing.assert_array_equal(np.asarray(cr.softmax(jnp.array(logits))), cr.softmax(logits))


@pytest.mark.parametrize("temperature", [1e-40, 1e35])
@pytest.mark.usefixtures("jax_path")
def test_extreme_temperatures_give_the_truth(temperature):
    row = np.float32([1.0, 1.0, 0.5])
    loss = cr.cross_entropy(jnp.array(row), jnp.array(0), temperature=temperature)
    np.testing.assert_allclose(loss, cr.cross_entropy(row, 0, temperature=temperature), rtol=1e-6)
