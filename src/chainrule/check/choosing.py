"""Which convention a function speaks: they are tried in order, and the one that makes the best sense is taken."""

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.check.budget import Budget
from chainrule.check.calling import Call
from chainrule.check.convention import ROLES, Convention
from chainrule.check.judgement import Judgement, judge
from chainrule.check.kinds import backward_kind, is_backward, kind_of_output, kind_of_value
from chainrule.check.options import Options
from chainrule.check.probes import Probe, moderate_probes
from chainrule.check.reply import MATRICES, call_at, parts_of_kind, take_apart
from chainrule.check.subject import LINEAR_ROLES, Subject

FORMS = ("index", "rows", "column")
FIRST_TRIED = ("2 examples, 3 classes", "as many examples as classes", "one example")


@dataclass(frozen=True)
class Choice:
    """The judgement that is reported, and the one of single examples where that alone is right.

    Parameters
    ----------
    best : Judgement or None
        None where no call returned anything.
    alone : Judgement or None
        A right judgement of one example at a time beside a wrong one of batches.
    failures : tuple of str
        What calls that failed said, each once.
    """

    best: Judgement | None
    alone: Judgement | None
    failures: tuple[str, ...]

    @property
    def hopeless(self) -> bool:
        """Tell whether another call would take as much time or memory as the last."""
        return _hopeless(list(self.failures))


def choose(subject: Subject, kind: str | None, options: Options, budget: Budget) -> Choice:
    """Judge a function under every convention that it may have, until one is right."""
    failures: list[str] = []
    judged: list[Judgement] = []
    trials = [(library, "float64") for library in subject.libraries]
    trials += [(library, "float32") for library in subject.libraries if library != "list"]
    for library, floats in trials:
        for convention in _conventions(subject, kind, (library, floats), options, budget, failures):
            judgement = judge(subject, convention, options, budget)
            judged.append(judgement)
            failures += [reply.failure for _, reply in judgement.records if reply.failure is not None]
            if judgement.all_right or budget.is_short() or _hopeless(failures):
                return _choice(judged, failures)
            if judgement.complete and judgement.findings and not convention.single:
                break  # what explains everything is not tried in another form
        if any(judgement.answered for judgement in judged) or _hopeless(failures):
            break
    return _choice(judged, failures)


def _hopeless(failures: list[str]) -> bool:
    """Tell whether a call took all the time or memory there was; another would too."""
    return any("did not return within" in text or "MemoryError" in text for text in failures)


def _choice(judged: list[Judgement], failures: list[str]) -> Choice:
    told = tuple(dict.fromkeys(failures))
    answered = _without_columns([judgement for judgement in judged if judgement.answered])
    if not answered:
        return Choice(None, None, told)
    best = max(answered, key=_sense)  # the first of equals
    if best.convention.single and best.all_right:
        batches = [found for found in answered if _takes_batches(found)]
        if batches:
            return Choice(max(batches, key=_sense), best, told)
    return Choice(best, None, told)


def _without_columns(answered: list[Judgement]) -> list[Judgement]:
    """Leave out wrong answers at a column of targets where plain indices were understood: the column is our doing."""
    understood = {
        found.convention.library
        for found in answered
        if found.convention.targets == "index" and found.complete and not found.convention.single
    }
    return [
        found
        for found in answered
        if found.all_right
        or found.convention.targets != "column"
        or found.convention.library not in understood
    ]


def _takes_batches(judgement: Judgement) -> bool:
    """Tell whether batches pass, all of them or those of some shapes, and what comes out is explained."""
    if judgement.convention.single:
        return False
    passed = [
        probe.examples > 1 for probe, reply in judgement.records if reply.failure is None and reply.parts
    ]
    return judgement.complete or (any(passed) and bool(judgement.findings))


def _sense(judgement: Judgement) -> tuple[bool, bool, bool, int, int, bool]:
    """Order conventions: right ones first, then what is explained, then what answered most."""
    shares = sum(judgement.right.values())
    return (
        judgement.all_right,
        bool(judgement.right) and all(judgement.right.values()) and not judgement.convention.single,
        judgement.complete and bool(judgement.findings),
        judgement.answered * 100 // len(judgement.records) if not judgement.convention.single else 0,
        shares,
        bool(judgement.findings),
    )


def _conventions(
    subject: Subject,
    kind: str | None,
    arrays: tuple[str, str],
    options: Options,
    budget: Budget,
    failures: list[str],
) -> Iterator[Convention]:
    """Yield the conventions under which a first call returns something that fits its kind."""
    for single in (False, True):
        for roles in _roles(subject, kind):
            yield from _of_roles(subject, kind, roles, arrays, single, options, budget, failures)


def _of_roles(
    subject: Subject,
    kind: str | None,
    roles: tuple[str, ...],
    arrays: tuple[str, str],
    single: bool,
    options: Options,
    budget: Budget,
    failures: list[str],
) -> Iterator[Convention]:
    if len(roles) == 4 and single:
        return
    library, floats = arrays
    forms = FORMS if "targets" in roles else ("index",)
    for form in forms:
        if form == "column" and library in ("jax", "list"):
            continue
        if _hopeless(failures):
            return
        for features_first in (False, True) if len(roles) == 4 else (False,):
            asked = kind or _kind_for(roles, subject)
            trial = Convention(asked or "loss", library, form, single, features_first, floats=floats)
            guess = asked is not None and kind is None and asked == "softmax"
            found = _first_kind(subject, trial, None if guess else asked, options, budget, failures)
            if found is not None:
                diagonal = found in MATRICES and bool(subject.words & {"diag", "diagonal", "diagonals"})
                yield Convention(found, library, form, single, features_first, diagonal, floats)


def _roles(subject: Subject, kind: str | None) -> list[tuple[str, ...]]:
    if kind is not None:
        return [ROLES[kind]]
    arity = subject.arity()
    if arity == 1:
        return [("logits",)]
    if arity == 4 or (arity is not None and arity >= 4 and _speaks_linear(subject)):
        return [ROLES["linear-gradient"]]
    if arity is None:
        return [("logits", "targets"), ("logits",)]
    backward, loss = ROLES["softmax-backward"], ROLES["loss"]
    return [backward] if is_backward(subject) else [loss, backward]


def _speaks_linear(subject: Subject) -> bool:
    names = {name.lower() for name in subject.array_names(4)}
    return bool(names & LINEAR_ROLES["weight"]) and bool(names & LINEAR_ROLES["bias"])


def _kind_for(roles: tuple[str, ...], subject: Subject) -> str | None:
    if roles == ROLES["linear-gradient"]:
        return "linear-gradient"
    if roles == ROLES["softmax-backward"]:
        return backward_kind(subject)
    return None if roles == ROLES["loss"] else "softmax"


def _first_kind(
    subject: Subject,
    trial: Convention,
    asked: str | None,
    options: Options,
    budget: Budget,
    failures: list[str],
) -> str | None:
    """Call once and return the kind of what came; None where nothing came that fits."""
    probes = {
        probe.name.split(", one of")[0]: probe
        for probe in moderate_probes(trial.kind, options, few_shapes=True)
    }
    names = FIRST_TRIED[-1:] if trial.single else FIRST_TRIED
    for name in names:
        if budget.is_short():
            return None
        call = call_at(subject, trial, probes[name], budget.for_one_call())
        if call.failure is not None:
            failures.append(call.failure)
            if _hopeless(failures):
                return None
            continue
        kind = _told_kind(subject, trial, asked, call, probes[name])
        problem = take_apart(Convention(kind, single=trial.single), call.value, probes[name])[1]
        if problem is None and _plausible(kind, trial, call, probes[name]):
            return kind
        failures.append(problem or f"returned a shape that no {kind} has")
        if trial.targets == "index" and not trial.single:
            continue
        return None
    return None


def _told_kind(subject: Subject, trial: Convention, asked: str | None, call: Call, probe: Probe) -> str:
    if asked is None and trial.kind == "softmax":
        return kind_of_output(subject, call.value, probe, trial.single)
    return asked or kind_of_value(subject, call.value, probe, trial.single)


def _plausible(kind: str, trial: Convention, call: Call, probe: Probe) -> bool:
    """Leave out shapes that one form of targets makes by accident and another form mends."""
    if kind != "gradient":
        return True
    parts, _ = take_apart(Convention(kind, single=trial.single), call.value, probe)
    array = parts[parts_of_kind(kind)[0]]
    one_each = trial.targets == "index" and array.shape == (probe.examples,)
    return (
        array.size == probe.size
        or one_each
        or array.ndim == (2 if trial.targets != "rows" else array.ndim or 2)
    )
