"""One JSON object on stdout."""

import json
import math
import sys
from collections.abc import Mapping


def print_json(value: Mapping[str, object]) -> None:
    """Print a mapping of plain values as one line of JSON; numbers that are not finite become null."""
    finite = {
        name: None if isinstance(item, float) and not math.isfinite(item) else item
        for name, item in value.items()
    }
    sys.stdout.write(json.dumps(finite, allow_nan=False) + "\n")
