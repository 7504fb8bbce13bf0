"""All options of a fit together: the slope of the objective, minibatches that add up, the weights rows stand for."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import Dropout, Network
from chainrule.training import SGD, AdamW, train
from chainrule.training.batches import shuffled_batches
from chainrule.training.objective import Examples, Loss, Objective, clip

ROWS, FEATURES, CLASSES = 24, 3, 4


@st.composite
def objectives(draw, rates=(0.0, 0.2, 0.6)):
    """Draw an objective with any combination of options."""
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    hidden = draw(st.sampled_from([(), (5,), (4, 3)]))
    network = Network((FEATURES, *hidden, CLASSES), "tanh", random_state=1, dtype=np.float64)
    network.parameters = random.normal(scale=0.7, size=network.parameters.size)
    y = random.integers(0, CLASSES, ROWS)
    if draw(st.booleans()):
        y = random.dirichlet(np.ones(CLASSES), ROWS)
    weights = random.integers(0, 3, ROWS) + random.uniform(size=ROWS) if draw(st.booleans()) else None
    class_weight = random.uniform(0.5, 3.0, CLASSES) if draw(st.booleans()) else None
    loss = Loss(class_weight, draw(st.sampled_from([0.0, 0.1, 0.5])))
    dropout = tuple(draw(st.sampled_from(rates)) for _ in hidden)
    examples = Examples(random.normal(size=(ROWS, FEATURES)), y, weights)
    alpha = draw(st.sampled_from([0.0, 0.3]))
    return Objective(network, examples, loss, alpha, Dropout(dropout, 3) if any(dropout) else None)


def plain_value(objective, rows, epoch, step):
    """Return F_B of (TR.5) in plain NumPy: no kernel, no network, one sum of losses times weights."""
    network, loss, examples = objective.network, objective.loss, objective.examples
    named, n_layers = network.named_parameters, len(network.layer_sizes) - 1
    values = examples.X[rows]
    masks = [None] * (n_layers - 1)
    if objective.dropout is not None:
        masks = objective.dropout.masks(len(rows), network.layer_sizes, epoch, step, np.dtype(np.float64))
    for layer in range(1, n_layers + 1):
        values = values @ named[f"W{layer}"].T + named[f"b{layer}"]
        if layer < n_layers:
            values = np.tanh(values) * (1.0 if masks[layer - 1] is None else masks[layer - 1])
    log_p = values - np.log(np.exp(values).sum(axis=1, keepdims=True))
    q = np.eye(CLASSES)[examples.y] if examples.y.ndim == 1 else examples.y
    c = np.ones(CLASSES) if loss.class_weight is None else loss.class_weight
    s = np.ones(ROWS) if examples.sample_weight is None else examples.sample_weight
    smooth = (1 - loss.label_smoothing) * q + loss.label_smoothing / CLASSES
    total = -(s[rows, None] * c * smooth[rows] * log_p).sum()
    mean_weight = (s[:, None] * c * q).sum() / ROWS
    penalty = sum((named[f"W{layer}"] ** 2).sum() for layer in range(1, n_layers + 1))
    return total / (len(rows) * mean_weight) + objective.alpha / 2 * penalty


@given(objectives(), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_the_gradient_of_a_minibatch_is_the_slope_of_the_plain_objective(objective, seed):
    random = np.random.default_rng(seed)
    rows, network = random.permutation(ROWS)[:10], objective.network
    at = network.parameters.copy()
    direction = random.normal(size=at.size) / math.sqrt(at.size)
    loss, gradient = objective.batch(rows, epoch=2, step=1)
    unit = len(rows) * objective.total_weight / ROWS
    assert loss / unit + objective.penalty() == pytest.approx(plain_value(objective, rows, 2, 1), rel=1e-10)

    def error(h):
        values = []
        for sign in (1, -1):
            network.parameters = at + sign * h * direction
            values.append(plain_value(objective, rows, 2, 1))
        network.parameters = at
        return abs((values[0] - values[1]) / (2 * h) - gradient @ direction)

    coarse, fine = error(2e-2), error(1e-2)
    assert fine < 1e-9 or math.log2(coarse / fine) == pytest.approx(2.0, abs=0.3)


@given(objectives(rates=(0.0,)))
@settings(max_examples=40, deadline=None)
def test_minibatches_add_up_to_the_whole_under_any_options(objective):
    _, whole = objective.value_and_gradient(objective.network.parameters.copy())
    parts = [objective.batch(rows)[1] for rows in shuffled_batches(ROWS, 6, 0, 1)]
    np.testing.assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-9, atol=1e-12)


@given(objectives(rates=(0.0,)))
@settings(max_examples=40, deadline=None)
def test_all_weights_together_are_the_soft_targets_and_row_weights_they_stand_for(objective):
    """Class weights inside smoothed targets are a row weight times a renormalised target."""
    examples, loss, network = objective.examples, objective.loss, objective.network
    q = np.eye(CLASSES)[examples.y] if examples.y.ndim == 1 else examples.y
    c = np.ones(CLASSES) if loss.class_weight is None else loss.class_weight
    s = np.ones(ROWS) if examples.sample_weight is None else examples.sample_weight
    target = c * ((1 - loss.label_smoothing) * q + loss.label_smoothing / CLASSES)
    mass = target.sum(axis=1)
    plain = Objective(network, Examples(examples.X, target / mass[:, None], s * mass), Loss(), 0.0)
    with_options = objective.value() - objective.penalty()
    ratio = plain.total_weight / objective.total_weight
    assert with_options == pytest.approx(plain.value() * ratio, rel=1e-10)


def test_a_long_gradient_is_clipped_to_the_norm_and_a_short_one_is_left_alone():
    gradient = np.array([3.0, -4.0])
    clip(gradient, 5.5)
    assert gradient.tolist() == [3.0, -4.0]
    clip(gradient, 1.0)
    assert gradient.tolist() == pytest.approx([0.6, -0.8])
    huge = np.full(4, 1e30, np.float32)
    clip(huge, 2.0)
    assert huge.tolist() == pytest.approx([1.0] * 4)


def test_clipping_bounds_every_step_of_sgd():
    random = np.random.default_rng(0)
    X, y = random.normal(scale=100.0, size=(40, 3)), random.integers(0, 2, 40)
    network = Network((3, 2), dtype=np.float64)
    steps, before = [], network.parameters.copy()

    def callback(progress):
        steps.append(np.linalg.norm(progress.network.parameters - before))
        before[...] = progress.network.parameters

    solver = SGD(0.1, momentum=0.0)
    train(network, X, y, solver=solver, batch_size=40, max_epochs=5, max_gradient_norm=0.5, callback=callback)
    assert steps[0] == pytest.approx(0.05)
    assert max(steps) <= 0.05 * (1 + 1e-12)


def test_dropout_is_of_training_alone_and_the_same_in_every_run():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(64, 4)), random.integers(0, 3, 64)
    results = []
    for rate in (0.0, 0.4, 0.4):
        network = Network((4, 16, 3), random_state=2)
        train(network, X, y, dropout=rate, max_epochs=3, random_state=5)
        results.append(network.parameters.tobytes())
        assert network.predict_proba(X).tobytes() == network.predict_proba(X).tobytes()
    assert results[0] != results[1] == results[2]


def test_weight_decay_is_no_part_of_the_objective():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(32, 4)), random.integers(0, 3, 32)
    start = Network((4, 5, 3), random_state=2, dtype=np.float64)
    rate, decay = 0.01, 0.5
    ends = []
    for weight_decay in (0.0, decay):
        network = start.copy()
        solver = AdamW(rate, weight_decay=weight_decay)
        train(network, X, y, solver=solver, batch_size=32, max_epochs=1, alpha=0.1)
        ends.append(network.parameters.copy())
    for weights in start.weight_slices:
        expected = ends[0][weights] - rate * decay * start.parameters[weights]
        np.testing.assert_allclose(ends[1][weights], expected, rtol=1e-9, atol=1e-15)
    for biases in start.bias_slices:
        np.testing.assert_array_equal(ends[0][biases], ends[1][biases])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dropout": 0.1, "solver": "lbfgs"}, ArgumentError, "dropout goes with a minibatch solver; got"),
        ({"max_gradient_norm": 1.0, "solver": "lbfgs"}, ArgumentError, "max_gradient_norm goes with a minibatch"),
        ({"max_gradient_norm": 0.0}, ArgumentError, r"max_gradient_norm is positive; got 0\.0"),
        ({"max_gradient_norm": math.nan}, ArgumentError, "max_gradient_norm is finite and at least 0.0; got nan"),
        ({"max_gradient_norm": "1"}, ArgumentTypeError, "max_gradient_norm is a number; got '1'"),
        ({"dropout": 1.0}, ArgumentError, r"train: dropout lies in \[0, 1\)"),
    ],
)  # fmt: skip
def test_impossible_options_are_refused(options, error, message):
    network = Network((3, 4, 2))
    before = network.parameters.copy()
    with pytest.raises(error, match=message):
        train(network, np.eye(3), [0, 1, 0], **options)
    np.testing.assert_array_equal(network.parameters, before)
