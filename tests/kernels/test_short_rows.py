"""Rows of few classes have a lane each; those of more have theirs across lanes: no row sees another."""

import numpy as np
import pytest

import oracle
import regimes
import tolerance
from kernels.row_calls import by_index, each_instruction_set, softmax_family

DTYPES = [np.float32, np.float64]
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33]
NAN, INF = np.nan, np.inf


def _one_row_of_each_regime(size, dtype):
    return np.array([next(regimes.rows(name, dtype, (size,))) for name in regimes.NAMES])


def _strange_rows(size, dtype):
    """Ordinary rows among rows that are NaN, infinite, masked, of weight 0, of tiny weight, without a class."""
    generator = np.random.default_rng(size)
    logits = (generator.normal(size=(53, size)) * 6).astype(dtype)
    targets, weight = generator.integers(0, size, 53), generator.random(53)
    logits[3, 0] = logits[20, -1] = NAN
    logits[5, 0] = logits[21, -1] = INF
    logits[7] = INF
    logits[9] = -INF
    logits[11, size // 2 :] = -INF
    logits[13, : size // 2] = np.finfo(dtype).max
    weight[[15, 16, 33]] = 0
    logits[16] = NAN
    weight[[17, 34]] = 1e-300
    weight[18] = 1e300
    targets[[19, 35, 52]] = -1, size, 2**40
    return logits, targets, weight


@pytest.mark.parametrize("temperature", [1.0, 0.4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_every_row_of_a_mixed_batch_is_within_the_bar(compiled, size, dtype, temperature):
    rows = np.tile(_one_row_of_each_regime(size, dtype), (3, 1))
    targets = np.arange(len(rows)) * 5 % size
    smallest = tolerance.smallest_normal(dtype)
    truths = [
        (
            oracle.cross_entropy(row, np.eye(size)[y], temperature),
            oracle.cross_entropy_gradient(row, np.eye(size)[y], temperature),
        )
        for row, y in zip(rows, targets, strict=True)
    ]
    for name in each_instruction_set(compiled):
        _, losses, gradient = by_index(compiled, rows, targets, temperature=temperature)
        for i, (loss, entries) in enumerate(truths):
            allowed = tolerance.loss_bound(rows[i], dtype, temperature)
            assert loss < smallest or oracle.relative_error(losses[i], loss) <= allowed, (name, i)
            allowed = tolerance.gradient_bound(rows[i], dtype, temperature)
            for value, true in zip(gradient[i], entries, strict=True):
                assert abs(true) < smallest or oracle.relative_error(value, true) <= allowed, (name, i)


@pytest.mark.parametrize("temperature", [1.0, 0.4, 3.0])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [*SIZES, 100, 700])
def test_a_row_has_the_same_bits_wherever_it_stands(compiled, size, dtype, temperature):
    logits, targets, weight = _strange_rows(size, dtype)
    for name in each_instruction_set(compiled):
        options = {"temperature": temperature, "gradient_scale": 0.3}
        _, losses, gradient = by_index(compiled, logits, targets, row_weight=weight, **options)
        for i in range(len(logits)):
            one = slice(i, i + 1)
            _, loss, row = by_index(compiled, logits[one], targets[one], row_weight=weight[one], **options)
            np.testing.assert_array_equal(loss, losses[one], err_msg=f"{name} {i}")
            np.testing.assert_array_equal(row, gradient[one], err_msg=f"{name} {i}")
        for start in (1, 8, 15):
            part = by_index(compiled, logits[start:], targets[start:], row_weight=weight[start:], **options)
            np.testing.assert_array_equal(part[1], losses[start:], err_msg=name)
            np.testing.assert_array_equal(part[2], gradient[start:], err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [*SIZES, 100])
def test_strange_rows_are_strange_alone(compiled, size, dtype):
    logits, targets, weight = _strange_rows(size, dtype)
    ordinary = [0, 1, 2, 4, 6, 14, 22, 36]
    for name in each_instruction_set(compiled):
        _, losses, gradient = by_index(compiled, logits, targets, row_weight=weight)
        assert np.isfinite(losses[ordinary]).all(), name
        assert np.isfinite(gradient[ordinary]).all(), name
        for i in (3, 9, 19, 20, 35, 52):
            assert np.isnan(losses[i]), (name, i)
            assert np.isnan(gradient[i]).all(), (name, i)
        for i in (15, 16, 33):
            assert losses[i] == 0, (name, i)
            np.testing.assert_array_equal(gradient[i], 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_the_gradient_of_short_rows_may_be_their_logits(compiled, size, dtype):
    logits, targets, weight = _strange_rows(size, dtype)
    for name in each_instruction_set(compiled):
        for n in (1, 16, 37, 53):
            _, losses, gradient = by_index(compiled, logits[:n], targets[:n], row_weight=weight[:n])
            onto, same = logits[:n].copy(), np.empty(n)
            compiled.cross_entropy_index_rows(onto, targets[:n], weight[:n], 1.0, 1.0, same, onto, 1)
            np.testing.assert_array_equal(onto, gradient, err_msg=name)
            np.testing.assert_array_equal(same, losses, err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 3, 10, 32, 33])
def test_nothing_is_written_beyond_the_rows(compiled, size, dtype):
    generator = np.random.default_rng(size)
    logits = generator.normal(size=(23, size)).astype(dtype)
    targets = generator.integers(0, size, 23)
    for _ in each_instruction_set(compiled):
        memory = np.full((25, size), 7, dtype)
        compiled.cross_entropy_index_rows(logits, targets, None, 1.0, 1.0, None, memory[1:24], 1)
        np.testing.assert_array_equal(memory[[0, 24]], 7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_that_go_past_the_cache_have_the_bits_of_those_that_do_not(compiled, dtype):
    generator = np.random.default_rng(0)
    size = 20_011
    rows = (64 << 20) // (size * np.dtype(dtype).itemsize) + 1
    logits = np.tile((generator.normal(size=(3, size)) * 4).astype(dtype), (rows // 3 + 1, 1))[:rows]
    logits[1, :5] = -INF
    logits[2, 0] = NAN
    targets, weight = np.arange(rows) * 997 % size, np.ones(rows)
    weight[[4, 5, 6]] = 0.0, 1e-300, 1e300
    memory = np.full(logits.size + 40, 7, dtype)
    for name in compiled.instruction_sets():
        compiled.use_instruction_set(name)
        for start in (0, 3):  # the rows begin at all places of a line of the cache
            gradient = memory[start + 17 : start + 17 + logits.size].reshape(logits.shape)
            compiled.cross_entropy_index_rows(logits, targets, weight, 1.0, 1.0, None, gradient, 2)
            assert (memory[: start + 17] == 7).all()
            assert (memory[start + 17 + logits.size :] == 7).all()
            for i in (0, 1, 2, 3, 4, 5, 6, rows - 1):
                one = slice(i, i + 1)
                _, _, alone = by_index(compiled, logits[one], targets[one], row_weight=weight[one])
                np.testing.assert_array_equal(alone, gradient[one], err_msg=f"{name} {i}")
            memory[...] = 7


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [*SIZES, 100])
def test_a_softmax_has_the_same_bits_wherever_its_row_stands(compiled, size, dtype):
    logits, _, _ = _strange_rows(size, dtype)
    for name in each_instruction_set(compiled):
        for kernel in ("softmax_rows", "log_softmax_rows", "logsumexp_rows"):
            together = softmax_family(compiled, kernel, logits)
            for i in range(len(logits)):
                alone = softmax_family(compiled, kernel, logits[i : i + 1])
                np.testing.assert_array_equal(alone, together[i : i + 1], err_msg=f"{name} {kernel} {i}")
            if kernel != "logsumexp_rows":
                onto = logits.copy()
                getattr(compiled, kernel)(onto, onto, 1)
                np.testing.assert_array_equal(onto, together)
