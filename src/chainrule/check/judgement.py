"""A function under one convention: what it answered, which parts are right, and which mistakes explain the rest."""

from dataclasses import dataclass, field, replace

import numpy as np

from chainrule._types import Array
from chainrule.check import reference
from chainrule.check.budget import Budget
from chainrule.check.convention import Convention, rows_alone
from chainrule.check.mistakes import gradients, losses
from chainrule.check.mistakes.hypothesis import (
    DOUBLE,
    HALF,
    SINGLE,
    UNIT,
    Observation,
    Precision,
    Value,
)
from chainrule.check.mistakes.linear import laid_out
from chainrule.check.naming import (
    Finding,
    agreeing_reductions,
    name_gradient,
    name_loss,
    name_output,
)
from chainrule.check.options import Options
from chainrule.check.penalty import NO_PENALTY, Penalty
from chainrule.check.probes import Probe, moderate_probes
from chainrule.check.reply import Reply, ask, ask_derivative, parts_of_kind
from chainrule.check.subject import Subject

RIGHT_OUTPUT: dict[str, Value] = {
    "softmax": reference.probabilities,
    "log-softmax": reference.log_probabilities,
    "softmax-jacobian": reference.jacobians,
    "hessian": reference.hessians,
    "softmax-backward": reference.softmax_backward,
    "log-softmax-backward": reference.log_softmax_backward,
}
ENOUGH = 5  # probes, of which some have one example and some two classes
MEAN_FOR_SUM = ("batch-mean", "batch-sum")
SUM_FOR_MEAN = ("batch-sum", "batch-mean")


@dataclass(frozen=True)
class Judgement:
    """What is known of a function under one convention, from the moderate probes.

    Parameters
    ----------
    convention : Convention
    options : Options
    records : tuple of (Probe, Reply)
    precision : Precision
    right : dict of str to bool
        For each part whether it is right wherever the function answered.
    reduction : str or None
        "mean", "sum", "none" or "weighted mean", as found in the loss, else in the gradient.
    findings : tuple of Finding
    derived : bool
        True where the gradient is the library's own derivative of the loss.
    penalty : Penalty
        What a linear head's loss has beside the cross-entropy.
    """

    convention: Convention
    options: Options
    records: tuple[tuple[Probe, Reply], ...]
    precision: Precision = DOUBLE
    right: dict[str, bool] = field(default_factory=dict)
    reduction: str | None = None
    findings: tuple[Finding, ...] = ()
    derived: bool = False
    penalty: Penalty = NO_PENALTY

    @property
    def answered(self) -> int:
        """At how many probes there was an answer."""
        return sum(reply.failure is None for _, reply in self.records)

    @property
    def complete(self) -> bool:
        """True where it answered everywhere."""
        return self.answered == len(self.records)

    @property
    def all_right(self) -> bool:
        """True where it answered everywhere, and all of it is right."""
        return self.complete and bool(self.right) and all(self.right.values())

    def observations(self, part: str) -> list[Observation]:
        """Return what was returned for one part at each probe; None where there was no answer."""
        return [(probe, reply.parts.get(part)) for probe, reply in self.records]


def judge(subject: Subject, convention: Convention, options: Options, budget: Budget) -> Judgement:
    """Call a function at the moderate probes and find out what is right."""
    few = convention.library == "jax"
    probes = moderate_probes(convention.kind, options, few_shapes=few)
    if convention.single:
        probes = rows_alone(probes)
    records: list[tuple[Probe, Reply]] = []
    for probe in probes:
        reply = ask(subject, convention, probe, budget.for_one_call())
        if reply.inconclusive and records:
            break
        records.append((probe, reply))
        if reply.timed_out and not any(found.failure is None for _, found in records):
            break
        if budget.is_short() and len(records) >= ENOUGH:
            break
    judgement = Judgement(convention, options, tuple(records))
    if not judgement.answered:
        return judgement
    judgement = replace(judgement, precision=precision_of(subject, judgement, budget))
    judgement = _with_derivatives(subject, judgement, budget)
    return with_parts_judged(judgement)


def _with_derivatives(subject: Subject, judgement: Judgement, budget: Budget) -> Judgement:
    """Add the library's own derivative of a loss, where the library differentiates it."""
    if judgement.convention.kind != "loss" or judgement.convention.library not in ("torch", "jax"):
        return judgement
    records = []
    for probe, reply in judgement.records:
        if reply.failure is None and reply.parts["loss"].ndim <= 1 and not budget.is_short():
            found = ask_derivative(subject, judgement.convention, probe, budget.for_one_call())
            if found is None:
                return judgement
            reply = replace(reply, parts={**reply.parts, "gradient": found})
        records.append((probe, reply))
    return replace(judgement, records=tuple(records), derived=True)


def precision_of(subject: Subject, judgement: Judgement, budget: Budget) -> Precision:
    """Find out in which precision a function computes: by what it returns, or by what it no longer tells apart."""
    if any(reply.single_precision for _, reply in judgement.records):
        sizes = [np.abs(part).max() for _, reply in judgement.records for part in reply.parts.values()]
        return HALF if _is_half(judgement) and sizes else SINGLE
    asked = [pair for pair in judgement.records if pair[1].failure is None]
    asked = [pair for pair in asked if not pair[0].name.startswith("all logits 0")]
    asked.sort(key=lambda pair: -pair[0].size)
    same = [_tells_nothing_apart(subject, judgement, probe, reply, budget) for probe, reply in asked[:3]]
    return SINGLE if same and all(same) else DOUBLE


def _tells_nothing_apart(
    subject: Subject, judgement: Judgement, probe: Probe, reply: Reply, budget: Budget
) -> bool:
    """Tell whether a change that float64 sees and float32 does not changes nothing at all."""
    nudged = ask(subject, judgement.convention, _nudged(probe), budget.for_one_call())
    return nudged.failure is None and all(
        name in nudged.parts and np.array_equal(part, nudged.parts[name], equal_nan=True)
        for name, part in reply.parts.items()
    )


def _is_half(judgement: Judgement) -> bool:
    """Tell whether everything returned is a number of float16."""
    parts = [part for _, reply in judgement.records for part in reply.parts.values()]
    with np.errstate(over="ignore"):
        return all(
            np.array_equal(part.astype(np.float16).astype(float), part, equal_nan=True) for part in parts
        )


def _nudged(probe: Probe) -> Probe:
    """Return a probe moved by less than float32 tells apart, by another amount at each place."""

    def moved(array: Array | None) -> Array | None:
        if array is None:
            return None
        steps = 1e-10 * (1 + np.arange(array.size) % 3).reshape(array.shape)
        return array * (1 + steps)

    logits = moved(probe.logits)
    assert logits is not None, "a probe has logits"
    return replace(
        probe,
        logits=logits,
        features=moved(probe.features),
        weight=moved(probe.weight),
        upstream=moved(probe.upstream),
    )


def with_parts_judged(judgement: Judgement) -> Judgement:
    """Return the judgement with each part right or not, and with the mistakes that explain it."""
    kind = judgement.convention.kind
    if kind == "linear-gradient":
        from chainrule.check.linear_judgement import judge_linear

        return judge_linear(judgement)
    if "output" in parts_of_kind(kind):
        return _judge_output(judgement)
    return _judge_loss_and_gradient(judgement)


def allowed_reductions(options: Options) -> dict[str, tuple[str, ...]]:
    """Return each way to add up rows, with the names of the mistake that it would be."""
    counted: tuple[str, ...] = ("ignored-rows-counted",) if options.ignore_index is not None else ()
    table: dict[str, tuple[str, ...]] = {"mean": counted, "sum": (), "none": ()}
    if options.class_weight is not None or options.ignore_index is not None:
        table = {"weighted mean": (), **table}
    return table


def _judge_loss_and_gradient(judgement: Judgement) -> Judgement:
    right: dict[str, bool] = {}
    findings: list[Finding] = []
    reduction: str | None = None
    parts = {name for _, reply in judgement.records for name in reply.parts}
    if "loss" in parts:
        right["loss"], reduction, finding = judge_loss(judgement)
        findings += [finding] if finding else []
    if "gradient" in parts:
        right["gradient"], found, finding = _judge_gradient(judgement, reduction, right.get("loss"))
        findings += [finding] if finding else []
        reduction = reduction or found
    return replace(judgement, right=right, reduction=reduction, findings=tuple(findings))


def judge_loss(judgement: Judgement) -> tuple[bool, str | None, Finding | None]:
    """Return whether the loss is right, its reduction, and what explains it if not."""
    observations = judgement.observations("loss")
    table = allowed_reductions(judgement.options)
    harmless = [name for name, brought in table.items() if not brought]
    found = agreeing_reductions(
        reference.row_losses, observations, judgement.precision, losses.reduced_value, harmless
    )
    if found:
        return True, found[0], None
    finding = name_loss(observations, judgement.precision, table)
    return False, _reduction_of_shape(observations), finding


def _reduction_of_shape(observations: list[Observation]) -> str | None:
    shapes = {
        observed.ndim for probe, observed in observations if observed is not None and probe.examples > 1
    }
    return "none" if shapes == {1} else None


def _judge_gradient(
    judgement: Judgement, loss_reduction: str | None, loss_right: bool | None
) -> tuple[bool, str | None, Finding | None]:
    observations = judgement.observations("gradient")
    table = gradient_reductions(judgement.options, loss_reduction)
    harmless = [name for name, brought in table.items() if not brought]
    found = agreeing_reductions(
        reference.row_gradients, observations, judgement.precision, gradients.reduced_value, harmless
    )
    if found:
        return True, found[0], None
    finding = name_gradient(observations, judgement.precision, table)
    if finding is not None and loss_right and finding.names[0] == "no-log":
        finding = replace(finding, names=("missing-outer-derivative", "no-log"))
    return False, None, finding


def gradient_reductions(options: Options, loss_reduction: str | None) -> dict[str, tuple[str, ...]]:
    """Return what a gradient may be divided by, with the names of the disagreement with its loss that it would be."""
    weighted = options.class_weight is not None or options.ignore_index is not None
    counted: tuple[str, ...] = ("ignored-rows-counted",) if options.ignore_index is not None else ()
    if loss_reduction in (None, "none"):
        table: dict[str, tuple[str, ...]] = {"sum": (), "mean": counted}
        return {"weighted mean": (), **table} if weighted else table
    table = {"sum": MEAN_FOR_SUM, "mean": SUM_FOR_MEAN}
    if weighted:
        table["weighted mean"] = SUM_FOR_MEAN
    table[loss_reduction] = ()
    if loss_reduction == "weighted mean":
        table["mean"] = counted or ("batch-mean",)
    if loss_reduction == "mean" and weighted:
        table["weighted mean"] = ("batch-mean",)
    return table


def _judge_output(judgement: Judgement) -> Judgement:
    kind = judgement.convention.kind
    observations = judgement.observations("output")
    allowed = ["sum", "mean"] if kind == "hessian" else ["sum"]
    convention = judgement.convention
    if convention.diagonal and not _are_tables(observations):
        convention = replace(convention, diagonal=False)
    truth = right_output(convention)
    found = agreeing_reductions(truth, observations, judgement.precision, gradients.reduced_value, allowed)
    right = bool(found)
    finding = None if right else name_output(kind, truth, observations, judgement.precision)
    reduction = found[0] if found and kind == "hessian" else None
    records = (
        judgement.records if right else tuple(_with_shape_told(kind, *pair) for pair in judgement.records)
    )
    return replace(
        judgement,
        convention=convention,
        records=records,
        right={"output": right},
        reduction=reduction,
        findings=(finding,) if finding else (),
    )


def _with_shape_told(kind: str, probe: Probe, reply: Reply) -> tuple[Probe, Reply]:
    """Turn an answer of a shape that the kind does not have into a failure that says so."""
    output = reply.parts.get("output")
    if output is None:
        return probe, reply
    n, k = probe.logits.shape
    allowed = {(n, k), (n, k, k)} if kind in ("softmax-jacobian", "hessian") else {(n, k)}
    if n == 1:
        allowed |= {shape[1:] for shape in allowed}
    if output.shape in allowed:
        return probe, reply
    return probe, replace(
        reply, parts={}, failure=f"returned shape {output.shape} for logits of shape {(n, k)}"
    )


def _are_tables(observations: list[Observation]) -> bool:
    """Tell whether there is one number for each class instead of a matrix."""
    return all(observed is None or observed.size == probe.size for probe, observed in observations)


def right_output(convention: Convention) -> Value:
    """Return the truth for a kind with one output; its diagonal where that is what is wanted."""
    truth = RIGHT_OUTPUT[convention.kind]
    if not convention.diagonal:
        return truth

    def diagonal(probe: Probe) -> Array | None:
        blocks = truth(probe)
        return None if blocks is None else np.einsum("nkk->nk", blocks)

    return diagonal


def part_value(judgement: Judgement, part: str) -> Value:
    """Return the truth for one part under the reduction that was found."""
    convention, reduction = judgement.convention, judgement.reduction
    if part == "loss":
        loss = losses.reduced_value(reference.row_losses, reduction or "mean", UNIT)
        return judgement.penalty.added_to_loss(loss)
    if part == "output":
        divided = reduction if convention.kind == "hessian" and reduction else "sum"
        return gradients.reduced_value(right_output(convention), divided, UNIT)
    divided = reduction if reduction in ("mean", "sum", "weighted mean") else "sum"
    delta = gradients.reduced_value(reference.row_gradients, divided, UNIT)
    if part == "gradient":
        return delta
    value = linear_value(delta, part, convention.features_first)
    return judgement.penalty.added_to_gradient(value, part, convention.features_first)


def linear_value(delta: Value, part: str, features_first: bool) -> Value:
    """Return the weight's or the biases' gradient that belongs to a gradient by the logits."""

    def value(probe: Probe) -> Array | None:
        rows = delta(probe)
        if rows is None or probe.features is None:
            return None
        return rows.sum(axis=0) if part == "bias" else laid_out(rows.T @ probe.features, features_first)

    return value
