"""The product of the softmax's Jacobian and a direction: by hand, against mpmath, edges, ends of the dtype, bits."""

import numpy as np
import pytest

import oracle
import regimes
import tolerance
from kernels.row_calls import each_instruction_set, two_dimensional

DTYPES = [np.float32, np.float64]
NAN, INF = np.nan, np.inf
SIZES = (1, 2, 3, 5, 7, 8, 9, 10, 15, 16, 17, 31, 33, 200, 1000)


def product(compiled, logits, direction, row_weight=None, temperature=1.0, scale=1.0, n_threads=1):
    out = np.empty_like(logits)
    weight = None if row_weight is None else np.asarray(row_weight, dtype=np.float64)
    compiled.softmax_jacobian_rows(logits, direction, weight, temperature, scale, out, n_threads)
    return out


def _directions(row, generator):
    """Ordinary, far from 0, one outlier at a class of small or of large probability, nearly constant, one-hot."""
    size, dtype = len(row), row.dtype
    ordinary = generator.normal(size=size)
    outliers = np.ones((2, size))
    outliers[0, generator.integers(size)] = 1e6
    outliers[1, int(row.argmax())] = -1e6
    nearly_constant = 1e6 + np.round(ordinary)
    one_hot = np.eye(size)[generator.integers(size)]
    for direction in (ordinary, ordinary + 1e3, *outliers, nearly_constant, one_hot):
        yield direction.astype(dtype)


def _is_within_the_bar(compiled, row, direction, temperature=1.0):
    dtype = row.dtype.type
    truth, sizes = oracle.softmax_jacobian(row, direction, temperature)
    bound = tolerance.jacobian_bound(row, dtype, temperature) / temperature**2
    tiny = tolerance.smallest_normal(dtype)
    for name in each_instruction_set(compiled):
        got = product(compiled, row[None], direction[None], temperature=temperature)[0]
        for k, value in enumerate(got):
            error = oracle.absolute_error(value * temperature**2, truth[k])
            allowed = bound * temperature**2 * float(sizes[k]) + 2 * tiny * max(1.0, temperature**2)
            assert error <= allowed, (name, len(row), k)


def test_two_equal_logits_halve_the_difference(compiled):
    for _ in each_instruction_set(compiled):
        got = product(compiled, np.zeros((1, 2)), two_dimensional([1.0, 3.0], np.float64))
        np.testing.assert_array_equal(got, [[-0.5, 0.5]])


def test_a_confident_row_keeps_its_digits(compiled):
    for _ in each_instruction_set(compiled):
        got = product(compiled, np.array([[40.0, 0.0]]), np.array([[1e3, 1e3 + 1]]))
        np.testing.assert_array_equal(got, [[-4.248354255291589e-18, 4.248354255291589e-18]])


@pytest.mark.parametrize("temperature", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("regime", regimes.NAMES)
def test_every_entry_is_within_the_bar(compiled, regime, dtype, temperature):
    sizes = SIZES if temperature == 1.0 else (1, 2, 10, 17, 33)
    for number, row in enumerate(regimes.rows(regime, dtype, sizes)):
        for direction in _directions(row, np.random.default_rng(number)):
            _is_within_the_bar(compiled, row, direction, temperature)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_of_32003_classes_is_within_the_bar(compiled, dtype):
    generator = np.random.default_rng(2)
    row = (generator.normal(size=32003) * 4).astype(dtype)
    direction = generator.normal(size=32003).astype(dtype)
    direction[row.argmax()] = 1e6
    _is_within_the_bar(compiled, row, direction)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_logits_and_an_outlier_at_the_first_do_not_lose_the_others_digits(compiled, dtype):
    row, direction = np.zeros(1000, dtype), np.arange(1000, dtype=dtype)
    direction[0] = 2.0**40
    _is_within_the_bar(compiled, row, direction)


@pytest.mark.parametrize("size", [1, 3, 8, 17, 40])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_product_may_be_written_over_either_input(compiled, dtype, size):
    generator = np.random.default_rng(size)
    logits, direction = (generator.normal(size=(2, 5, size)) * 3).astype(dtype)
    logits[1, 0] = INF
    weight = np.array([1.0, 2.0, 0.0, 0.5, 1.0])
    for _ in each_instruction_set(compiled):
        expected = product(compiled, logits, direction, weight, 0.7)
        onto_logits, onto_direction, same = logits.copy(), direction.copy(), logits.copy()
        compiled.softmax_jacobian_rows(onto_logits, direction, weight, 0.7, 1.0, onto_logits, 1)
        compiled.softmax_jacobian_rows(logits, onto_direction, weight, 0.7, 1.0, onto_direction, 1)
        compiled.softmax_jacobian_rows(same, same, weight, 0.7, 1.0, same, 1)
        np.testing.assert_array_equal(onto_logits, expected)
        np.testing.assert_array_equal(onto_direction, expected)
        np.testing.assert_array_equal(same, product(compiled, logits, logits, weight, 0.7))


@pytest.mark.parametrize("size", [2, 9, 17, 40])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_without_a_value_are_nan_alone_and_rows_of_weight_zero_are_zero(compiled, dtype, size):
    logits, direction = np.zeros((9, size), dtype), np.ones((9, size), dtype)
    direction[:, -1] = 2
    logits[0, 0] = NAN
    logits[1, [0, -1]] = INF
    logits[2] = -INF
    direction[3, 0] = NAN
    direction[4, 0] = -INF
    logits[5, 0], direction[5, 0] = -INF, INF
    logits[6, 0] = INF
    logits[7, 0], direction[7, 0] = NAN, NAN
    weight = np.array([1.0, 1, 1, 1, 1, 1, 1, 0, 1])
    for _ in each_instruction_set(compiled):
        got = product(compiled, logits, direction, weight)
        assert np.isnan(got[:6]).all()
        np.testing.assert_array_equal(got[6:8], 0)
        assert np.isfinite(got[8]).all()
        assert got[8].any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_masked_class_has_zero_and_takes_no_part(compiled, dtype):
    generator = np.random.default_rng(1)
    logits, direction = generator.normal(size=(2, 4, 30)).astype(dtype)
    masked = generator.random(30) < 0.5
    with_mask = np.where(masked, -INF, logits).astype(dtype)
    direction[:, masked] = np.finfo(dtype).max
    kept = [np.ascontiguousarray(array[:, ~masked]) for array in (logits, direction)]
    for _ in each_instruction_set(compiled):
        got = product(compiled, with_mask, direction)
        expected = product(compiled, *kept)
        np.testing.assert_array_equal(got[:, masked], 0)
        np.testing.assert_allclose(got[:, ~masked], expected, rtol=1e-4 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize("size", [1e-290, 1e290, 1e308])
def test_directions_near_the_ends_of_float64_are_within_the_bar(compiled, size):
    row = np.array([0.0, 1.0, 2.0, -3.0, 0.5])
    _is_within_the_bar(compiled, row, np.array([-1.0, 0.5, 1.0, -0.25, 1.5]) * size)


@pytest.mark.parametrize("size", [1e-37, 3e38])
def test_directions_near_the_ends_of_float32_are_within_the_bar(compiled, size):
    row = np.array([0.0, 1.0, 2.0, -3.0, 0.5], np.float32)
    _is_within_the_bar(compiled, row, (np.array([-1.0, 0.5, 1.0, -0.25, 1.0]) * size).astype(np.float32))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("weight", [1e-300, 1e-30, 3.0, 1e300])
def test_weights_and_temperatures_whose_product_is_ordinary_cost_no_digits(compiled, dtype, weight):
    logits = two_dimensional([1.0, 0.0, -1.0, -INF], dtype)
    direction = two_dimensional([1.0, 2.0, 4.0, 8.0], dtype)
    for _ in each_instruction_set(compiled):
        plain = product(compiled, logits, direction)
        got = product(compiled, logits, direction, [weight], scale=1 / weight)
        np.testing.assert_allclose(got, plain, rtol=4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", DTYPES)
def test_factors_that_overflow_leave_a_class_without_mass_zero(compiled, dtype):
    logits, direction = two_dimensional([0.0, 0.0, -INF], dtype), two_dimensional([1.0, -1.0, 5.0], dtype)
    for _ in each_instruction_set(compiled):
        got = product(compiled, logits, direction, [1e300], 1e-20)
        assert got[0, 0] >= 1e38
        assert got[0, 1] <= -1e38
        assert got[0, 2] == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_rows_are_no_work(compiled, dtype):
    assert product(compiled, np.empty((0, 3), dtype), np.empty((0, 3), dtype)).shape == (0, 3)


@pytest.mark.parametrize("shape", [(1, 5), (7, 1), (3000, 3), (2500, 10), (1025, 257), (64, 5001)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_fused_instruction_sets_change_no_bit(many_threads, dtype, shape):
    generator = np.random.default_rng(shape)
    logits, direction = (generator.normal(size=(2, *shape)) * 8).astype(dtype)
    logits[generator.random(shape) < 0.05] = -INF
    logits[:, 0] = 1.0
    fused = set()
    for name in many_threads.instruction_sets():
        many_threads.use_instruction_set(name)
        for temperature in (1.0, 0.3):
            arguments = (logits, direction, generator.random(shape[0]), temperature, 0.7)
            bits = {product(many_threads, *arguments, n_threads=n).tobytes() for n in (1, 2, 3, 5)}
            assert len(bits) == 1, (name, temperature)
        logits_only = product(many_threads, logits, direction, temperature=0.3)
        fused |= {logits_only.tobytes()} if name != "generic" else set()
    assert len(fused) <= 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"logits": np.zeros((4, 3), np.int64)}, TypeError, "logits are float32 or float64"),
        ({"logits": np.zeros((4, 0))}, ValueError, "at least one class"),
        ({"direction": np.zeros((4, 4))}, ValueError, r"direction has shape \(4, 3\); got shape \(4, 4\)"),
        ({"direction": np.zeros((4, 3), np.float32)}, TypeError, "direction is float64; got float32"),
        ({"row_weight": np.ones(3)}, ValueError, r"row_weight has shape \(4\); got shape \(3\)"),
        ({"out": np.zeros((3, 4))}, ValueError, r"out has shape \(4, 3\)"),
        ({"out": np.zeros((4, 6))[:, ::2]}, TypeError, "out is a writable C-contiguous array"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(compiled, changes, error, message):
    arguments = {
        "logits": np.zeros((4, 3)), "direction": np.zeros((4, 3)), "row_weight": None, "temperature": 1.0,
        "scale": 1.0, "out": np.zeros((4, 3)), "n_threads": 1,
    }  # fmt: skip
    with pytest.raises(error, match=r"softmax_jacobian_rows: .*" + message):
        compiled.softmax_jacobian_rows(**{**arguments, **changes})


def test_an_output_that_overlaps_an_input_in_part_is_refused(compiled):
    memory, apart = np.zeros(13), np.zeros((4, 3))
    one, other = memory[:-1].reshape(4, 3), memory[1:].reshape(4, 3)
    for name, (logits, direction) in (("logits", (one, apart)), ("direction", (apart, one))):
        with pytest.raises(ValueError, match=f"out shares no memory with {name}"):
            compiled.softmax_jacobian_rows(logits, direction, None, 1.0, 1.0, other, 1)
    with pytest.raises(ValueError, match="out shares no memory with row_weight"):
        compiled.softmax_jacobian_rows(apart, apart, memory[:4], 1.0, 1.0, one, 1)
