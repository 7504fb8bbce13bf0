"""The numbers of the example that a context gives: of every letter that they determine, and of no other."""

from chainrule.derive.context import Context
from chainrule.derive.definitions import EXAMPLES
from chainrule.derive.evaluation import Real, State, Undefined, axes_of, value_of
from chainrule.derive.expressions import Derivative, Entry, Expression, Symbol, nodes
from chainrule.derive.points import given_point
from chainrule.derive.typeset.numbers import Numbers


def given_numbers(context: Context) -> Numbers | None:
    """Return the numbers of a context with logits or probabilities; None where there are none.

    Logits of given probabilities are those whose exponentials sum to 1.

    Examples
    --------
    >>> from chainrule.derive.context import context_of
    >>> numbers = given_numbers(context_of(probabilities=[0.2, 0.6, 0.2], targets=[1, 0, 0]))
    >>> print(round(float(numbers.value(Entry("E"))), 4))
    1.6094
    """
    if context.row is None or context.reduction != "none":
        return None
    state = State(given_point(context, 0))
    letters, symbols = _determined(context)

    def value(expression: Expression) -> Real | None:
        leaves = [*nodes(expression), *(expression.by if isinstance(expression, Derivative) else ())]
        entries = {node.name for node in leaves if isinstance(node, Entry)}
        names = {node.name for node in leaves if isinstance(node, Symbol)}
        if not (entries <= letters and names <= symbols):
            return None
        try:
            return value_of(expression, state, {})
        except Undefined:
            return None

    def length(letter: str, body: Expression) -> int:
        axes = axes_of(letter, body, context)
        known = axes <= {context.layers}
        return min(state.point.size(axis) for axis in axes) if known and EXAMPLES not in axes else 0

    true = state.point.classes_of[0] if context.target_row is not None and context.one_hot else None
    return Numbers(value, length, true)


def _determined(context: Context) -> tuple[frozenset[str], frozenset[str]]:
    """Return the letters and the symbols whose numbers follow from those that are given."""
    symbols = {"K"}
    symbols |= {"T"} if context.temperature not in (None, "T") else set()
    symbols |= {"eps"} if context.label_smoothing not in (None, "eps") else set()
    both = context.temperature != "T"
    letters = {"Z"} if both or context.logits is not None else set()
    letters |= {"O"} if both or context.probabilities is not None else set()
    letters |= {"Y"} if context.target_row is not None else set()
    letters |= {"w"} if context.class_weights is not None else set()
    weighted = not context.class_weight or context.class_weights is not None
    if {"O", "Y"} <= letters and weighted and context.label_smoothing != "eps":
        letters.add("E")
    return frozenset(letters), frozenset(symbols)
