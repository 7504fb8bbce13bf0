"""Temperatures, weights and logits near the ends of the dtype: nothing becomes NaN that has a value."""

import numpy as np
import pytest

import oracle
import tolerance
from kernels.row_calls import by_index, by_probability, each_instruction_set, two_dimensional

DTYPES = [np.float32, np.float64]
INF = np.inf


def _is_within_the_bar(compiled, row, target, temperature):
    """Loss and gradient of both kernels; entries that under- or overflow are exempt, but are never NaN."""
    dtype = row.dtype.type
    one_hot = np.eye(len(row))[target]
    loss_truth = oracle.cross_entropy(row, one_hot, temperature)
    truth = oracle.cross_entropy_gradient(row, one_hot, temperature)
    loss_bound = tolerance.loss_bound(row, dtype, temperature)
    bound = tolerance.gradient_bound(row, dtype, temperature)
    smallest, largest = tolerance.smallest_normal(dtype), float(np.finfo(dtype).max)
    for name in each_instruction_set(compiled):
        for call, argument in ((by_index, "targets"), (by_probability, "indices")):
            _, losses, gradient = call(compiled, row[None], **{argument: [target]}, temperature=temperature)
            where = (name, call.__name__, temperature, target)
            assert not np.isnan(losses).any(), where
            assert not np.isnan(gradient).any(), where
            if smallest <= loss_truth <= np.finfo(np.float64).max:
                assert oracle.relative_error(losses[0], loss_truth) <= loss_bound, where
            for k, value in enumerate(gradient[0]):
                if row[k] == -INF:
                    assert value == 0, (*where, k)
                elif smallest <= abs(truth[k]) * min(temperature, 1) and smallest <= abs(truth[k]) <= largest:
                    assert oracle.relative_error(value, truth[k]) <= bound, (*where, k)


def _temperatures(lowest, highest, per_decade):
    exponents = np.arange(lowest * per_decade, highest * per_decade + 1) / per_decade
    return (10.0**exponents).tolist()


@pytest.mark.parametrize(
    ("dtype", "temperatures"),
    [(np.float32, _temperatures(-40, 40, 5)), (np.float64, _temperatures(-300, 300, 1))],
    ids=["float32", "float64"],
)
def test_ordinary_logits_are_within_the_bar_at_every_temperature(compiled, dtype, temperatures):
    row = np.array([1.0, 2.0, 3.0, -INF, 2.875], dtype=dtype)
    for temperature in temperatures:
        for target in (2, 0):
            _is_within_the_bar(compiled, row, target, temperature)


@pytest.mark.parametrize(
    ("dtype", "temperatures"),
    [(np.float32, _temperatures(-36, 37, 5)), (np.float64, _temperatures(-300, 307, 1))],
    ids=["float32", "float64"],
)
def test_logits_of_the_size_of_the_temperature_are_within_the_bar(compiled, dtype, temperatures):
    shape = np.array([1.0, 9.0, -INF, 2.0, -3.0, 8.875])
    for temperature in temperatures:
        row = (shape * temperature).astype(dtype)
        for target in (1, 4):
            _is_within_the_bar(compiled, row, target, temperature)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 15, 16, 17, 33])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_every_length_have_values_at_small_and_large_temperatures(compiled, dtype, size):
    generator = np.random.default_rng(size)
    row = generator.permutation(size).astype(dtype)
    masked = row.copy()
    masked[generator.random(size) < 0.3] = -INF
    masked[size // 2] = 0.5
    highest = 30 if dtype is np.float32 else 300
    for temperature in _temperatures(-highest, highest, 0.1):
        for logits in (row, masked):
            _is_within_the_bar(compiled, logits, int(logits.argmax()), temperature)
            _is_within_the_bar(compiled, logits, size // 2, temperature)


@pytest.mark.parametrize("temperature", [1e-30, 1e-17, 1e-300, 1e20, 1e300])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_logit_that_is_nan_stays_nan_at_every_temperature(compiled, dtype, temperature):
    logits = two_dimensional([[1.0, np.nan, 0.0], [1.0, 0.0, 0.0]], dtype)
    for _ in each_instruction_set(compiled):
        for call, argument in ((by_index, "targets"), (by_probability, "indices")):
            _, losses, gradient = call(compiled, logits, **{argument: [0, 0]}, temperature=temperature)
            np.testing.assert_array_equal(np.isnan(losses), [True, False])
            np.testing.assert_array_equal(np.isnan(gradient).any(axis=1), [True, False])


def test_differences_that_overflow_are_divided_by_the_temperature_all_the_same(compiled):
    logits = two_dimensional([1e308, -1e308], np.float64)
    for _ in each_instruction_set(compiled):
        for temperature, expected in ((10.0, 2e307), (1.25, 1.6e308), (1.0, INF), (0.5, INF)):
            for losses in (
                by_index(compiled, logits, [1], temperature=temperature)[1],
                by_probability(compiled, logits, indices=[1], temperature=temperature)[1],
                by_probability(compiled, logits, [[0, 1]], temperature=temperature)[1],
            ):
                np.testing.assert_allclose(losses, [expected], rtol=4e-16)
    _is_within_the_bar(compiled, logits[0], 1, 1e308)


@pytest.mark.parametrize("temperature", [1e-30, 1.0, 10.0, 1e30])
@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_logits_beside_the_largest_number_keep_their_limits(compiled, dtype, temperature):
    largest = np.finfo(dtype).max
    for _ in each_instruction_set(compiled):
        for call, argument in ((by_index, "targets"), (by_probability, "indices")):
            for logits, target, loss in (
                ([INF, largest, -largest], 0, 0.0),
                ([INF, largest, -largest], 1, INF),
                ([largest, -INF, -largest], 1, INF),
            ):
                row = two_dimensional(logits, dtype)
                _, losses, gradient = call(compiled, row, **{argument: [target]}, temperature=temperature)
                one_hot = np.eye(3)
                expected = (one_hot[0] - one_hot[target]) / temperature
                np.testing.assert_array_equal(losses, [loss])
                np.testing.assert_allclose(gradient, expected[None].astype(dtype), rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "options"),
    [
        (np.float32, {"row_weight": [1e50]}),
        (np.float32, {"row_weight": [1e200], "gradient_scale": 1e200}),
        (np.float32, {"temperature": 1e-50}),
        (np.float64, {"row_weight": [1e200], "gradient_scale": 1e200}),
        (np.float64, {"row_weight": [1e200], "temperature": 1e-200}),
    ],
)
def test_factors_that_overflow_leave_gradients_of_zero_zero(compiled, dtype, options):
    at_first = two_dimensional([1.0, 1.0, -INF, -1e30], dtype)
    for _ in each_instruction_set(compiled):
        for call, argument in ((by_index, "targets"), (by_probability, "indices")):
            _, _, gradient = call(compiled, at_first, **{argument: [0]}, **options)
            assert gradient[0, 0] <= -1e38
            assert gradient[0, 1] >= 1e38
            np.testing.assert_array_equal(gradient[0, 2:], 0)


def test_a_float32_gradient_is_right_where_only_its_factor_overflows(compiled):
    logits = two_dimensional([0.0, -80.0, -100.0, -INF], np.float32)
    truth = np.exp([-80.0, -100.0]) * 1e50
    for _ in each_instruction_set(compiled):
        for call, argument in ((by_index, "targets"), (by_probability, "indices")):
            _, _, gradient = call(compiled, logits, **{argument: [3]}, row_weight=[1e50])
            assert gradient[0, 0] == INF
            np.testing.assert_allclose(gradient[0, 1:3], truth, rtol=1e-5)
            assert gradient[0, 3] == -INF


def test_avx2_and_avx512_give_the_same_bits_at_every_temperature(compiled):
    if not {"avx2", "avx512"} <= set(compiled.instruction_sets()):
        pytest.skip("this processor runs one of them at most")
    generator = np.random.default_rng(1)
    for dtype in DTYPES:
        highest = 36 if dtype is np.float32 else 300
        for temperature in _temperatures(-highest, highest, 0.5):
            logits = (generator.normal(size=(4, 19)) * temperature).astype(dtype)
            logits[:, 3] = -INF
            results = set()
            for name in ("avx2", "avx512"):
                compiled.use_instruction_set(name)
                parts = [
                    *by_index(compiled, logits, [0, 1, 2, 4], temperature=temperature),
                    *by_probability(compiled, logits, indices=[0, 1, 2, 4], temperature=temperature),
                ]
                results.add(b"".join(np.asarray(part).tobytes() for part in parts))
            assert len(results) == 1, (dtype, temperature)
