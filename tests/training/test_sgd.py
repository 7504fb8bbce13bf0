"""Gradient descent with momentum: steps by hand, and the rate on a parabola that theory gives."""

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.training import SGD


def descend(solver, gradients, rate):
    parameters = np.zeros(1)
    state = solver.start(parameters, ())
    seen = []
    for gradient in gradients:
        parameters, state = solver.step(parameters, np.array([gradient]), state, rate)
        seen.append(float(parameters[0]))
    return seen


def test_nesterov_steps_by_hand():
    # v = 1, 2.5, 0.25; x -= 0.1 (g + v / 2)
    assert descend(SGD(0.1, momentum=0.5), [1.0, 2.0, -1.0], 0.1) == pytest.approx([-0.15, -0.475, -0.3875])


def test_heavy_ball_steps_by_hand():
    solver = SGD(0.1, momentum=0.5, nesterov=False)
    assert descend(solver, [1.0, 2.0, -1.0], 0.1) == pytest.approx([-0.1, -0.35, -0.375])


def test_without_momentum_both_are_gradient_descent():
    for nesterov in (True, False):
        solver = SGD(0.1, momentum=0.0, nesterov=nesterov)
        assert descend(solver, [1.0, 2.0], 0.1) == pytest.approx([-0.1, -0.3])


def test_heavy_ball_converges_on_a_parabola_at_the_root_of_its_momentum():
    # f = x^2 / 2 with r = (1 - sqrt(mu))^2 is critically damped: the error falls like t mu^(t / 2) [Polyak1964].
    momentum = 0.64
    solver, x = SGD(0.04, momentum=momentum, nesterov=False), np.array([1.0])
    state = solver.start(x, ())
    errors = []
    for _ in range(80):
        x, state = solver.step(x, x.copy(), state, 0.04)
        errors.append(abs(float(x[0])))
    assert (errors[79] / errors[39]) ** (1 / 40) == pytest.approx(0.8, rel=0.03)


def test_a_step_keeps_the_gradient_and_the_dtype():
    parameters, gradient = np.ones(3, np.float32), np.ones(3, np.float32)
    solver = SGD(0.1)
    after, state = solver.step(parameters, gradient, solver.start(parameters, ()), 0.1)
    assert after is parameters
    assert after.dtype == state.velocity.dtype == np.float32
    assert gradient.tolist() == [1, 1, 1]


def test_impossible_settings_are_refused():
    with pytest.raises(ArgumentError, match=r"SGD: momentum lies in \[0, 1\); got 1\.0\. Try 0\.9\."):
        SGD(momentum=1.0)
    with pytest.raises(ArgumentError, match="learning_rate is a positive finite number"):
        SGD(learning_rate=-1.0)
