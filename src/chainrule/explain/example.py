"""One example and its network in float64, and what the letters mean for them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.derive import Context, context_of
from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.functions import is_sparse
from chainrule.network import HEADS, Network

CALL = "explain"
LOSSES = {"softmax": "cross-entropy", "sigmoid": "binary-cross-entropy", "identity": "squared-error"}
ROUNDING_OF_ONE = 1e-12
"""How far a row of targets may be from a sum of 1 and still count as soft targets."""


@dataclass(frozen=True, eq=False)
class Example:
    """A network in float64, one encoded row, its targets, and the context that a derivation has for them.

    Parameters
    ----------
    network : Network
        A copy in float64 of the network that is explained.
    features : ndarray, shape (D,)
        X, the encoded input, before any scaling inside the network.
    targets : ndarray, shape (K,)
        Y.
    true_class : int or None
        The position c of the true class, counted from 1, where targets are one-hot.
    context : Context
        The output, the loss, the activations of the hidden layers, the temperature as the letter T.
    """

    network: Network
    features: Array
    targets: Array
    true_class: int | None
    context: Context

    @property
    def temperature(self) -> float:
        """What divides the logits of the printed outputs; 1 where the head has none."""
        return 1.0 if self.network.head == "identity" else float(self.network.temperature)

    @property
    def rows(self) -> Array:
        """The features as a table of one row."""
        return self.features[None, :]

    def losses(self, logits: Array) -> Array:
        """Return the network's loss of the outputs of some rows of logits, all with this example's targets."""
        targets = np.repeat(self.targets[None, :], len(logits), axis=0)
        loss = HEADS[self.network.head].loss(logits / self.temperature, targets, reduction="none")
        return np.asarray(loss, dtype=np.float64)


def example_of(network: Network, x: Any, y: Any, call: str = CALL) -> Example:
    """Check a network and an example, and return them in float64.

    Parameters
    ----------
    network : Network
        With any head; its temperature and input scaling count.
    x : array_like, shape (D,) or (1, D)
        The encoded input.
    y : int or array_like, shape (K,)
        The class index, counted from 0, or a number for each output.
    call : str
        What error messages call the caller.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If one of them is something else, or numbers are not finite.

    Examples
    --------
    >>> example_of(Network((2, 3)), [1.0, 2.0], 1).targets
    array([0., 1., 0.])
    """
    if not isinstance(network, Network):
        remedy = "Pass classifier.network_ or model.network."
        raise ArgumentTypeError(call, "what is explained is a Network", type(network).__name__, remedy)
    features = _features(network, x, call)
    targets = _targets(network, y, call)
    one_hot = (
        network.head == "softmax"
        and sorted(targets)[-2:] == [0.0, 1.0]
        and bool(np.isin(targets, (0, 1)).all())
    )
    context = _context(network, targets, one_hot=one_hot)
    twin = in_float64(network)
    if not np.isfinite(twin.parameters).all():
        raise ArgumentError(call, "the network's parameters are finite", "NaN or infinity", "Train it again.")
    return Example(twin, features, targets, int(targets.argmax()) + 1 if one_hot else None, context)


def in_float64(network: Network) -> Network:
    """Return a copy of a network that computes in float64.

    Examples
    --------
    >>> in_float64(Network((2, 3), dtype="float32")).dtype.name
    'float64'
    """
    twin = Network(network.layer_sizes, network.activations, network.head, dtype=np.float64)
    twin.parameters = network.parameters
    twin.temperature = network.temperature
    twin.input_scaling = network.input_scaling
    return twin


def _features(network: Network, x: Any, call: str) -> Array:
    if is_sparse(x):
        remedy = "Pass the row as a dense array, such as x.toarray()[0]."
        raise ArgumentTypeError(call, "x is a dense row of numbers", "a sparse one", remedy)
    try:
        row = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        remedy = "Encode text and categories first, as the model's encoder does."
        raise ArgumentTypeError(call, "x is a row of numbers", type(x).__name__, remedy) from None
    shapes = ((network.n_features,), (1, network.n_features))
    if row.shape not in shapes:
        rule = f"x has one number for each of {network.n_features} features"
        raise ArgumentError(call, rule, f"shape {row.shape}", "Pass one row.")
    if not np.isfinite(row).all():
        place = int(np.flatnonzero(~np.isfinite(row.ravel()))[0])
        raise ArgumentError(
            call, "x is finite", f"{row.ravel()[place]} at {place}", "Replace it by a number."
        )
    return row.reshape(-1)


def _targets(network: Network, y: Any, call: str) -> Array:
    count = network.n_outputs
    given = np.asarray(y)
    if given.dtype.kind not in "fiub":
        remedy = "Pass the index of its class, counted from 0, or a number for each output."
        raise ArgumentTypeError(call, "y is a class index or a row of numbers", repr(y)[:60], remedy)
    if network.head == "softmax" and given.size == 1 and given.dtype.kind in "iu":
        return _one_hot(int(given.reshape(())), count, call)
    if given.size != count or given.ndim > 2:
        rule = f"y has a number for each of {count} outputs"
        rule += ", or is a class index" if network.head == "softmax" else ""
        raise ArgumentError(call, rule, f"shape {given.shape}", "Pass this example's target.")
    targets = given.astype(np.float64).reshape(-1)
    bounded = network.head != "identity"
    if not np.isfinite(targets).all() or (bounded and (targets.min() < 0 or targets.max() > 1)):
        rule = "targets lie between 0 and 1" if bounded else "targets are finite"
        raise ArgumentError(call, rule, f"{targets.tolist()}"[:60], "Pass this example's target.")
    if network.head == "softmax" and abs(targets.sum() - 1) > ROUNDING_OF_ONE:
        raise ArgumentError(
            call, "the targets of a softmax sum to 1", f"{targets.sum():.6g}", "Divide them by it."
        )
    return targets


def _one_hot(index: int, count: int, call: str) -> Array:
    if not 0 <= index < count:
        raise ArgumentError(call, f"a class index is 0 to {count - 1}", f"{index}", "Count classes from 0.")
    return np.eye(count)[index]


def _context(network: Network, targets: Array, *, one_hot: bool) -> Context:
    del targets
    kind = "one-hot" if one_hot else "soft" if network.head == "softmax" else "any"
    context = context_of(
        output=network.head, loss=LOSSES[network.head], targets=kind, hidden=network.activations
    )
    scaled = network.temperature != 1.0 and network.head != "identity"
    return replace(context, temperature="T") if scaled else context
