"""Dropout: masks by hand, their law, the slope of a loss under them, and refusals."""

import numpy as np
import pytest

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.kernels import Purpose, random_bits
from chainrule.network import Dropout, Network, check_dropout
from chainrule.network.dropout import dropout_mask

FLOAT64 = np.dtype(np.float64)
RANDOM = np.random.default_rng(0)


def test_a_mask_by_hand():
    words = random_bits(2, Purpose.DROPOUT, 5, 2, 3, 1)
    sixteen = [(int(word) >> shift) & 0xFFFF for word in words for shift in (0, 16, 32, 48)][:6]
    expected = np.array([word >= 16384 for word in sixteen]).reshape(2, 3) * (65536 / 49152)
    np.testing.assert_array_equal(dropout_mask(2, 3, 0.25, (5, 2, 3, 1), FLOAT64), expected)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_mask_has_mean_1_and_leaves_out_its_share(rate):
    mask = dropout_mask(1000, 1000, rate, (0, 1, 0, 0), FLOAT64)
    assert (mask == 0).mean() == pytest.approx(rate, abs=4e-3)
    assert mask.mean() == pytest.approx(1.0, abs=4e-3 / (1 - rate))


def test_every_part_of_the_key_makes_another_mask_and_nothing_else_does():
    keys = [(0, 1, 0, 0), (1, 1, 0, 0), (0, 2, 0, 0), (0, 1, 1, 0), (0, 1, 0, 1)]
    masks = [dropout_mask(20, 20, 0.5, key, FLOAT64).tobytes() for key in keys]
    assert len(set(masks)) == len(keys)
    assert dropout_mask(20, 20, 0.5, keys[0], FLOAT64).tobytes() == masks[0]


def test_the_first_rows_of_a_mask_do_not_depend_on_how_many_follow():
    few, many = (dropout_mask(rows, 7, 0.5, (3, 1, 0, 0), FLOAT64) for rows in (5, 50))
    np.testing.assert_array_equal(few, many[:5])


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity"])
def test_the_gradient_under_masks_is_the_slope(activation):
    network = Network((4, 6, 5, 3), activation, random_state=1, dtype=np.float64)
    X, y = RANDOM.normal(size=(9, 4)), RANDOM.integers(0, 3, 9)
    masks = Dropout((0.3, 0.5), 2).masks(9, network.layer_sizes, 1, 0, FLOAT64)
    at, direction = network.parameters.copy(), RANDOM.normal(size=network.parameters.size)
    gradient = network.loss_and_gradient(X, y, masks=masks)[1]

    def error(h):
        values = []
        for sign in (1, -1):
            network.parameters = at + sign * h * direction
            values.append(network.loss_and_gradient(X, y, masks=masks)[0])
        network.parameters = at
        return abs((values[0] - values[1]) / (2 * h) - gradient @ direction)

    assert np.log2(error(2e-2) / error(1e-2)) == pytest.approx(2.0, abs=0.2)


def test_units_left_out_are_as_if_the_layer_were_narrower():
    network = Network((3, 4, 2), "tanh", random_state=0, dtype=np.float64)
    X, y, kept = RANDOM.normal(size=(6, 3)), RANDOM.integers(0, 2, 6), [0, 2]
    mask = np.zeros((6, 4))
    mask[:, kept] = 1.0
    narrow = Network((3, 2, 2), "tanh", dtype=np.float64)
    wide, small = network.named_parameters, narrow.named_parameters
    small["W1"][...], small["b1"][...] = wide["W1"][kept], wide["b1"][kept]
    small["W2"][...], small["b2"][...] = wide["W2"][:, kept], wide["b2"]
    loss, gradient = network.loss_and_gradient(X, y, masks=[mask])
    expected, narrow_gradient = narrow.loss_and_gradient(X, y)
    assert loss == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(gradient[:12].reshape(4, 3)[kept].ravel(), narrow_gradient[:6], rtol=1e-12)
    np.testing.assert_array_equal(gradient[:12].reshape(4, 3)[[1, 3]], 0.0)


@pytest.mark.parametrize(
    ("dropout", "n_hidden", "rates"), [(0.1, 2, (0.1, 0.1)), ([0.1, 0], 2, (0.1, 0.0)), (0, 0, ())]
)
def test_one_rate_serves_all_layers(dropout, n_hidden, rates):
    assert check_dropout("train", dropout, n_hidden) == rates


@pytest.mark.parametrize(
    ("dropout", "n_hidden", "error", "message"),
    [
        (1.0, 1, ArgumentError, r"dropout lies in \[0, 1\); got 1.0"),
        (-0.1, 1, ArgumentError, r"dropout lies in \[0, 1\); got -0.1"),
        (float("nan"), 1, ArgumentError, r"dropout lies in \[0, 1\); got nan"),
        (0.999999, 1, ArgumentError, r"dropout lies in \[0, 1\); got 0.999999"),
        ((0.1,), 2, ArgumentError, r"one for each of the 2 hidden layers; got \(0.1,\)"),
        ("much", 1, ArgumentTypeError, "dropout is a number, or one for each layer; got 'much'"),
        (True, 1, ArgumentTypeError, "dropout is a number, or one for each layer; got True"),
        (0.1, 0, ArgumentError, "dropout goes with hidden layers; got 0.1 without any"),
    ],
)
def test_impossible_rates_are_refused(dropout, n_hidden, error, message):
    with pytest.raises(error, match=message):
        check_dropout("train", dropout, n_hidden)
