"""Affine layers as views of one flat parameter vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chainrule._types import Array


@dataclass(frozen=True)
class Layer:
    """An affine layer: views of its weights (out, in) and biases (out,)."""

    weights: Array
    biases: Array


def layer_views(flat: Array, layer_sizes: Sequence[int]) -> list[Layer]:
    """Return each layer's views of a flat vector W1, b1, W2, ... of the right length."""
    layers, start = [], 0
    for fan_in, fan_out in pairwise(layer_sizes):
        middle, end = start + fan_in * fan_out, start + (fan_in + 1) * fan_out
        layers.append(Layer(flat[start:middle].reshape(fan_out, fan_in), flat[middle:end]))
        start = end
    return layers


def named_views(layers: Sequence[Layer]) -> dict[str, Array]:
    """Return the views by name: "W1", "b1", ..."""
    named = {}
    for number, layer in enumerate(layers, start=1):
        named[f"W{number}"] = layer.weights
        named[f"b{number}"] = layer.biases
    return named
