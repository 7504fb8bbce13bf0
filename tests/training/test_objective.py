"""The objective: its parts by hand, its slope, blocks, and minibatches whose mean is the whole."""

import math

import numpy as np
import pytest

from chainrule.functions import total_weight
from chainrule.network import Network
from chainrule.training.batches import shuffled_batches
from chainrule.training.objective import BLOCK_ROWS, Examples, Loss, Objective

RANDOM = np.random.default_rng(1)


def objective_of(layer_sizes=(3, 5, 4), rows=50, alpha=0.3, dtype=np.float64, head="softmax"):
    network = Network(layer_sizes, "tanh", head, random_state=2, dtype=dtype)
    X = RANDOM.normal(size=(rows, layer_sizes[0]))
    y = (
        RANDOM.integers(0, layer_sizes[-1], rows)
        if head == "softmax"
        else RANDOM.uniform(size=(rows, layer_sizes[-1]))
    )
    loss = Loss(np.array([1.0, 2.0, 0.5, 4.0]), 0.1) if head == "softmax" else Loss()
    return Objective(network, Examples(X, y, RANDOM.uniform(0.0, 2.0, rows)), loss, alpha)


def test_the_objective_by_hand():
    network = Network((1, 2), dtype=np.float64)
    network.parameters = [1.0, -1.0, 0.5, -0.5]
    examples = Examples(np.array([[0.0], [1.0]]), np.array([0, 1]), np.array([3.0, 1.0]))
    # logits (0.5, -0.5) and (1.5, -1.5); penalty on the weights 1, -1 and not on the biases
    expected = (3 * math.log1p(math.exp(-1)) + math.log1p(math.exp(3))) / 4 + 0.2 / 2 * 2
    assert Objective(network, examples, Loss(), 0.2).value() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("head", ["softmax", "sigmoid", "identity"])
def test_the_gradient_is_the_slope(head):
    objective = objective_of(head=head, rows=BLOCK_ROWS + 3)
    at = objective.network.parameters.copy()
    direction = RANDOM.normal(size=at.size)
    _, gradient = objective.value_and_gradient(at)

    def error(h):
        up, down = (objective.value_and_gradient(at + sign * h * direction)[0] for sign in (1, -1))
        return abs((up - down) / (2 * h) - gradient @ direction)

    assert np.log2(error(4e-2) / error(2e-2)) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("rows", [1, BLOCK_ROWS, BLOCK_ROWS + 1, 5 * BLOCK_ROWS - 7])
def test_blocks_add_up_to_the_plain_mean(rows):
    objective = objective_of(rows=rows)
    examples, network = objective.examples, objective.network
    value, gradient = objective.value_and_gradient(network.parameters.copy())
    plain, plain_gradient = network.loss_and_gradient(
        examples.X, examples.y, sample_weight=examples.sample_weight, class_weight=objective.loss.class_weight,
        label_smoothing=0.1,
    )  # fmt: skip
    for weights in network.weight_slices:
        plain += 0.15 * (network.parameters[weights] ** 2).sum()
        plain_gradient[weights] += 0.3 * network.parameters[weights]
    assert value == pytest.approx(plain, rel=1e-12)
    assert objective.value() == pytest.approx(plain, rel=1e-12)
    np.testing.assert_allclose(gradient, plain_gradient, rtol=1e-9, atol=1e-12)


def test_the_mean_of_equal_minibatches_is_the_whole():
    objective = objective_of(rows=60)
    value, gradient = objective.value_and_gradient(objective.network.parameters.copy())
    parts = [objective.batch(rows) for rows in shuffled_batches(60, 10, 0, 1)]
    total = sum(loss for loss, _ in parts) / objective.total_weight + objective.penalty()
    assert total == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(np.mean([part for _, part in parts], axis=0), gradient, rtol=1e-9, atol=1e-12)


def test_the_divisor_is_that_of_the_mean():
    objective = objective_of()
    examples = objective.examples
    expected = total_weight(examples.y, 4, examples.sample_weight, objective.loss.class_weight)
    assert objective.total_weight == expected


def test_float32_networks_are_summed_in_float64_without_a_copy_of_the_rows():
    objective = objective_of(dtype=np.float32)
    wide = objective.in_float64()
    assert wide.network.dtype == np.float64
    assert wide.examples is objective.examples
    assert wide.value() == pytest.approx(objective.value(), rel=1e-6)
    np.testing.assert_array_equal(wide.network.parameters, objective.network.parameters)
    assert objective.batch(np.arange(5))[1].dtype == np.float32
