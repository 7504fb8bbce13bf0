"""The diagonal of the curvature of a linear softmax network as its preconditioner, for sparse features.

With the probabilities p of (LN.2) and one mean over the rows for each weight ::

    (DP.1)  M_kj = sum_i s_i (sum_k q_ik) p_ik (1 - p_ik) x~_ij^2 / w  +  alpha [j is a feature]

It differs from class to class, which (KP.1) does not: rare words and rare classes have curvatures that are orders of
magnitude apart, and most pairs of words never meet in a row.
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import SparseFeatures, sparse_variance_sums
from chainrule.training.linear_softmax import LinearSoftmax


@dataclass(frozen=True)
class DiagonalPreconditioner:
    """M^-1 of (DP.1): the reciprocals of the diagonal, in the order of the flat parameters."""

    inverse: Array

    def __call__(self, vector: Array) -> Array:
        """Return M^-1 r, a new array."""
        return np.asarray(vector * self.inverse)


def diagonal_preconditioner(problem: LinearSoftmax, parameters: Array) -> DiagonalPreconditioner:
    """Return (DP.1) for the curvature at some parameters of a problem with sparse features."""
    features = problem.features
    assert isinstance(features, SparseFeatures), "dense features have a preconditioner of their own"
    weight, bias = problem.split(parameters)
    diagonal = sparse_variance_sums(features, weight, bias, problem.mass, problem.n_threads)
    diagonal /= problem.total_weight
    diagonal[: weight.size] += problem.alpha
    # Without a penalty, what never varies has no curvature: it keeps its unit.
    diagonal[diagonal <= 0.0] = 1.0
    return DiagonalPreconditioner(np.reciprocal(diagonal, out=diagonal))
