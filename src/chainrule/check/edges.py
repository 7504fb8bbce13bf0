"""Behaviour at the edges: large logits, rows far apart, probabilities that underflow, arguments written to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.check.budget import Budget
from chainrule.check.judgement import Judgement, part_value
from chainrule.check.mistakes.hypothesis import Precision, trimmed
from chainrule.check.probes import (
    CERTAIN,
    CONFIDENT,
    FAR_BELOW,
    LARGE,
    THOUSANDS_APART,
    UNDERFLOWING,
    UNLIKELY,
    Probe,
    edge_probes,
)
from chainrule.check.reply import Reply, ask, ask_derivative
from chainrule.check.subject import Subject

LOSS_LIKE = ("loss", "gradient", "loss-and-gradient", "linear-gradient")
MATRICES = ("softmax-jacobian", "hessian")


@dataclass(frozen=True)
class Outcome:
    """What came of one edge, part by part.

    Parameters
    ----------
    probe : Probe
    reply : Reply
    states : dict of str to str
        For each part "right", "finite" (and wrong), "inf", "nan" or "failed".
    """

    probe: Probe
    reply: Reply
    states: dict[str, str]

    @property
    def right(self) -> bool:
        """Tell whether every part is right."""
        return all(state == "right" for state in self.states.values())

    def has(self, *states: str) -> bool:
        """Tell whether a part is in one of these states."""
        return any(state in states for state in self.states.values())

    def wrong_part(self) -> str:
        """Return the first part that is not right."""
        return next(name for name, state in self.states.items() if state != "right")


@dataclass(frozen=True)
class EdgeFinding:
    """A weakness at an edge.

    Parameters
    ----------
    names : tuple of str
    condition : str
        Where the function is right all the same.
    outcome : Outcome or None
        The evidence.
    told : str
    """

    names: tuple[str, ...]
    condition: str
    outcome: Outcome | None
    told: str


def edge_outcomes(subject: Subject, judgement: Judgement, budget: Budget) -> dict[str, Outcome]:
    """Call the function at every edge that its kind has."""
    found: dict[str, Outcome] = {}
    for probe in edge_probes(judgement.convention.kind, judgement.options):
        if not _applies(probe, judgement) or budget.left() < 0.3:
            continue
        reply = ask(subject, judgement.convention, probe, budget.for_one_call())
        if reply.inconclusive:
            break
        if reply.failure is None and judgement.derived:
            derivative = ask_derivative(subject, judgement.convention, probe, budget.for_one_call())
            if derivative is not None:
                reply = Reply({**reply.parts, "gradient": derivative}, written=reply.written)
        found[probe.name] = Outcome(probe, reply, _states(judgement, probe, reply))
    return found


def _applies(probe: Probe, judgement: Judgement) -> bool:
    kind = judgement.convention.kind
    if judgement.convention.single and probe.examples > 1:
        return False
    if kind in MATRICES or kind == "softmax":
        return probe.name in (*LARGE, FAR_BELOW, THOUSANDS_APART)
    if kind.endswith("backward"):
        return probe.name == UNDERFLOWING
    return True


def _states(judgement: Judgement, probe: Probe, reply: Reply) -> dict[str, str]:
    if reply.failure is not None:
        return {"function": "failed"}
    return {
        part: _state(judgement.precision, probe, observed, part_value(judgement, part)(probe))
        for part, observed in reply.parts.items()
    }


def _state(precision: Precision, probe: Probe, observed: Array, truth: Array | None) -> str:
    if truth is not None and precision.allows(observed, truth, probe):
        return "right"
    if np.isnan(observed).any():
        return "nan"
    return "inf" if np.isinf(observed).any() else "finite"


def edge_findings(judgement: Judgement, outcomes: dict[str, Outcome]) -> list[EdgeFinding]:
    """Name what goes wrong at the edges, the gravest first."""
    found: list[EdgeFinding] = []
    for look in (_large, _far_below, _unlikely):
        finding = look(judgement, outcomes)
        if finding is not None and not any(set(finding.names) <= set(other.names) for other in found):
            found.append(finding)
            if look is _large:
                break  # what overflows is not right anywhere beyond
    return found


def _first(outcomes: dict[str, Outcome], names: Iterable[str]) -> Outcome | None:
    wrong = [outcomes[name] for name in names if name in outcomes and not outcomes[name].right]
    return wrong[0] if wrong else None


def _limit(judgement: Judgement) -> str:
    return "709 (float64)" if judgement.precision.name == "float64" else "88 (float32)"


def _large(judgement: Judgement, outcomes: dict[str, Outcome]) -> EdgeFinding | None:
    outcome = _first(outcomes, LARGE[:2])
    if outcome is None and (CERTAIN not in outcomes or outcomes[CERTAIN].right):
        outcome = _first(outcomes, [THOUSANDS_APART])  # shifted, but not by the maximum
    if outcome is None:
        return None
    if outcome.has("nan", "inf", "failed"):
        condition = (
            f"no logit is beyond about {_limit(judgement)}; exp overflows at 709 in float64, at 88 in float32"
        )
        told = "a common large offset of the logits, which changes nothing in the mathematics, overflows"
        return EdgeFinding(("no-shift",), condition, outcome, told)
    told = "large logits give finite numbers, but wrong ones"
    return EdgeFinding(("overflow-patched",), "all logits are small", outcome, told)


def _far_below(_judgement: Judgement, outcomes: dict[str, Outcome]) -> EdgeFinding | None:
    outcome = _first(outcomes, [FAR_BELOW])
    if outcome is None:
        return None
    told = "each row alone is right, but a row far below another row of its batch is not"
    condition = "no row of a batch lies further than about 700 (float64; 87 in float32) below another"
    return EdgeFinding(("global-shift",), condition, outcome, told)


def _unlikely(judgement: Judgement, outcomes: dict[str, Outcome]) -> EdgeFinding | None:
    """Tell clipping, underflow and 0 times infinity apart."""
    clipped = _first(outcomes, [*UNLIKELY, UNDERFLOWING])
    if clipped is not None and clipped.states.get("loss") == "finite" and clipped.has("nan", "inf"):
        return EdgeFinding(
            ("clipped", "zero-times-inf"), _clip_condition(clipped), clipped, _clip_told(clipped)
        )
    if clipped is not None and clipped.has("finite") and not clipped.has("nan", "inf"):
        if _is_beyond(clipped):
            told = "an infinite or undefined loss was replaced by a number"
            return EdgeFinding(("overflow-patched",), "no probability underflows", clipped, told)
        return EdgeFinding(("clipped",), _clip_condition(clipped), clipped, _clip_told(clipped))
    outcome = _first(outcomes, [*UNLIKELY, LARGE[2], UNDERFLOWING, CERTAIN])
    if outcome is None:
        return None
    apart = "745 (float64)" if judgement.precision.name == "float64" else "103 (float32)"
    condition = f"the logits of a row are less than about {apart} apart"
    infinite = any(found.has("inf") for found in outcomes.values() if not found.right)
    undefined = any(found.has("nan") for found in outcomes.values() if not found.right)
    if infinite:
        names = ("underflow", "zero-times-inf") if undefined else ("underflow",)
        return EdgeFinding(
            names, condition, outcome, "a probability underflows to 0 and its logarithm is -inf"
        )
    if undefined:
        return EdgeFinding(("zero-times-inf",), condition, outcome, "0 meets infinity, which is nan")
    if outcome.has("failed"):
        return EdgeFinding(("underflow",), condition, outcome, f"the function {outcome.reply.failure}")
    return EdgeFinding(("clipped",), _clip_condition(outcome), outcome, _clip_told(outcome))


def _is_beyond(outcome: Outcome) -> bool:
    """Tell whether a loss is too large, or nothing at all, where clipping would leave it between."""
    loss = outcome.reply.parts.get("loss")
    if loss is None or loss.size != 1:
        return False
    truth = float(-outcome.probe.log_p[0, outcome.probe.safe_targets[0]])
    return outcome.states.get("loss") == "finite" and not 0 < float(loss.sum()) <= truth


def _clip_condition(outcome: Outcome) -> str:
    loss = outcome.reply.parts.get("loss")
    if loss is None or loss.size != 1 or not 0 < float(loss.sum()) < 745:
        return "every target has a probability well above the one at which it is cut off"
    return f"every target has a probability above about {np.exp(-float(loss.sum())):.0e}"


def _clip_told(outcome: Outcome) -> str:
    part = outcome.wrong_part()
    if part == "loss" and outcome.reply.parts["loss"].size == 1:
        return f"the loss does not grow beyond {float(outcome.reply.parts['loss'].sum()):.4g}"
    return "what a target of tiny probability is owed is cut off"


def in_place(judgement: Judgement, outcomes: dict[str, Outcome]) -> EdgeFinding | None:
    """Name the arguments that some call changed."""
    replies = [(probe, reply) for probe, reply in judgement.records]
    replies += [(outcome.probe, outcome.reply) for outcome in outcomes.values()]
    for probe, reply in replies:
        if reply.written:
            written = " and ".join(reply.written)
            told = f"after the call the caller's own {written} had changed"
            condition = f"the caller does not need its {written} again"
            return EdgeFinding(("in-place",), condition, Outcome(probe, reply, {}), told)
    return None


def confident_remark(outcomes: dict[str, Outcome]) -> str | None:
    """Return a remark where a confident row loses its relative accuracy."""
    outcome = outcomes.get(CONFIDENT)
    if outcome is None or not outcome.right or "loss" not in outcome.reply.parts:
        return None
    loss = outcome.reply.parts["loss"]
    logits, target = outcome.probe.scaled[0], outcome.probe.safe_targets[0]
    truth = float(np.log1p(np.exp(np.delete(logits, target) - logits[target]).sum()))
    if loss.size == 1 and abs(float(loss.sum()) - truth) > 1e-3 * truth:
        return (
            f"on a confident row (logits {', '.join(f'{logit:g}' for logit in logits)}; target {target})"
            f" the loss is {float(loss.sum()):.3g}"
            f" where the truth is {truth:.3g}; the absolute error is harmless, and well-known libraries do the same"
        )
    return None


def leaks(judgement: Judgement, ask_again: Callable[[Probe], Reply]) -> tuple[Probe, Probe, str] | None:
    """Return two probes that differ in one row and whose other rows differ in the answer.

    Parameters
    ----------
    judgement : Judgement
    ask_again : callable
        Calls the function at a probe.
    """
    for probe, reply in judgement.records:
        if probe.examples < 2 or reply.failure is not None or probe.features is not None:
            continue
        for part, observed in reply.parts.items():
            values = trimmed(observed, probe)
            if part == "loss" and values.ndim == 0 and _interact(probe, float(values), ask_again):
                return probe, _first_row_moved(probe), part
            if values.ndim == 0 or values.shape[0] != probe.examples:
                continue
            moved = _first_row_moved(probe)
            again = ask_again(moved).parts.get(part)
            if again is not None and again.shape == observed.shape:
                before, after = np.asarray(observed)[1:], np.asarray(again)[1:]
                if not np.allclose(before, after, rtol=1e-4, atol=1e-6, equal_nan=True):
                    return probe, moved, part
    return None


def _interact(probe: Probe, before: float, ask_again: Callable[[Probe], Reply]) -> bool:
    """Tell whether a number for the batch is no sum of the rows' own: moving two rows is not moving each."""
    one, other = _first_row_moved(probe), _last_row_moved(probe)
    values = [
        float(reply.parts["loss"])
        for reply in (ask_again(one), ask_again(other), ask_again(_last_row_moved(one)))
        if reply.parts.get("loss") is not None and reply.parts["loss"].ndim == 0
    ]
    if len(values) < 3 or not np.isfinite([before, *values]).all():
        return False
    return abs(before - values[0] - values[1] + values[2]) > 1e-4 * (1 + abs(before))


def _last_row_moved(probe: Probe) -> Probe:
    logits = probe.logits.copy()
    logits[-1] = logits[-1][::-1] - np.linspace(0.25, 1.0, probe.classes)
    return replace(probe, logits=logits)


def _first_row_moved(probe: Probe) -> Probe:

    logits = probe.logits.copy()
    logits[0] = logits[0][::-1] + np.linspace(0.5, -0.75, probe.classes)
    upstream = probe.upstream
    if upstream is not None:
        upstream = upstream.copy()
        upstream[0] = upstream[0][::-1] + 0.5
    return replace(probe, logits=logits, upstream=upstream)
