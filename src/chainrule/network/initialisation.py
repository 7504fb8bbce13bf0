"""Initial parameters from a seed.

(IN.1)  W_l uniform on [-r, r], r = sqrt(6 / n), biases 0: before a relu n = fan_in [He2015];
        else n = fan_in + fan_out [Glorot2010]. The variance r^2/3 keeps signals at their size.

A network without hidden layers starts at 0, where its loss is ln K: the objective is convex, with no symmetry to break.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from chainrule._types import Array
from chainrule.kernels import Purpose, uniform
from chainrule.network.activations import Activation


def initial_weights(
    layer_sizes: Sequence[int], activations: Sequence[Activation], random_state: int
) -> list[Array]:
    """Return the weights of each layer, float64, shape (out, in); layer l draws from its own stream.

    Examples
    --------
    >>> [W.shape for W in initial_weights((4, 3), (), 0)]
    [(3, 4)]
    """
    if len(layer_sizes) == 2:
        return [np.zeros((layer_sizes[1], layer_sizes[0]))]
    weights = []
    for number, (fan_in, fan_out) in enumerate(pairwise(layer_sizes)):
        halves_variance = number < len(activations) and activations[number].halves_variance
        bound = np.sqrt(6 / fan_in) if halves_variance else np.sqrt(6 / (fan_in + fan_out))
        numbers = uniform(fan_in * fan_out, Purpose.INITIALISATION, random_state, number)
        weights.append(bound * (2 * numbers - 1).reshape(fan_out, fan_in))
    return weights
