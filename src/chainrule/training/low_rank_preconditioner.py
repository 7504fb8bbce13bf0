"""The preconditioner (KP.1) for many features: S by its range on some vectors, and by its diagonal beside that.

With S in units of its diagonal, and Omega of a hundred columns ::

    (LP.1)  S ~ Y (Omega^T Y)^-1 Y^T + diag(rest) = B B^T + D,      Y = S_x Omega,   rest = diag(S - B B^T)

S_x the part of S that the rows make [FrangellaTroppUdell2023]. With the singular vectors U and values s of D^-1/2 B ::

    (LP.2)  S^-1 ~ D^-1 - W diag(s^2) W^T,      W = D^-1/2 U diag(1 + s^2)^-1/2

so making it takes two passes over some rows, and no square of the features; and W^T S W = I, so that the directions of
the largest s are those of (CL.1).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from chainrule._types import Array
from chainrule.functions import Features, SparseFeatures, linear_cross, linear_logits
from chainrule.kernels import Purpose, random_bits
from chainrule.training.coarse_level import CoarseLevel, directions, solved
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.mostly_zeros import evenly_spaced

RANK = 100
ROWS_TO_A_RANK = 4
MOST_ROWS = 2048
NUMBERS = 1 << 22
"""Of the rows that are looked at; no fewer than 256 of them."""
LIFT = 1e-5
"""The least rest, in units of the diagonal: what float32 leaves of collinear features."""
SMALLEST = 1e-9
"""Squares of singular values below this share of the largest are rounding."""


@dataclass(frozen=True)
class LowRankPreconditioner:
    """M^-1 of (KP.1) with (LP.2), or of (CL.1).

    Parameters
    ----------
    unit : ndarray, shape (features + 1,)
        The root of the reciprocal of S's diagonal.
    scaled_rest : ndarray, shape (features + 1,)
        D^-1 in these units, of a vector that is not: times the root.
    factor, transposed : ndarray of float32, shapes (features + 1, rank) and (rank, features + 1)
        W, in these units, and W^T beside it: a product of few rows with a matrix across its order takes three times
        as long.
    squares : ndarray of float32, shape (rank,)
        s^2, falling.
    shape : tuple of int
        Of W.
    coarse : CoarseLevel or None
        Of the first directions.
    coarse_factor : ndarray of float32 or None
        That of its matrix at the probabilities that were looked at last.
    """

    unit: Array
    scaled_rest: Array
    factor: Array
    transposed: Array
    squares: Array
    shape: tuple[int, int]
    coarse: CoarseLevel | None
    coarse_factor: Array | None = None

    def __call__(self, vector: Array) -> Array:
        """Return M^-1 r for a flat vector, a new array."""
        size = self.shape[0] * self.shape[1]
        weight, bias = vector[:size].reshape(self.shape), vector[size:]
        rows = np.empty((self.shape[0], self.shape[1] + 1), np.float32)
        np.multiply(weight, self.unit[:-1], out=rows[:, :-1], casting="same_kind")
        np.multiply(bias, self.unit[-1], out=rows[:, -1], casting="same_kind")
        along = rows @ self.factor
        inside = along * -self.squares
        if self.coarse_factor is not None:
            first = along[:, : len(self.coarse_factor) // len(along)]
            inside[:, : first.shape[1]] += solved(self.coarse_factor, first) - first
        beside = inside @ self.transposed
        conditioned = np.empty(len(vector))
        by_weight, by_bias = conditioned[:size].reshape(self.shape), conditioned[size:]
        np.multiply(weight, self.scaled_rest[:-1], out=by_weight)
        np.multiply(bias, self.scaled_rest[-1], out=by_bias)
        by_weight += beside[:, :-1]
        by_bias += beside[:, -1]
        by_weight *= self.unit[:-1]
        by_bias *= self.unit[-1]
        return conditioned

    def at(self, problem: LinearSoftmax, probabilities: Array) -> "LowRankPreconditioner":
        """Return it with (CL.2) at these probabilities of all rows."""
        if self.coarse is None:
            return self
        return replace(self, coarse_factor=self.coarse.factor(problem, probabilities))


def low_rank_preconditioner(problem: LinearSoftmax, parameters: Array) -> LowRankPreconditioner:
    """Return (LP.2) for the curvature at some parameters."""
    probabilities = problem.curvature(parameters, np.float32).probabilities
    rows = evenly_spaced(len(probabilities), sampled_rows(problem))
    trace = problem.row_curvature(probabilities[rows], rows) * (len(probabilities) / len(rows))
    weights = (trace / (max(problem.shape[0] - 1, 1) * problem.total_weight)).astype(np.float32)[:, None]
    sample = _Sample(problem, rows, weights)
    penalty = np.full(problem.shape[1] + 1, problem.alpha)
    penalty[-1] = 0.0
    diagonal = sample.diagonal() + penalty
    unit = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    root = _root(sample, unit, rank_of(problem))
    rest = np.maximum(1.0 - np.einsum("jr,jr->j", root, root), penalty * unit**2 + LIFT)
    vectors, squares = _directions(root, rest)
    transposed = np.ascontiguousarray(vectors.T, dtype=np.float32)
    factor = np.ascontiguousarray(transposed.T)
    n_coarse = directions(problem.shape[0], len(rows), squares)
    coarse = None
    if n_coarse:
        first = vectors[:, :n_coarse] * unit[:, None]
        images = sample.images(first.T)
        coarse = CoarseLevel(images, rows, first.T @ (penalty[:, None] * first))
    return LowRankPreconditioner(
        unit, unit / rest, factor, transposed, squares.astype(np.float32), problem.shape, coarse
    )


@dataclass(frozen=True)
class _Sample:
    """Some rows of X with weights t: x~ ^T diag(t) x~."""

    problem: LinearSoftmax
    rows: Array
    weights: Array

    @cached_property
    def features(self) -> Features:
        problem = self.problem
        if isinstance(problem.read, SparseFeatures):
            return problem.read.astype(np.float32).taken(self.rows)
        return np.ascontiguousarray(problem.inputs(self.rows), dtype=np.float32)

    def diagonal(self) -> Array:
        features = self.features
        squares = features.squared() if isinstance(features, SparseFeatures) else np.square(features)
        by_weight, by_bias = linear_cross(squares, self.weights, n_threads=self.problem.n_threads)
        return np.append(by_weight[0], by_bias)

    def images(self, vectors: Array) -> Array:
        """Return X~ V^T in float32 for the rows of V, shape (any number, features + 1)."""
        vectors = vectors.astype(np.float32)
        weight, bias = np.ascontiguousarray(vectors[:, :-1]), np.ascontiguousarray(vectors[:, -1])
        return linear_logits(self.features, weight, bias, n_threads=self.problem.n_threads)

    def product(self, vectors: Array) -> Array:
        """Return S_x V^T for the rows of V, shape (rank, features + 1)."""
        along = self.images(vectors)
        along *= self.weights
        by_weight, by_bias = linear_cross(self.features, along, n_threads=self.problem.n_threads)
        return np.column_stack([by_weight, by_bias])


def _root(sample: _Sample, unit: Array, rank: int) -> Array:
    """Return B of (LP.1), shape (features + 1, rank); no columns where rounding leaves nothing to divide by."""
    from scipy.linalg.lapack import dpotrf, dtrtrs  # here: it takes longer to load than this room

    vectors = _signs(rank, len(unit))
    image = sample.product(vectors * unit) * unit
    square = image @ vectors.T
    square = 0.5 * (square + square.T)
    places = np.arange(rank)
    shift = 1e-6 * float(square.diagonal().max(initial=0.0))
    for power in range(4):
        square[places, places] += shift * 100.0**power
        factor, failed = dpotrf(square, lower=1)
        if not failed:
            root, _ = dtrtrs(factor, image, lower=1)
            return np.asarray(root.T)
    return np.zeros((len(unit), 0))


def _signs(n_rows: int, n_columns: int) -> Array:
    """Return numbers of which each is 1 or -1 with the same probability."""
    words = random_bits(n_rows * n_columns // 64 + 1, Purpose.SKETCH, 0)
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), count=n_rows * n_columns)
    return (2.0 * bits - 1.0).reshape(n_rows, n_columns)


def _directions(root: Array, rest: Array) -> tuple[Array, Array]:
    """Return W of (LP.2), shape (features + 1, rank), and s^2, falling."""
    scaled = root / np.sqrt(rest)[:, None]
    squares, vectors = np.linalg.eigh(scaled.T @ scaled)
    squares, vectors = squares[::-1], vectors[:, ::-1]
    told = squares > SMALLEST * squares.max(initial=0.0)
    squares, vectors = squares[told], vectors[:, told]
    singular = scaled @ (vectors / np.sqrt(squares))
    return singular / np.sqrt(rest)[:, None] / np.sqrt(1.0 + squares), squares


def sampled_rows(problem: LinearSoftmax) -> int:
    """Return how many rows S is made of."""
    n_rows, n_features = problem.features.shape
    return min(n_rows, max(256, min(MOST_ROWS, NUMBERS // n_features)))


def rank_of(problem: LinearSoftmax) -> int:
    """Return the number of columns of Omega: few beside rows and features."""
    return max(min(RANK, sampled_rows(problem) // ROWS_TO_A_RANK, problem.shape[1] // 2), 1)


def cost_in_passes(problem: LinearSoftmax) -> float:
    """Return what making it costs, in products with the curvature of all rows: passes, and as much again."""
    n_rows, _ = problem.features.shape
    return 2.0 * sampled_rows(problem) * rank_of(problem) / (n_rows * problem.shape[0])
