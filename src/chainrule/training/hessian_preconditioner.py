"""A preconditioner for few parameters: the matrix of second derivatives itself, over some of the rows.

With n rows i spread evenly over all N, and the divisor w of (TR.1) ::

    (HP.1)  M = (N / n) sum_i s_i (sum_k q_ik) (diag(p_i) - p_i p_i^T) kron x~_i x~_i^T / w + diag(alpha, ..., alpha, 0)

in units of its diagonal, lifted by what float32 leaves. A quarter of the rows of a table makes directions of two or
three products, where (KP.1), which is the same for all classes, needs ten times as many.
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import linear_hessian
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.mostly_zeros import evenly_spaced

ROWS_TO_A_PARAMETER = 12
LEAST_ROWS = 4096
LIFT = 1e-5
"""What is added to the unit diagonal: collinear features, constants and common shifts leave M singular."""
MOST_PARAMETERS = 1000
MOST_COST = 16.0
"""In products; where it costs more, (KP.1) saves more than this would."""
PRODUCTS_RATE = 0.125
"""Time of the sums over rows for a row and a pair of parameters, over that of a parameter in a product."""
FACTORISATION_RATE = 0.25


@dataclass(frozen=True)
class HessianPreconditioner:
    """M^-1 of (HP.1).

    Parameters
    ----------
    factor : ndarray of float32, shape (P, P)
        The lower Cholesky factor of M in units of its diagonal.
    unit : ndarray, shape (P,)
        The root of the reciprocal of M's diagonal.
    """

    factor: Array
    unit: Array

    def __call__(self, vector: Array) -> Array:
        """Return M^-1 r for a flat vector, a new array."""
        from scipy.linalg.lapack import spotrs  # here: it takes longer to load than this room

        solved, _ = spotrs(self.factor, (self.unit * vector).astype(np.float32), lower=1)
        return np.asarray(solved * self.unit)


def hessian_preconditioner(problem: LinearSoftmax, parameters: Array) -> HessianPreconditioner:
    """Return (HP.1) for the curvature at some parameters."""
    from scipy.linalg.lapack import spotrf

    n_rows = len(problem.examples)
    rows = evenly_spaced(n_rows, sampled_rows(problem))
    probabilities = problem.curvature(parameters, np.float32).probabilities
    features, mass = problem.features, problem.mass
    assert isinstance(features, np.ndarray), "sparse features have a preconditioner of their own"
    matrix = linear_hessian(
        features, probabilities, None if mass is None else mass.astype(np.float64, copy=False),
        None if len(rows) == n_rows else rows, scaling=problem.scaling, n_threads=problem.n_threads,
    )  # fmt: skip
    matrix *= n_rows / len(rows) / problem.total_weight
    places = np.arange(len(matrix))
    diagonal = matrix.diagonal().copy()
    diagonal[: problem.shape[0] * problem.shape[1]] += problem.alpha
    diagonal[diagonal <= 0.0] = 1.0
    unit = 1.0 / np.sqrt(diagonal)
    matrix *= unit
    matrix *= unit[:, None]
    for power in range(5):
        matrix[places, places] = 1.0 + LIFT * 100.0**power
        factor, failed = spotrf(matrix.astype(np.float32), lower=1, clean=0)
        if not failed:
            return HessianPreconditioner(factor, unit)
    return HessianPreconditioner(np.eye(len(matrix), dtype=np.float32), unit)


def sampled_rows(problem: LinearSoftmax) -> int:
    """Return how many rows M is made of."""
    n_parameters = problem.shape[0] * (problem.shape[1] + 1)
    return min(len(problem.examples), max(LEAST_ROWS, ROWS_TO_A_PARAMETER * n_parameters))


def cost_in_passes(problem: LinearSoftmax) -> float:
    """Return what making M costs, in products with the curvature of all rows."""
    n_parameters = problem.shape[0] * (problem.shape[1] + 1)
    work = PRODUCTS_RATE * sampled_rows(problem) * n_parameters + FACTORISATION_RATE * n_parameters**2
    return work / len(problem.examples) / 2.0


def serves(problem: LinearSoftmax) -> bool:
    """Return whether it is worth its cost."""
    n_parameters = problem.shape[0] * (problem.shape[1] + 1)
    return n_parameters <= MOST_PARAMETERS and cost_in_passes(problem) <= MOST_COST
