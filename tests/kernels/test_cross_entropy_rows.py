import numpy as np
import pytest

import oracle
import regimes
import tolerance
from kernels.row_calls import by_index, by_probability, each_instruction_set, two_dimensional

DTYPES = [np.float32, np.float64]
NAN, INF = np.nan, np.inf


def _index_row_is_within_the_bar(compiled, row, target, temperature=1.0, scale=1.0):
    dtype = row.dtype.type
    one_hot = np.eye(len(row))[target]
    loss_truth = oracle.cross_entropy(row, one_hot, temperature)
    truth = oracle.cross_entropy_gradient(row, one_hot, temperature)
    loss_bound = tolerance.loss_bound(row, dtype, temperature)
    bound = tolerance.gradient_bound(row, dtype, temperature)
    smallest = tolerance.smallest_normal(dtype)
    for name in each_instruction_set(compiled):
        _, losses, gradient = by_index(
            compiled, row[None], [target], temperature=temperature, gradient_scale=scale
        )
        where = (name, len(row), target)
        assert loss_truth < smallest or oracle.relative_error(losses[0], loss_truth) <= loss_bound, where
        for k, value in enumerate(gradient[0]):
            entry = truth[k] * scale
            small = abs(entry) < smallest or abs(truth[k]) < smallest
            assert small or oracle.relative_error(value, entry) <= bound, (*where, k)


def _probability_row_is_within_the_bar(compiled, row, given, effective, temperature=1.0, **options):
    """``effective`` is q', the target as the formula sees it; ``given`` is what the call gets."""
    dtype = row.dtype.type
    loss_truth = oracle.cross_entropy(row, effective, temperature)
    truth = oracle.cross_entropy_gradient(row, effective, temperature)
    probabilities = oracle.softmax(row, temperature)
    total = sum(oracle.exact(effective))
    loss_bound = tolerance.loss_bound(row, dtype, temperature)
    bound = tolerance.gradient_bound(row, dtype, temperature)
    smallest = tolerance.smallest_normal(dtype)
    for name in each_instruction_set(compiled):
        _, losses, gradient = by_probability(compiled, row[None], **given, temperature=temperature, **options)
        where = (name, len(row), options)
        assert loss_truth < smallest or oracle.relative_error(losses[0], loss_truth) <= loss_bound, where
        for k, value in enumerate(gradient[0]):
            q = oracle.exact([effective[k]])[0]
            size = probabilities[k] * (total - q) + q * (1 - probabilities[k])
            allowed = bound * float(size) / temperature + smallest
            assert oracle.absolute_error(value, truth[k]) <= allowed, (*where, k)


def test_the_loss_of_a_confident_row_is_not_zero(compiled):
    for _ in each_instruction_set(compiled):
        total, losses, gradient = by_index(compiled, two_dimensional([40.0, 0.0], np.float64), [0])
        assert total == losses[0] == 4.248354255291589e-18
        np.testing.assert_array_equal(gradient, [[-4.248354255291589e-18, 4.248354255291589e-18]])


def test_a_large_common_offset_leaves_the_loss_log_2(compiled):
    for _ in each_instruction_set(compiled):
        total, _, _ = by_index(compiled, two_dimensional([1e8, 1e8], np.float32), [1])
        assert abs(total - np.log(2)) <= 2 * np.spacing(np.log(2))


@pytest.mark.parametrize("temperature", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_index_targets_are_within_the_bar(compiled, regime, dtype, temperature):
    sizes = regimes.SIZES if temperature == 1.0 else (1, 2, 10, 17, 33)
    for row in regimes.rows(regime, dtype, sizes):
        for target in {int(row.argmax()), 0, len(row) // 2}:
            _index_row_is_within_the_bar(compiled, row, target, temperature)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_gradient_scale_rounds_no_more_than_the_bar_allows(compiled, dtype):
    for row in regimes.rows("ordinary", dtype, (3, 17)):
        _index_row_is_within_the_bar(compiled, row, 1, scale=1 / 3)


@pytest.mark.parametrize("depth", [85, 95, 103])
def test_terms_below_the_normal_numbers_count_where_their_sum_is_above(compiled, depth):
    row = np.zeros(3000, dtype=np.float32)
    row[1:] = -depth - np.arange(2999) % 64 / 64
    _index_row_is_within_the_bar(compiled, row, 0)


@pytest.mark.parametrize(("dtype", "weight"), [(np.float32, 1e-35), (np.float64, 1e-300)])
def test_tiny_weights_cost_no_digits(compiled, dtype, weight):
    logits = two_dimensional([1.0, 0.0, -1.0], dtype)
    for _ in each_instruction_set(compiled):
        _, _, plain = by_index(compiled, logits, [0])
        _, _, tiny = by_index(compiled, logits, [0], row_weight=[weight])
        np.testing.assert_allclose(tiny / dtype(weight), plain, rtol=4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_of_32003_classes_is_within_the_bar(compiled, dtype):
    row = (np.random.default_rng(2).normal(size=32003) * 4).astype(dtype)
    truth = oracle.softmax(row)
    target = 31999
    bound = tolerance.gradient_bound(row, dtype)
    for name in each_instruction_set(compiled):
        total, _, gradient = by_index(compiled, row[None], [target])
        assert abs(np.expm1(-total) / float(truth[target] - 1) - 1) < 1e-6, name
        for k in range(0, 32003, 7):
            entry = truth[k] - (k == target)
            assert oracle.relative_error(gradient[0, k], entry) <= bound, (name, k)


@pytest.mark.parametrize("temperature", [1.0, 0.3])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_probability_targets_are_within_the_bar(compiled, regime, dtype, temperature):
    for number, row in enumerate(regimes.rows(regime, dtype, (1, 2, 3, 7, 10, 17, 33, 200))):
        generator = np.random.default_rng(number)
        soft = (generator.random(len(row)) * 2).astype(dtype)
        nearly_one_hot = np.full(len(row), 1e-12, dtype=dtype)
        nearly_one_hot[int(row.argmax())] = 1
        for targets in (soft, nearly_one_hot, np.zeros(len(row), dtype=dtype)):
            _probability_row_is_within_the_bar(compiled, row, {"targets": targets}, targets, temperature)


@pytest.mark.parametrize("dtype", DTYPES)
def test_smoothing_and_class_weights_are_within_the_bar(compiled, dtype):
    generator = np.random.default_rng(3)
    for row in regimes.rows("confident", dtype, (2, 5, 17, 33)):
        n = len(row)
        weights = generator.random(n) * 3
        for smoothing in (0.0, 0.125, 1.0):
            for target in (0, int(row.argmax())):
                q = weights * ((1 - smoothing) * np.eye(n)[target] + smoothing / n)
                options = {"label_smoothing": smoothing, "class_weight": weights}
                one_hot = np.eye(n, dtype=dtype)[target]
                _probability_row_is_within_the_bar(compiled, row, {"indices": [target]}, q, **options)
                _probability_row_is_within_the_bar(compiled, row, {"targets": one_hot}, q, **options)


@pytest.mark.parametrize("size", [1, 3, 8, 9, 16, 17, 24, 25, 40, 300])
@pytest.mark.parametrize("dtype", DTYPES)
def test_indices_and_the_equal_one_hot_rows_give_the_same_bits(compiled, size, dtype):
    generator = np.random.default_rng(size)
    logits = generator.normal(size=(9, size)).astype(dtype)
    indices = generator.integers(0, size, 9)
    options = {
        "label_smoothing": 0.1,
        "class_weight": generator.random(size),
        "row_weight": generator.random(9),
    }
    for _ in each_instruction_set(compiled):
        a = by_probability(compiled, logits, indices=indices, **options)
        b = by_probability(compiled, logits, targets=np.eye(size)[indices], **options)
        for left, right in zip(a, b, strict=True):
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_a_row_sums_to_zero(compiled, dtype):
    generator = np.random.default_rng(4)
    logits = generator.normal(size=(20, 33)).astype(dtype)
    for _ in each_instruction_set(compiled):
        for _, _, gradient in (
            by_index(compiled, logits, generator.integers(0, 33, 20)),
            by_probability(compiled, logits, generator.random((20, 33)), label_smoothing=0.2),
        ):
            scale = np.abs(gradient).sum(axis=1)
            assert (
                np.abs(gradient.astype(float).sum(axis=1)) <= 50 * tolerance.unit_roundoff(dtype) * scale
            ).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_weights_multiply_losses_and_gradients(compiled, dtype):
    generator = np.random.default_rng(5)
    logits = generator.normal(size=(30, 12)).astype(dtype)
    targets = generator.integers(0, 12, 30)
    weight = 2.0 ** generator.integers(-3, 4, 30)
    for _ in each_instruction_set(compiled):
        for call in (by_index, by_probability):
            argument = {"targets": targets} if call is by_index else {"indices": targets}
            _, losses, gradient = call(compiled, logits, **argument)
            total, weighted, scaled = call(
                compiled, logits, **argument, row_weight=weight, gradient_scale=0.5
            )
            np.testing.assert_array_equal(weighted, weight * losses)
            np.testing.assert_array_equal(scaled, (weight * 0.5)[:, None] * gradient)
            assert total == pytest.approx(float((weight * losses).sum()), rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_loss_alone_is_the_loss_beside_the_gradient_and_the_gradient_may_be_the_logits(compiled, dtype):
    generator = np.random.default_rng(6)
    logits = generator.normal(size=(7, 50)).astype(dtype)
    logits[2, ::3] = -np.inf
    targets = np.full(7, 1)
    q = generator.random((7, 50)).astype(dtype) * np.isfinite(logits)
    for _ in each_instruction_set(compiled):
        total, _, gradient = by_index(compiled, logits, targets)
        onto = logits.copy()
        assert compiled.cross_entropy_index_rows(onto, targets, None, 1.0, 1.0, None, None, 1) == total
        assert compiled.cross_entropy_index_rows(onto, targets, None, 1.0, 1.0, None, onto, 1) == total
        np.testing.assert_array_equal(onto, gradient)

        total, _, gradient = by_probability(compiled, logits, q, label_smoothing=0.1)
        onto = logits.copy()
        options = (q, None, None, 0.1, None, 1.0, 1.0, None)
        assert compiled.cross_entropy_probability_rows(onto, *options, None, 1) == total
        assert compiled.cross_entropy_probability_rows(onto, *options, onto, 1) == total
        np.testing.assert_array_equal(onto, gradient)


@pytest.mark.parametrize("temperature", [1.0, 2.0])
@pytest.mark.parametrize("size", [3, 9, 20])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_edge_table_holds(compiled, dtype, size, temperature):
    def row(**entries):
        values = np.zeros(size, dtype=dtype)
        for k, value in entries.items():
            values[{"first": 0, "second": 1, "last": -1}[k]] = value
        return values

    one_hot = np.eye(size, dtype=dtype)
    masked_rest = np.full(size, -INF, dtype=dtype)
    masked_rest[1] = 0
    zeros, nans = np.zeros(size), np.full(size, NAN)
    cases = [  # logits, target, loss, gradient times the temperature
        (row(first=NAN), 1, NAN, nans),
        (row(first=INF, last=INF), 0, NAN, nans),
        (row(first=INF, last=NAN), 0, NAN, nans),
        (np.full(size, -INF, dtype=dtype), 0, NAN, nans),
        (row(first=INF), 0, 0.0, zeros),
        (row(first=INF), 1, INF, one_hot[0] - one_hot[1]),
        (masked_rest, 1, 0.0, zeros),
        (masked_rest, 0, INF, one_hot[1] - one_hot[0]),
    ]
    for name in each_instruction_set(compiled):
        for logits, target, loss, gradient in cases:
            for got in (
                by_index(compiled, logits[None], [target], temperature=temperature),
                by_probability(compiled, logits[None], indices=[target], temperature=temperature),
                by_probability(compiled, logits[None], one_hot[target], temperature=temperature),
            ):
                np.testing.assert_array_equal(got[0], loss, err_msg=f"{name} {logits}")
                np.testing.assert_array_equal(got[2][0] * temperature, gradient, err_msg=f"{name} {logits}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_smoothing_gives_nothing_to_masked_classes(compiled, dtype):
    row = np.array([0.5, -1.0, 2.0, 0.0, 1.0], dtype=dtype)
    keep = np.array([True, False, True, False, True])
    masked = np.where(keep, row, -np.inf).astype(dtype)
    for _ in each_instruction_set(compiled):
        total, _, gradient = by_probability(compiled, masked[None], indices=[2], label_smoothing=0.3)
        without, _, reduced = by_probability(compiled, row[None, keep], indices=[1], label_smoothing=0.3)
        assert total == pytest.approx(without, rel=8 * tolerance.unit_roundoff(dtype))
        np.testing.assert_array_equal(gradient[0, ~keep], 0)
        np.testing.assert_allclose(gradient[0, keep], reduced[0], rtol=8 * tolerance.unit_roundoff(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_smoothing_mass_elsewhere_makes_the_loss_of_an_infinite_logit_infinite(compiled, dtype):
    logits = two_dimensional([0.0, np.inf, 0.0], dtype)
    for _ in each_instruction_set(compiled):
        total, _, _ = by_probability(compiled, logits, indices=[1], label_smoothing=0.1)
        assert total == np.inf


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_class_that_underflows_keeps_its_share_of_the_smoothing(compiled, dtype):
    logits = two_dimensional([0.0, -2000.0, 0.0, -np.inf], dtype)
    for _ in each_instruction_set(compiled):
        _, _, gradient = by_probability(compiled, logits, indices=[0], label_smoothing=0.3)
        np.testing.assert_allclose(gradient[0], [-0.3, -0.1, 0.4, 0.0], rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_weight_zero_are_not_read_and_bad_targets_are_nan_alone(compiled, dtype):
    logits = np.zeros((4, 5), dtype=dtype)
    logits[0] = np.nan
    targets = [-100, 2**62, -1, 1]
    for _ in each_instruction_set(compiled):
        for call in (by_index, by_probability):
            argument = {"targets": targets} if call is by_index else {"indices": targets}
            total, losses, gradient = call(compiled, logits, **argument, row_weight=[0, 0, 1, 1])
            assert np.isnan(total)
            np.testing.assert_array_equal(np.isnan(losses), [False, False, True, False])
            np.testing.assert_array_equal(losses[:2], 0)
            np.testing.assert_array_equal(gradient[:2], 0)
            assert np.isnan(gradient[2]).all()
            assert np.isfinite(gradient[3]).all()


def test_no_rows_cost_nothing(compiled):
    logits = np.empty((0, 3))
    assert by_index(compiled, logits, [])[0] == 0.0
    assert by_probability(compiled, logits, np.empty((0, 3)))[0] == 0.0


def test_the_total_is_the_sum_of_blocks_of_64_rows_by_a_binary_tree(compiled):
    def block(values):
        lanes = [0.0] * 8
        for i, value in enumerate(values):
            lanes[i % 8] += value
        pairs = [lanes[i] + lanes[i + 4] for i in range(4)]
        return (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])

    generator = np.random.default_rng(7)
    for n in (1, 7, 64, 65, 1025, 5000):
        logits = generator.normal(size=(n, 2)) * 5
        total, losses, _ = by_index(compiled, logits, np.zeros(n))
        parts = [block(losses[i : i + 64].tolist()) for i in range(0, n, 64)]
        while len(parts) > 1:
            parts = [sum(parts[i : i + 2]) for i in range(0, len(parts), 2)]
        assert total == parts[0]


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 20_000])
def test_the_first_bad_index_is_found_and_the_ignored_one_is_not(compiled, size):
    targets = np.arange(size) % 7
    for _ in each_instruction_set(compiled):
        assert compiled.first_bad_index(targets, 7, None) == -1
        for position in {0, size // 2, size - 1}:
            for bad in (-1, 7, 2**62, -(2**63)):
                changed = targets.copy()
                changed[position] = bad
                assert compiled.first_bad_index(changed, 7, None) == position
                assert compiled.first_bad_index(changed, 7, 3) == position
                assert compiled.first_bad_index(changed, 7, bad) == -1
                changed[-1] = -9
                assert compiled.first_bad_index(changed, 7, bad) == size - 1
