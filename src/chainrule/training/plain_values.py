"""Settings as plain values, which files hold and fingerprints compare."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Return a setting as plain values: a solver by its name and parts, a mapping as pairs (labels need not be text).

    Of a solver or schedule of one's own that is no dataclass the name is all that is known.

    Examples
    --------
    >>> plain((1, 2)), plain({0: 2.0})
    ([1, 2], [[0, 2.0]])
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"name": getattr(value, "name", type(value).__name__), **parts}
    if isinstance(value, Mapping):
        return [[plain(key), plain(item)] for key, item in sorted(value.items())]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if value is None or isinstance(value, str | int | float):
        return value
    return value.item() if hasattr(value, "item") else type(value).__name__


def plain_json(value: Any) -> Any:
    """Return plain values as they come back from a JSON file; what JSON has no word for becomes text.

    Examples
    --------
    >>> plain_json({"rate": float("inf"), "sizes": (1, 2)})
    {'rate': 'Infinity', 'sizes': [1, 2]}
    """
    return json.loads(json.dumps(value, default=str), parse_constant=str)
