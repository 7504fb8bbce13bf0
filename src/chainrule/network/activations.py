"""The activations of hidden layers: a table of functions with their derivatives.

(AC.1)  relu      h(u) = max(u, 0)             h'(u) = [u > 0]  (0 at the kink)
(AC.2)  tanh      h(u) = tanh u                h'(u) = 1 - h(u)^2
(AC.3)  sigmoid   h(u) = 1 / (1 + exp(-u))     h'(u) = h(u) (1 - h(u)), written sigmoid(u) sigmoid(-u)
(AC.4)  identity  h(u) = u                     h'(u) = 1
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import sigmoid


@dataclass(frozen=True)
class Activation:
    """An element-wise function of a hidden layer.

    ``halves_variance`` tells the initialisation (IN.1) that half of the signal is cut off.
    """

    function: Callable[[Array], Array]  # u -> h(u)
    derivative: Callable[[Array, Array], Array]  # (u, h(u)) -> h'(u)
    halves_variance: bool


def _relu(u: Array) -> Array:
    return np.maximum(u, 0)


def _relu_derivative(u: Array, a: Array) -> Array:
    del a
    return (u > 0).astype(u.dtype)


def _tanh_derivative(u: Array, a: Array) -> Array:
    del u
    return 1 - a * a


def _sigmoid_derivative(u: Array, a: Array) -> Array:
    return a * sigmoid(-u)


def _identity(u: Array) -> Array:
    return u


def _identity_derivative(u: Array, a: Array) -> Array:
    del a
    return np.ones_like(u)


ACTIVATIONS = {
    "relu": Activation(_relu, _relu_derivative, True),
    "tanh": Activation(np.tanh, _tanh_derivative, False),
    "sigmoid": Activation(sigmoid, _sigmoid_derivative, False),
    "identity": Activation(_identity, _identity_derivative, False),
}
