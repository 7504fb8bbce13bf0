"""The objective that training minimises.

With weight s_i and loss l_i of example i, c_i the class weight of its target, and W all weights (biases are free) ::

    (TR.1)  F = sum_i s_i l_i / sum_i s_i c_i  +  alpha / 2 * sum W^2

The full batch is summed over blocks of 1,024 rows and then as a binary tree in float64, so that neither the number
of threads nor anything else but the rows decides the order of the sums. A minibatch B of n rows estimates F by ::

    (TR.5)  F_B = sum_{i in B} s_i l_i / (n w)  +  alpha / 2 * sum W^2,      w = (sum_i s_i c_i) / N

whose mean over the batches of an epoch is F: its own sum of weights in the divisor would bias it. With dropout (DO.1)
the l_i of a minibatch are those of the network without the units that its step leaves out. The gradient g of F_B is
clipped to a length of at most c where one is set ::

    (TR.7)  g <- g min(1, c / |g|)     [Pascanu2013]
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import (
    SparseFeatures,
    linear_hessian,
    linear_logits,
    softmax,
    total_weight,
)
from chainrule.network import Dropout, Network
from chainrule.training.fixed_order import fixed_order_dot, fixed_order_norm, tree_sum
from chainrule.training.linear_softmax import BIAS_SOLVED, LinearSoftmax, target_mass
from chainrule.training.row_blocks import BLOCK_ROWS, SPARSE_BLOCK_ROWS, rows_of_block
from chainrule.training.selected_rows import select_rows


@dataclass(frozen=True)
class Examples:
    """Rows of features, targets as the head takes them, and a weight for each row or None.

    The features are an array, the :class:`~chainrule.training.selected_rows.SelectedRows` of one, or
    :class:`~chainrule.functions.SparseFeatures`.
    """

    X: Any
    y: Array
    sample_weight: Array | None = None

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: Array | slice) -> "Examples":
        """Return some of the rows: a view for a slice of an array, else a copy."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Examples(self.X[rows], self.y[rows], weight)

    def select(self, rows: Array) -> "Examples":
        """Return some of the rows, whose features stay where they are."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Examples(select_rows(self.X, rows), self.y[rows], weight)

    def blocks(self, network: Network) -> Iterator["Examples"]:
        """Yield views of as many rows each as a network computes at a time, in order; of sparse features more."""
        most = SPARSE_BLOCK_ROWS if isinstance(self.X, SparseFeatures) else BLOCK_ROWS
        size = rows_of_block(network.layer_sizes[1:], most)
        for first in range(0, len(self), size):
            yield self.take(slice(first, first + size))


@dataclass(frozen=True)
class Loss:
    """What the head's loss takes beside examples."""

    class_weight: Array | None = None
    label_smoothing: float = 0.0
    n_threads: int | None = None

    def sum(self, network: Network, examples: Examples) -> float:
        """Return sum_i s_i l_i over a few rows."""
        loss = network.loss(
            examples.X, examples.y, sample_weight=examples.sample_weight, reduction="sum",
            class_weight=self.class_weight, label_smoothing=self.label_smoothing, n_threads=self.n_threads,
        )  # fmt: skip
        return float(loss)

    def sum_and_gradient(
        self, network: Network, examples: Examples, masks: Sequence[Array | None] = ()
    ) -> tuple[float, Array]:
        """Return sum_i s_i l_i over a few rows and its gradient, a new array in the network's dtype.

        ``masks`` are those of dropout for these rows, one for each hidden layer, or empty.
        """
        loss, gradient = network.loss_and_gradient(
            examples.X, examples.y, sample_weight=examples.sample_weight, reduction="sum",
            class_weight=self.class_weight, label_smoothing=self.label_smoothing, n_threads=self.n_threads, masks=masks,
        )  # fmt: skip
        return float(loss), gradient

    def total_weight(self, network: Network, examples: Examples) -> float:
        """Return sum_i s_i c_i, the divisor of (TR.1)."""
        if network.head == "softmax":
            return float(
                total_weight(examples.y, network.n_outputs, examples.sample_weight, self.class_weight)
            )
        return float(len(examples) if examples.sample_weight is None else examples.sample_weight.sum())

    def mean(self, network: Network, examples: Examples) -> float:
        """Return the first term of (TR.1) at the network's parameters."""
        (total,) = tree_sum((self.sum(network, block),) for block in examples.blocks(network))
        return float(total) / self.total_weight(network, examples)


@dataclass(frozen=True)
class Objective:
    """(TR.1) for a network and examples.

    Parameters
    ----------
    network : Network
        Whose parameters the methods that take parameters overwrite.
    examples : Examples
        The training set.
    loss : Loss
        Class weights and smoothing.
    alpha : float
        Strength of the penalty, >= 0.
    dropout : Dropout or None
        What minibatches leave out.
    max_gradient_norm : float or None
        c of (TR.7), > 0; None: no clipping.
    mean_weight : float or None
        w of (TR.5); None: that of the examples. Rows that come in portions have one for all of them.

    Attributes
    ----------
    weight_slices : tuple of slice
        Where the weights lie in the parameter vector.
    total_weight : float
        The divisor of (TR.1).
    """

    network: Network
    examples: Examples
    loss: Loss
    alpha: float
    dropout: Dropout | None = None
    max_gradient_norm: float | None = None
    mean_weight: float | None = None
    weight_slices: tuple[slice, ...] = field(init=False)
    total_weight: float = field(init=False)
    _linear: list[LinearSoftmax] = field(init=False, default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        # Not functools.cached_property, whose lock (Python 3.11) a forked child may inherit held by another thread.
        object.__setattr__(self, "weight_slices", self.network.weight_slices)
        object.__setattr__(self, "total_weight", self.loss.total_weight(self.network, self.examples))

    def in_float64(self) -> "Objective":
        """Return the same objective on a float64 copy of the network; rows are converted block by block."""
        description = {**self.network.describe(), "dtype": "float64"}
        same = replace(self, network=Network.restore(self.network.tensors(), description, "train"))
        object.__setattr__(same, "_linear", self._linear)  # the passes are those of the rows
        return same

    def penalty(self) -> float:
        """Return the second term of (TR.1) at the network's parameters, in float64."""
        parameters = self.network.parameters
        squares = (np.square(parameters[weights], dtype=np.float64).sum() for weights in self.weight_slices)
        return 0.5 * self.alpha * float(sum(squares)) if self.alpha else 0.0

    def value(self) -> float:
        """Return F at the network's parameters; by the passes of a linear network where those are there."""
        if self._linear:
            return self._linear[0].value_at(self.network.parameters.astype(np.float64), self.network.dtype)
        (total,) = tree_sum(
            (self.loss.sum(self.network, block),) for block in self.examples.blocks(self.network)
        )
        return float(total) / self.total_weight + self.penalty()

    def value_and_gradient(self, parameters: Array) -> tuple[float, Array]:
        """Return F and its gradient at some parameters; the network must be a float64 one."""
        self.network.parameters = parameters
        total, gradient = tree_sum(
            self.loss.sum_and_gradient(self.network, block) for block in self.examples.blocks(self.network)
        )
        gradient /= self.total_weight
        self._add_penalty_gradient(gradient)
        return float(total) / self.total_weight + self.penalty(), gradient

    def batch(self, rows: Array, epoch: int = 0, step: int = 0) -> tuple[float, Array]:
        """Return sum_{i in B} s_i l_i and the gradient of (TR.5) by (TR.7), in the network's dtype.

        Parameters
        ----------
        rows : ndarray of int64 or slice
            The rows of the minibatch.
        epoch, step : int
            Number of the epoch and of the step in it: what dropout draws by.
        """
        examples, network = self.examples.take(rows), self.network
        masks: Sequence[Array | None] = ()
        if self.dropout is not None:
            masks = self.dropout.masks(len(examples), network.layer_sizes, epoch, step, network.dtype)
        total, gradient = self.loss.sum_and_gradient(network, examples, masks)
        mean_weight = self.mean_weight or self.total_weight / len(self.examples)
        gradient *= 1.0 / (len(examples) * mean_weight)
        self._add_penalty_gradient(gradient)
        if self.max_gradient_norm is not None:
            clip(gradient, self.max_gradient_norm)
        return total, gradient

    def hessian(self, parameters: Array) -> Array:
        """Return the matrix of second derivatives of F for a linear softmax network, shape (P, P).

        With x~ = (x, 1) and the curvature (CE.4) at the logits ::

            (TR.6)  sum_i s_i (sum_k q_ik) (diag(p_i) - p_i p_i^T) kron x~_i x~_i^T / sum_i s_i c_i  +  alpha I_W  +  G

        A common shift of all classes' biases changes no probability, nor, without a penalty, does one of their
        weights for one feature. G, a multiple of the projector on these shifts, makes the matrix regular there and
        changes no Newton direction, for the gradient has no part along them.
        """
        self.network.parameters = parameters
        sparse = isinstance(self.examples.X, SparseFeatures)
        pieces = self.examples.blocks(self.network) if sparse else iter((self.examples,))
        (matrix,) = tree_sum((_linear_softmax_curvature(self.network, rows, self.loss),) for rows in pieces)
        matrix /= self.total_weight
        for weights in self.weight_slices:
            matrix[range(weights.start, weights.stop), range(weights.start, weights.stop)] += self.alpha
        _hold_common_shifts(matrix, self.network.n_features, self.network.n_outputs, self.alpha == 0.0)
        return np.asarray(matrix)

    def linear_softmax(self) -> LinearSoftmax:
        """Return the passes of a softmax network without hidden layers, made once."""
        if not self._linear:
            self._linear.append(LinearSoftmax(self))
        return self._linear[0]

    def certified_gap(self, gradient: Array) -> float | None:
        """Return what F is above its minimum at most, by its float64 gradient; None where that bounds nothing.

        For given biases' best values F is strongly convex in the weights, with the constant alpha ::

            (TR.9)  F - min F <= |dF/dW|^2 / (2 alpha)        where dF/db = 0 to rounding

        [BoydVandenberghe2004, section 9.1.2]. None for hidden layers, for other heads, without a penalty, and where the
        biases are not solved. What rounding does to the gradient, some 1e-16 of the features' size, is not in it.
        """
        if not self.is_linear_softmax or self.alpha == 0.0:
            return None
        size = self.weight_slices[0].stop
        largest = float(abs(gradient[size:]).max())
        if not largest <= BIAS_SOLVED:
            return None
        return fixed_order_dot(gradient[:size], gradient[:size]) / (2.0 * self.alpha)

    @property
    def is_linear_softmax(self) -> bool:
        """Whether the network has a softmax head and no hidden layers."""
        return self.network.head == "softmax" and len(self.network.layer_sizes) == 2

    def _add_penalty_gradient(self, gradient: Array) -> None:
        if self.alpha:
            for weights in self.weight_slices:
                gradient[weights] += self.alpha * self.network.parameters[weights]


def clip(gradient: Array, max_norm: float) -> None:
    """Shorten a gradient in place by (TR.7); its norm is summed in float64 in a fixed order.

    A gradient that is not finite stays so, for the loop to see.

    Examples
    --------
    >>> gradient = np.array([3.0, 4.0])
    >>> clip(gradient, 1.0)
    >>> gradient
    array([0.6, 0.8])
    """
    norm = fixed_order_norm(gradient)
    if norm > max_norm:
        gradient *= max_norm / norm


def _linear_softmax_curvature(network: Network, rows: Examples, loss: Loss) -> Array:
    """Return the sum over some rows in (TR.6), in the order of the flat parameters."""
    features, scaling = rows.X, network.input_scaling
    if isinstance(features, SparseFeatures):
        # A block of them, as a dense one: the matrix has far more numbers.
        features = features.dense()
    given = None if scaling is None else (scaling.center, scaling.scale, scaling.limit)
    layer = network.named_parameters
    kept = features.dtype if features.dtype in (np.float32, np.float64) else network.dtype
    features = np.ascontiguousarray(features, dtype=kept)
    logits = linear_logits(features, layer["W1"], layer["b1"], scaling=given, n_threads=loss.n_threads)
    mass = target_mass(rows, loss, network.n_outputs)
    return linear_hessian(
        features, softmax(logits, n_threads=loss.n_threads), None if mass is None else mass.astype(np.float64),
        scaling=given, n_threads=loss.n_threads,
    )  # fmt: skip


def _hold_common_shifts(matrix: Array, n_features: int, n_outputs: int, of_weights: bool) -> None:
    """Add G of (TR.6): to the biases, and to the weights of each feature if they have such a freedom."""
    first = n_features * n_outputs
    groups = [np.arange(first, first + n_outputs)]
    if of_weights:
        groups += [np.arange(feature, first, n_features) for feature in range(n_features)]
    for group in groups:
        matrix[np.ix_(group, group)] += matrix[group, group].mean() / n_outputs
