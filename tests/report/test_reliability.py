"""The reliability diagram and its expected calibration error."""

import numpy as np
import pytest
from scipy.stats import binomtest

from chainrule.report.reliability import reliability, wilson_interval


def test_an_error_by_hand() -> None:
    # Bin 0.5..0.6: mean 0.55, one of two right. Bin 0.9..1: mean 0.95, both wrong.
    found = reliability(np.array([0.52, 0.58, 0.95, 0.95]), np.array([True, False, False, False]), bins=10)
    assert [part.examples for part in found.bins] == [2, 2]
    assert found.error == pytest.approx(0.5 * 0.05 + 0.5 * 0.95)
    assert (found.mean_confidence, found.accuracy) == (pytest.approx(0.75), 0.25)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_the_error_is_that_of_a_plain_loop(bins: int) -> None:
    rng = np.random.default_rng(5)
    confidences = rng.random(1000)
    right = rng.random(1000) < 0.6
    expected = 0.0
    for place in range(bins):
        inside = (confidences > place / bins) & (confidences <= (place + 1) / bins)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidences[inside].mean())
    assert reliability(confidences, right, bins).error == pytest.approx(expected, rel=1e-12)


def test_an_edge_belongs_to_the_bin_below() -> None:
    found = reliability(np.array([0.2, 0.2000001, 1.0, 0.0]), np.ones(4, dtype=bool), bins=5)
    assert [(part.start, part.examples) for part in found.bins] == [(0.0, 2), (0.2, 1), (0.8, 1)]


def test_probabilities_that_mean_what_they_say_have_the_error_of_chance() -> None:
    errors, chances = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        confidences = rng.uniform(0.3, 1.0, 400)
        found = reliability(confidences, rng.random(400) < confidences)
        errors.append(found.error)
        chances.append(found.by_chance)
    assert np.mean(errors) == pytest.approx(np.mean(chances), rel=0.05)


@pytest.mark.parametrize(("right", "count"), [(0, 3), (3, 3), (8, 10), (190, 200)])
def test_intervals_are_wilsons(right: int, count: int) -> None:
    expected = binomtest(right, count).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(right, count), (expected.low, expected.high), atol=1e-12)


def test_certainty_has_no_error_by_chance() -> None:
    found = reliability(np.ones(3), np.ones(3, dtype=bool))
    assert (found.error, found.by_chance) == (0.0, 0.0)
