"""cross_entropy and its gradient: by hand, laws, slopes, against mpmath, edges, refusals."""

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
from chainrule.functions import total_weight

pytestmark = pytest.mark.usefixtures("path")
DTYPES = (np.float32, np.float64)
inf, nan = np.inf, np.nan


def _one_hot(indices, n_classes, dtype=np.float64):
    return np.eye(n_classes, dtype=dtype)[np.asarray(indices)]


def test_a_confident_row_costs_what_it_costs():
    loss, gradient = cr.cross_entropy_with_gradient([[40.0, 0.0]], [0])
    assert loss == 4.248354255291589e-18
    assert gradient[0, 0] == -4.248354255291589e-18
    assert gradient[0, 1] == 4.248354255291589e-18


def test_the_worked_example_has_the_published_numbers():
    logits = np.log([[0.2, 0.6, 0.2]])
    loss, gradient = cr.cross_entropy_with_gradient(logits, [0])
    assert round(loss, 4) == 1.6094
    np.testing.assert_allclose(gradient, [[-0.8, 0.6, 0.2]], rtol=1e-15)


@pytest.mark.parametrize("offset", [1e2, 1e4, 1e8])
def test_a_common_offset_costs_log_two_to_two_ulp(offset):
    loss = cr.cross_entropy(np.full((1, 2), offset, np.float32), [1])
    assert abs(loss - np.log(2)) <= 2 * np.spacing(np.float32(np.log(2)))


def test_distances_that_a_temperature_stretches_round_once():
    generator = np.random.default_rng(0)
    differences, temperature = generator.uniform(20, 40, size=60), 0.0587
    rows = np.stack([differences, np.zeros(60)], axis=1)
    gradients = cr.cross_entropy_with_gradient(
        rows, np.zeros(60, int), temperature=temperature, reduction="none"
    )[1]
    for row, gradient in zip(rows, gradients, strict=True):
        truth = oracle.softmax(row, temperature)[1] / temperature
        bound = tolerance.gradient_bound(row, np.float64, temperature)
        assert oracle.relative_error(gradient[1], truth) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_loss_and_gradient_of_an_index_are_within_the_bar_of_the_truth(regime, dtype):
    tiny = 2 * tolerance.smallest_normal(dtype)
    for row in regimes.rows(regime, dtype):
        for y in {0, len(row) - 1, int(row.argmax()), int(row.argmin())}:
            q = _one_hot(y, len(row))
            loss, gradient = cr.cross_entropy_with_gradient(row, y, reduction="none")
            truth = oracle.cross_entropy(row, q)
            assert truth < tiny or oracle.relative_error(loss, truth) <= tolerance.loss_bound(row, dtype)
            bound = tolerance.gradient_bound(row, dtype)
            for value, true in zip(gradient, oracle.cross_entropy_gradient(row, q), strict=True):
                assert abs(true) < tiny or oracle.relative_error(value, true) <= bound


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [1.0, 0.3, 7.0])
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_gradient_of_probability_targets_is_within_the_bar_of_the_truth(regime, temperature, dtype):
    generator = np.random.default_rng(3)
    for row in regimes.rows(regime, dtype, (1, 2, 3, 7, 17)):
        for q in (
            generator.dirichlet(np.full(len(row), 0.3)),
            generator.random(len(row)),
            _one_hot(0, len(row)),
        ):
            q = q.astype(dtype)
            loss, gradient = cr.cross_entropy_with_gradient(row, q, temperature=temperature, reduction="none")
            p = oracle.softmax(row, temperature)
            bound = tolerance.gradient_bound(row, dtype, temperature) / temperature
            truth = oracle.cross_entropy_gradient(row, q, temperature)
            exact = oracle.exact(q)
            for k, value in enumerate(gradient):
                others = sum(exact[:k] + exact[k + 1 :])
                scale = p[k] * others + exact[k] * (1 - p[k])
                tiny = 2 * tolerance.smallest_normal(dtype)
                assert oracle.absolute_error(value, truth[k]) <= bound * scale + tiny
            true = oracle.cross_entropy(row, q, temperature)
            limit = tolerance.loss_bound(row, dtype, temperature) * true + tiny
            assert oracle.absolute_error(loss, true) <= limit


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_nearly_certain_target_keeps_its_small_part(dtype):
    q = np.array([1.0, 1e-30, 0.0], dtype)
    _, gradient = cr.cross_entropy_with_gradient(np.array([90.0, 0.0, 0.0], dtype), q, reduction="none")
    truth = oracle.cross_entropy_gradient([90.0, 0.0, 0.0], q)
    assert oracle.relative_error(gradient[0], truth[0]) <= 20 * tolerance.unit_roundoff(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1), n_classes=st.integers(1, 40))
def test_the_laws_of_the_gradient_hold(dtype, seed, n_classes):
    generator = np.random.default_rng(seed)
    row = generator.normal(scale=4, size=n_classes).astype(dtype)
    y = int(generator.integers(n_classes))
    bound = tolerance.gradient_bound(row, dtype)
    loss, gradient = cr.cross_entropy_with_gradient(row[None], [y])
    assert abs(gradient.astype(np.float64).sum()) <= bound * np.abs(gradient).sum() + 1e-300
    one_hot = _one_hot([y], n_classes, dtype)
    loss_one_hot, gradient_one_hot = cr.cross_entropy_with_gradient(row[None], one_hot)
    assert loss_one_hot == pytest.approx(loss, rel=bound)
    np.testing.assert_allclose(gradient_one_hot, gradient, rtol=2 * bound)
    order = generator.permutation(n_classes)
    moved = cr.cross_entropy_with_gradient(row[None, order], [int(np.argsort(order)[y])])[1]
    np.testing.assert_allclose(moved, gradient[:, order], rtol=2 * bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_shift_by_an_exact_number_changes_no_bit_of_the_loss(dtype):
    row = np.arange(-8, 8, dtype=dtype) / 4
    for y in range(16):
        assert cr.cross_entropy(row, y) == cr.cross_entropy(row + dtype(1024), y)


@given(st.integers(0, 2**32 - 1))
def test_a_masked_class_equals_its_removal(seed):
    generator = np.random.default_rng(seed)
    logits = generator.normal(size=(3, 6))
    masked = np.insert(logits, 2, -inf, axis=1)
    q = generator.dirichlet(np.ones(6), size=3)
    for smoothing in (0.0, 0.3):
        loss, gradient = cr.cross_entropy_with_gradient(logits, q, label_smoothing=smoothing)
        with_mask, masked_gradient = cr.cross_entropy_with_gradient(
            masked, np.insert(q, 2, 0, axis=1), label_smoothing=smoothing
        )
        assert with_mask == pytest.approx(loss, rel=1e-14)
        assert (masked_gradient[:, 2] == 0).all()
        np.testing.assert_allclose(np.delete(masked_gradient, 2, axis=1), gradient, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weight_two_equals_the_row_twice(reduction):
    generator = np.random.default_rng(0)
    logits, y = generator.normal(size=(3, 4)), np.array([0, 3, 1])
    twice = [0, 1, 1, 2]
    loss, gradient = cr.cross_entropy_with_gradient(
        logits, y, sample_weight=[1, 2, 1], class_weight=[1, 2, 3, 4], reduction=reduction
    )
    repeated, repeated_gradient = cr.cross_entropy_with_gradient(
        logits[twice], y[twice], class_weight=[1, 2, 3, 4], reduction=reduction
    )
    assert loss == pytest.approx(repeated, rel=1e-15)
    np.testing.assert_allclose(gradient[1], repeated_gradient[1:3].sum(0), rtol=1e-14)


def test_index_targets_equal_one_hot_rows_with_every_option():
    generator = np.random.default_rng(1)
    logits, y = generator.normal(size=(5, 4)), np.array([0, 3, 1, 1, 2])
    for smoothing, temperature, weights in product((0.0, 0.2), (1.0, 2.5), (None, [0.5, 2, 0, 3])):
        options = {"label_smoothing": smoothing, "temperature": temperature, "class_weight": weights}
        options["sample_weight"] = [1, 0.5, 2, 0, 1]
        loss, gradient = cr.cross_entropy_with_gradient(logits, y, **options)
        other, other_gradient = cr.cross_entropy_with_gradient(logits, _one_hot(y, 4), **options)
        assert loss == pytest.approx(other, rel=1e-14)
        np.testing.assert_allclose(gradient, other_gradient, rtol=1e-12, atol=1e-17)


def test_smoothing_equals_the_soft_targets_it_stands_for():
    logits, y = np.random.default_rng(2).normal(size=(5, 4)), [0, 3, 1, 1, 2]
    soft = 0.9 * _one_hot(y, 4) + 0.1 / 4
    smoothed = cr.cross_entropy_with_gradient(logits, y, label_smoothing=0.1)
    expected = cr.cross_entropy_with_gradient(logits, soft)
    assert smoothed[0] == pytest.approx(expected[0], rel=1e-14)
    np.testing.assert_allclose(smoothed[1], expected[1], rtol=1e-12)


def test_the_mean_divides_by_the_class_weights_of_the_unsmoothed_targets():
    """The figures of PyTorch's weighted mean: 1.369 for indices, and the same here for one-hot rows."""
    logits = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]])
    weights = np.array([1.0, 2.0, 3.0])
    losses = np.log(np.exp(logits).sum(1)) - logits[[0, 1], [1, 2]]
    expected = (2 * losses[0] + 3 * losses[1]) / 5
    assert cr.cross_entropy(logits, [1, 2], class_weight=weights) == pytest.approx(expected, rel=1e-15)
    one_hot = _one_hot([1, 2], 3)
    assert cr.cross_entropy(logits, one_hot, class_weight=weights) == pytest.approx(expected, rel=1e-15)
    assert total_weight([1, 2], 3, class_weight=weights) == 5
    assert total_weight(0.5 * one_hot, 3, [2, 1], weights) == 7


@pytest.mark.parametrize("targets", ["index", "soft"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_the_gradient_is_the_slope_of_the_loss_by_the_order_of_the_error(targets, reduction):
    generator = np.random.default_rng(5)
    logits, direction = generator.normal(size=(2, 4, 5))
    y = generator.integers(5, size=4) if targets == "index" else generator.random((4, 5))
    options = {"sample_weight": [1, 2, 0.5, 1], "class_weight": [1, 2, 3, 4, 5], "label_smoothing": 0.1}

    def loss(step):
        return np.sum(
            cr.cross_entropy(logits + step * direction, y, temperature=1.7, reduction=reduction, **options)
        )

    gradient = cr.cross_entropy_with_gradient(logits, y, temperature=1.7, reduction=reduction, **options)[1]
    slope = (gradient * direction).sum()
    errors = [abs((loss(h) - loss(-h)) / (2 * h) - slope) for h in (0.1, 0.05)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.05)


def test_none_returns_weighted_losses_in_the_shape_and_dtype_of_the_logits():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    y = np.array([[0, 1, 2], [3, 0, 1]])
    losses = cr.cross_entropy(logits, y, reduction="none", sample_weight=np.full((2, 3), 2.0))
    assert losses.shape == (2, 3)
    assert losses.dtype == np.float32
    assert losses.sum() == pytest.approx(2 * cr.cross_entropy(logits, y, reduction="sum"), rel=1e-6)


def test_one_row_without_leading_axes_is_served():
    loss, gradient = cr.cross_entropy_with_gradient([0.0, 0.0], 1)
    assert loss == np.log(2)
    np.testing.assert_array_equal(gradient, [0.5, -0.5])


def test_the_gradient_may_be_written_over_the_logits():
    logits = np.random.default_rng(0).normal(size=(5, 7))
    expected = cr.cross_entropy_with_gradient(logits, [0, 1, 2, 3, 4])[1]
    result = cr.cross_entropy_with_gradient(logits, [0, 1, 2, 3, 4], out=logits)[1]
    assert result is logits
    np.testing.assert_array_equal(logits, expected)
    strided = np.zeros((5, 14))[:, ::2]
    cr.cross_entropy_with_gradient(np.zeros((5, 7)), [0, 1, 2, 3, 4], out=strided)
    np.testing.assert_allclose(strided[0, 0], (1 / 7 - 1) / 5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("row", "target", "loss", "gradient"),
    [
        ([nan, 0, 0], 1, nan, [nan] * 3),
        ([inf, inf, 0], 0, nan, [nan] * 3),
        ([-inf, -inf, -inf], 0, nan, [nan] * 3),
        ([inf, 0, -inf], 0, 0, [0, 0, 0]),
        ([inf, 0, -inf], 1, inf, [1, -1, 0]),
        ([-inf, 0, 0], 0, inf, [-1, 0.5, 0.5]),
        ([-inf, 0, 0], 1, np.log(2), [0, -0.5, 0.5]),
        ([0.0], 0, 0, [0]),
    ],
)
def test_the_table_of_values_at_the_edge_holds(row, target, loss, gradient, dtype):
    logits = np.array([row, np.zeros(len(row))], dtype)
    one_hot = _one_hot([target, 0], len(row))
    for targets in (np.array([target, 0]), one_hot):
        losses, gradients = cr.cross_entropy_with_gradient(logits, targets, reduction="none")
        np.testing.assert_allclose(losses[0], dtype(loss), rtol=1e-6)
        np.testing.assert_allclose(gradients[0], np.array(gradient, dtype), rtol=1e-6)
        assert np.isfinite(losses[1])
        assert np.isfinite(gradients[1]).all()


def test_one_infinite_logit_with_smoothing_mass_elsewhere_costs_infinity():
    assert cr.cross_entropy([[inf, 0.0]], [0], label_smoothing=0.1) == inf
    assert cr.cross_entropy([[inf, -inf]], [0], label_smoothing=0.1) == 0


def test_a_row_of_weight_zero_or_ignored_contributes_nothing_even_if_it_is_nan():
    logits = np.array([[nan, 0.0], [1.0, 2.0]])
    for smoothing in (0.0, 0.1):
        reference = cr.cross_entropy([[1.0, 2.0]], [0], label_smoothing=smoothing)
        for y, options in (([1, 0], {"sample_weight": [0, 1]}), ([-100, 0], {"ignore_index": -100})):
            loss, gradient = cr.cross_entropy_with_gradient(logits, y, label_smoothing=smoothing, **options)
            assert loss == reference
            np.testing.assert_array_equal(gradient[0], [0, 0])
        assert reference == cr.cross_entropy(
            logits, _one_hot([1, 0], 2), sample_weight=[0, 1], label_smoothing=smoothing
        )


def test_a_class_of_weight_zero_leaves_a_nan_row_nan_for_index_and_one_hot_targets_alike():
    logits = np.array([[nan, 0.0], [1.0, 2.0]])
    for targets in (np.array([1, 1]), _one_hot([1, 1], 2)):
        losses, gradient = cr.cross_entropy_with_gradient(
            logits, targets, class_weight=[1, 0], reduction="none"
        )
        np.testing.assert_array_equal(losses, [nan, 0])
        np.testing.assert_array_equal(gradient[1], [0, 0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_extreme_temperatures_give_the_truth_of_their_row(dtype):
    rows = ([1.0, 2.0, 3.0], [1.0, -inf, 0.5, 0.25, 1.0], [3e38, -3e38, 0.0])
    exponents = range(-45, 46, 3) if dtype == np.float32 else range(-300, 301, 20)
    for row, exponent in product(rows, exponents):
        logits, temperature = np.array(row, dtype), 10.0**exponent
        q = _one_hot(2, len(row))
        loss = cr.cross_entropy(logits, 2, temperature=temperature)
        finite = logits[np.isfinite(logits)]
        position = int(np.isfinite(logits[:2]).sum())
        truth = oracle.cross_entropy(finite, _one_hot(position, len(finite)), temperature)
        if truth > np.finfo(np.float64).max:
            assert loss == inf
        else:
            tiny = 2 * tolerance.smallest_normal(dtype)
            assert (
                oracle.absolute_error(loss, truth)
                <= tolerance.loss_bound(finite, dtype, temperature) * truth + tiny
            )
        if truth < np.finfo(dtype).max:
            assert cr.cross_entropy(logits, q, temperature=temperature) == pytest.approx(loss, rel=1e-5)


def test_a_distance_that_overflows_is_divided_first():
    assert cr.cross_entropy([[1e308, -1e308]], [1], temperature=10) == pytest.approx(2e307, rel=1e-15)
    assert cr.cross_entropy(np.float32([[3e38, -3e38]]), [1]) == pytest.approx(6e38, rel=1e-6)


def test_a_factor_that_overflows_leaves_a_gradient_of_zero_zero():
    for targets in ([0], _one_hot([0], 3)):
        gradient = cr.cross_entropy_with_gradient(
            np.float32([[0, 0, -inf]]), targets, sample_weight=[1e30], temperature=1e-16, reduction="sum"
        )[1]
        np.testing.assert_array_equal(gradient, np.float32([[-inf, inf, 0]]))


def test_a_distance_that_a_small_temperature_makes_overflow_has_its_limit():
    for targets in ([0], _one_hot([0], 3)):
        loss, gradient = cr.cross_entropy_with_gradient(
            np.float32([[3e38, 1e38, 0]]), targets, temperature=0.25
        )
        assert loss == 0
        np.testing.assert_array_equal(gradient, [[0, 0, 0]])


@pytest.mark.parametrize("weight", [1e-310, 1e-300, 1e300])
def test_the_mean_does_not_depend_on_the_size_of_the_weights(weight):
    expected, slope = cr.cross_entropy_with_gradient([[40.0, 0.0]], [0])
    loss, gradient = cr.cross_entropy_with_gradient([[40.0, 0.0]], [0], sample_weight=[weight])
    assert loss == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(gradient, slope, rtol=1e-15)
    many = cr.cross_entropy(np.zeros((9, 2)), np.zeros(9, int), sample_weight=np.full(9, weight))
    assert many == pytest.approx(np.log(2), rel=1e-15)


def test_the_byte_order_and_alignment_of_the_arguments_change_no_bit():
    generator = np.random.default_rng(0)
    logits, y, weight = generator.normal(size=(5, 4)), np.arange(5) % 4, generator.random(5)

    def unaligned(array):
        raw = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
        raw[...] = array
        return raw

    for smoothing in (0.0, 0.1):
        expected = cr.cross_entropy(logits, y, sample_weight=weight, label_smoothing=smoothing)
        for change in (unaligned, lambda array: array.astype(array.dtype.newbyteorder())):
            changed = (change(array) for array in (logits, y, weight))
            for z, targets, w in [tuple(changed)]:
                assert cr.cross_entropy(z, targets, sample_weight=w, label_smoothing=smoothing) == expected


def test_no_rows_take_an_empty_list_of_targets():
    assert cr.cross_entropy(np.zeros((0, 3)), []) == 0.0


@pytest.mark.parametrize(
    ("n_rows", "options"),
    [(0, {}), (2, {"sample_weight": [0, 0]}), (2, {"ignore_index": 1}), (2, {"class_weight": [0, 0]})],
)
def test_nothing_to_average_gives_zero(n_rows, options):
    logits, y = np.ones((n_rows, 2)), np.ones(n_rows, int)
    loss, gradient = cr.cross_entropy_with_gradient(logits, y, **options)
    assert loss == 0.0
    assert (gradient == 0).all()


def test_a_wrong_target_is_named_with_its_index():
    with pytest.raises(ArgumentError) as caught:
        cr.cross_entropy(np.zeros((4, 3)), [0, 1, 3, -1])
    assert str(caught.value) == (
        "cross_entropy: targets are class indices from 0 to 2; got targets[2] = 3. "
        "Number the classes from 0, or set ignore_index to the value that marks rows to leave out."
    )
    with pytest.raises(ArgumentError, match=r"targets\[1, 0\] = -1"):
        cr.cross_entropy(np.zeros((2, 2, 3)), [[0, 1], [-1, 0]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": [[0.5, 0.5], [1.0, -0.1]]}, r"not negative; got targets\[1, 1\] = -0.1"),
        ({"targets": [[0.5, 0.5], [1.0, nan]]}, r"targets\[1, 1\] = nan"),
        ({"targets": [0, 1, 1]}, r"targets have shape \(2,\) .* or \(2, 2\).*got shape \(3,\)"),
        (
            {"sample_weight": [1, -1]},
            r"sample_weight is finite and not negative; got sample_weight\[1\] = -1",
        ),
        ({"sample_weight": [1, nan]}, r"sample_weight\[1\] = nan"),
        ({"sample_weight": [1]}, r"sample_weight has shape \(2,\); got shape \(1,\)"),
        ({"class_weight": [1, -2]}, r"class_weight\[1\] = -2"),
        ({"label_smoothing": 1.5}, "label_smoothing is from 0 to 1; got 1.5"),
        ({"label_smoothing": nan}, "label_smoothing is from 0 to 1; got nan"),
        ({"temperature": 0.0}, "temperature is a positive normal number; got 0.0"),
        ({"temperature": inf}, "temperature is a positive normal number; got inf"),
        ({"temperature": 1e-308}, "temperature is a positive normal number; got 1e-308"),
        ({"reduction": "avg"}, "reduction is 'mean', 'sum' or 'none'; got 'avg'"),
        ({"targets": [[1.0, 0], [0, 1]], "ignore_index": 0}, "ignore_index goes with targets that are class"),
    ],
)
def test_arguments_outside_their_domain_are_refused(change, message):
    arguments = {"targets": [0, 1], **change}
    targets = np.array(arguments.pop("targets"))
    with pytest.raises(ArgumentError, match=message):
        cr.cross_entropy_with_gradient(np.zeros((2, 2)), targets, **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": None}, "temperature is a number; got None"),
        ({"label_smoothing": "x"}, "label_smoothing is a number; got 'x'"),
        ({"ignore_index": 1.0}, "ignore_index is a whole number; got 1.0"),
        ({"sample_weight": ["a", "b"]}, "sample_weight holds numbers; got dtype <U1"),
    ],
)
def test_arguments_of_another_type_are_refused(change, message):
    with pytest.raises(ArgumentTypeError, match=message):
        cr.cross_entropy(np.zeros((2, 2)), [0, 1], **change)


def test_values_that_a_cast_would_hide_are_refused_as_they_came():
    with pytest.raises(ArgumentError, match=r"targets\[0, 0\] = -1e-60"):
        cr.cross_entropy(np.zeros((1, 2), np.float32), [[-1e-60, 1.0]])
    with pytest.raises(ArgumentError, match=r"targets\[0\] = 18446744073709551615"):
        cr.cross_entropy(np.zeros((1, 2)), np.array([2**64 - 1], np.uint64), ignore_index=-1)
    with pytest.raises(ArgumentError, match="ignore_index fits 64 bits"):
        cr.cross_entropy(np.zeros((1, 2)), [0], ignore_index=2**70)
    with pytest.raises(ArgumentError, match="logits form an array"):
        cr.cross_entropy([[0.0, 1.0], [0.0]], [0, 0])


def test_float_indices_are_refused():
    with pytest.raises(ArgumentTypeError, match="class indices, integers; got dtype float64"):
        cr.cross_entropy(np.zeros((2, 2)), np.array([0.0, 1.0]))
