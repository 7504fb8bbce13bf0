"""Networks: values by hand, one law for three heads, slopes, initialisation, refusals."""

import copy
import pickle

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.network import ACTIVATIONS, HEADS, InputScaling


def _targets(head, generator, n_examples, n_outputs):
    if head == "softmax":
        return generator.dirichlet(np.ones(n_outputs), size=n_examples)
    if head == "sigmoid":
        return generator.integers(0, 2, size=(n_examples, n_outputs)).astype(float)
    return generator.normal(size=(n_examples, n_outputs))


def test_a_small_network_has_the_values_worked_out_by_hand():
    net = cr.Network((2, 2, 2), "relu", dtype=np.float64)
    net.parameters = [1, -1, 2, 0, 0.5, 0, 1, 0, 0, 1, 0, 0]
    forward = net.forward([[1.0, 2.0]])
    np.testing.assert_array_equal(forward.pre_activations[0], [[-0.5, 2.0]])
    np.testing.assert_array_equal(forward.activations[0], [[0.0, 2.0]])
    np.testing.assert_array_equal(forward.logits, [[0.0, 2.0]])
    p = 1 / (1 + np.exp(2.0))
    backward = net.backward(forward, forward.outputs - [[1, 0]])
    np.testing.assert_allclose(backward.named["W2"], [[0, 2 * (p - 1)], [0, 2 * (1 - p)]])
    np.testing.assert_allclose(backward.activations[0], [[p - 1, 1 - p]])
    np.testing.assert_allclose(backward.pre_activations[0], [[0, 1 - p]])
    np.testing.assert_allclose(backward.named["W1"], [[0, 0], [1 - p, 2 * (1 - p)]])
    np.testing.assert_allclose(backward.inputs, [[2 * (1 - p), 0]])


@pytest.mark.parametrize("head", HEADS)
def test_the_gradient_at_the_logits_is_outputs_minus_targets(head):
    generator = np.random.default_rng(0)
    net = cr.Network((3, 5, 4), "tanh", head, dtype=np.float64)
    X, y = generator.normal(size=(6, 3)), _targets(head, generator, 6, 4)
    forward = net.forward(X)
    _, logits_gradient = HEADS[head].loss_with_gradient(forward.logits, y, reduction="sum")
    np.testing.assert_allclose(logits_gradient, forward.outputs - y, rtol=1e-12, atol=1e-15)
    assert net.loss_and_gradient(X, y, reduction="sum")[1] == pytest.approx(
        net.backward(forward, forward.outputs - y).parameters, rel=1e-10, abs=1e-14
    )


def _order_of_the_slope_error(net, X, y, direction, steps):
    """The central difference along a direction errs by O(h^2): return the order seen between two steps."""
    start = net.parameters.copy()
    slope = net.loss_and_gradient(X, y)[1] @ direction
    errors = []
    for h in steps:
        net.parameters = start + h * direction
        above = net.loss(X, y)
        net.parameters = start - h * direction
        errors.append(abs((above - net.loss(X, y)) / (2 * h) - slope))
    net.parameters = start
    return np.log2(errors[0] / errors[1])


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("layer_sizes", [(4, 6, 3), (4, *[6] * 19, 3)], ids=["2 layers", "20 layers"])
def test_the_gradient_is_the_slope_of_the_loss_by_the_order_of_the_error(layer_sizes, activation, head):
    generator = np.random.default_rng(1)
    net = cr.Network(layer_sizes, activation, head, random_state=3, dtype=np.float64)
    net.parameters *= 2.5  # so that the signal of a deep sigmoid network stays above rounding
    X, y = generator.normal(size=(8, 4)), _targets(head, generator, 8, 3)
    direction = generator.normal(size=net.parameters.shape)
    direction /= np.linalg.norm(direction)
    order = _order_of_the_slope_error(net, X, y, direction, (0.02, 0.01))
    assert order == pytest.approx(2.0, abs=0.1)


def test_twenty_layers_of_relu_have_the_slope_of_the_loss_away_from_kinks():
    generator = np.random.default_rng(2)
    net = cr.Network((4, *[16] * 19, 3), "relu", random_state=1, dtype=np.float64)
    for name, parameter in net.named_parameters.items():
        if name.startswith("b"):
            parameter[...] = generator.normal(scale=0.1, size=parameter.shape)
    X, y = generator.normal(size=(8, 4)), generator.integers(3, size=8)
    gradient = net.loss_and_gradient(X, y)[1]
    direction = gradient / np.linalg.norm(gradient)
    start, h = net.parameters.copy(), 1e-7
    net.parameters = start + h * direction
    above = net.loss(X, y)
    net.parameters = start - h * direction
    assert (above - net.loss(X, y)) / (2 * h) == pytest.approx(np.linalg.norm(gradient), rel=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_has_its_derivative(name):
    activation = ACTIVATIONS[name]
    u = np.array([-30.0, -2.0, -0.3, 0.4, 1.7, 30.0])
    h = 1e-6
    slope = (activation.function(u + h) - activation.function(u - h)) / (2 * h)
    np.testing.assert_allclose(activation.derivative(u, activation.function(u)), slope, atol=1e-9)


def test_the_kink_of_relu_has_derivative_zero():
    relu = ACTIVATIONS["relu"]
    assert relu.derivative(np.zeros(1), np.zeros(1)) == 0


def test_the_derivative_by_the_inputs_is_the_slope_of_the_loss():
    generator = np.random.default_rng(0)
    net = cr.Network((3, 5, 2), "tanh", random_state=1, dtype=np.float64)
    x, y, h = generator.normal(size=(1, 3)), [1], 1e-5
    forward = net.forward(x)
    by_input = net.backward(forward, forward.outputs - [[0, 1]]).inputs[0]
    for j in range(3):
        e = np.eye(3)[j] * h
        assert (net.loss(x + e, y) - net.loss(x - e, y)) / (2 * h) == pytest.approx(by_input[j], rel=1e-6)


def test_parameters_are_one_vector_and_the_names_are_views_of_it():
    net = cr.Network((2, 3, 4))
    vector = net.parameters
    assert vector.shape == (2 * 3 + 3 + 3 * 4 + 4,)
    net.parameters = np.arange(25)
    assert net.parameters is vector
    np.testing.assert_array_equal(net.named_parameters["W1"], [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(net.named_parameters["b1"], [6, 7, 8])
    net.named_parameters["b2"][0] = -1
    assert vector[21] == -1
    weights = np.concatenate([vector[part] for part in net.weight_slices])
    biases = np.concatenate([vector[part] for part in net.bias_slices])
    assert weights.size == 6 + 12
    np.testing.assert_array_equal(biases, [6, 7, 8, -1, 22, 23, 24])


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net)), cr.Network.copy]
)
def test_a_copy_is_whole_and_shares_no_memory(duplicate):
    net = cr.Network((2, 3, 4), random_state=1)
    other = duplicate(net)
    np.testing.assert_array_equal(other.parameters, net.parameters)
    other.parameters = np.ones(25)
    assert (other.named_parameters["W2"] == 1).all()
    assert not (net.parameters == 1).any()


def test_initial_weights_have_the_variance_of_he_and_glorot_and_come_from_the_seed():
    net = cr.Network((200, 300, 400, 10), ("relu", "tanh"), random_state=5)
    named = net.named_parameters
    assert named["W1"].var() == pytest.approx(2 / 200, rel=0.03)
    assert named["W2"].var() == pytest.approx(2 / (300 + 400), rel=0.03)
    assert named["W3"].var() == pytest.approx(2 / (400 + 10), rel=0.1)
    assert not named["b1"].any()
    same = cr.Network((200, 300, 400, 10), ("relu", "tanh"), random_state=5)
    other = cr.Network((200, 300, 400, 10), ("relu", "tanh"), random_state=6)
    assert same.parameters.tobytes() == net.parameters.tobytes()
    assert other.parameters.tobytes() != net.parameters.tobytes()


def test_a_linear_network_starts_at_the_loss_of_knowing_nothing():
    assert cr.Network((3, 7), dtype=np.float64).loss(np.ones((2, 3)), [0, 6]) == pytest.approx(
        np.log(7), rel=1e-15
    )


def test_temperature_moves_probabilities_and_not_the_loss():
    net = cr.Network((2, 8, 3), random_state=1, dtype=np.float64)
    X = np.array([[1.0, 2.0]])
    before = net.loss(X, [1])
    net.temperature = 2.0
    np.testing.assert_allclose(net.predict_proba(X), cr.softmax(net.predict_logits(X) / 2), rtol=1e-15)
    assert net.loss(X, [1]) == before


def test_scaled_inputs_are_what_the_first_layer_sees():
    X = np.array([[10.0, -4.0]])
    net, plain = (cr.Network((2, 3), random_state=1, dtype=np.float64) for _ in range(2))
    for one in (net, plain):
        one.parameters = np.arange(9.0)
    net.input_scaling = InputScaling(np.array([8.0, 0.0]), np.array([0.5, 0.25]))
    np.testing.assert_array_equal(net.predict_logits(X), plain.predict_logits([[1.0, -1.0]]))
    np.testing.assert_array_equal(net.copy().predict_logits(X), net.predict_logits(X))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer_sizes": 5}, "positive integers.*got 5"),
        ({"layer_sizes": (3, 2**40)}, "positive integers below"),
        ({"layer_sizes": (3,)}, r"positive integers.*got \(3,\)"),
        ({"layer_sizes": (3, 0, 2)}, "positive integers"),
        ({"layer_sizes": (3, 2.5)}, "positive integers"),
        ({"activation": "swish"}, "activation is one of relu, tanh, sigmoid, identity; got 'swish'"),
        ({"activation": ("relu", "tanh")}, "one name, or one for each of the 1 hidden layers"),
        ({"head": "hinge"}, "head is one of softmax, sigmoid, identity; got 'hinge'"),
        ({"random_state": -1}, r"random_state is an integer from 0 .* got -1"),
    ],
)
def test_an_impossible_architecture_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        cr.Network(**{"layer_sizes": (3, 4, 2), **arguments})


def test_an_impossible_temperature_is_refused():
    for value in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(
            ArgumentError, match=r"Network\.temperature: temperature is a positive normal number"
        ):
            cr.Network((2, 2)).temperature = value


def test_features_beyond_the_dtype_overflow_without_a_warning():
    assert np.isnan(cr.Network((1, 2)).predict_logits([[1e300]])).all()


def test_an_impossible_dtype_is_refused():
    with pytest.raises(ArgumentTypeError, match="activation is a name or names; got None"):
        cr.Network((2, 2, 2), None)
    with pytest.raises(ArgumentTypeError, match="dtype is float32 or float64"):
        cr.Network((2, 2), dtype=np.int32)


def test_features_and_targets_that_do_not_fit_are_refused():
    net = cr.Network((3, 2))
    with pytest.raises(ArgumentError, match=r"shape \(examples, 3\); got shape \(1, 2\)"):
        net.predict_proba([[1.0, 2.0]])
    with pytest.raises(ArgumentTypeError, match="features are numbers"):
        net.predict_proba([["a", "b", "c"]])
    with pytest.raises(ArgumentError, match="targets have shape"):
        net.loss([[1.0, 2.0, 3.0]], [0, 1])
    with pytest.raises(ArgumentError, match="class_weight goes with a softmax head; got head='sigmoid'"):
        cr.Network((3, 1), head="sigmoid").loss([[1.0, 2, 3]], [1], class_weight=[1.0])
    with pytest.raises(ArgumentError, match=r"parameters have shape \(8,\)"):
        net.parameters = np.zeros(3)
