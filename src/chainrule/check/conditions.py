"""The special case in which a function that fails in general is right."""

from collections.abc import Callable
from dataclasses import replace

from chainrule.check.judgement import Judgement, part_value
from chainrule.check.probes import Probe
from chainrule.check.reply import Reply

CASES: tuple[tuple[str, Callable[[Probe], bool]], ...] = (
    ("N = 1", lambda probe: probe.examples == 1),
    ("K = 2", lambda probe: probe.classes == 2),
    ("N > 1", lambda probe: probe.examples > 1),
    ("K > 2", lambda probe: probe.classes > 2),
    ("N is not K", lambda probe: probe.examples != probe.classes),
    ("not all logits of a row are equal", lambda probe: not probe.name.startswith("all logits 0")),
)
REDUCTIONS = ("mean", "sum", "weighted mean", "none")


def special_case(judgement: Judgement) -> str | None:
    """Return the case in which every probe is right and outside which some are wrong, or None."""
    if judgement.options.ignore_index is not None:
        return None  # rows that are ignored are what was asked for; a single row never is
    reductions = (judgement.reduction,) if judgement.reduction else REDUCTIONS
    for reduction in reductions:
        assumed = replace(judgement, reduction=reduction)
        right = [(probe, _is_right(assumed, probe, reply)) for probe, reply in judgement.records]
        for name, holds in CASES:
            inside = [good for probe, good in right if holds(probe)]
            outside = [good for probe, good in right if not holds(probe)]
            if inside and outside and all(inside) and not all(outside):
                return name
    return None


def _is_right(judgement: Judgement, probe: Probe, reply: Reply) -> bool:
    if reply.failure is not None:
        return False
    for part in judgement.right:
        observed, truth = reply.parts.get(part), part_value(judgement, part)(probe)
        if observed is None or truth is None or not judgement.precision.allows(observed, truth, probe):
            return False
        if part == "bias" and observed.ndim != 1:
            return False
    return True
