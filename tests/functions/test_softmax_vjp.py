"""softmax_vjp: by hand, against mpmath, laws, slopes, edges, refusals."""

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


def _sizes_of_errors(row, direction):
    """The absolute bound of each entry: a factor of p_k sum_j p_j |v_k - v_j|."""
    factor = tolerance.jacobian_bound(row, row.dtype)
    return np.array([factor * float(size) for size in oracle.softmax_jacobian(row, direction)[1]])


def test_two_equal_logits_halve_the_difference():
    assert cr.softmax_vjp([[7.0, 7.0]], [[1.0, 3.0]]).tolist() == [[-0.5, 0.5]]


def test_a_confident_row_keeps_its_digits_whatever_is_added_to_the_cotangent():
    for offset in (0.0, 1e3, -1e9):
        product = cr.softmax_vjp([40.0, 0.0], [offset, offset + 1])
        assert product.tolist() == [-4.248354255291589e-18, 4.248354255291589e-18]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_every_entry_is_within_the_bar_of_the_truth(regime, dtype):
    for number, row in enumerate(regimes.rows(regime, dtype)):
        generator = np.random.default_rng(number)
        outlier = np.arange(len(row))
        outlier[int(row.argmax())] = 10**6
        for direction in (
            generator.normal(size=len(row)),
            1e5 + generator.integers(3, size=len(row)),
            outlier,
        ):
            v = direction.astype(dtype)
            truth, sizes = oracle.softmax_jacobian(row, v)
            bound = tolerance.jacobian_bound(row, dtype)
            for value, true, size in zip(cr.softmax_vjp(row, v), truth, sizes, strict=True):
                allowed = bound * float(size) + 2 * tolerance.smallest_normal(dtype)
                assert oracle.absolute_error(value, true) <= allowed


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(1, 40))
def test_the_laws_of_the_jacobian_hold(dtype, seed, n_classes):
    generator = np.random.default_rng(seed)
    row = (generator.normal(size=n_classes) * generator.choice([1, 10, 40])).astype(dtype)
    u, v = (generator.integers(-8, 9, size=(2, n_classes)) / 4).astype(dtype)
    by_u, by_v = (cr.softmax_vjp(row, direction).astype(np.float64) for direction in (u, v))
    error_u, error_v = _sizes_of_errors(row, u), _sizes_of_errors(row, v)
    tiny = n_classes * tolerance.smallest_normal(dtype)
    assert abs(u @ by_v - v @ by_u) <= np.abs(u) @ error_v + np.abs(v) @ error_u + 4 * tiny  # symmetric
    assert abs(by_v.sum()) <= error_v.sum() + 4 * tiny  # no gradient along a shift of the logits
    combined = cr.softmax_vjp(row, 2 * u - v)  # exact in the dtype
    allowed = _sizes_of_errors(row, 2 * u - v) + 2 * error_u + error_v + 4 * tiny
    assert (np.abs(combined - (2 * by_u - by_v)) <= allowed).all()  # linear
    assert u @ cr.softmax_vjp(row, u) >= -np.abs(u) @ error_u - 4 * tiny  # positive semidefinite


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(1, 40))
def test_a_constant_added_to_the_cotangent_changes_nothing(dtype, seed, n_classes):
    generator = np.random.default_rng(seed)
    row = generator.normal(scale=5, size=n_classes).astype(dtype)
    v = (generator.integers(-32, 33, size=n_classes) / 8).astype(dtype)
    difference = cr.softmax_vjp(row, v + dtype(1024)).astype(np.float64) - cr.softmax_vjp(row, v)
    assert (np.abs(difference) <= 2 * _sizes_of_errors(row, v) + tolerance.smallest_normal(dtype)).all()
    assert (cr.softmax_vjp(row, np.full(n_classes, 3.7, dtype)) == 0).all()


def test_the_product_is_the_slope_of_the_softmax_by_the_order_of_the_error():
    z, v, g = np.random.default_rng(5).normal(size=(3, 4, 6))
    errors = []
    for step in (0.1, 0.05):
        difference = cr.softmax(z + step * v) - cr.softmax(z - step * v)
        errors.append(abs(((difference / (2 * step) - cr.softmax_vjp(z, v)) * g).sum()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_a_jacobian_column_by_column_is_that_of_the_plain_formula():
    z = np.random.default_rng(0).normal(size=7)
    p = cr.softmax(z)
    rows = cr.softmax_vjp(np.tile(z, (7, 1)), np.eye(7))
    np.testing.assert_allclose(rows, np.diag(p) - np.outer(p, p), rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, 2, -3])
def test_the_classes_may_stand_on_any_axis(axis):
    z, g = np.random.default_rng(0).normal(size=(2, 2, 3, 4))
    last = cr.softmax_vjp(np.moveaxis(z, axis, -1), np.moveaxis(g, axis, -1))
    np.testing.assert_array_equal(cr.softmax_vjp(z, g, axis=axis), np.moveaxis(last, -1, axis))


def test_layout_and_dtype_of_the_cotangent_do_not_change_the_result_and_nothing_is_written_to():
    z, g = np.random.default_rng(0).normal(size=(2, 6, 8))
    g = g.round(2).astype(np.float32)
    expected = cr.softmax_vjp(z[::2, ::2].copy(), g[::2, ::2].astype(np.float64))
    z.flags.writeable = g.flags.writeable = False
    np.testing.assert_array_equal(cr.softmax_vjp(z[::2, ::2], g[::2, ::2]), expected)
    np.testing.assert_array_equal(cr.softmax_vjp(np.asfortranarray(z)[::2, ::2], g[::2, ::2]), expected)
    swapped = g.astype(g.dtype.newbyteorder())
    np.testing.assert_array_equal(cr.softmax_vjp(z[::2, ::2], swapped[::2, ::2]), expected)


def test_half_precision_is_computed_in_float32_and_rounded_once():
    z, g = np.array([[1, 2, 3]], np.float16), np.array([[1, -1, 5]], np.float16)
    expected = cr.softmax_vjp(z.astype(np.float32), g.astype(np.float32)).astype(np.float16)
    assert cr.softmax_vjp(z, g).dtype == np.float16
    np.testing.assert_array_equal(cr.softmax_vjp(z, g), expected)


@pytest.mark.parametrize("shape", [(0, 3), (0, 0, 3), (1, 1), (2, 0, 5), (1,)])
def test_no_rows_and_one_class_are_served(shape):
    product = cr.softmax_vjp(np.zeros(shape), np.ones(shape))
    assert product.shape == shape
    assert (product == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_logits_give_the_limit_and_meaningless_rows_are_nan_alone(dtype):
    logits = np.array([[inf, 0, -inf], [inf, inf, 0], [-inf] * 3, [nan, 0, 0], [-inf, 0, 0]], dtype)
    product = cr.softmax_vjp(logits, np.array([[5, 1, 3]] * 5, dtype))
    np.testing.assert_array_equal(
        product, np.array([[0] * 3, [nan] * 3, [nan] * 3, [nan] * 3, [0, -0.5, 0.5]])
    )


@pytest.mark.parametrize("value", [nan, inf, -inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cotangent_that_is_not_finite_makes_its_row_nan_alone(dtype, value):
    logits = np.array([[0, 1, 2], [0, -inf, 2], [inf, 0, 0], [0, 1, 2]], dtype)
    cotangent = np.array([[value, 0, 1], [0, value, 1], [0, 1, value], [0, 1, 3]], dtype)
    product = cr.softmax_vjp(logits, cotangent)
    assert np.isnan(product[:3]).all()
    assert np.isfinite(product[3]).all()


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(ArgumentTypeError, match=r"softmax_vjp: logits are float16.*got dtype int64"):
        cr.softmax_vjp([1, 2], [1.0, 2.0])
    with pytest.raises(ArgumentTypeError, match=r"cotangent holds numbers; got dtype <U1\. Convert"):
        cr.softmax_vjp([1.0, 2.0], ["a", "b"])
    with pytest.raises(
        ArgumentError, match=r"cotangent has the shape of the logits, \(2,\); got shape \(1,\)"
    ):
        cr.softmax_vjp([1.0, 2.0], [1.0])
    with pytest.raises(ArgumentError, match="axis is from -1 to 0"):
        cr.softmax_vjp([1.0], [1.0], axis=1)
    with pytest.raises(ArgumentError, match="at least one class"):
        cr.softmax_vjp(np.zeros((2, 0)), np.zeros((2, 0)))
