"""From findings to a verdict: which of the four, with names, texts, evidence, and what was and was not tested."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.check.advice import ADVICE
from chainrule.check.convention import ROLES
from chainrule.check.diagnoses import DIAGNOSES
from chainrule.check.edges import EdgeFinding, Outcome, confident_remark
from chainrule.check.evidence import evidence_at, inputs_of, readable, smallest_wrong
from chainrule.check.implementation_verdict import (
    CONDITIONAL,
    RIGHT,
    UNDECIDED,
    WRONG,
    ImplementationVerdict,
    NamedMistake,
)
from chainrule.check.judgement import Judgement, part_value
from chainrule.check.naming import MOST_NAMES, Finding
from chainrule.check.other_formulas import recognised, signs
from chainrule.check.probes import Probe
from chainrule.check.quotient import STEPS, TOLERANCES, Comparison
from chainrule.check.reply import Reply
from chainrule.check.subject import Subject


@dataclass(frozen=True)
class Findings:
    """Everything that was found out about a function.

    Parameters
    ----------
    judgement : Judgement
    comparisons : tuple of Comparison
    case : str or None
        The special case in which it is right.
    outcomes : dict of str to Outcome
    edges : tuple of EdgeFinding
    written : EdgeFinding or None
        The argument that it writes to.
    leak : tuple or None
        Two probes, and the part that shows that rows depend on each other.
    alone : bool
        True where it is right for one example without the axis of the batch.
    soft : tuple or None
        The probe with soft targets, and the answer.
    in_a_hurry : bool
        True where the time ran out.
    """

    judgement: Judgement
    comparisons: tuple[Comparison, ...]
    case: str | None
    outcomes: Mapping[str, Outcome]
    edges: tuple[EdgeFinding, ...]
    written: EdgeFinding | None
    leak: tuple[Probe, Probe, str] | None
    alone: bool
    soft: tuple[Probe, Reply] | None
    in_a_hurry: bool


def undecided(
    subject: Subject, kind: str | None, failures: tuple[str, ...], unknown: list[str]
) -> ImplementationVerdict:
    """Return the verdict on a function of which nothing can be said."""
    if unknown:
        told = " and ".join(repr(name) for name in unknown)
        reason = f"It cannot be called: nothing is known to give to its parameter {told}."
        reason += " Give it a default, or check a lambda that fixes it."
    elif failures:
        reason = f"Every call failed; it {failures[0]}."
        reason += "".join(f" With other arguments it {failure}." for failure in failures[1:3])
    else:
        reason = "There was no time to call it."
    return ImplementationVerdict(
        UNDECIDED,
        kind,
        function=subject.name,
        reason=reason,
        not_tested=("everything: no answer could be compared",),
    )


def assemble(subject: Subject, findings: Findings) -> ImplementationVerdict:
    """Return the verdict."""
    judgement = findings.judgement
    diagnoses = tuple(_diagnoses(findings))
    verdict, condition = _verdict(findings)
    return ImplementationVerdict(
        verdict=verdict,
        kind=judgement.convention.kind,
        loss_matches=judgement.right.get("loss"),
        gradient_matches_own_loss=_gradient_matches(findings),
        diagnoses=diagnoses,
        tested=tuple(_tested(findings)),
        not_tested=tuple(_not_tested(subject, findings)),
        function=subject.name,
        reduction=judgement.reduction,
        condition=condition,
        reason=_reason(findings, verdict, diagnoses),
        remarks=tuple(_remarks(findings)),
        evidence={} if diagnoses or verdict == RIGHT else _some_evidence(findings),
    )


def _verdict(findings: Findings) -> tuple[str, str | None]:
    judgement = findings.judgement
    conditions = [finding.condition for finding in findings.edges]
    if findings.written is not None:
        conditions.append(findings.written.condition)
    if judgement.all_right:
        own = _gradient_matches(findings)
        if own is False:
            return WRONG, None
        if findings.case is not None:
            conditions.insert(0, findings.case)
        return (CONDITIONAL, "; ".join(conditions)) if conditions else (RIGHT, None)
    if findings.case is not None:
        return CONDITIONAL, "; ".join([findings.case, *conditions])
    if judgement.right and all(judgement.right.values()):
        return CONDITIONAL, "; ".join([*_where_it_answered(judgement), *conditions])
    if _nearly_right(judgement):
        return CONDITIONAL, "; ".join(["probabilities are far above what is added to them", *conditions])
    return WRONG, None


def _where_it_answered(judgement: Judgement) -> list[str]:
    failed = [probe.name for probe, reply in judgement.records if reply.failure is not None]
    return [f"the input is not of the kind at which it failed ({', '.join(failed[:3])})"]


def _nearly_right(judgement: Judgement) -> bool:
    """Tell whether a cut-off alone, and a small one, keeps the loss from being right."""
    if not judgement.findings or any(finding.names != ("clipped",) for finding in judgement.findings):
        return False
    for probe, observed in judgement.observations("loss"):
        truth = part_value(judgement, "loss")(probe)
        if observed is None or truth is None or observed.shape != truth.shape:
            return False
        if abs(float((observed - truth).sum())) > 1e-3 * (1 + abs(float(truth.sum()))):
            return False
    return True


def _gradient_matches(findings: Findings) -> bool | None:
    judgement = findings.judgement
    if "loss" not in judgement.right or len(judgement.right) < 2:
        return None
    if findings.comparisons:
        return all(comparison.agree for comparison in findings.comparisons)
    return True if all(judgement.right.values()) else None


def _diagnoses(findings: Findings) -> Iterator[NamedMistake]:
    made: dict[str, NamedMistake] = {}
    for finding in _told_findings(findings):
        for name in finding.names:
            if name not in made:
                made[name] = NamedMistake(name, _text(name, finding.told), _evidence(findings, finding))
    for edge in findings.edges:
        for name in edge.names:
            made.setdefault(name, NamedMistake(name, _text(name, edge.told), _edge_evidence(findings, edge)))
    if findings.written is not None:
        edge = findings.written
        evidence = _written_evidence(findings, edge)
        made.setdefault("in-place", NamedMistake("in-place", _text("in-place", edge.told), evidence))
    if findings.leak is not None:
        told = "with another first row the results of the other rows change"
        leak = NamedMistake("sample-leak", _text("sample-leak", told), _leak_evidence(findings))
        made = {"sample-leak": leak, **made}
    yield from _most_telling(list(made.values()), findings)


def _most_telling(made: list[NamedMistake], findings: Findings) -> list[NamedMistake]:
    """Return at most two names; what writes to its argument is always among them."""
    if len(made) > MOST_NAMES and findings.written is not None:
        written = [mistake for mistake in made if mistake.name == "in-place"]
        others = [mistake for mistake in made if mistake.name != "in-place"]
        return [*others[: MOST_NAMES - 1], *written]
    return made[:MOST_NAMES]


def _told_findings(findings: Findings) -> list[Finding]:
    """Return the findings that count: a gradient that is right for its own wrong loss is no second mistake."""
    found = list(findings.judgement.findings)
    loss = [finding for finding in found if finding.part == "loss"]
    squared = any("squared-error-for-cross-entropy" in finding.names for finding in loss)
    if squared and findings.judgement.right.get("gradient") and _gradient_matches(findings) is False:
        told = "p - y beside a squared error, whose derivative goes on through the softmax"
        found.append(Finding(("missing-activation-derivative",), told, "gradient"))
    if loss and _gradient_matches(findings):
        return loss
    # A name of each part before a second name of one part.
    firsts = [Finding(finding.names[:1], finding.told, finding.part) for finding in found]
    distinct = {finding.names for finding in firsts}
    return firsts + found if len(distinct) > 1 else found


def _text(name: str, told: str) -> str:
    advice = ADVICE[name]
    return f"{DIAGNOSES[name].definition} Found: {told}. Why: {advice.why} Mend: {advice.mend}"


def _evidence(findings: Findings, finding: Finding) -> Mapping[str, Any]:
    wrong = smallest_wrong(findings.judgement, finding.part)
    if wrong is None:
        return {}
    evidence = dict(evidence_at(findings.judgement, *wrong, finding.part))
    slopes = [c for c in findings.comparisons if c.part == finding.part and not c.agree]
    if slopes:
        evidence["own_slope"] = {
            "inputs": inputs_of(findings.judgement, slopes[0].probe),
            "yours": readable(slopes[0].gradient),
            "difference_quotient": readable(slopes[0].slope),
        }
    return evidence


def _edge_evidence(findings: Findings, edge: EdgeFinding) -> Mapping[str, Any]:
    outcome = edge.outcome
    if outcome is None:
        return {}
    return evidence_at(findings.judgement, outcome.probe, outcome.reply, outcome.wrong_part())


def _written_evidence(findings: Findings, edge: EdgeFinding) -> Mapping[str, Any]:
    assert edge.outcome is not None, "what was written was seen at a probe"
    return {
        "inputs": inputs_of(findings.judgement, edge.outcome.probe),
        "part": "arguments",
        "yours": f"{' and '.join(edge.outcome.reply.written)} changed by the call",
        "reference": "unchanged",
    }


def _leak_evidence(findings: Findings) -> Mapping[str, Any]:
    assert findings.leak is not None, "a leak has two probes"
    probe, moved, part = findings.leak
    reply = next(reply for seen, reply in findings.judgement.records if seen is probe)
    evidence = dict(evidence_at(findings.judgement, probe, reply, part))
    return {**evidence, "changed_row": readable(moved.logits[0])}


def _some_evidence(findings: Findings) -> Mapping[str, Any]:
    for part in findings.judgement.right:
        wrong = smallest_wrong(findings.judgement, part)
        if wrong is not None:
            return evidence_at(findings.judgement, *wrong, part)
    return {}


def _reason(findings: Findings, verdict: str, diagnoses: tuple[NamedMistake, ...]) -> str | None:
    judgement = findings.judgement
    if verdict == RIGHT:
        return "Everything that it returned is right to rounding."
    if verdict == CONDITIONAL:
        return "It is right, except outside the condition."
    wrong = [part for part, good in judgement.right.items() if not good]
    told = " and ".join(wrong) if wrong else "gradient"
    if diagnoses:
        return f"Not right: {told}. The numbers are those of the mistake that is named."
    other = recognised(judgement)
    return f"Not right: {told}. No mistake that has a name gives these numbers." + (
        f" {other}" if other else ""
    )


def _remarks(findings: Findings) -> Iterator[str]:
    judgement = findings.judgement
    reduction = {"mean": "the mean", "sum": "the sum", "none": "one value for each row"}
    if judgement.reduction in reduction and judgement.convention.kind != "hessian":
        yield f"Over the batch it is {reduction[judgement.reduction]}."
    if judgement.reduction == "weighted mean":
        yield "Over the batch it is the mean by the weights of the rows that count."
    if judgement.precision.name != "float64" and (judgement.findings or any(judgement.right.values())):
        yield f"It computes in {judgement.precision.name}; its rounding is no mistake."
    if (remark := confident_remark(dict(findings.outcomes))) is not None:
        yield remark[0].upper() + remark[1:] + "."
    if findings.soft is not None and not _soft_right(findings):
        yield "It is right for one-hot targets; at soft targets it gives other numbers than the cross-entropy."
    if not judgement.all_right and not judgement.findings:
        yield from signs(judgement)
    if findings.alone:
        yield "For one example at a time, without the axis of the batch, it is right."
    printed = next((reply.printed for _, reply in judgement.records if reply.printed.strip()), "")
    if printed:
        yield f"It prints while it computes: {printed.strip().splitlines()[0][:60]!r}."
    failed = [(probe, reply) for probe, reply in judgement.records if reply.failure is not None]
    for probe, reply in failed[:2]:
        yield f"At {probe.name} it {reply.failure}."


def _soft_right(findings: Findings) -> bool:
    assert findings.soft is not None, "there was an answer at soft targets"
    probe, reply = findings.soft
    return reply.failure is None and all(
        (truth := part_value(findings.judgement, part)(probe)) is not None
        and findings.judgement.precision.allows(observed, truth, probe)
        for part, observed in reply.parts.items()
    )


def _tested(findings: Findings) -> Iterator[str]:
    judgement = findings.judgement
    yield f"called with {judgement.convention.in_words()}"
    for option, value in judgement.options.given().items():
        yield f"{option} = {readable(value)}"
    yield from (probe.name for probe, _ in judgement.records)
    yield from findings.outcomes
    precision = judgement.precision
    yield (
        f"a value is right within {precision.absolute:g} absolute or {precision.relative:g} relative"
        f" ({precision.name})"
    )
    if findings.comparisons:
        names = dict.fromkeys(comparison.probe.name for comparison in findings.comparisons)
        yield (
            f"the gradient against differences of its own loss at {'; '.join(names)}"
            f" (fourth order, step {STEPS[precision.name]:g}, tolerance {TOLERANCES[precision.name]:g})"
        )
    yield "whether two equal calls give equal answers, and whether arguments are left alone"


def _not_tested(subject: Subject, findings: Findings) -> Iterator[str]:
    judgement = findings.judgement
    if findings.in_a_hurry:
        yield "what there was no time for"
    accepted = set(subject.option_parameters(len(ROLES[judgement.convention.kind])))
    for option in judgement.options.given():
        if option not in accepted:
            yield f"passing {option}: the function has no parameter for it, and was judged as if it held it"
    if judgement.convention.single:
        yield "batches: it takes one example at a time"
    if not findings.outcomes:
        yield "large logits and unlikely targets"
    yield "steps inside the function: two wrong factors whose product is right are right"
    yield "more than 5 classes, other devices, speed"
    if findings.soft is None and "gradient" in judgement.right:
        yield "soft targets, and targets that do not sum to 1"
