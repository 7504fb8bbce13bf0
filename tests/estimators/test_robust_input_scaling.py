"""Robust scaling of arrays: by hand, against numpy's quantiles, weights as repetitions, any size, clipping."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chainrule.estimators.robust_input_scaling import robust_input_scaling, weighted_quantiles
from chainrule.network import InputScaling, Network

RANDOM = np.random.default_rng(5)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_median_and_interquartile_range_by_hand():
    scaling = robust_input_scaling(np.array([[0.0], [1.0], [2.0], [3.0], [100.0]]))
    assert (scaling.center[0], scaling.scale[0], scaling.limit) == (2.0, 0.5, 3.0)
    scaled = scaling.apply(np.array([[2.0], [4.0], [1e300]])).ravel()
    np.testing.assert_allclose(scaled, [0.0, 3 / np.sqrt(10), 3.0], rtol=1e-15)


def test_half_the_range_takes_the_place_of_equal_quartiles_and_a_constant_is_only_centred():
    X = np.array([[0.0, 7.0]] * 9 + [[16.0, 7.0]])
    scaling = robust_input_scaling(X)
    assert scaling.center.tolist() == [0.0, 7.0]
    assert scaling.scale.tolist() == [1 / 8, 1.0]


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-1e6, 1e6)))
def test_the_quartiles_are_those_of_numpys_inverted_distribution(values):
    expected = np.quantile(values, [0.25, 0.5, 0.75], axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(weighted_quantiles(values, None), expected)
    np.testing.assert_array_equal(weighted_quantiles(values, np.full(len(values), 3.0)), expected)


@given(st.data())
def test_a_weight_is_the_row_that_many_times(data):
    weights = np.array(data.draw(st.lists(st.integers(0, 4), min_size=5, max_size=30).filter(any)))
    X = RANDOM.normal(size=(len(weights), 20)).round(1)
    weighted = robust_input_scaling(X, weights.astype(float))
    repeated = robust_input_scaling(np.repeat(X, weights, axis=0))
    np.testing.assert_array_equal(weighted.center, repeated.center)
    if (weights > 0).all():  # half the range knows rows of weight 0, which a classifier leaves out before
        np.testing.assert_array_equal(weighted.scale, repeated.scale)


@given(arrays(np.float64, st.tuples(st.integers(1, 20), st.just(2)), elements=FINITE), FINITE)
def test_every_finite_number_becomes_one_between_minus_three_and_three(X, new):
    scaling = robust_input_scaling(X)
    assert np.isfinite(scaling.center).all()
    assert np.isfinite(scaling.scale).all()
    with np.errstate(over="ignore"):
        scaled = scaling.apply(np.concatenate([X, [[new, -new]]]))
    assert (np.abs(scaled) <= 3.0).all()


def test_one_wild_value_does_not_move_the_others():
    X = RANDOM.normal(size=(200, 1))
    wild = np.concatenate([X, [[1e12]]])
    tame = np.concatenate([X, [[4.0]]])
    np.testing.assert_array_equal(robust_input_scaling(wild).apply(X), robust_input_scaling(tame).apply(X))


def test_a_network_keeps_the_clip_in_copies_and_files(tmp_path):
    network = Network((2, 3), dtype=np.float64)
    network.parameters = RANDOM.normal(size=9)
    network.input_scaling = InputScaling(np.array([1.0, 2.0]), np.array([3.0, 0.5]), limit=3.0)
    X = RANDOM.normal(scale=10.0, size=(5, 2))
    z = (X - [1.0, 2.0]) * [3.0, 0.5]
    named = network.named_parameters
    expected = z / np.sqrt(1 + (z / 3) ** 2) @ named["W1"].T + named["b1"]
    network.save(tmp_path / "network.safetensors")
    for same in (network, network.copy(), Network.load(tmp_path / "network.safetensors")):
        np.testing.assert_allclose(same.predict_logits(X), expected, rtol=1e-12)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), "3", True])
def test_a_damaged_limit_is_refused(limit):
    network = Network((2, 3))
    network.input_scaling = InputScaling(np.zeros(2), np.ones(2), limit=3.0)
    description = {**network.describe(), "input_limit": limit}
    with pytest.raises(ValueError, match="an input limit of"):
        Network.restore(network.tensors(), description, "load")
