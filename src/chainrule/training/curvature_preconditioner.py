"""A preconditioner for the curvature of a linear softmax network: its mean over the classes, once for all of them.

With the trace t_i = s_i (sum_k q_ik) (1 - p_i . p_i) of each row's curvature (CE.4), and x~ = (x, 1) ::

    (KP.1)  M = I_K kron S,     S = sum_i t_i x~_i x~_i^T / ((K - 1) w) + diag(alpha, ..., alpha, 0)

Boehning's bound [Boehning1992], (I - 1 1^T / K) / 2 in place of each row's own curvature, is the same with t_i = (K
- 1) / 2 for all rows; it knows nothing of the rows that are certain by now, and those are most of them where it
matters. Some thousand rows are enough for S. Its diagonal is taken out before it is inverted, so that the units of
features do not matter.
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import linear_cross
from chainrule.training.linear_softmax import LinearSoftmax
from chainrule.training.mostly_zeros import evenly_spaced

LEAST_ROWS = 2048
ROWS_TO_A_FEATURE = 2
LIFT = 1e-10
"""What is added to the unit diagonal: collinear features and constants leave S singular."""
SQUARE_COST = 0.5
FACTORISATION_COST = 2.0
"""Time of a multiplication in S and in its inverse, one thread of float64, over one in a pass."""


@dataclass(frozen=True)
class CurvaturePreconditioner:
    """M^-1 of (KP.1).

    Parameters
    ----------
    inverse : ndarray, shape (features + 1, features + 1)
        S^-1.
    shape : tuple of int
        Of W.
    """

    inverse: Array
    shape: tuple[int, int]

    def __call__(self, vector: Array) -> Array:
        """Return M^-1 r for a flat vector, a new array."""
        size = self.shape[0] * self.shape[1]
        rows = np.column_stack([vector[:size].reshape(self.shape), vector[size:]])
        rows = rows @ self.inverse
        return np.concatenate([rows[:, :-1].ravel(), rows[:, -1]])


def preconditioner(problem: LinearSoftmax, parameters: Array) -> CurvaturePreconditioner:
    """Return (KP.1) for the curvature at some parameters."""
    probabilities = problem.curvature(parameters, np.float32).probabilities
    rows = sampled_rows(len(probabilities), problem.shape[1])
    trace = problem.row_curvature(probabilities[rows], rows) * (len(probabilities) / len(rows))
    weights = trace / (max(problem.shape[0] - 1, 1) * problem.total_weight)
    features = np.ones((len(rows), problem.shape[1] + 1))
    features[:, :-1] = problem.inputs(rows)
    features *= np.sqrt(weights)[:, None]
    penalty = np.full(features.shape[1], problem.alpha)
    penalty[-1] = 0.0
    diagonal = np.einsum("id,id->d", features, features, dtype=np.float64) + penalty
    diagonal = np.where(diagonal > 0.0, diagonal, 1.0)
    unit = 1.0 / np.sqrt(diagonal)
    features *= unit
    inverse = _inverse(_square(features, problem.n_threads), penalty * unit**2)
    inverse *= unit
    inverse *= unit[:, None]
    return CurvaturePreconditioner(inverse, problem.shape)


def _square(features: Array, n_threads: int | None) -> Array:
    return linear_cross(features, features, n_threads=n_threads)[0]


def _inverse(square: Array, penalty: Array) -> Array:
    """Return the inverse of a matrix of unit diagonal but for its penalty, lifted until it can be factorised."""
    from scipy.linalg.lapack import dpotrf, dpotri  # here: it takes longer to load than this room

    places = np.arange(len(square))
    diagonal = square.diagonal() + penalty
    for power in range(5):
        square[places, places] = diagonal + LIFT * 100.0**power
        factor, failed = dpotrf(square, lower=1, clean=0)
        if not failed:
            inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
            np.copyto(inverse, inverse.T, where=places[:, None] < places)
            return np.asarray(inverse)
    return np.diag(1.0 / diagonal)


def sampled_rows(n_rows: int, n_features: int) -> Array:
    """Return the rows that S is made of, spread evenly."""
    wanted = min(n_rows, max(LEAST_ROWS, ROWS_TO_A_FEATURE * n_features))
    return evenly_spaced(n_rows, wanted)


def cost_in_passes(problem: LinearSoftmax) -> float:
    """Return what making M costs, in products with the curvature of all rows."""
    n_rows, n_features = problem.features.shape
    of_rows = float(len(sampled_rows(n_rows, n_features))) * n_features**2
    return (SQUARE_COST * of_rows + FACTORISATION_COST * n_features**3) / (
        2.0 * n_rows * n_features * problem.shape[0]
    )
