"""Forward and backward through affine layers, as the textbook has it, with every intermediate value kept.

Layers are numbered from 1 to L; A_0 = X are the features; rows are examples.

(NN.1)  U_l = A_{l-1} W_l^T + b_l          pre-activations of layer l < L;  Z = A_{L-1} W_L^T + b_L, the logits
(NN.2)  A_l = h_l(U_l)                     activations
(BP.1)  dE/dU_L = dE/dZ                    given by the head (HD.1)
(BP.2)  dE/dW_l = (dE/dU_l)^T A_{l-1};     dE/db_l = sum over examples of dE/dU_l
(BP.3)  dE/dA_{l-1} = dE/dU_l W_l
(BP.4)  dE/dU_l = dE/dA_l * h_l'(U_l)

Where a layer has a dropout mask (DO.1), M_l * A_l takes the place of A_l in what the next layer multiplies, (NN.1) and
(BP.2), and dE/dA_l is M_l times what (BP.3) gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from chainrule._types import Array
from chainrule.functions import Features, SparseFeatures, linear_cross, linear_logits, quiet
from chainrule.network.activations import Activation
from chainrule.network.layers import Layer


@dataclass(frozen=True)
class Forward:
    """Every value of a forward pass; rows are examples.

    ``pre_activations`` and ``activations`` hold the hidden layers 1..L-1 in order; ``inputs`` are the features as the
    first layer sees them, after any scaling; sparse features stay sparse.
    """

    inputs: Features
    pre_activations: tuple[Array, ...]
    activations: tuple[Array, ...]
    logits: Array
    outputs: Array

    @property
    def layer_inputs(self) -> tuple[Features, ...]:
        """Return A_0..A_{L-1}: what each affine layer multiplies."""
        return (self.inputs, *self.activations)


@dataclass(frozen=True)
class Backward:
    """The derivative of the loss by every value of a forward pass.

    ``parameters`` is flat, in the order of the network's parameters; ``named`` are views of it ("W1", "b1", ...).
    """

    parameters: Array
    named: dict[str, Array]
    logits: Array
    pre_activations: tuple[Array, ...]
    activations: tuple[Array, ...]
    inputs: Array


Masks: TypeAlias = Sequence[Array | None]
"""What multiplies the activations of each hidden layer, None where nothing does; empty where no layer has one."""


@quiet
def forward_layers(
    layers: Sequence[Layer],
    activations: Sequence[Activation],
    inputs: Features,
    masks: Masks = (),
    n_threads: int | None = None,
) -> tuple[tuple[Array, ...], tuple[Array, ...], Array]:
    """Return pre-activations, activations before any mask, and logits, (NN.1) and (NN.2)."""
    pre_activations: list[Array] = []
    outputs: list[Array] = []
    passed_on: Features = inputs
    for number, (layer, activation) in enumerate(zip(layers[:-1], activations, strict=True)):
        pre_activations.append(affine(passed_on, layer, n_threads))
        outputs.append(activation.function(pre_activations[-1]))
        passed_on = masked(outputs[-1], masks, number)
    return tuple(pre_activations), tuple(outputs), affine(passed_on, layers[-1], n_threads)


def affine(inputs: Features, layer: Layer, n_threads: int | None = None) -> Array:
    """Return A W^T + b; sparse features on at most so many threads."""
    if isinstance(inputs, SparseFeatures):
        return linear_logits(inputs, layer.weights, layer.biases, n_threads=n_threads)
    return np.asarray(inputs @ layer.weights.T + layer.biases)


def masked(values: Array, masks: Masks, number: int) -> Array:
    """Return the values times the mask of a hidden layer, counted from 0: the values themselves where it has none."""
    mask = masks[number] if masks else None
    return values if mask is None else values * mask


@quiet
def backward_layers(
    layers: Sequence[Layer],
    activations: Sequence[Activation],
    layer_inputs: Sequence[Features],
    pre_activations: Sequence[Array],
    logits_gradient: Array,
    gradients: Sequence[Layer],
    masks: Masks = (),
    n_threads: int | None = None,
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Write dE/dW and dE/db to ``gradients``; return dE/dU and dE/dA of the hidden layers, (BP.1) to (BP.4).

    ``layer_inputs`` are A_0..A_{L-1}, before any mask.
    """
    by_pre_activation: list[Array] = []
    by_activation: list[Array] = []
    upstream = logits_gradient
    for number in reversed(range(len(layers))):
        hidden = number - 1
        received = layer_inputs[number]
        gradients[number].biases[...] = upstream.sum(axis=0)
        if isinstance(received, SparseFeatures):
            gradients[number].weights[...] = linear_cross(received, upstream, n_threads=n_threads)[0]
            continue
        gradients[number].weights[...] = upstream.T @ (
            masked(received, masks, hidden) if number else received
        )
        if number > 0:
            activation = activations[hidden]
            by_activation.insert(0, masked(upstream @ layers[number].weights, masks, hidden))
            upstream = by_activation[0] * activation.derivative(pre_activations[hidden], received)
            by_pre_activation.insert(0, upstream)
    return tuple(by_pre_activation), tuple(by_activation)
