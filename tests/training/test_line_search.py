"""The line search: both Wolfe conditions on functions of many shapes, and nothing that is not finite."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.training.line_search import (
    CURVATURE,
    SUFFICIENT_DECREASE,
    LinePoint,
    cubic_minimiser,
    strong_wolfe,
)


def line(value, slope):
    def evaluate(step):
        with np.errstate(all="ignore"):
            return LinePoint(
                step, float(value(step)), float(slope(step)), np.array([step]), np.array([slope(step)])
            )

    return evaluate


def satisfies_both(evaluate, point):
    origin = evaluate(0.0)
    lower = point.value <= origin.value + SUFFICIENT_DECREASE * point.step * origin.slope
    return lower and abs(point.slope) <= -CURVATURE * origin.slope


def test_a_cubic_is_minimised_exactly():
    evaluate = line(lambda a: a**3 - 3 * a, lambda a: 3 * a**2 - 3)
    assert cubic_minimiser(evaluate(0.0), evaluate(2.5)) == pytest.approx(1.0, rel=1e-15)
    assert cubic_minimiser(evaluate(2.5), evaluate(0.0)) == pytest.approx(1.0, rel=1e-15)


def test_a_cubic_without_minimum_says_so():
    evaluate = line(lambda a: -(a**3) - a, lambda a: -3 * a**2 - 1)
    assert math.isnan(cubic_minimiser(evaluate(0.0), evaluate(1.0)))


@given(
    minimum=st.floats(0.01, 100.0),
    power=st.sampled_from([2, 4, 6]),
    wiggle=st.floats(0.0, 0.9),
    frequency=st.floats(0.1, 5.0),
    first_step=st.floats(1e-3, 1e3),
)
def test_the_step_found_satisfies_both_wolfe_conditions(minimum, power, wiggle, frequency, first_step):
    def value(a):
        return (a / minimum - 1) ** power + wiggle * math.sin(frequency * a / minimum) ** 2

    def slope(a):
        inner = frequency * a / minimum
        return (power * (a / minimum - 1) ** (power - 1) + wiggle * frequency * math.sin(2 * inner)) / minimum

    evaluate = line(value, slope)
    assume(evaluate(0.0).slope < 0)
    found = strong_wolfe(evaluate, evaluate(0.0), first_step)
    assert found.strong
    assert satisfies_both(evaluate, found.point)


@pytest.mark.parametrize("first_step", [1e-6, 1e-3, 1.0, 1e3, 1e9])
def test_the_functions_of_more_and_thuente_are_solved_from_far_starts(first_step):
    beta = 2.0
    first = line(lambda a: -a / (a * a + beta), lambda a: (a * a - beta) / (a * a + beta) ** 2)
    second = line(
        lambda a: (a + 0.004) ** 5 - 2 * (a + 0.004) ** 4,
        lambda a: 5 * (a + 0.004) ** 4 - 8 * (a + 0.004) ** 3,
    )
    for evaluate in (first, second):
        found = strong_wolfe(evaluate, evaluate(0.0), first_step)
        assert found.strong
        assert satisfies_both(evaluate, found.point)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_a_point_that_is_not_finite_is_never_accepted(bad):
    def value(a):
        return (a - 0.5) ** 2 if a < 1.0 else bad

    evaluate = line(value, lambda a: 2 * (a - 0.5) if a < 1.0 else bad)
    found = strong_wolfe(evaluate, evaluate(0.0), first_step=1e8)
    assert found.strong
    assert found.point.step < 1.0


def test_a_function_that_overflows_everywhere_gives_no_point():
    evaluate = line(lambda a: 0.0 if a == 0.0 else math.nan, lambda a: -1.0 if a == 0.0 else math.nan)
    assert strong_wolfe(evaluate, evaluate(0.0), 1.0).point is None


def test_at_a_kink_the_lower_point_is_returned_as_not_strong():
    evaluate = line(lambda a: abs(a - 1.0), lambda a: math.copysign(1.0, a - 1.0))
    found = strong_wolfe(evaluate, evaluate(0.0), first_step=1.5)
    assert not found.strong
    assert found.point.value < 0.1


def test_a_function_without_minimum_is_followed_as_far_as_the_trials_reach():
    evaluate = line(lambda a: -a, lambda _: -1.0)
    found = strong_wolfe(evaluate, evaluate(0.0), 1.0)
    assert not found.strong
    assert found.point.step > 1e6


@pytest.mark.parametrize("broken", [(-math.inf, -1.0), (-5.0, math.nan), (math.nan, 0.0)])
def test_a_point_that_is_not_finite_is_never_accepted_however_low(broken):
    def evaluate(step):
        value, slope = broken if step > 2.0 else ((step - 1.0) ** 2, 2.0 * (step - 1.0))
        return LinePoint(step, value, slope, np.array([step]), np.array([slope]))

    found = strong_wolfe(evaluate, evaluate(0.0), 16.0).point
    assert found.finite
    assert found.step <= 2.0
