"""Robust scaling of numbers: (RS.1), (RS.2)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chainrule.data import RobustScaling

FINITE = st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = arrays(np.float64, st.integers(1, 40), elements=FINITE)


def test_the_median_becomes_zero_and_an_interquartile_range_above_it_three_over_the_root_of_ten() -> None:
    scaling = RobustScaling.fit(np.array([0.0, 1.0, 2.0, 3.0, 4.0]))
    assert scaling == RobustScaling(center=2.0, spread=2.0)
    np.testing.assert_allclose(scaling.apply(np.array([2.0, 4.0])), [0.0, 3 / math.sqrt(10)], rtol=1e-15)


def test_half_the_range_scales_where_the_quartiles_are_equal() -> None:
    assert RobustScaling.fit(np.array([0.0] * 9 + [16.0])) == RobustScaling(center=0.0, spread=8.0)


def test_a_constant_column_has_no_spread_and_becomes_zero() -> None:
    scaling = RobustScaling.fit(np.full(3, 7.0))
    assert scaling == RobustScaling(center=7.0, spread=0.0)
    assert scaling.apply(np.array([7.0, 8.0, np.nan])).tolist()[:2] == [0.0, 0.0]


def test_missing_values_stay_missing() -> None:
    assert np.isnan(RobustScaling(0.0, 1.0).apply(np.array([np.nan]))).all()


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6)))
def test_center_and_spread_are_numpys_quantiles(values: np.ndarray) -> None:
    low, center, high = np.quantile(values, [0.25, 0.5, 0.75])
    scaling = RobustScaling.fit(values)
    assert scaling.center == center
    assert scaling.spread == (high - low or (values.max() - values.min()) / 2)


@given(COLUMNS, FINITE)
def test_every_finite_number_becomes_a_number_between_minus_three_and_three(
    values: np.ndarray, new: float
) -> None:
    scaling = RobustScaling.fit(values)
    assert math.isfinite(scaling.center)
    assert math.isfinite(scaling.spread)
    scaled = scaling.apply(np.append(values, new))
    assert np.all(np.abs(scaled) <= 3.0)


@given(COLUMNS)
def test_order_is_kept(values: np.ndarray) -> None:
    ordered = np.sort(values)
    assert np.all(np.diff(RobustScaling.fit(values).apply(ordered)) >= 0.0)


@given(
    arrays(np.float64, st.integers(4, 40), elements=st.integers(-1000, 1000).map(float)),
    st.integers(-1000, 1000),
    st.integers(-20, 20),
)
def test_shifting_and_scaling_a_column_changes_no_bit(values: np.ndarray, shift: int, power: int) -> None:
    moved = (values + shift) * 2.0**power
    expected = RobustScaling.fit(values).apply(values)
    np.testing.assert_array_equal(RobustScaling.fit(moved).apply(moved), expected)


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6)), st.randoms())
def test_the_order_of_the_rows_does_not_matter(values: np.ndarray, random: object) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert RobustScaling.fit(shuffled) == RobustScaling.fit(values)


@given(COLUMNS)
def test_plain_values_make_an_equal_scaling(values: np.ndarray) -> None:
    scaling = RobustScaling.fit(values)
    assert RobustScaling.from_json_value(scaling.to_json_value()) == scaling


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_value_reaches_the_clip(value: float) -> None:
    assert RobustScaling(0.0, 1.0).apply(np.array([value])).tolist() == [math.copysign(3.0, value)]
