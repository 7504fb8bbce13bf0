"""The network: one flat parameter vector, affine layers, activations, and a canonical head."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule._types import Array, ArrayLike
from chainrule.errors import ArgumentError
from chainrule.functions import Features, Reduction, check_temperature
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arguments import (
    check_activations,
    check_dtype,
    check_layer_sizes,
    check_name,
    check_seed,
)
from chainrule.network.backpropagation import Backward, Forward, Masks, backward_layers, forward_layers
from chainrule.network.heads import HEADS
from chainrule.network.initialisation import initial_weights
from chainrule.network.input_scaling import InputScaling
from chainrule.network.inputs import network_inputs, refuse_sparse
from chainrule.network.layers import Layer, layer_views, named_views
from chainrule.network.model_file import (
    check_layer_shapes,
    damaged,
    finite_tensor,
    not_a_model,
    read_model_file,
    write_model_file,
)


class Network:
    """A feed-forward network of affine layers with a softmax, sigmoid or identity head.

    Parameters
    ----------
    layer_sizes : sequence of int
        Features, hidden units of each layer, outputs: (D, h1, ..., K); two numbers make a linear model.
    activation : str or sequence of str
        "relu", "tanh", "sigmoid" or "identity": one for all hidden layers, or one for each.
    head : "softmax", "sigmoid" or "identity"
        With its loss: cross-entropy, binary cross-entropy, half the squared error.
    random_state : int
        Seed of the initial weights, 0..2**64 - 1.
    dtype : numpy.float32 or numpy.float64
        Of parameters and computation.

    Attributes
    ----------
    parameters : ndarray, shape (P,)
        The one flat vector: W1 in rows (out, in), b1, W2, b2, ... Assigning to it copies into place.
    named_parameters : dict of str to ndarray
        Views of it: "W1" (out, in), "b1" (out,), ...
    input_scaling : InputScaling or None
        Applied to features batch by batch.
    temperature : float
        Divides the logits in :meth:`predict_proba`; never part of the loss.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If a size, name, seed or dtype is none of these.

    Notes
    -----
    Equal arguments give equal parameters on every machine. Weights are He's before a relu, Glorot's else, (IN.1);
    a network without hidden layers starts at 0.

    Examples
    --------
    >>> net = Network((2, 3))
    >>> net.predict_proba([[1.0, 2.0]]).round(3)
    array([[0.333, 0.333, 0.333]], dtype=float32)
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        activation: str | Sequence[str] = "relu",
        head: str = "softmax",
        *,
        random_state: int = 0,
        dtype: type[np.floating[Any]] | np.dtype[Any] | str = np.float32,
    ) -> None:
        check_seed(random_state)
        self._set_up(layer_sizes, activation, head, dtype)
        weights = initial_weights(self.layer_sizes, self.activation_table, random_state)
        for layer, initial in zip(self._layers, weights, strict=True):
            layer.weights[...] = initial

    def _set_up(
        self, layer_sizes: Sequence[int], activation: str | Sequence[str], head: str, dtype: Any
    ) -> None:
        """Check the architecture and allocate its parameters, all zero."""
        self.layer_sizes = check_layer_sizes(layer_sizes)
        self.activations = check_activations(activation, len(self.layer_sizes) - 2)
        self.head = check_name("head", head, HEADS)
        self.dtype = check_dtype(dtype)
        self.input_scaling: InputScaling | None = None
        self._temperature = 1.0
        self._parameters = np.zeros(sum(m * (n + 1) for n, m in pairwise(self.layer_sizes)), self.dtype)
        self._layers = layer_views(self._parameters, self.layer_sizes)

    @property
    def n_features(self) -> int:
        """D, the number of features."""
        return self.layer_sizes[0]

    @property
    def n_outputs(self) -> int:
        """K, the number of outputs: classes under a softmax head."""
        return self.layer_sizes[-1]

    @property
    def parameters(self) -> Array:
        """The flat vector of all parameters."""
        return self._parameters

    @parameters.setter
    def parameters(self, values: ArrayLike) -> None:
        array = np.asarray(values)
        if array.shape != self._parameters.shape:
            rule = f"parameters have shape {self._parameters.shape}"
            remedy = "Give one value for each parameter of the network."
            raise ArgumentError("Network.parameters", rule, f"shape {array.shape}", remedy)
        self._parameters[...] = array

    @property
    def temperature(self) -> float:
        """What divides the logits in :meth:`predict_proba`, a positive normal number; never part of the loss."""
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature = check_temperature("Network.temperature", value)

    @property
    def named_parameters(self) -> dict[str, Array]:
        """Views of the parameters by name: "W1", "b1", ..."""
        return named_views(self._layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, views of the parameters."""
        return list(self._layers)

    @property
    def weight_slices(self) -> tuple[slice, ...]:
        """Where the weights of each layer stand in the flat vector."""
        ends = np.cumsum([m * (n + 1) for n, m in pairwise(self.layer_sizes)])
        sizes = pairwise(self.layer_sizes)
        return tuple(slice(int(e) - m * (n + 1), int(e) - m) for e, (n, m) in zip(ends, sizes, strict=True))

    @property
    def bias_slices(self) -> tuple[slice, ...]:
        """Where the biases of each layer stand in the flat vector."""
        outs = self.layer_sizes[1:]
        return tuple(slice(w.stop, w.stop + m) for w, m in zip(self.weight_slices, outs, strict=True))

    def forward(self, X: ArrayLike) -> Forward:
        """Return every value of a forward pass.

        Parameters
        ----------
        X : array_like or scipy.sparse, shape (examples, features)
            Real numbers; converted to the network's dtype after any scaling. Sparse features stay sparse.

        Returns
        -------
        Forward
            ``inputs``, ``pre_activations`` and ``activations`` of the hidden layers, ``logits``, ``outputs``.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            If X is not a table of numbers with as many columns as the network has features.

        Notes
        -----
        NaN or infinite features give what the arithmetic gives. The temperature is not applied.

        Examples
        --------
        >>> net = Network((2, 4, 3), "tanh")
        >>> [values.shape for values in net.forward([[1.0, 2.0]]).activations]
        [(1, 4)]
        """
        inputs = self._inputs("Network.forward", X)
        hidden, activations, logits = forward_layers(self._layers, self.activation_table, inputs)
        return Forward(inputs, hidden, activations, logits, HEADS[self.head].outputs(logits))

    def backward(self, forward: Forward, logits_gradient: ArrayLike) -> Backward:
        """Return the derivative of a loss by every value of a forward pass.

        Parameters
        ----------
        forward : Forward
            From :meth:`forward`, with the parameters unchanged since.
        logits_gradient : array_like, shape (examples, outputs)
            dE/dZ, which the head's loss gives.

        Returns
        -------
        Backward
            ``parameters`` (flat), ``named``, ``logits``, ``pre_activations``, ``activations``, ``inputs`` (with
            respect to the scaled features).

        Raises
        ------
        ArgumentError
            If the gradient does not have the shape of the logits.

        Examples
        --------
        >>> net = Network((2, 3))
        >>> forward = net.forward([[1.0, 2.0]])
        >>> net.backward(forward, forward.outputs - [[1, 0, 0]]).named["b1"].round(3)
        array([-0.667,  0.333,  0.333], dtype=float32)
        """
        refuse_sparse("Network.backward", forward.inputs)
        upstream = np.asarray(logits_gradient, dtype=self.dtype)
        if upstream.shape != forward.logits.shape:
            rule = f"logits_gradient has the shape of the logits, {forward.logits.shape}"
            raise ArgumentError("Network.backward", rule, f"shape {upstream.shape}", "Pass dE/dZ.")
        flat = np.empty_like(self._parameters)
        gradients = layer_views(flat, self.layer_sizes)
        by_hidden, by_activation = backward_layers(
            self._layers,
            self.activation_table,
            forward.layer_inputs,
            forward.pre_activations,
            upstream,
            gradients,
        )
        by_input = (by_hidden[0] if by_hidden else upstream) @ self._layers[0].weights
        return Backward(flat, named_views(gradients), upstream, by_hidden, by_activation, by_input)

    def predict_logits(self, X: ArrayLike) -> Array:
        """Return the logits Z, shape (examples, outputs), in the network's dtype; X as in :meth:`forward`."""
        inputs = self._inputs("Network.predict_logits", X)
        return forward_layers(self._layers, self.activation_table, inputs)[2]

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the outputs for logits / temperature, shape (examples, outputs).

        Parameters
        ----------
        X : array_like, shape (examples, features)
            As in :meth:`forward`.

        Returns
        -------
        ndarray
            Probabilities of the classes under a softmax head, of "yes" under a sigmoid head; the plain outputs
            under an identity head, which has no temperature.

        Examples
        --------
        >>> Network((1, 2), head="sigmoid").predict_proba([[0.0]])
        array([[0.5, 0.5]], dtype=float32)
        """
        logits = self.predict_logits(X)
        if self.temperature != 1.0 and self.head != "identity":
            logits /= self.dtype.type(self.temperature)
        return HEADS[self.head].outputs(logits)

    def loss(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_weight: ArrayLike | None = None,
        label_smoothing: float = 0.0,
        reduction: Reduction = "mean",
        n_threads: int | None = None,
    ) -> Any:
        """Return the loss of the head, without penalty.

        Parameters
        ----------
        X : array_like, shape (examples, features)
        y : array_like
            Softmax: class indices (examples,) or probabilities (examples, outputs). Other heads: (examples,
            outputs), or (examples,) where there is one output.
        sample_weight, class_weight, label_smoothing, reduction, n_threads
            As :func:`chainrule.cross_entropy`; class weights and smoothing for a softmax head only.

        Returns
        -------
        float, or ndarray of shape (examples,) with reduction "none"

        Raises
        ------
        ArgumentError, ArgumentTypeError
            As the loss function of the head.

        Examples
        --------
        >>> round(Network((2, 3)).loss([[1.0, 2.0]], [0]), 4)  # ln 3
        1.0986
        """
        options = self._loss_options("Network.loss", class_weight, label_smoothing)
        return HEADS[self.head].loss(
            self.predict_logits(X), self._targets(y), sample_weight=sample_weight, reduction=reduction,
            n_threads=n_threads, **options,
        )  # fmt: skip

    def loss_and_gradient(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_weight: ArrayLike | None = None,
        label_smoothing: float = 0.0,
        reduction: Reduction = "mean",
        n_threads: int | None = None,
        masks: Masks = (),
    ) -> tuple[Any, Array]:
        """Return the loss and its gradient by all parameters, flat like :attr:`parameters`.

        Parameters
        ----------
        X, y, sample_weight, class_weight, label_smoothing, reduction, n_threads
            As :meth:`loss`.
        masks : sequence of ndarray or None
            What multiplies the activations of each hidden layer, shape (examples, units), None where nothing does;
            empty for none at all. Dropout draws them.

        Returns
        -------
        loss : float, or ndarray of shape (examples,) with reduction "none"
        gradient : ndarray, shape (P,), dtype of the network
            Of the sum of the losses with reduction "none".

        Raises
        ------
        ArgumentError, ArgumentTypeError
            As :meth:`loss`.

        Examples
        --------
        >>> loss, gradient = Network((2, 3)).loss_and_gradient([[1.0, 2.0]], [0])
        >>> gradient.shape
        (9,)
        """
        options = self._loss_options("Network.loss_and_gradient", class_weight, label_smoothing)
        inputs = self._inputs("Network.loss_and_gradient", X)
        hidden, activations, logits = forward_layers(
            self._layers, self.activation_table, inputs, masks, n_threads
        )
        loss, logits_gradient = HEADS[self.head].loss_with_gradient(
            logits, self._targets(y), sample_weight=sample_weight, reduction=reduction,
            n_threads=n_threads, **options,
        )  # fmt: skip
        flat = np.empty_like(self._parameters)
        gradients = layer_views(flat, self.layer_sizes)
        layer_inputs = (inputs, *activations)
        backward_layers(
            self._layers, self.activation_table, layer_inputs, hidden, logits_gradient, gradients, masks, n_threads,
        )  # fmt: skip
        return loss, flat

    def copy(self) -> "Network":
        """Return a network with equal parameters, scaling and temperature, sharing no memory."""
        scaling = self.input_scaling
        if scaling is not None:
            scaling = InputScaling(scaling.center.copy(), scaling.scale.copy(), scaling.limit)
        twin = Network.__new__(Network)
        own = {"_parameters": self._parameters.copy(), "input_scaling": scaling}
        twin.__setstate__({**self.__getstate__(), **own})
        return twin

    def describe(self) -> dict[str, Any]:
        """Return the architecture and temperature as plain values."""
        scaling = self.input_scaling
        limit = {} if scaling is None or scaling.limit is None else {"input_limit": float(scaling.limit)}
        return {
            "activations": list(self.activations),
            "dtype": self.dtype.name,
            "head": self.head,
            "layer_sizes": list(self.layer_sizes),
            "temperature": float(self.temperature),
            **limit,
        }

    def tensors(self) -> dict[str, Array]:
        """Return the parameters, and the input scaling if there is one, by name."""
        scaling = self.input_scaling
        if scaling is None:
            return self.named_parameters
        return {**self.named_parameters, "input_center": scaling.center, "input_scale": scaling.scale}

    @classmethod
    def restore(
        cls, tensors: Mapping[str, Array], description: Mapping[str, Any], call: str, path: str = "network"
    ) -> "Network":
        """Return the network of :meth:`tensors` and :meth:`describe`.

        Raises
        ------
        ModelFileError
            If they do not fit together; ``call`` and ``path`` stand in the message.
        """
        network = cls.__new__(cls)
        try:
            check_layer_shapes(
                tensors, description["layer_sizes"]
            )  # before anything of that size is allocated
            network._set_up(
                description["layer_sizes"],
                description["activations"],
                description["head"],
                description["dtype"],
            )
            network.temperature = description["temperature"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise damaged(call, path, f"an architecture that cannot be built ({error})") from error
        for name, parameter in network.named_parameters.items():
            parameter[...] = finite_tensor(tensors, name, parameter.shape, call, path)
        if "input_center" in tensors:
            shape = (network.n_features,)
            center = finite_tensor(tensors, "input_center", shape, call, path)
            scale = finite_tensor(tensors, "input_scale", shape, call, path)
            limit = description.get("input_limit")
            if limit is not None and not (type(limit) in (int, float) and 0.0 < limit < np.inf):
                raise damaged(call, path, f"an input limit of {limit!r}")
            network.input_scaling = InputScaling(center, scale, limit)
        return network

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to one .safetensors file, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        write_model_file(path, self.tensors(), {"network": self.describe()}, "Network.save")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Network":
        """Read a network that :meth:`save` wrote; runs no code from the file.

        Raises
        ------
        MissingFileError, ModelFileError
            If there is no such file; if it is not a network, is damaged, is newer, or holds a whole model, whose
            encoder would be lost: read that with :func:`chainrule.load`.
        """
        call = "Network.load"
        tensors, description = read_model_file(path, call)
        if "network" not in description:
            raise not_a_model(call, path, "a description without a network")
        if description.get("encoder") is not None:
            raise not_a_model(call, path, "a model with an encoder for raw rows, for chainrule.load")
        return cls.restore(tensors, description["network"], call, os.fspath(path))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_layers"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._layers = layer_views(self._parameters, self.layer_sizes)  # views do not survive a copy

    @property
    def activation_table(self) -> list[Any]:
        """The activation of each hidden layer."""
        return [ACTIVATIONS[name] for name in self.activations]

    def _inputs(self, call: str, X: Any) -> Features:
        return network_inputs(call, X, self.n_features, self.dtype, self.input_scaling)

    def _targets(self, y: ArrayLike) -> Array:
        targets = np.asarray(y)
        if self.head != "softmax" and targets.ndim == 1 and self.n_outputs == 1:
            return targets[:, None]
        return targets

    def _loss_options(
        self, call: str, class_weight: ArrayLike | None, label_smoothing: float
    ) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if class_weight is not None:
            given["class_weight"] = class_weight
        if label_smoothing:
            given["label_smoothing"] = label_smoothing
        for name in given.keys() - HEADS[self.head].options:
            rule = f"{name} goes with a softmax head"
            raise ArgumentError(call, rule, f"head={self.head!r}", f"Leave {name} out.")
        return given
