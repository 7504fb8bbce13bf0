"""Dense features of which most entries are 0: a copy without them, for many passes."""

import numpy as np

from chainrule._types import Array
from chainrule.functions import Features, SparseFeatures

LARGEST_DENSITY = 0.25
"""Above this share of entries that are not 0 a pass over all of them is as fast."""
SAMPLED_ROWS = 256
FEWEST_ENTRIES = 1 << 18
"""Features with fewer are in the cache, and their passes are short."""
SMALL = 1 << 28
"""Bytes of features up to which a copy is always made; of more, if it takes this share of them at most."""
SMALL_SHARE = 0.05


def without_zeros(features: Features, n_threads: int | None) -> Features:
    """Return the entries that are not 0 if they are few and a copy takes little memory, else the features themselves.

    Parameters
    ----------
    features : ndarray of float32 or float64, or SparseFeatures, shape (examples, features)
        C-contiguous.
    n_threads : int or None
        At most this many threads; changes no bit.

    Examples
    --------
    >>> pixels = np.zeros((1000, 500), np.float32)
    >>> pixels[:, ::10] = 1.0
    >>> without_zeros(pixels, None)
    SparseFeatures(1000 x 500, 50000 entries, float32)
    """
    if isinstance(features, SparseFeatures) or not bytes_without_zeros(features):
        return features
    return SparseFeatures.from_dense(features, n_threads)


def bytes_without_zeros(features: Array) -> int:
    """Return what a copy without zeros takes, by rows and by columns, judged by some rows; 0: none is made.

    Examples
    --------
    >>> bytes_without_zeros(np.eye(1000)), bytes_without_zeros(np.ones((1000, 1000)))
    (24000, 0)
    """
    if features.size < FEWEST_ENTRIES:
        return 0
    sample = features[evenly_spaced(len(features), SAMPLED_ROWS)]
    share = np.count_nonzero(sample) / sample.size
    copied = int(2 * share * features.size * (4 + features.itemsize))
    affordable = features.nbytes <= SMALL or copied <= SMALL_SHARE * features.nbytes
    return max(copied, 1) if share <= LARGEST_DENSITY and affordable else 0


def evenly_spaced(n_rows: int, wanted: int) -> Array:
    """Return so many of the rows, or all of them, spread evenly.

    Examples
    --------
    >>> evenly_spaced(10, 4), evenly_spaced(2, 4)
    (array([0, 2, 5, 7]), array([0, 1]))
    """
    count = min(n_rows, wanted)
    return np.arange(count, dtype=np.int64) * n_rows // max(count, 1)
