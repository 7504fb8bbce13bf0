"""Adam: steps by hand and by the published formulas in rational arithmetic, and its invariance to scale."""

import numpy as np
import pytest
from mpmath import mp, mpf

from chainrule.errors import ArgumentError
from chainrule.training import Adam


def published(gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Algorithm 1 of [KingmaBa2015] at 50 digits."""
    with mp.workdps(50):
        x = m = v = mpf(0)
        for t, gradient in enumerate(gradients, start=1):
            g = mpf(gradient)
            m = mpf(beta1) * m + (1 - mpf(beta1)) * g
            v = mpf(beta2) * v + (1 - mpf(beta2)) * g * g
            x -= mpf(rate) * (m / (1 - mpf(beta1) ** t)) / (mp.sqrt(v / (1 - mpf(beta2) ** t)) + mpf(epsilon))
        return float(x)


def run(solver, gradients, rate, dtype=np.float64):
    x = np.zeros(1, dtype)
    state = solver.start(x, ())
    for gradient in gradients:
        x, state = solver.step(x, np.array([gradient], dtype), state, rate)
    return float(x[0])


def test_the_first_step_has_the_length_of_the_learning_rate():
    for gradient in (1e-3, 1.0, 1e3):
        assert run(Adam(0.25, epsilon=1e-30), [gradient], 0.25) == pytest.approx(-0.25, rel=1e-14)


def test_two_steps_by_hand():
    # g = 1, 3: m^ = (0.09 + 0.3) / 0.19, v^ = (0.25 * 0.75 + 2.25) / 0.4375 with b1 = 0.9, b2 = 0.75
    second = (0.39 / 0.19) / np.sqrt((0.75 * 0.25 + 0.25 * 9) / 0.4375)
    assert run(Adam(beta2=0.75, epsilon=1e-30), [1.0, 3.0], 0.1) == pytest.approx(
        -0.1 - 0.1 * second, rel=1e-14
    )


@pytest.mark.parametrize("count", [1, 2, 10, 200])
def test_steps_agree_with_the_published_algorithm(count):
    gradients = np.random.default_rng(count).normal(size=count)
    assert run(Adam(), gradients, 0.01) == pytest.approx(published(gradients, 0.01), rel=1e-12)


def test_scaling_all_gradients_changes_nothing_without_epsilon():
    gradients = np.random.default_rng(0).normal(size=20)
    tiny = Adam(epsilon=1e-300)
    assert run(tiny, gradients * 2.0**20, 0.01) == run(tiny, gradients, 0.01)


def test_a_step_keeps_the_gradient_and_the_dtype():
    parameters, gradient = np.ones(3, np.float32), np.ones(3, np.float32)
    solver = Adam()
    after, state = solver.step(parameters, gradient, solver.start(parameters, ()), 0.1)
    assert after is parameters
    assert after.dtype == state.first_moment.dtype == state.second_moment.dtype == np.float32
    assert gradient.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beta1": 1.0}, r"Adam: beta1 lies in \[0, 1\); got 1\.0\. The usual value is 0\.9\."),
        ({"beta2": -0.1}, r"Adam: beta2 lies in \[0, 1\); got -0\.1\. The usual value is 0\.999\."),
        ({"epsilon": 0.0}, r"Adam: epsilon is positive and finite; got 0\.0"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ArgumentError, match=message):
        Adam(**settings)
