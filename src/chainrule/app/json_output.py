"""One JSON object on stdout."""

import json
import math
import sys
from collections.abc import Mapping


def print_json(value: Mapping[str, object]) -> None:
    """Print a mapping of plain values as one line of JSON; numbers that are not finite become null, however deep."""
    sys.stdout.write(json.dumps(finite(value), allow_nan=False) + "\n")


def finite(value: object) -> object:
    """Return plain values in which None takes the place of numbers that are not finite.

    Examples
    --------
    >>> finite({"loss": float("nan"), "curve": [1.0, float("inf")]})
    {'loss': None, 'curve': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
