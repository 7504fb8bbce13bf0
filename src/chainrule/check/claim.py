"""Claims: text in, verdict out."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from chainrule.check.claim_verdict import RIGHT, UNDECIDED, ClaimVerdict, PartVerdict, worst
from chainrule.check.doubles import Budget
from chainrule.check.judging import Asked, Purse, judge_equation
from chainrule.check.other_letters import with_own_letters
from chainrule.derive import ClaimPart, Context, GrammarError, context_of, parenthesised, read_claim
from chainrule.errors import ArgumentTypeError

VISITS = 1_000_000
"""How many nodes of expressions are visited for a whole claim, at most."""
SHOWN = 200
"""Characters of an unreadable text that are repeated."""


def check_claim(
    claim: str,
    *,
    output: str = "softmax",
    loss: str | None = None,
    targets: str | Sequence[float] = "one-hot",
    classes: int | None = None,
    probabilities: Sequence[float] | None = None,
    logits: Sequence[float] | None = None,
    reduction: str | None = None,
    temperature: float | str | None = None,
    label_smoothing: float | str | None = None,
    log_base: float | str | None = None,
    class_weight: bool | Sequence[float] | None = None,
    hidden: Sequence[str] = (),
    hint: bool = False,
) -> ClaimVerdict:
    """Judge equations about the gradients of a network, and name the mistake in those that are not true.

    Parameters
    ----------
    claim : str
        One or more equations, chains of equations, with or without a condition: ``"dE/dZ1 = O1 - 1; dE/dZ2 = O1 - 1"``.
    output, loss, targets, classes, probabilities, logits, reduction, temperature, label_smoothing, log_base, \
class_weight, hidden
        What the letters mean: see ``chainrule.derive.context_of``.
    hint : bool
        Whether the truth and the counter-example are kept back.

    Returns
    -------
    ClaimVerdict
        The verdict of the whole and of each equation. What cannot be read or decided is undecided, never an exception.

    Raises
    ------
    ArgumentError
        If an option is outside its domain.
    ArgumentTypeError
        If the claim is not text.

    Examples
    --------
    >>> found = check_claim("dE/dZ1 = O1 - 1; dE/dZ2 = O1 - 1", targets=[1, 0])
    >>> [part.verdict for part in found.parts], found.parts[1].truth_at_targets
    (['right', 'wrong'], 'dE/dZ_2 = O_2 = 1 - O_1')
    """
    if not isinstance(claim, str):
        raise ArgumentTypeError(
            "check", "a claim is text", type(claim).__name__, "Pass a string such as 'dE/dZ_k = O_k - Y_k'."
        )
    context = context_of(
        output=output, loss=loss, targets=targets, classes=classes, probabilities=probabilities, logits=logits,
        reduction=reduction, temperature=temperature, label_smoothing=label_smoothing, log_base=log_base,
        class_weight=class_weight, hidden=hidden, call="check",
    )  # fmt: skip
    try:
        parts = with_own_letters(read_claim(claim, "check"), context)
    except GrammarError as error:
        return _unreadable(claim, error)
    purse = Purse(Budget(VISITS), Budget(VISITS))
    judged = tuple(
        judge_equation(asked)
        for part in parts
        for asked in _equations(part, claim, context, purse, hint=hint)
    )
    verdict = worst(tuple(part.verdict for part in judged))
    remarks = (
        ()
        if hint
        else tuple(remark for part in parts for remark in _ends_of_chain(part, claim, context, purse, judged))
    )
    return ClaimVerdict(
        verdict, judged, "; ".join(part.read_as for part in parts), not_tested(context, judged), remarks
    )


def _unreadable(claim: str, error: GrammarError) -> ClaimVerdict:
    shown = claim if len(claim) <= SHOWN else f"{claim[:SHOWN]}..."
    reason = f"could not be read: {error.rule}; got {error.came}. {error.remedy}"
    if error.text:
        reason += f"\n{error.pointer()}"
    return ClaimVerdict(UNDECIDED, (PartVerdict(shown, UNDECIDED, reason=reason),), "")


def _equations(part: ClaimPart, claim: str, context: Context, purse: Purse, *, hint: bool) -> Iterator[Asked]:
    """Yield each adjacent pair of a chain."""
    condition = "" if part.condition is None else f" if {part.condition}"
    for (left, first), (right, second) in pairwise(zip(part.expressions, part.places, strict=True)):
        typed = f"{claim[first.start : first.end]} = {claim[second.start : second.end]}"
        read = f"{parenthesised(left)} = {parenthesised(right)}"
        yield Asked(
            " ".join(typed.split()) + condition,
            read + condition,
            left,
            right,
            part.condition,
            context,
            purse,
            hint,
        )


def _ends_of_chain(
    part: ClaimPart, claim: str, context: Context, purse: Purse, judged: Sequence[PartVerdict]
) -> Iterator[str]:
    """Yield which later sides of a broken chain equal its beginning all the same."""
    pairs = list(_equations(part, claim, context, purse, hint=True))
    if len(pairs) < 2 or len(pairs) > MOST_SIDES or all(_verdict_on(pair, judged) == RIGHT for pair in pairs):
        return
    sides = list(zip(part.expressions, part.places, strict=True))
    left, first = sides[0]
    for right, second in sides[2:]:
        typed = f"{claim[first.start : first.end]} = {claim[second.start : second.end]}"
        asked = Asked(" ".join(typed.split()), "", left, right, part.condition, context, purse, hint=True)
        if judge_equation(asked).verdict == RIGHT:
            yield f"{asked.claim} holds."


MOST_SIDES = 6
"""Of longer chains only neighbours are compared."""


def _verdict_on(pair: Asked, judged: Sequence[PartVerdict]) -> str:
    return next(found.verdict for found in judged if found.claim == pair.claim)


def not_tested(context: Context, parts: Sequence[PartVerdict]) -> tuple[str, ...]:
    """Return what the verdicts say nothing about."""
    if all(part.verdict == UNDECIDED for part in parts):
        return ()
    found = [] if context.classes is not None else ["numbers of classes other than 2, 3 and 5"]
    if context.reduction != "none":
        found.append("batches of other sizes than 1, 3 and 4")
    if context.hidden:
        found.append("hidden layers of more than a few units")
    if "relu" in context.hidden:
        found.append("the kink of ReLU at 0")
    return tuple(found)
