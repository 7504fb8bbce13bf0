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
    if isinstance(features, SparseFeatures) or features.size < FEWEST_ENTRIES:
        return features
    sample = features[evenly_spaced(len(features), SAMPLED_ROWS)]
    entries = np.count_nonzero(sample) / sample.size * features.size
    copied = 2 * entries * (4 + features.itemsize)  # by rows and by columns, each value with its place
    affordable = features.nbytes <= SMALL or copied <= SMALL_SHARE * features.nbytes
    if entries > LARGEST_DENSITY * features.size or not affordable:
        return features
    return SparseFeatures.from_dense(features, n_threads)


def evenly_spaced(n_rows: int, wanted: int) -> Array:
    """Return so many of the rows, or all of them, spread evenly.

    Examples
    --------
    >>> evenly_spaced(10, 4), evenly_spaced(2, 4)
    (array([0, 2, 5, 7]), array([0, 1]))
    """
    count = min(n_rows, wanted)
    return np.arange(count, dtype=np.int64) * n_rows // max(count, 1)
