"""A network on sparse features of which a few rows of weights are at hand: those of the features that are there."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures
from chainrule.network.backpropagation import Masks, backward_layers, forward_layers
from chainrule.network.heads import HEADS
from chainrule.network.layers import Layer, layer_views
from chainrule.network.network import Network


def loss_and_gradients_of_present(
    network: Network,
    features: SparseFeatures,
    weights: Array,
    y: Array,
    options: Mapping[str, Any],
    masks: Masks = (),
) -> tuple[float, Array, Array]:
    """Return the summed loss of a few rows, and its gradients by some weights of the first layer and by all the rest.

    Parameters
    ----------
    network : Network
        Its biases and upper layers count; its own first weights are not looked at.
    features : SparseFeatures, shape (examples, present)
        As the first layer sees them, in the network's dtype; their columns are those of ``weights``.
    weights : ndarray, shape (units, present)
        Of the first layer, C-contiguous.
    y : ndarray
        As :meth:`Network.loss` takes it.
    options : mapping
        What the head's loss takes beside: weights of rows and classes, smoothing, n_threads.
    masks : sequence
        Of dropout, as :meth:`Network.loss_and_gradient` takes them.

    Returns
    -------
    loss : float
    by_weights : ndarray, shape (units, present)
    by_rest : ndarray
        By b1, W2, b2, ..., flat as at the end of the parameters.

    Examples
    --------
    >>> features = SparseFeatures.from_dense(np.array([[2.0]]))
    >>> network = Network((5, 2), dtype=np.float64)
    >>> loss_and_gradients_of_present(network, features, np.zeros((2, 1)), np.array([0]), {})[1:]
    (array([[-1.],
           [ 1.]]), array([-0.5,  0.5]))
    """
    layers, activations, n_threads = network.layers, network.activation_table, options.get("n_threads")
    units = network.layer_sizes[1]
    layers = [Layer(weights, layers[0].biases), *layers[1:]]
    hidden, outputs, logits = forward_layers(layers, activations, features, masks, n_threads)
    targets = y[:, None] if network.head != "softmax" and y.ndim == 1 else y
    loss, by_logits = HEADS[network.head].loss_with_gradient(logits, targets, reduction="sum", **options)
    by_rest = np.empty(network.parameters.size - network.n_features * units, network.dtype)
    gradients = [
        Layer(np.empty_like(weights), by_rest[:units]),
        *layer_views(by_rest[units:], network.layer_sizes[1:]),
    ]
    backward_layers(layers, activations, (features, *outputs), hidden, by_logits, gradients, masks, n_threads)
    return float(loss), gradients[0].weights, by_rest
