"""Evidence in small numbers: the inputs of a probe, what came, what is right."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.check.convention import ROLES, output_of
from chainrule.check.judgement import Judgement, part_value
from chainrule.check.probes import Probe
from chainrule.check.reply import Reply

DIGITS = 6


def evidence_at(judgement: Judgement, probe: Probe, reply: Reply, part: str) -> Mapping[str, Any]:
    """Return inputs, the person's number and the right one, for one part at one probe."""
    found = reply.parts.get(part)
    with np.errstate(all="ignore"):
        truth = part_value(judgement, part)(probe) if part != "function" else None
    return {
        "inputs": inputs_of(judgement, probe),
        "part": part,
        "yours": readable(found) if found is not None else (reply.failure or "nothing"),
        "reference": None if truth is None else readable(truth),
    }


def inputs_of(judgement: Judgement, probe: Probe) -> dict[str, Any]:
    """Return the arguments of a probe as lists of numbers."""
    made: dict[str, Any] = {}
    for role in ROLES[judgement.convention.kind]:
        kind = judgement.convention.kind
        made[role] = readable(output_of(kind, probe) if role == "output" else getattr(probe, role))
    return {**made, **{name: readable(value) for name, value in probe.options.given().items()}}


def smallest_wrong(judgement: Judgement, part: str) -> tuple[Probe, Reply] | None:
    """Return the smallest probe at which a part is not right."""
    value = part_value(judgement, part)
    for probe, reply in sorted(judgement.records, key=lambda pair: pair[0].size):
        observed = reply.parts.get(part)
        truth = value(probe)
        if (
            observed is not None
            and truth is not None
            and not judgement.precision.allows(observed, truth, probe)
        ):
            return probe, reply
    return None


def readable(value: Any) -> Any:
    """Return numbers in lists, rounded; what is not finite as a word, which JSON can carry.

    Examples
    --------
    >>> readable(np.array([1 / 3, np.inf])), readable(2)
    ([0.333333, 'inf'], 2)
    """
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
        return [readable(item) for item in value]
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return number
    if isinstance(number, int):
        return number
    if not math.isfinite(number):
        return "nan" if math.isnan(number) else ("inf" if number > 0 else "-inf")
    return float(f"{number:.{DIGITS}g}")
