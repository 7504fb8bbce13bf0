"""What a run is a run of: its settings as plain values, its data as digests, and the names of what has changed."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.functions import Features, SparseFeatures
from chainrule.training.objective import Examples
from chainrule.training.row_blocks import BLOCK_ROWS
from chainrule.training.selected_rows import SelectedRows

SHOWN = 60
"""Characters of a value that messages show."""


def digest_of(array: Any) -> str:
    """Return a digest of dtype, shape and values of an array or of sparse features.

    Examples
    --------
    >>> digest_of(np.arange(4)) == digest_of(np.arange(8)[::2] // 2), digest_of(np.arange(4)) == digest_of([0, 1])
    (True, False)
    """
    if isinstance(array, SparseFeatures):
        parts = (array.values, array.indices, array.begin)
        return _joined(f"{array.shape}", *(digest_of(part) for part in parts))
    values: Any = array if isinstance(array, SelectedRows) else np.asarray(array)
    digest = hashlib.sha256(f"{values.dtype.str} {values.shape}".encode())
    rows = values.reshape(1) if values.ndim == 0 else values
    for first in range(0, len(rows), BLOCK_ROWS):
        digest.update(np.ascontiguousarray(rows[first : first + BLOCK_ROWS]).tobytes())
    return digest.hexdigest()[:32]


def data_fingerprint(training: Examples, validation: Examples | None, scaling: Any) -> dict[str, str | None]:
    """Return a digest of each array that a run reads, None for those it does not have.

    Parameters
    ----------
    training : Examples
    validation : Examples or None
    scaling : InputScaling or None
        Of the network.
    """
    arrays: dict[str, Features | None] = {**_named("", training)}
    absent = {"validation X": None, "validation y": None, "validation sample_weight": None}
    arrays |= absent if validation is None else _named("validation ", validation)
    scaled = None
    if scaling is not None:
        scaled = _joined(digest_of(scaling.center), digest_of(scaling.scale), repr(scaling.limit))
    digests = {name: None if array is None else digest_of(array) for name, array in arrays.items()}
    return {**digests, "input_scaling": scaled}


def changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a sentence part for each name whose value differs.

    Examples
    --------
    >>> changes({"alpha": 0.1, "tol": 1.0}, {"alpha": 0.2, "tol": 1.0})
    ['alpha (was 0.1, is 0.2)']
    """
    nothing = object()
    names = [name for name in {**was, **now} if was.get(name, nothing) != now.get(name, nothing)]
    return [f"{name} (was {_shown(was, name)}, is {_shown(now, name)})" for name in names]


def _named(prefix: str, examples: Examples) -> dict[str, Features | None]:
    return {
        f"{prefix}X": examples.X,
        f"{prefix}y": examples.y,
        f"{prefix}sample_weight": examples.sample_weight,
    }


def _joined(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


def _shown(values: Mapping[str, Any], name: str) -> str:
    if name not in values:
        return "unknown"
    text = repr(values[name])
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
