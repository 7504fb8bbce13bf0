"""A ReLU at its kink: reported, and no difference is taken across it."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.network import Network


def network_at(pre_activation: float) -> Network:
    """Return a network of one feature whose first hidden unit has this pre-activation at x = 1."""
    network = Network((1, 2, 2), dtype=np.float64)
    named = network.named_parameters
    named["W1"][...], named["b1"][...] = [[1.0], [0.5]], [pre_activation - 1.0, 0.0]
    named["W2"][...] = [[1.0, 0.3], [-1.0, 0.2]]
    return network


def test_a_pre_activation_of_exactly_0_is_reported_with_both_slopes() -> None:
    found = cr.explain(network_at(0.0), [1.0], 0, "dE/dX_1")
    assert [(kink.layer, kink.unit, kink.pre_activation) for kink in found.kinks] == [(1, 1, 0.0)]
    assert found.central_difference is None
    assert found.derivation == pytest.approx(found.backward)
    assert found.agrees
    text = found.text()
    assert "Kink: U1_1 = 0" in text
    assert "on the left" in text


def test_one_so_near_to_0_that_every_difference_crosses_it_is_reported_too() -> None:
    found = cr.explain(network_at(1e-13), [1.0], 0, "dE/dX_1")
    assert [(kink.layer, kink.unit) for kink in found.kinks] == [(1, 1)]
    assert found.central_difference is None


def test_one_that_is_only_near_takes_a_smaller_step() -> None:
    far, near = (cr.explain(network_at(u), [1.0], 0, "dE/dX_1") for u in (0.5, 1e-4))
    assert not near.kinks
    assert near.central_difference_step < 1e-4 < far.central_difference_step
    assert near.agrees
    assert near.central_difference_rounding < 1e-8


def test_a_kink_before_the_quantity_does_not_matter() -> None:
    found = cr.explain(network_at(0.0), [1.0], 0, "dE/dW2[0,0]")
    assert not found.kinks
    assert found.central_difference is not None
    assert found.agrees
