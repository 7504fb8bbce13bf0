"""A model as one ONNX file: what its encoder, its network and its temperature compute, in the dtypes of each."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.estimators.model_values import label_array
from chainrule.estimators.onnx_encoder import OUTPUTS, add_encoder, check_columns, smoothly_clipped
from chainrule.estimators.onnx_graph import Graph
from chainrule.files import check_writable, write_whole
from chainrule.network import Network

if TYPE_CHECKING:
    from chainrule.estimators.model import Model

FEATURES = "features"
MOST_BYTES = 2**31 - 2**20
"""What the format holds in one file, less what surrounds the weights."""
OPERATORS = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}


def export_onnx(model: "Model", path: str | os.PathLike[str], *, call: str = "export_onnx") -> None:
    """Write a model to one .onnx file, whole or not at all.

    Parameters
    ----------
    model : Model
        With columns of numbers, true and false, and categories with a feature each, or of arrays.
    path : str or path
        The file; an existing one is replaced. Equal models give equal bytes.
    call : str
        Who asks, for messages.

    Raises
    ------
    MissingPackageError
        The onnx package is not installed.
    DataError
        The encoder has columns of other kinds; they are named.
    ArgumentError
        The weights are larger than 2 GB.
    OutputError
        The file cannot be written.

    Notes
    -----
    One input for each column, by its name, of shape (rows, 1): float64 with NaN for missing numbers, text with "" for
    missing text, true and false, or float64 with 1, 0 and NaN where training had missing ones. A model of arrays has
    one input ``features`` of shape (rows, features) in float64. Outputs are ``prediction``, the label, of shape
    (rows,), and ``probabilities`` of shape (rows, classes).

    Scaling is computed in float64, the network in its own dtype, so probabilities agree with
    :meth:`Model.predict_proba` to what the order of the sums in its products changes. Infinite numbers, which are
    refused there, count as very large ones.
    """
    content = onnx_content(model, call)
    check_writable(path, call)
    write_whole(path, content, call)


def onnx_content(model: "Model", call: str) -> bytes:
    """Return the bytes of the file."""
    if model.network.parameters.nbytes > MOST_BYTES:
        raise ArgumentError(
            call,
            "the weights of an ONNX model take less than 2 GB",
            f"{model.network.parameters.nbytes / 1e9:.1f} GB",
            "Train a smaller network.",
        )
    names = {FEATURES} if model.encoder is None else {column.name for column in model.encoder.columns}
    graph = Graph({*names, *OUTPUTS}, call)
    if model.encoder is None:
        inputs, features = [graph.described(FEATURES, np.float64, model.network.n_features)], FEATURES
    else:
        check_columns(model.encoder, call)
        inputs, features = add_encoder(graph, model.encoder)
    labels = label_array(model.classes)
    add_outputs(graph, add_network(graph, model.network, features), labels)
    outputs = [
        graph.described("prediction", labels.dtype, None),
        graph.described("probabilities", model.network.dtype, len(labels)),
    ]
    return graph.content(inputs, outputs)


def add_network(graph: Graph, network: Network, features: str) -> str:
    """Add scaling, layers and temperature; return the value that holds the logits over the temperature."""
    value = graph.cast(add_scaling(graph, network, features), network.dtype)
    for number, layer in enumerate(network.layers):
        weights = graph.constant(layer.weights, f"W{number + 1}")
        value = graph.add("Gemm", value, weights, graph.constant(layer.biases, f"b{number + 1}"), transB=1)
        operator = OPERATORS.get(network.activations[number]) if number < len(network.activations) else None
        if operator is not None:
            value = graph.add(operator, value)
    if network.temperature != 1.0:
        value = graph.add("Div", value, graph.constant(network.dtype.type(network.temperature)))
    return value


def add_scaling(graph: Graph, network: Network, features: str) -> str:
    """Add (IS.1), and (IS.2) where there is a limit, in float64."""
    scaling = network.input_scaling
    if scaling is None:
        return features
    centred = graph.add("Sub", graph.cast(features, np.float64), graph.constant(scaling.center[None]))
    z = graph.add("Mul", centred, graph.constant(scaling.scale[None]))
    return z if scaling.limit is None else smoothly_clipped(graph, z, scaling.limit)


def add_outputs(graph: Graph, logits: str, labels: Any) -> None:
    """Add the probabilities, and the label of the first class with the largest."""
    graph.add("Softmax", logits, out="probabilities", axis=-1)
    place = graph.add("ArgMax", "probabilities", axis=1, keepdims=0)
    graph.add("Gather", graph.constant(labels, "classes"), place, out="prediction", axis=0)
