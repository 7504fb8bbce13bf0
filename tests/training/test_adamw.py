"""AdamW: decay by hand, on weights alone, and nothing but Adam without it."""

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.training import Adam, AdamW


def test_weights_decay_and_biases_do_not():
    x = np.array([1.0, 2.0, 4.0])
    solver = AdamW(weight_decay=0.5)
    state = solver.start(x, (slice(0, 2),))
    x, state = solver.step(x, np.zeros(3), state, 0.1)
    x, state = solver.step(x, np.zeros(3), state, 0.2)
    assert x == pytest.approx([0.95 * 0.9, 2 * 0.95 * 0.9, 4.0])


def test_the_decay_leaves_the_moments_alone():
    gradients = np.random.default_rng(0).normal(size=(5, 2))
    for decay in (0.0, 10.0):
        x = np.ones(2)
        solver = AdamW(weight_decay=decay)
        state = solver.start(x, (slice(0, 2),))
        plain, reference = Adam(), np.ones(2)
        plain_state = plain.start(reference, ())
        for gradient in gradients:
            x, state = solver.step(x, gradient, state, 0.01)
            reference, plain_state = plain.step(reference, gradient, plain_state, 0.01)
        np.testing.assert_array_equal(state.adam.second_moment, plain_state.second_moment)
        assert (x == reference).all() == (decay == 0.0)


def test_a_negative_decay_is_refused():
    with pytest.raises(ArgumentError, match=r"AdamW: weight_decay is finite and >= 0; got -1\. Try 0\.1\."):
        AdamW(weight_decay=-1)
