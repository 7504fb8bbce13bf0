"""Quantities, contexts and conditions in words."""

from fractions import Fraction

from chainrule.derive.context import Context
from chainrule.derive.expressions import FUNCTIONS, Derivative, Entry, Expression

ROLES = {
    "E": "the loss",
    "O": "the output",
    "Z": "the logit",
    "Y": "the target",
    "X": "the feature",
    "W": "the weight",
    "b": "the bias",
    "U": "the pre-activation",
    "A": "the activation",
}
ORDINALS = ("", "", "second ", "third ")
OUTPUTS = {
    "softmax": "softmax output",
    "log-softmax": "log-softmax output",
    "sigmoid": "sigmoid output",
    "identity": "identity output",
}
LOSSES = {
    "cross-entropy": "cross-entropy loss",
    "binary-cross-entropy": "binary cross-entropy loss",
    "squared-error": "squared error, one half the sum of squares",
    "none": "no loss",
}
TARGETS = {
    "one-hot": "one-hot targets",
    "soft": "targets that sum to 1",
    "any": "any targets",
    "zeros": "targets that are all 0",
}


def quantity_words(quantity: Expression) -> str:
    """Return what a quantity is, in words.

    Examples
    --------
    >>> quantity_words(Derivative(Entry("E"), (Entry("Z", None, ("k",)),)))
    'the derivative of the loss E by the logit Z_k'
    >>> quantity_words(Entry("E"))
    'the loss E'
    """
    match quantity:
        case Derivative(of, by):
            entries = " and ".join(map(quantity_words, by))
            order = ORDINALS[len(by)] if len(by) < len(ORDINALS) else f"{len(by)}th "
            return f"the {order}derivative of {quantity_words(of)} by {entries}"
        case Entry(name):
            return f"{ROLES[name]} {quantity}" if name in ROLES else f"{quantity}"
    return f"the expression {quantity}"


def clause(sentence: str) -> str:
    """Return a sentence as it goes on after a word: its first letter small, unless it is a symbol's, and no full stop.

    Examples
    --------
    >>> clause("The derivative of a sum."), clause("O_k has no index i."), clause("A2_n is not X.")
    ('the derivative of a sum', 'O_k has no index i', 'A2_n is not X')
    """
    text = sentence[:1].lower() + sentence[1:] if begins_with_a_word(sentence) else sentence
    return text.removesuffix(".")


def begins_with_a_word(sentence: str) -> bool:
    """Return whether a sentence begins with a word, rather than with a formula.

    Examples
    --------
    >>> begins_with_a_word("A sum."), begins_with_a_word("ln(O_i) is."), begins_with_a_word("Z_k is")
    (True, False, False)
    """
    word = sentence.split(" ")[0].rstrip(",:;.")
    return word == "A" or (len(word) > 1 and word.isalpha() and word[1:].islower() and word not in FUNCTIONS)


def context_words(context: Context) -> str:
    """Return the choices under which a derivation holds, in words.

    Examples
    --------
    >>> context_words(Context())
    'softmax output; cross-entropy loss; one-hot targets; any number of classes K'
    """
    loss = LOSSES[context.loss]
    parts = [OUTPUTS[context.output], loss]
    if context.loss != "none":
        parts.append(_targets(context))
    parts.append("any number of classes K" if context.classes is None else f"{context.classes} classes")
    return "; ".join([*parts, *_options(context)])


def _targets(context: Context) -> str:
    if context.target_row is not None:
        return f"targets {_numbers(context.target_row)}"
    return TARGETS[context.targets]


def _options(context: Context) -> list[str]:
    words = []
    if context.temperature is not None:
        words.append(f"temperature {_value(context.temperature)}")
    if context.label_smoothing is not None:
        words.append(f"label smoothing {_value(context.label_smoothing)}")
    if context.log_base is not None:
        words.append(f"logarithm to base {_value(context.log_base)}")
    if context.class_weight:
        words.append(
            "class weights w_k"
            if context.class_weights is None
            else f"class weights {_numbers(context.class_weights)}"
        )
    if context.reduction != "none":
        weighted = ", divided by the sum of the weights w_c" if context.class_weight else ""
        words.append(
            f"{context.reduction} over a batch of N examples{weighted * (context.reduction == 'mean')}"
        )
    if context.hidden:
        words.append(f"hidden layers: {', '.join(context.hidden)}")
    for name, row in (("probabilities", context.probabilities), ("logits", context.logits)):
        if row is not None:
            words.append(f"{name} {_numbers(row)}")
    return words


def _numbers(row: tuple[Fraction, ...]) -> str:
    return ", ".join(map(_value, row))


def _value(value: Fraction | str) -> str:
    """Return a number as it was most likely typed: 0.2 and 1/3.

    Examples
    --------
    >>> _value(Fraction(1, 5)), _value(Fraction(1, 3)), _value("T")
    ('0.2', '1/3', 'T')
    """
    if isinstance(value, str) or value.denominator == 1:
        return str(value)
    return f"{float(value):.12g}" if Fraction(f"{float(value):.12g}") == value else str(value)
