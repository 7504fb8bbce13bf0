"""The most probable classes of each row, without the order of all the others."""

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError, ArgumentTypeError


def top_classes(probabilities: Array, k: int) -> tuple[Array, Array]:
    """Return the k most probable classes of each row and their probabilities, the most probable first.

    Parameters
    ----------
    probabilities : ndarray of float, shape (examples, classes)
    k : int
        1 <= k <= classes.

    Returns
    -------
    indices : ndarray of int64, shape (examples, k)
        Of equally probable classes the first come first, as from a stable sort of all of them; NaN comes last.
    probabilities : ndarray, shape (examples, k)

    Examples
    --------
    >>> indices, found = top_classes(np.array([[0.1, 0.6, 0.3], [0.4, 0.2, 0.4]]), 2)
    >>> indices.tolist(), found.tolist()
    ([[1, 2], [0, 2]], [[0.6, 0.3], [0.4, 0.4]])
    """
    rows, classes = probabilities.shape
    unlike = np.isnan(probabilities)
    ranked = np.where(unlike, -1.0, probabilities) if unlike.any() else probabilities
    if k < classes:
        least = np.partition(ranked, classes - k, axis=1)[:, [classes - k]]
        chosen = ranked >= least
        _keep_first_of_equals(chosen, ranked, least, k)
        indices = np.nonzero(chosen)[1].reshape(rows, k)
    else:
        indices = np.broadcast_to(np.arange(classes), (rows, classes))
    order = np.argsort(-np.take_along_axis(ranked, indices, axis=1), axis=1, kind="stable")
    indices = np.take_along_axis(indices, order, axis=1)
    return indices, np.take_along_axis(probabilities, indices, axis=1)


def _keep_first_of_equals(chosen: Array, ranked: Array, least: Array, k: int) -> None:
    """Leave k chosen in rows that have more, for several are as probable as the last of them: those come first."""
    for row in np.flatnonzero(chosen.sum(axis=1) > k):
        equal = np.flatnonzero(ranked[row] == least[row])
        above = int((ranked[row] > least[row]).sum())
        chosen[row, equal[k - above :]] = False


def checked_count(k: object, classes: int, call: str) -> int:
    """Return how many classes are wanted, or refuse what is no such number.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        It is not an integer from 1 to the number of classes.

    Examples
    --------
    >>> checked_count(4, 3, "predict_top")
    Traceback (most recent call last):
    chainrule.errors.ArgumentError: predict_top: k lies between 1 and the number of classes, 3; got 4. Ask for fewer.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise ArgumentTypeError(call, "k is an integer", repr(k), "Pass how many classes you want.")
    if not 1 <= k <= classes:
        rule = f"k lies between 1 and the number of classes, {classes:,}"
        raise ArgumentError(call, rule, str(k), "Ask for fewer." if k > 0 else "Ask for one or more.")
    return int(k)
