"""The curvature itself on a few directions of the features, inside a preconditioner that is the same for all classes.

With directions W, S of (KP.1), and the curvature H (LN.2) over some rows ::

    (CL.1)  M^-1 = I_K kron S^-1  +  (I_K kron W) (H_W^-1 - I) (I_K kron W)^T,     W^T S W = I
    (CL.2)  H_W = (1 - c) (I_K kron W)^T H (I_K kron W) + c I

so on these directions it is the inverse of H, and I_K kron S^-1 beside them: a two-level preconditioner
[TangNabbenVuikErlangga2009]. S has one curvature for all classes; where H is large, which pairs of classes meet counts.
The images X~ W of the rows are kept, so H_W is made anew in every step, at its probabilities, in the time of a product.
"""

from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.functions import linear_hessian
from chainrule.training.linear_softmax import LinearSoftmax

MOST_PARAMETERS = 300
"""Classes times directions."""
ROWS_TO_A_PARAMETER = 6
LIFT = 0.01
"""c of (CL.2): what all classes share has the penalty's curvature alone, and some rows may have none of a class."""
LEAST_FALL = 4.0
"""What the square of the first direction is at least, over that of the first that is left out."""


@dataclass(frozen=True)
class CoarseLevel:
    """What (CL.2) is made of at any probabilities.

    Parameters
    ----------
    images : ndarray of float32, shape (some rows, directions)
        X~ W.
    rows : ndarray of int64, shape (some rows,)
        Which rows they are.
    penalty : ndarray, shape (directions, directions)
        W^T diag(alpha, ..., alpha, 0) W.
    """

    images: Array
    rows: Array
    penalty: Array

    def factor(self, problem: LinearSoftmax, probabilities: Array) -> Array | None:
        """Return the lower Cholesky factor of H_W in float32, class by class; None where there is none."""
        from scipy.linalg.lapack import spotrf  # here: it takes longer to load than this room

        n_rows, n_classes = probabilities.shape
        mass = np.ones(len(self.rows)) if problem.mass is None else problem.mass[self.rows]
        mass = mass * (n_rows / len(self.rows) / problem.total_weight)
        of_rows = np.ascontiguousarray(probabilities[self.rows], dtype=np.float32)
        size = self.images.shape[1]
        square = linear_hessian(self.images, of_rows, mass, n_threads=problem.n_threads)
        square = square[: n_classes * size, : n_classes * size].astype(np.float32)
        square *= np.float32(1.0 - LIFT)
        beside = (1.0 - LIFT) * self.penalty + LIFT * np.eye(size)
        for k in range(n_classes):
            of_class = slice(k * size, (k + 1) * size)
            square[of_class, of_class] += beside
        factor, failed = spotrf(square.T, lower=1, clean=0, overwrite_a=1)
        return None if failed else factor


def directions(n_classes: int, n_rows: int, squares: Array) -> int:
    """Return how many directions are worth it, of those with so large squares of singular values, falling.

    So many that the rows tell something of H_W; none where those that are left out are as large.

    Examples
    --------
    >>> falling, level = 100.0 / np.arange(1, 101), np.ones(100)
    >>> [directions(10, n_rows, falling) for n_rows in (2048, 256)]
    [30, 4]
    >>> directions(1000, 2048, falling), directions(10, 2048, level), directions(2, 2048, level)
    (0, 0, 100)
    """
    count = min(min(MOST_PARAMETERS, n_rows // ROWS_TO_A_PARAMETER) // n_classes, len(squares))
    level = count < len(squares) and squares[0] < LEAST_FALL * squares[count]
    return 0 if level else count


def solved(factor: Array, along: Array) -> Array:
    """Return H_W^-1 times what a vector is along the directions, shape (classes, directions)."""
    from scipy.linalg.blas import strsv

    half = strsv(factor, along.ravel(), lower=1)
    return np.asarray(strsv(factor, half, lower=1, trans=1).reshape(along.shape))
