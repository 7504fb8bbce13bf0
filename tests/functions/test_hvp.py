"""cross_entropy_hvp: by hand, laws, slopes of the gradient, against mpmath, edges, refusals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
import oracle
import regimes
import tolerance
from chainrule.errors import ArgumentError, ArgumentTypeError

pytestmark = pytest.mark.usefixtures("path")
DTYPES = (np.float32, np.float64)
inf, nan = np.inf, np.nan


def _one_hot(indices, n_classes, dtype=np.float64):
    return np.eye(n_classes, dtype=dtype)[np.asarray(indices)]


def test_the_second_derivative_of_two_equal_logits_is_a_quarter():
    product = cr.cross_entropy_hvp([[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 2.0]], [0, 1])
    assert product.tolist() == [[0.125, -0.125], [-0.25, 0.25]]


def test_a_confident_row_keeps_its_digits():
    product = cr.cross_entropy_hvp([[40.0, 0.0]], [[1.0, 0.0]], [0])
    assert product.tolist() == [[4.248354255291589e-18, -4.248354255291589e-18]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [1.0, 0.3, 7.0])
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_every_entry_is_within_the_bar_of_the_truth(regime, temperature, dtype):
    for number, row in enumerate(regimes.rows(regime, dtype, (1, 2, 3, 7, 17, 33))):
        v = np.random.default_rng(number).normal(size=len(row)).astype(dtype)
        q = np.linspace(0.5, 1.5, len(row)).astype(dtype)
        scale = float(q.astype(np.float64).sum()) / temperature**2
        truth, sizes = oracle.softmax_jacobian(row, v, temperature)
        bound = tolerance.jacobian_bound(row, dtype, temperature) * scale
        values = cr.cross_entropy_hvp(row, v, q, temperature=temperature)
        for value, true, size in zip(values, truth, sizes, strict=True):
            allowed = bound * float(size) + (1 + scale) * tolerance.smallest_normal(dtype)
            assert oracle.absolute_error(value, true * scale) <= allowed


@pytest.mark.parametrize("targets", ["index", "soft"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_product_is_the_slope_of_the_gradient_by_the_order_of_the_error(targets, reduction, masked):
    generator = np.random.default_rng(5)
    logits, v, u = generator.normal(size=(3, 4, 5))
    y = np.array([1, 4, 3, 1]) if targets == "index" else generator.random((4, 5))
    if masked:
        logits[1, 2] = logits[2, 0] = -inf
        y = y if targets == "index" else y * np.isfinite(logits)
    options = {
        "sample_weight": [1, 2, 0.5, 0], "class_weight": [1, 2, 3, 4, 5], "label_smoothing": 0.1,
        "temperature": 1.7, "reduction": reduction,
    }  # fmt: skip

    def slope(step):
        ends = (cr.cross_entropy_with_gradient(logits + h * v, y, **options)[1] for h in (step, -step))
        return np.subtract(*ends) / (2 * step)

    result = cr.cross_entropy_hvp(logits, v, y, **options)
    errors = [abs(((slope(h) - result) * u).sum()) for h in (0.1, 0.05)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(1, 30))
def test_the_second_derivative_is_symmetric_and_ignores_a_shift_of_the_direction(dtype, seed, n_classes):
    generator = np.random.default_rng(seed)
    logits = (generator.normal(size=(3, n_classes)) * generator.choice([1, 10])).astype(dtype)
    u, v = (generator.integers(-8, 9, size=(2, 3, n_classes)) / 4).astype(dtype)
    y, weight = generator.integers(n_classes, size=3), generator.random(3)
    by_u, by_v, shifted = (
        cr.cross_entropy_hvp(logits, d, y, sample_weight=weight).astype(np.float64)
        for d in (u, v, v + dtype(64))
    )
    size = tolerance.jacobian_bound(logits[0], dtype) + 400 * tolerance.unit_roundoff(dtype)
    assert abs((u * by_v).sum() - (v * by_u).sum()) <= 8 * size
    assert np.abs(by_v.sum(axis=1)).max() <= 4 * size
    np.testing.assert_allclose(shifted, by_v, atol=8 * size)


def test_without_targets_every_row_has_mass_one():
    logits, v = np.random.default_rng(0).normal(size=(2, 5, 4))
    y = np.arange(5) % 4
    for options in ({}, {"sample_weight": [1, 2, 0, 1, 1]}, {"temperature": 0.5, "reduction": "sum"}):
        expected = cr.cross_entropy_hvp(logits, v, y, **options)
        np.testing.assert_array_equal(cr.cross_entropy_hvp(logits, v, **options), expected)
        np.testing.assert_array_equal(
            cr.cross_entropy_hvp(logits, v, label_smoothing=0.2, **options), expected
        )


def test_index_targets_equal_one_hot_rows_with_every_option():
    generator = np.random.default_rng(1)
    logits, v, y = *generator.normal(size=(2, 5, 4)), np.array([0, 3, 1, 1, 2])
    logits[1, 0] = -inf
    for smoothing, temperature, weights in product((0.0, 0.2), (1.0, 2.5), (None, [0.5, 2, 0, 3])):
        options = {"label_smoothing": smoothing, "temperature": temperature, "class_weight": weights}
        options["sample_weight"] = [1, 0.5, 2, 0, 1]
        result = cr.cross_entropy_hvp(logits, v, y, **options)
        np.testing.assert_allclose(
            result, cr.cross_entropy_hvp(logits, v, _one_hot(y, 4), **options), rtol=1e-13
        )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weight_two_equals_the_row_twice(reduction):
    logits, v = np.random.default_rng(0).normal(size=(2, 3, 4))
    y, twice = np.array([0, 3, 1]), [0, 1, 1, 2]
    options = {"class_weight": [1, 2, 3, 4], "reduction": reduction}
    result = cr.cross_entropy_hvp(logits, v, y, sample_weight=[1, 2, 1], **options)
    repeated = cr.cross_entropy_hvp(logits[twice], v[twice], y[twice], **options)
    np.testing.assert_allclose(result[1], repeated[1:3].sum(0), rtol=1e-14)


def test_a_masked_class_equals_its_removal():
    logits, v = np.random.default_rng(3).normal(size=(2, 3, 6))
    masked, directions = np.insert(logits, 2, -inf, axis=1), np.insert(v, 2, 1e9, axis=1)
    for smoothing in (0.0, 0.3):
        expected = cr.cross_entropy_hvp(logits, v, [0, 1, 2], label_smoothing=smoothing)
        result = cr.cross_entropy_hvp(masked, directions, [0, 1, 3], label_smoothing=smoothing)
        assert (result[:, 2] == 0).all()
        np.testing.assert_allclose(np.delete(result, 2, axis=1), expected, rtol=1e-12)


def test_any_leading_shape_and_half_precision_are_served():
    logits, v = np.random.default_rng(0).normal(size=(2, 2, 3, 4)).astype(np.float16)
    y = np.array([[0, 1, 2], [3, 0, 1]])
    result = cr.cross_entropy_hvp(logits, v, y)
    flat = cr.cross_entropy_hvp(*(a.reshape(6, 4).astype(np.float32) for a in (logits, v)), y.reshape(6))
    assert result.dtype == np.float16
    np.testing.assert_array_equal(result, flat.astype(np.float16).reshape(2, 3, 4))
    assert cr.cross_entropy_hvp(np.zeros((0, 3)), np.zeros((0, 3)), []).shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_without_a_value_are_nan_alone(dtype):
    logits = np.array([[nan, 0, 0], [inf, inf, 0], [-inf] * 3, [0, 1, 2], [inf, 0, -inf], [0, 1, 2]], dtype)
    v = np.array([[1, 2, 3]] * 3 + [[inf, 0, 0], [1, 2, 3], [1, 2, 3]], dtype)
    for targets in (np.array([1, 0, 0, 0, 1, 2]), _one_hot([1, 0, 0, 0, 1, 2], 3), None):
        result = cr.cross_entropy_hvp(logits, v, targets)
        assert np.isnan(result[:4]).all()
        np.testing.assert_array_equal(result[4], 0)
        assert np.isfinite(result[5]).all()
        assert result[5].any()


def test_a_row_of_weight_zero_or_ignored_is_zero_even_if_it_is_nan():
    logits, v = np.array([[nan, 0.0], [1.0, 2.0]]), np.array([[nan, inf], [1.0, 2.0]])
    reference = cr.cross_entropy_hvp([[1.0, 2.0]], [[1.0, 2.0]], [0])
    for y, options in (
        ([1, 0], {"sample_weight": [0, 1]}),
        ([-100, 0], {"ignore_index": -100}),
        ([-100, 0], {"ignore_index": -100, "class_weight": [1, 1], "label_smoothing": 0.2}),
        (_one_hot([1, 0], 2), {"sample_weight": [0, 1]}),
        (None, {"sample_weight": [0, 1]}),
    ):
        np.testing.assert_array_equal(cr.cross_entropy_hvp(logits, v, y, **options), [[0, 0], reference[0]])


def test_targets_without_mass_leave_a_nan_row_nan_and_others_zero():
    logits, v = np.array([[nan, 0.0], [1.0, 2.0], [1.0, 2.0]]), np.array([[1.0, 2.0]] * 3)
    for targets in (np.array([1, 1, 0]), _one_hot([1, 1, 0], 2)):
        result = cr.cross_entropy_hvp(logits, v, targets, class_weight=[1, 0])
        assert np.isnan(result[0]).all()
        np.testing.assert_array_equal(result[1], [0, 0])
        assert result[2].any()


@pytest.mark.parametrize(
    ("n_rows", "options"),
    [(0, {}), (2, {"sample_weight": [0, 0]}), (2, {"ignore_index": 1}), (2, {"class_weight": [0, 0]})],
)
def test_nothing_to_average_gives_zeros(n_rows, options):
    logits = np.ones((n_rows, 2))
    result = cr.cross_entropy_hvp(logits, logits, np.ones(n_rows, int), **options)
    np.testing.assert_array_equal(result, np.zeros((n_rows, 2)))


@pytest.mark.parametrize("weight", [1e-310, 1e-300, 1e300])
def test_the_mean_does_not_depend_on_the_size_of_the_weights(weight):
    expected = cr.cross_entropy_hvp([[4.0, 0.0]], [[1.0, 0.0]], [0])
    result = cr.cross_entropy_hvp([[4.0, 0.0]], [[1.0, 0.0]], [0], sample_weight=[weight])
    np.testing.assert_allclose(result, expected, rtol=1e-15)


@pytest.mark.parametrize("temperature", [1e-40, 1e-20, 1e20, 1e40, 1e150])
@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_temperatures_are_divided_by_twice(dtype, temperature):
    logits = np.array([[0, 0, -inf]], dtype)
    result = cr.cross_entropy_hvp(logits, np.array([[1, -1, 1]], dtype), temperature=temperature)
    expected = np.array([[0.5, -0.5, 0]]) / temperature / temperature
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(result, expected.astype(dtype), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"direction": np.zeros((2, 3))},
            ArgumentError,
            r"direction has the shape of the logits, \(2, 2\); got",
        ),
        ({"direction": [["a", "b"]] * 2}, ArgumentTypeError, "direction holds numbers; got dtype <U1"),
        ({"logits": [[1, 2], [3, 4]]}, ArgumentTypeError, "logits are float16, .* got dtype int64"),
        ({"targets": [0, 2]}, ArgumentError, r"class indices from 0 to 1; got targets\[1\] = 2"),
        ({"targets": [0]}, ArgumentError, r"targets have shape \(2,\)"),
        ({"targets": [[0.5, 0.5], [1.0, -0.1]]}, ArgumentError, r"targets\[1, 1\] = -0.1"),
        ({"sample_weight": [1, -1]}, ArgumentError, r"sample_weight\[1\] = -1"),
        ({"class_weight": [1, nan]}, ArgumentError, r"class_weight\[1\] = nan"),
        (
            {"targets": None, "class_weight": [1, 2]},
            ArgumentError,
            "class_weight goes with targets; got class_weight",
        ),
        (
            {"targets": None, "ignore_index": 1},
            ArgumentError,
            "ignore_index goes with targets; got ignore_index",
        ),
        ({"label_smoothing": 2}, ArgumentError, "label_smoothing is from 0 to 1"),
        ({"temperature": -1}, ArgumentError, "temperature is a positive normal number"),
        ({"temperature": "hot"}, ArgumentTypeError, "temperature is a number; got 'hot'"),
        ({"reduction": "avg"}, ArgumentError, "reduction is 'mean', 'sum' or 'none'"),
        ({"n_threads": 0}, ArgumentError, "n_threads"),
    ],
)
def test_arguments_outside_their_domain_are_refused(change, error, message):
    arguments = {"logits": np.zeros((2, 2)), "direction": np.ones((2, 2)), "targets": [0, 1], **change}
    with pytest.raises(error, match=message):
        cr.cross_entropy_hvp(**arguments)


@pytest.mark.parametrize("size", [1e308, 1e-310])
def test_no_size_of_the_class_weights_changes_a_mean(size):
    logits = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]])
    wanted = cr.cross_entropy_hvp(logits, logits, [1, 2])
    for label_smoothing in (0.0, 0.1):
        product = cr.cross_entropy_hvp(
            logits, logits, [1, 2], class_weight=[size] * 3, label_smoothing=label_smoothing
        )
        np.testing.assert_allclose(product, wanted, rtol=1e-12)
