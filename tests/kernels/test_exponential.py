import mpmath
import numpy as np
import pytest

from kernels.row_calls import each_instruction_set

DTYPES = [np.float32, np.float64]
ULPS = {np.float32: 2.0, np.float64: 1.0}
LOWEST = {np.float32: -87.336, np.float64: -708.396}


def _exp(compiled, values):
    out = np.empty_like(values)
    compiled.exp_array(values, out)
    return out


def _ulps(got, truth):
    """Distance in units of the last place of the binade that holds the truth."""
    _, exponent = np.frexp(truth)
    return np.abs(got.astype(np.longdouble) - truth) / np.ldexp(
        np.longdouble(1), exponent - np.finfo(got.dtype).nmant - 1
    )


def _arguments(dtype):
    generator = np.random.default_rng(0)
    spread = generator.uniform(LOWEST[dtype], 0, 300_000)
    near_zero = -generator.exponential(0.5, 300_000)
    halfway = -(np.arange(126) + 0.5) * np.log(2) * (1 + generator.normal(scale=1e-7, size=(100, 126)))
    return np.concatenate([spread, near_zero, halfway.ravel()]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_arguments(compiled, dtype):
    values = np.array([0.0, -0.0, -np.inf, -1e30, -750.0, np.nan], dtype=dtype)
    for _ in each_instruction_set(compiled):
        np.testing.assert_array_equal(_exp(compiled, values), np.array([1, 1, 0, 0, 0, np.nan], dtype=dtype))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than float64 here")
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_error_is_within_the_bar_over_the_whole_range(compiled, dtype):
    values = _arguments(dtype)
    truth = np.exp(values.astype(np.longdouble))
    for name in each_instruction_set(compiled):
        assert _ulps(_exp(compiled, values), truth).max() <= ULPS[dtype], name


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_error_is_within_the_bar_against_fifty_digits(compiled, dtype):
    values = _arguments(dtype)[::1500].copy()
    truth = [mpmath.exp(mpmath.mpf(float(value))) for value in values]
    unit = np.spacing(np.array([float(t) for t in truth], dtype=dtype)).astype(np.float64)
    for name in each_instruction_set(compiled):
        got = _exp(compiled, values)
        errors = [float(abs(mpmath.mpf(float(g)) - t)) for g, t in zip(got, truth, strict=True)]
        assert (np.array(errors) <= ULPS[dtype] * unit).all(), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_results_below_the_normal_numbers_are_off_by_less_than_two_of_the_smallest(compiled, dtype):
    edge = LOWEST[dtype]
    values = np.linspace(edge - 40, edge, 1001).astype(dtype)
    truth = np.exp(values.astype(np.longdouble))
    for name in each_instruction_set(compiled):
        errors = np.abs(_exp(compiled, values) - truth)
        assert (errors < 2 * np.longdouble(np.finfo(dtype).smallest_subnormal)).all(), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_length_is_the_same_as_element_by_element(compiled, dtype):
    values = -np.arange(40, dtype=dtype) / 3
    for _ in each_instruction_set(compiled):
        alone = np.concatenate([_exp(compiled, values[i : i + 1]) for i in range(40)])
        for size in range(41):
            np.testing.assert_array_equal(_exp(compiled, values[:size]), alone[:size])
