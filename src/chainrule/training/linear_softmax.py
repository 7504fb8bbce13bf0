"""The objective of a linear softmax network, in passes over X between which the logits are kept.

With x~_i = (x_i, 1), theta = (W, b), Z = X~ theta^T, P its softmax, G the derivative of the weighted loss by Z, and the
curvature (CE.4) ::

    (LN.1)  dF/dtheta = G^T X~ / w + (alpha W, 0)                                           w = sum_i s_i c_i of (TR.1)
    (LN.2)  H v = sum_i s_i (sum_k q_ik) (diag(p_i) - p_i p_i^T) v x~_i x~_i^T / w + (alpha V, 0)

Features far from 0 (offsets) are centred on the way, which changes the biases alone ::

    (LN.3)  W x + b = W (x - c) + b',     b' = b + W c

so that offsets cost no digits; all parameters and gradients here are those of (W, b').

A value along a line needs no pass over X, for the logits of the line are Z + t dZ. All sums over rows are in a fixed
order.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule._types import Array
from chainrule.functions import (
    Features,
    Scaling,
    SparseFeatures,
    cross_entropy,
    cross_entropy_with_gradient,
    linear_cross,
    linear_curvature,
    linear_logits,
    softmax,
)
from chainrule.training.fixed_order import fixed_order_dot, tree_sum
from chainrule.training.long_vectors import finish_gradient
from chainrule.training.mostly_zeros import evenly_spaced, without_zeros
from chainrule.training.piecewise_logits import Logits, PiecewiseLogits, are_too_many, pieces

if TYPE_CHECKING:
    from chainrule.training.objective import Objective

BIAS_SOLVED = 1e-13
"""Largest entry of the gradient by the biases that counts as rounding: it is a mean of numbers of size 1."""
MOST_CLASSES = 2048
"""The most classes whose biases are solved by themselves: that takes a matrix of so many rows."""
MOST_BIAS_STEPS = 60
MOST_HALVINGS = 20
OFFSET = 10.0
"""Features whose mean is more standard deviations from 0 than this, in a sample of the rows, are centred."""
SAMPLED_ROWS = 2048
FEWEST_SAMPLED_ROWS = 256
SAMPLED_NUMBERS = 1 << 18


@dataclass(frozen=True)
class Curvature:
    """(LN.2) at some parameters, over some of the rows.

    Parameters
    ----------
    problem : LinearSoftmax
        Whose rows they are.
    probabilities : ndarray, shape (rows, outputs)
        P; its dtype is that of the products.
    positions : ndarray of int64 or None
        The rows that are summed over; None: all.
    share : float
        What the sum over rows is multiplied by, for rows that stand for others as well.
    """

    problem: "LinearSoftmax"
    probabilities: Array
    positions: Array | None = None
    share: float = 1.0

    @property
    def row_share(self) -> float:
        """The share of the rows that is looked at."""
        return 1.0 if self.positions is None else len(self.positions) / len(self.probabilities)

    def product(self, direction: Array) -> Array:
        """Return H v, a new float64 array, for a flat float64 vector."""
        problem = self.problem
        weight, bias = problem.split(direction)
        dtype = self.probabilities.dtype
        product = np.empty(len(direction))
        linear_curvature(
            problem.read, self.probabilities, problem.mass, weight.astype(dtype), bias.astype(dtype),
            self.positions, scaling=problem.scaling, n_threads=problem.n_threads, out=product,
        )  # fmt: skip
        finish_gradient(
            product,
            direction,
            problem.total_weight / self.share,
            problem.alpha,
            weight.size,
            problem.n_threads,
        )
        return product


@dataclass(frozen=True)
class BiasPlace:
    """Logits for some biases, with the summed loss and its gradient by the biases."""

    logits: Logits
    loss: float
    gradient: Array

    @property
    def slope(self) -> float:
        """Its largest entry."""
        return float(abs(self.gradient).max())


class LinearSoftmax:
    """What the passes need of an objective, and the logits of the parameters that were looked at last.

    Parameters
    ----------
    objective : Objective
        Of a network with a softmax head and no hidden layers.

    Attributes
    ----------
    features : Features
        X, with nothing left out and nothing centred.
    read : Features
        What the passes read: X, or its entries that are not 0 where they are few.
    in_pieces : bool
        Whether logits are made anew in pieces instead of being kept, for they would take too much memory.
    options : dict
        What the cross-entropy takes beside logits and targets.
    """

    def __init__(self, objective: "Objective") -> None:
        network, examples = objective.network, objective.examples
        features = examples.X
        if features.dtype not in (np.float32, np.float64):
            features = features.astype(network.dtype)
        scaling = network.input_scaling
        if isinstance(features, SparseFeatures):
            # Scaled once, here, and never centred: that would fill every entry.
            self.features: Features = features if scaling is None else scaling.apply_sparse("train", features)
            self.centre, scaling = None, None
        else:
            self.features = np.ascontiguousarray(features)
            self.centre = _offsets(self.features) if scaling is None else None
        self.examples = examples
        self.alpha, self.total_weight = objective.alpha, objective.total_weight
        self.shape = (network.n_outputs, network.n_features)
        self._input_scaling = scaling
        if self.centre is not None:
            self.scaling: Scaling | None = (self.centre, np.ones_like(self.centre), None)
        else:
            self.scaling = None if scaling is None else (scaling.center, scaling.scale, scaling.limit)
        self.n_threads = objective.loss.n_threads
        self.read = (
            self.features if self.scaling is not None else without_zeros(self.features, self.n_threads)
        )
        self.options: dict[str, Any] = {
            "sample_weight": examples.sample_weight,
            "class_weight": objective.loss.class_weight,
            "label_smoothing": objective.loss.label_smoothing,
            "n_threads": self.n_threads,
        }
        self.in_pieces = isinstance(self.read, np.ndarray) and are_too_many(
            len(self.read), self.read.nbytes // len(self.read), network.n_outputs
        )
        self.mass = target_mass(examples, objective.loss, network.n_outputs)
        self._seen: tuple[Array, Logits] | None = None
        self.kept: tuple[Array, object] | None = None

    def centred(self, parameters: Array) -> Array:
        """Return (W, b') of (LN.3) for (W, b), a new vector."""
        return self._shifted(parameters, 1.0)

    def as_given(self, parameters: Array) -> Array:
        """Return (W, b) of (LN.3) for (W, b'), a new vector."""
        return self._shifted(parameters, -1.0)

    def _shifted(self, parameters: Array, sign: float) -> Array:
        shifted = parameters.copy()
        if self.centre is not None:
            weight, bias = self.split(shifted)
            for k in range(len(bias)):
                bias[k] += sign * fixed_order_dot(weight[k], self.centre)
        return shifted

    def without_common_shift(self, direction: Array) -> Array:
        """Return a change of the parameters less what all classes share, which is rounding and changes no probability.

        Of the biases; with a penalty the weights of all classes have a common part that counts.
        """
        weight, bias = self.split(direction)
        bias -= fixed_order_dot(bias, np.ones_like(bias)) / len(bias)
        if self.alpha == 0.0:
            weight -= weight.sum(axis=0) / len(bias)
        return direction

    def split(self, parameters: Array) -> tuple[Array, Array]:
        """Return views of W and b."""
        size = self.shape[0] * self.shape[1]
        return parameters[:size].reshape(self.shape), parameters[size:]

    def logits(self, parameters: Array, dtype: Any) -> Logits:
        """Return Z at float64 parameters, computed in a dtype; not to be written to."""
        if (
            self._seen is not None
            and self._seen[1].dtype == dtype
            and np.array_equal(self._seen[0], parameters)
        ):
            return self._seen[1]
        if self.in_pieces and isinstance(self.read, np.ndarray):
            weight, bias = (part.copy() for part in self.split(parameters))
            found: Logits = PiecewiseLogits(self.read, weight, bias, dtype, self.scaling, self.n_threads)
        else:
            found = self.fresh_logits(parameters, dtype)
        self._seen = (parameters.copy(), found)
        return found

    def fresh_logits(self, parameters: Array, dtype: Any) -> Array:
        """Return Z held as one array, without a look at those before, and without keeping them."""
        weight, bias = self.split(parameters)
        return linear_logits(
            self.read,
            weight.astype(dtype),
            bias.astype(dtype),
            scaling=self.scaling,
            n_threads=self.n_threads,
        )

    def inputs(self, rows: Array) -> Array:
        """Return some of the rows as the head sees them, a new array."""
        chosen = self.features[rows]
        assert not isinstance(chosen, SparseFeatures), "asked for where rows are dense"
        if self.centre is not None:
            return np.asarray(chosen - self.centre)
        return chosen if self._input_scaling is None else self._input_scaling.apply(chosen)

    def value(self, logits: Logits, parameters: Array) -> float:
        """Return F (TR.1) for the logits of some parameters; no pass over X where they are held."""
        (loss,) = tree_sum(
            (float(cross_entropy(found, self.examples.y[rows], reduction="sum", **self._options_of(rows))),)
            for rows, found in pieces(logits)
        )
        return float(loss) / self.total_weight + self.penalty(parameters)

    def _options_of(self, rows: slice) -> dict[str, Any]:
        weight = self.examples.sample_weight
        return {**self.options, "sample_weight": None if weight is None else weight[rows]}

    def value_at(self, parameters: Array, dtype: Any) -> float:
        """Return F for (W, b), with logits in a dtype."""
        centred = self.centred(parameters)
        return self.value(self.logits(centred, dtype), centred)

    def penalty(self, parameters: Array) -> float:
        """Return the second term of (TR.1)."""
        weight = parameters[: self.shape[0] * self.shape[1]]
        return 0.5 * self.alpha * fixed_order_dot(weight, weight) if self.alpha else 0.0

    def value_and_gradient(self, logits: Logits, parameters: Array) -> tuple[float, Array]:
        """Return F and (LN.1) for the logits of some parameters: half a pass over X where they are held."""
        loss, by_weight, by_bias = tree_sum(self._sums(rows, found) for rows, found in pieces(logits))
        gradient = self._of_mean(np.concatenate([by_weight.ravel(), by_bias]), parameters)
        return loss / self.total_weight + self.penalty(parameters), gradient

    def _of_mean(self, gradient: Array, parameters: Array) -> Array:
        gradient /= self.total_weight
        size = self.shape[0] * self.shape[1]
        gradient[:size] += self.alpha * parameters[:size]
        return gradient

    def _sums(self, rows: slice, logits: Array) -> tuple[float, Array, Array]:
        loss, by_logits = self._loss_and_gradient(rows, logits)
        read = self.read if rows == slice(None) else self.read[rows]
        return loss, *linear_cross(read, by_logits, scaling=self.scaling, n_threads=self.n_threads)

    def curvature(self, parameters: Array, dtype: Any) -> Curvature:
        """Return (LN.2) at some parameters over all rows."""
        logits = self.logits(parameters, dtype)
        if isinstance(logits, np.ndarray):
            return Curvature(self, softmax(logits, n_threads=self.n_threads))
        probabilities = np.empty((len(logits), self.shape[0]), dtype)
        for rows, found in pieces(logits):
            probabilities[rows] = softmax(found, n_threads=self.n_threads)
        return Curvature(self, probabilities)

    def row_curvature(self, probabilities: Array, rows: Array | None = None) -> Array:
        """Return the trace of each row's curvature, s_i (sum_k q_ik) (1 - p_i . p_i), in float64; of some rows."""
        trace = 1.0 - np.einsum("ik,ik->i", probabilities, probabilities, dtype=np.float64)
        np.maximum(trace, 0.0, out=trace)
        if self.mass is None:
            return trace
        return np.asarray(trace * (self.mass if rows is None else self.mass[rows]))

    def with_biases_solved(self, parameters: Array) -> tuple[Array, Logits]:
        """Return parameters whose biases minimise F for their weights, and float64 logits: Newton on kept logits.

        The biases are left as they are where there are more than :data:`MOST_CLASSES`.
        """
        logits = self.logits(parameters, np.float64)
        if self.shape[0] > MOST_CLASSES:
            return parameters, logits
        parameters = parameters.copy()
        bias = self.split(parameters)[1]
        place = self._bias_place(logits)
        for _ in range(MOST_BIAS_STEPS):
            if place.slope <= 0.1 * BIAS_SOLVED * self.total_weight:
                break
            step = self._bias_step(place.logits, place.gradient)
            following = self._lower(place, step)
            if following is None:
                break
            share, place = following
            bias += share * step
        return parameters, place.logits

    def _lower(self, place: "BiasPlace", step: Array) -> tuple[float, "BiasPlace"] | None:
        """Return a share of the step that lowers the loss, or where values cannot tell, the gradient; None if none."""
        share = 1.0
        for _ in range(MOST_HALVINGS):
            found = self._bias_place(place.logits + share * step)
            change, resolution = found.loss - place.loss, 1e-12 * abs(place.loss)
            if change < -resolution or (change <= resolution and found.slope < place.slope):
                return share, found
            share *= 0.5
        return None

    def _bias_place(self, logits: Logits) -> "BiasPlace":
        found = (self._loss_and_gradient(rows, piece) for rows, piece in pieces(logits))
        loss, gradient = tree_sum((loss, by_logits.sum(axis=0)) for loss, by_logits in found)
        return BiasPlace(logits, loss, gradient)

    def _bias_products(self, rows: slice, logits: Array) -> Array:
        probabilities = softmax(logits, n_threads=self.n_threads)
        weighted = probabilities if self.mass is None else self.mass[rows, None] * probabilities
        return linear_cross(probabilities, weighted, n_threads=self.n_threads)[0]

    def _bias_step(self, logits: Logits, gradient: Array) -> Array:
        (products,) = tree_sum((self._bias_products(rows, found),) for rows, found in pieces(logits))
        matrix = -products
        places = np.arange(len(matrix))
        matrix[places, places] = 0.0
        matrix[places, places] = -matrix.sum(axis=1)  # rows of the curvature sum to 0
        matrix += max(float(matrix.diagonal().mean()), np.finfo(np.float64).tiny) / len(
            matrix
        )  # a common shift
        try:
            step = np.linalg.solve(matrix, -gradient)
            return np.asarray(step - step.mean())
        except np.linalg.LinAlgError:
            return np.zeros_like(gradient)

    def _loss_and_gradient(self, rows: slice, logits: Array) -> tuple[float, Array]:
        loss, gradient = cross_entropy_with_gradient(
            logits, self.examples.y[rows], reduction="sum", **self._options_of(rows)
        )
        return float(loss), gradient


def _offsets(features: Array) -> Array | None:
    """Return the means of the features over a sample of the rows, None if no feature is far from 0."""
    few = SAMPLED_NUMBERS // max(features.shape[1], 1)
    rows = evenly_spaced(len(features), min(max(few, FEWEST_SAMPLED_ROWS), SAMPLED_ROWS))
    taken = features[rows]
    # Where more than one number in 101 is 0 the mean is less than ten deviations from 0.
    columns = np.flatnonzero(101 * np.count_nonzero(taken == 0.0, axis=0) <= len(rows))
    centre = np.zeros(features.shape[1])
    sample = taken[:, columns].astype(np.float64)
    scale = abs(sample).max(axis=0)
    scale[scale == 0.0] = 1.0
    sample /= scale  # squares of large numbers stay finite
    mean, deviation = sample.mean(axis=0), sample.std(axis=0)
    far = (abs(mean) > OFFSET * deviation) & (deviation > 0.0)
    centre[columns] = np.where(far, mean, 0.0) * scale
    return centre if far.any() else None


def target_mass(examples: Any, loss: Any, n_outputs: int) -> Array | None:
    """Return s_i sum_k q_ik for each row, q the smoothed and class-weighted target; None: 1 for each."""
    if loss.class_weight is None and examples.y.ndim == 1:
        return None if examples.sample_weight is None else np.asarray(examples.sample_weight)
    weights = np.ones(n_outputs) if loss.class_weight is None else loss.class_weight
    plain = weights[examples.y] if examples.y.ndim == 1 else examples.y @ weights
    mass = (1.0 - loss.label_smoothing) * plain + loss.label_smoothing * weights.mean()
    return np.asarray(mass if examples.sample_weight is None else mass * examples.sample_weight)
