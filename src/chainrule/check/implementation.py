"""A person's own loss, gradient or softmax, called, compared and explained."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule._types import ArrayLike
from chainrule.check.assembling import Findings, assemble, undecided
from chainrule.check.budget import Budget, budget_of
from chainrule.check.choosing import choose
from chainrule.check.conditions import special_case
from chainrule.check.convention import KINDS
from chainrule.check.edges import edge_findings, edge_outcomes, in_place, leaks
from chainrule.check.implementation_verdict import ImplementationVerdict
from chainrule.check.judgement import Judgement
from chainrule.check.options import Options, checked_options
from chainrule.check.probes import Probe, confirming_probe, soft_probe
from chainrule.check.quotient import compare_with_own_loss
from chainrule.check.reply import Reply, ask, ask_derivative
from chainrule.check.subject import Subject, subject_of
from chainrule.errors import ArgumentError, ArgumentTypeError

SECONDS = 8.0
FIXED_CLASSES = (2, 10, 4, 5)  # numbers of classes that people write into their functions


def check_implementation(
    function: Callable[..., Any],
    *,
    kind: str | None = None,
    temperature: float | None = None,
    label_smoothing: float | None = None,
    class_weight: ArrayLike | None = None,
    ignore_index: int | None = None,
    alpha: float | None = None,
    seconds: float = SECONDS,
) -> ImplementationVerdict:
    """Judge a person's own loss, gradient or softmax, and name the mistake.

    Parameters
    ----------
    function : callable
        Of NumPy arrays, PyTorch tensors or JAX arrays. It is called in this process, on small inputs, with its output
        captured and a time limit.
    kind : str or None
        "loss", "gradient", "loss-and-gradient" or "hessian" of f(logits, targets); "linear-gradient" of
        f(features, weight, bias, targets), which returns loss, dW, db; "softmax", "log-softmax" or "softmax-jacobian"
        of f(logits); "softmax-backward" or "log-softmax-backward" of f(upstream, output). None: guessed from the name,
        the parameters and what it returns.
    temperature, label_smoothing, class_weight, ignore_index, alpha : number, array_like or None
        Change what is right, and are passed on where the function accepts them. alpha is the factor of the penalty
        alpha/2 sum W^2 of a linear head.
    seconds : float
        The time for everything; a single call has at most 3, the first one 5.

    Returns
    -------
    ImplementationVerdict
        Whether the loss is the intended one, whether the gradient is that of the loss it comes with, and the names of
        the mistakes that explain what was returned.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If ``function`` cannot be called, or an option is outside its domain. Whatever the function itself raises is
        part of the verdict.

    Examples
    --------
    >>> def loss(logits, targets):
    ...     p = np.exp(logits) / np.exp(logits).sum(axis=0)
    ...     return -np.log(p[np.arange(len(p)), targets]).mean()
    >>> verdict = check_implementation(loss)
    >>> verdict.verdict, verdict.diagnoses[0].name
    ('wrong', 'wrong-axis')
    """
    if not callable(function):
        raise ArgumentTypeError(
            "check", "an implementation is a function", type(function).__name__, "Give the function itself."
        )
    if kind is not None and kind not in KINDS:
        raise ArgumentError(
            "check", f"kind is one of {', '.join(KINDS)}", repr(kind), "Give one, or leave it out."
        )
    if not seconds > 0:
        raise ArgumentError(
            "check", "seconds is a number > 0", repr(seconds), "Give the time for everything."
        )
    options = checked_options(temperature, label_smoothing, class_weight, ignore_index, alpha)
    with np.errstate(all="ignore"):
        return _checked(subject_of(function), kind, options, budget_of(seconds))


def _checked(subject: Subject, kind: str | None, options: Options, budget: Budget) -> ImplementationVerdict:
    arity = subject.arity()
    options = subject.adopted(options, arity or 2)
    unknown = [] if arity is None or kind is not None else subject.unknown_required(arity)
    choice = choose(subject, kind, options, budget)
    failures = choice.failures
    for classes in FIXED_CLASSES if options.class_weight is None else ():
        if choice.best is None and not choice.hopeless and not unknown:
            options = replace(options, classes=classes)
            choice = choose(subject, kind, options, budget)
    if choice.best is None:
        return undecided(subject, kind, failures, unknown)
    judgement = choice.best
    if (unsteady := _unsteady(subject, judgement, budget)) is not None:
        return undecided(subject, judgement.convention.kind, (unsteady,), [])
    return assemble(subject, _findings(subject, judgement, choice.alone, budget))


def _findings(subject: Subject, judgement: Judgement, alone: Judgement | None, budget: Budget) -> Findings:
    case = None if judgement.all_right else _confirmed_case(subject, judgement, budget)
    if judgement.all_right and judgement.options.classes is not None:
        case = f"K = {judgement.options.classes}"
    outcomes = {}
    answered_right = judgement.all_right or (case is None and all(judgement.right.values()))
    if answered_right or (case is not None and case.startswith(("N", "K", "no row"))):
        outcomes = edge_outcomes(subject, judgement, budget)
    edges = edge_findings(judgement, outcomes) if answered_right else []
    comparisons = []
    if "loss" in judgement.right and len(judgement.right) > 1:
        comparisons = compare_with_own_loss(subject, judgement, budget)
    leak = None
    named = {finding.part for finding in judgement.findings}
    if any(not right and part not in named for part, right in judgement.right.items()):
        leak = leaks(
            judgement, lambda probe: ask(subject, judgement.convention, probe, budget.for_one_call())
        )
    return Findings(
        judgement=judgement,
        comparisons=tuple(comparisons),
        case=case,
        outcomes=outcomes,
        edges=tuple(edges),
        written=in_place(judgement, outcomes),
        leak=leak,
        alone=alone is not None,
        soft=_soft_reply(subject, judgement, budget),
        in_a_hurry=budget.is_short(),
    )


def _confirmed_case(subject: Subject, judgement: Judgement, budget: Budget) -> str | None:
    """Return the special case in which a function is right, if it is right at one more probe of it."""
    case = special_case(judgement)
    if case is None:
        return None
    probe = confirming_probe(case, judgement.convention.kind, judgement.options)
    if probe is None:
        return case
    reply = ask(subject, judgement.convention, probe, budget.for_one_call())
    if judgement.derived and reply.failure is None:
        derivative = ask_derivative(subject, judgement.convention, probe, budget.for_one_call())
        reply = reply if derivative is None else replace(reply, parts={**reply.parts, "gradient": derivative})
    more = replace(judgement, records=(*judgement.records, (probe, reply)))
    return case if special_case(more) == case else None


def _unsteady(subject: Subject, judgement: Judgement, budget: Budget) -> str | None:
    """Return a sentence where two equal calls gave different answers."""
    # The first of them twice, so that one comes after an odd number of calls.
    for probe, reply in judgement.records[1:2] + judgement.records[1:3]:
        if reply.failure is None:
            again = ask(subject, judgement.convention, probe, budget.for_one_call())
            if again.inconclusive:
                return None
            for part, before in reply.parts.items():
                after = again.parts.get(part)
                if part == "gradient" and judgement.derived:
                    continue
                if after is None or after.shape != before.shape:
                    return "answered differently when it was called again with the same inputs"
                if not np.allclose(before, after, rtol=1e-4, atol=1e-7, equal_nan=True):
                    return "answered differently when it was called again with the same inputs"
    return None


def _soft_reply(subject: Subject, judgement: Judgement, budget: Budget) -> tuple[Probe, Reply] | None:
    """Ask at soft targets, where one-hot rows are what the function takes."""
    convention = judgement.convention
    wanted = convention.targets == "rows" and convention.kind in ("loss", "gradient", "loss-and-gradient")
    options = judgement.options
    if not wanted or convention.single or not judgement.all_right or options.ignore_index is not None:
        return None
    if options.class_weight is not None and len(options.class_weight) != 3:
        return None
    probe = soft_probe(options)
    return probe, ask(subject, convention, probe, budget.for_one_call())
