import numpy as np
import pytest

import oracle
import regimes
import tolerance
from kernels.row_calls import each_instruction_set, softmax_family, two_dimensional

DTYPES = [np.float32, np.float64]
KERNELS = ["softmax_rows", "log_softmax_rows", "logsumexp_rows"]


def _is_within(got, truth, bound, dtype):
    """Relative error, or a truth too small for a normal number of the dtype."""
    return abs(truth) < tolerance.smallest_normal(dtype) or oracle.relative_error(got, truth) <= bound


def _edge(compiled, kernel, rows):
    return softmax_family(compiled, kernel, two_dimensional(rows, np.float64))


def test_softmax_of_small_rows_by_hand(compiled):
    for _ in each_instruction_set(compiled):
        got = _edge(compiled, "softmax_rows", [[0.0, 0.0], [5.0, 5.0]])
        np.testing.assert_array_equal(got, [[0.5, 0.5], [0.5, 0.5]])
        np.testing.assert_array_equal(_edge(compiled, "softmax_rows", [[7.0]]), [[1.0]])
        np.testing.assert_array_equal(_edge(compiled, "log_softmax_rows", [[7.0]]), [[0.0]])
        np.testing.assert_array_equal(_edge(compiled, "logsumexp_rows", [[7.0]]), [7.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_every_entry_is_within_the_bar(compiled, regime, dtype):
    for row in regimes.rows(regime, dtype):
        truth = oracle.softmax(row)
        log_truth = oracle.log_softmax(row)
        for name in each_instruction_set(compiled):
            softmax = softmax_family(compiled, "softmax_rows", row[None])[0]
            logs = softmax_family(compiled, "log_softmax_rows", row[None])[0]
            for k in range(len(row)):
                bound = tolerance.gradient_bound(row, dtype)
                assert _is_within(softmax[k], truth[k], bound, dtype), (name, len(row), k)
                bound = tolerance.loss_bound(row, dtype)
                assert _is_within(logs[k], log_truth[k], bound, dtype), (name, len(row), k)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_logsumexp_is_within_the_bar(compiled, regime, dtype):
    for row in regimes.rows(regime, dtype):
        truth = oracle.logsumexp(row)
        largest = float(row.max())
        bound = tolerance.loss_bound(row, dtype) * max(abs(largest), float(truth - largest))
        for name in each_instruction_set(compiled):
            got = softmax_family(compiled, "logsumexp_rows", row[None])[0]
            assert oracle.absolute_error(got, truth) <= bound, (name, len(row))


@pytest.mark.parametrize("kernel", KERNELS[:2])
@pytest.mark.parametrize("dtype", DTYPES)
def test_writing_onto_the_logits_gives_the_same_bits(compiled, kernel, dtype):
    logits = np.random.default_rng(0).normal(size=(5, 37)).astype(dtype)
    for _ in each_instruction_set(compiled):
        apart = softmax_family(compiled, kernel, logits)
        onto = logits.copy()
        getattr(compiled, kernel)(onto, onto, 1)
        np.testing.assert_array_equal(onto, apart)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_rows_are_no_work(compiled, dtype):
    logits = np.empty((0, 3), dtype=dtype)
    for kernel in KERNELS:
        assert len(softmax_family(compiled, kernel, logits)) == 0


@pytest.mark.parametrize("size", [2, 9, 17, 40])
@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_and_nan_logits_have_their_limits(compiled, size, dtype):
    nan, inf = np.nan, np.inf
    rows, expected = np.zeros((6, size), dtype=dtype), np.full((6, size), nan)
    rows[0, 1] = inf
    rows[1, [0, -1]] = inf
    rows[2] = -inf
    rows[3, -1] = nan
    rows[4, :-1] = -inf
    rows[5, [0, 1]] = nan, inf
    expected[[0, 4]] = 0
    expected[0, 1] = expected[4, -1] = 1
    with np.errstate(divide="ignore"):
        logs = np.log(expected)
    for _ in each_instruction_set(compiled):
        np.testing.assert_array_equal(softmax_family(compiled, "softmax_rows", rows), expected)
        np.testing.assert_array_equal(softmax_family(compiled, "log_softmax_rows", rows), logs)
        sums = softmax_family(compiled, "logsumexp_rows", rows)
        np.testing.assert_array_equal(sums, [inf, inf, -inf, nan, 0, nan])


@pytest.mark.parametrize("dtype", DTYPES)
def test_masked_classes_count_as_if_they_were_not_there(compiled, dtype):
    generator = np.random.default_rng(1)
    row = generator.normal(size=30).astype(dtype)
    masked = generator.random(30) < 0.5
    with_mask = np.where(masked, -np.inf, row).astype(dtype)
    truth = oracle.softmax(row[~masked])
    for _ in each_instruction_set(compiled):
        got = softmax_family(compiled, "softmax_rows", with_mask[None])[0]
        assert (got[masked] == 0).all()
        for value, p in zip(got[~masked], truth, strict=True):
            assert _is_within(value, p, tolerance.gradient_bound(row, dtype), dtype)
