"""What a formula is about: the output, the loss, the targets and the other choices that give its letters a meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite

from chainrule.errors import ArgumentError

OUTPUTS = ("softmax", "log-softmax", "sigmoid", "identity")
PAIRS = {
    "softmax": ("cross-entropy", "squared-error", "binary-cross-entropy", "none"),
    "log-softmax": ("none",),
    "sigmoid": ("binary-cross-entropy", "squared-error", "none"),
    "identity": ("squared-error", "none"),
}
"""The losses that each output goes with; the first is taken where none is named."""
TARGETS = ("one-hot", "soft", "any", "zeros")
REDUCTIONS = ("none", "sum", "mean")
ACTIVATIONS = ("relu", "tanh", "sigmoid", "identity")
DEEPEST = 64
"""How many hidden layers a formula may speak of."""
MOST_CLASSES = 64
"""How many classes a row of numbers may have."""
ROUNDING_OF_PROBABILITIES = Fraction(1, 1000)
"""How far typed probabilities may be from a sum of 1; they are divided by their sum."""


@dataclass(frozen=True)
class Context:
    """The meaning of the letters; make it with ``context_of``, which checks it.

    Parameters
    ----------
    output : str
        What turns logits Z into outputs O: one of OUTPUTS.
    loss : str
        What turns outputs and targets into E, or "none".
    targets : str
        What is known of Y: one of TARGETS, or "row" where ``target_row`` has its numbers.
    target_row, probabilities, logits, class_weights : tuple of Fraction or None
        One example's numbers, and those of the classes.
    classes : int or None
        K, where it is a number.
    reduction : str
        "none" where E is one example's loss; "sum" or "mean" where it is that of a batch of N.
    temperature, label_smoothing : Fraction, str or None
        A number, its symbol (T, eps), or None where there is none.
    log_base : Fraction or None
        The base of the loss's logarithm; None is e.
    class_weight : bool
        Whether the classes have weights w_k.
    hidden : tuple of str
        The activations of the hidden layers.

    Examples
    --------
    >>> context_of(targets=[1, 0]).classes
    2
    """

    output: str = "softmax"
    loss: str = "cross-entropy"
    targets: str = "one-hot"
    target_row: tuple[Fraction, ...] | None = None
    classes: int | None = None
    probabilities: tuple[Fraction, ...] | None = None
    logits: tuple[Fraction, ...] | None = None
    reduction: str = "none"
    temperature: Fraction | str | None = None
    label_smoothing: Fraction | str | None = None
    log_base: Fraction | None = None
    class_weight: bool = False
    class_weights: tuple[Fraction, ...] | None = None
    hidden: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        """How many affine layers there are."""
        return len(self.hidden) + 1

    @property
    def targets_sum_to_one(self) -> bool:
        """Whether every target that the context allows sums to 1."""
        if self.target_row is not None:
            return sum(self.target_row) == 1
        return self.targets in ("one-hot", "soft")

    @property
    def one_hot(self) -> bool:
        """Whether every target that the context allows is 1 for one class and 0 for the others."""
        if self.target_row is not None:
            return sorted(self.target_row, reverse=True)[:2] in ([1], [1, 0]) and min(self.target_row) == 0
        return self.targets == "one-hot"

    @property
    def row(self) -> tuple[Fraction, ...] | None:
        """The logits or probabilities that were given."""
        return self.logits if self.probabilities is None else self.probabilities


def context_of(
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
    call: str = "chainrule",
) -> Context:
    """Check the options of derive and check, and return them as a Context.

    Parameters
    ----------
    output : {"softmax", "log-softmax", "sigmoid", "identity"}
        What turns logits Z into outputs O.
    loss : {"cross-entropy", "binary-cross-entropy", "squared-error", "none"}, optional
        What turns outputs into E; that of the canonical pair where none is named.
    targets : {"one-hot", "soft", "any", "zeros"} or sequence of float
        What is known of the targets, or one example's targets, one for each class (never a class index).
    classes : int, optional
        The number of classes K; otherwise it stays a letter.
    probabilities, logits : sequence of float, optional
        One example's outputs or logits, for parts that speak of numbers.
    reduction : {"none", "sum", "mean"}
        Whether E is one example's loss or that of a batch of N.
    temperature, label_smoothing : float or str, optional
        A number, or its symbol "T" and "eps".
    log_base : float, optional
        The base of the loss's logarithm, in place of e.
    class_weight : bool or sequence of float, optional
        Whether classes have weights w_k, or their numbers.
    hidden : sequence of str
        The activations of the hidden layers: "relu", "tanh", "sigmoid", "identity".
    call : str
        What error messages call the caller.

    Returns
    -------
    Context
        The options, checked.

    Raises
    ------
    ArgumentError
        If an option is outside its domain or does not go with another; the message says what exists.

    Examples
    --------
    >>> context_of(output="sigmoid").loss
    'binary-cross-entropy'
    """
    _known(call, "output", output, OUTPUTS)
    loss = PAIRS[output][0] if loss is None else loss
    reduction = "none" if reduction is None else reduction
    _known(call, "loss", loss, sorted({each for pair in PAIRS.values() for each in pair}))
    _known(call, "reduction", reduction, REDUCTIONS)
    if loss not in PAIRS[output]:
        offered = "; ".join(f"{name} with {', '.join(pair)}" for name, pair in PAIRS.items())
        raise ArgumentError(
            call,
            "an output goes with a loss that is made for it",
            f"{output} with {loss}",
            f"There are {offered}.",
        )
    target_row = None if isinstance(targets, str) else _row(call, "targets", targets)
    if isinstance(targets, str):
        _known(call, "targets", targets, TARGETS, "or one example's targets, a number for each class")
    context = Context(
        output=output,
        loss=loss,
        targets=targets if isinstance(targets, str) else "row",
        target_row=target_row,
        probabilities=None if probabilities is None else _row(call, "probabilities", probabilities),
        logits=None if logits is None else _row(call, "logits", logits),
        reduction=reduction,
        temperature=_number_or_symbol(call, "temperature", temperature, "T"),
        label_smoothing=_number_or_symbol(call, "label_smoothing", label_smoothing, "eps"),
        log_base=None if log_base in (None, "e") else _number(call, "log_base", log_base),
        class_weight=class_weight is not None and class_weight is not False,
        class_weights=None
        if isinstance(class_weight, bool | None)
        else _row(call, "class_weight", class_weight),
        hidden=_hidden(call, hidden),
    )
    _check_ranges(call, context)
    return _with_classes(call, context, classes)


def _known(call: str, name: str, value: object, known: Sequence[str], more: str = "") -> None:
    if value not in known:
        there = f"{', '.join(known)}{', ' + more if more else ''}"
        raise ArgumentError(
            call, f"{name} is one of {there}", repr(value), f"Choose one, such as {known[0]}."
        )


def _number(call: str, name: str, value: object) -> Fraction:
    try:
        if isinstance(value, float) and not isfinite(value):
            raise ValueError
        number = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise ArgumentError(call, f"{name} is a number", repr(value)[:80], "Pass one such as 0.5.") from None
    if abs(number) > 10**6 or number.denominator > 10**20:
        raise ArgumentError(
            call,
            f"{name} is at most a million, with at most 20 decimals",
            repr(value)[:80],
            "Pass a smaller one.",
        )
    return number


def _number_or_symbol(call: str, name: str, value: object, symbol: str) -> Fraction | str | None:
    return value if value is None or value == symbol else _number(call, name, value)


def _row(call: str, name: str, values: Sequence[float]) -> tuple[Fraction, ...]:
    try:
        row = list(values)
    except TypeError:
        row = []
    if not 2 <= len(row) <= MOST_CLASSES:
        raise ArgumentError(
            call,
            f"{name} has a number for each of 2 to {MOST_CLASSES} classes",
            repr(values)[:80],
            "Pass a list such as [1, 0].",
        )
    return tuple(_number(call, name, value) for value in row)


def _hidden(call: str, hidden: Sequence[str]) -> tuple[str, ...]:
    names = (hidden,) if isinstance(hidden, str) else tuple(hidden)
    for name in names:
        _known(call, "an activation in hidden", name, ACTIVATIONS)
    if len(names) > DEEPEST:
        raise ArgumentError(
            call,
            f"there are at most {DEEPEST} hidden layers",
            f"{len(names)}",
            "Pass fewer; the rules stay the same.",
        )
    return names


def _check_ranges(call: str, context: Context) -> None:
    refusals = [
        (
            isinstance(context.temperature, Fraction) and context.temperature <= 0,
            "temperature is greater than 0",
            context.temperature,
        ),
        (
            isinstance(context.label_smoothing, Fraction) and not 0 <= context.label_smoothing < 1,
            "label_smoothing is at least 0 and less than 1",
            context.label_smoothing,
        ),
        (
            context.log_base is not None and (context.log_base <= 0 or context.log_base == 1),
            "log_base is greater than 0 and not 1",
            context.log_base,
        ),
        (
            any(target < 0 for target in context.target_row or ()),
            "targets are not negative",
            context.target_row and min(context.target_row),
        ),
        (
            context.class_weights is not None and min(context.class_weights) < 0,
            "class weights are not negative",
            context.class_weights and min(context.class_weights),
        ),
    ]
    for broken, rule, came in refusals:
        if broken:
            raise ArgumentError(call, rule, str(came), "Pass a number inside these bounds.")
    _check_combinations(call, context)


def _check_combinations(call: str, context: Context) -> None:
    softmax = context.output in ("softmax", "log-softmax")
    entropy = context.loss == "cross-entropy"
    refusals = [
        (context.temperature is not None and not softmax, "temperature belongs to a softmax", context.output),
        (
            context.label_smoothing is not None and not entropy,
            "label_smoothing belongs to the cross-entropy",
            context.loss,
        ),
        (context.class_weight and not entropy, "class_weight belongs to the cross-entropy", context.loss),
        (
            context.log_base is not None and context.loss not in ("cross-entropy", "binary-cross-entropy"),
            "log_base belongs to a loss with a logarithm",
            context.loss,
        ),
        (
            context.reduction != "none" and context.loss == "none",
            "a reduction is that of a loss",
            "loss none",
        ),
        (
            context.class_weight and context.reduction == "mean" and not context.targets_sum_to_one,
            "a weighted mean is defined for targets that sum to 1",
            f"targets {context.targets}",
        ),
    ]
    for broken, rule, came in refusals:
        if broken:
            raise ArgumentError(call, rule, str(came), "Leave one of the two out.")
    if context.probabilities is not None and context.logits is not None:
        raise ArgumentError(
            call, "either probabilities or logits are given", "both", "Leave one of them out."
        )
    _check_probabilities(call, context)


def _check_probabilities(call: str, context: Context) -> None:
    given = context.probabilities
    if given is None or context.output == "identity":
        return
    if min(given) <= 0 or (context.output == "sigmoid" and max(given) >= 1):
        raise ArgumentError(
            call,
            "probabilities lie between 0 and 1, neither of them reached",
            str(float(min(given))),
            "Pass the logits instead.",
        )
    if context.output != "sigmoid" and abs(sum(given, Fraction(0)) - 1) > ROUNDING_OF_PROBABILITIES:
        raise ArgumentError(
            call, "probabilities sum to 1", f"{float(sum(given)):.6g}", "Divide them by their sum."
        )


def _with_classes(call: str, context: Context, classes: int | None) -> Context:
    from dataclasses import replace

    if classes is not None and (isinstance(classes, bool) or not isinstance(classes, int) or classes < 2):
        raise ArgumentError(call, "classes is an integer of at least 2", repr(classes), "Pass 2 or more.")
    if classes is not None and classes > MOST_CLASSES:
        raise ArgumentError(
            call,
            f"classes is at most {MOST_CLASSES}",
            repr(classes),
            "Leave it out: K stays a letter for any number.",
        )
    rows = {
        "targets": context.target_row,
        "probabilities": context.probabilities,
        "logits": context.logits,
        "class_weight": context.class_weights,
    }
    for name, row in rows.items():
        if row is not None and classes is not None and len(row) != classes:
            raise ArgumentError(
                call,
                "every row has a number for each class",
                f"{len(row)} {name} for {classes} classes",
                "Add or leave out numbers.",
            )
        classes = len(row) if row is not None else classes
    return replace(context, classes=classes)
