"""An attempt: a mistaken belief, and the claim as it would have to hold if that belief were what is behind it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chainrule.check.cases import Equation
from chainrule.check.doubles import World
from chainrule.derive import LOSS, Derivative, Entry, Expression, multiply, nodes, transform


@dataclass(frozen=True)
class Attempt:
    """A belief that may explain a claim.

    Parameters
    ----------
    names : tuple of str
        The names of the mistake, the best first; at most two.
    equation : Equation
        What holds if this is what was done: the claim with the mistake taken out.
    text : str
        What was done, one sentence about this claim; it does not give the true formula.
    world : World or None
        The mistaken definitions under which the equation is to hold; None: the context's own.
    rank : int
        Of two attempts that explain a claim, the lower one is told first.
    formula : bool
        Whether the belief is itself a formula in the claim's letters, so that the equation becomes an identity.
    """

    names: tuple[str, ...]
    equation: Equation
    text: str
    world: World | None = None
    rank: int = 50
    formula: bool = False


def quantities(equation: Equation) -> tuple[Expression, ...]:
    """Return what a claim is about: its derivatives; without any, the loss; without that, the outputs.

    Examples
    --------
    >>> from chainrule.derive import Context
    >>> [str(each) for each in quantities(Equation(LOSS, Entry("O", None, (1,)), Context()))]
    ['E']
    """
    found: list[Expression] = [node for node in nodes(equation.both) if isinstance(node, Derivative)]
    if not found:
        found = [node for node in nodes(equation.both) if node == LOSS]
    if not found:
        sides = (equation.left, equation.right)
        found = [side for side in sides if isinstance(side, Entry) and side.name in "OZUA"]
    return tuple(dict.fromkeys(found))


Change = Callable[[Expression], Expression | None]
"""What is put in place of a node; None leaves it as it is."""


def replacing(old: Expression, new: Expression) -> Change:
    """Return the change of one node into another.

    Examples
    --------
    >>> print(replacing(LOSS, LOSS)(LOSS))
    E
    """
    return lambda node: new if node == old else None


def scaling(factor: Expression) -> Change:
    """Return the change that multiplies by a factor.

    Examples
    --------
    >>> from chainrule.derive import number
    >>> print(scaling(number(2))(LOSS))
    2*E
    """
    return lambda node: multiply(factor, node)


def on_side(equation: Equation, side: str, expression: Expression) -> Equation:
    """Return the equation with another expression on its left or right side.

    Examples
    --------
    >>> from chainrule.derive import Context, ONE
    >>> print(on_side(Equation(LOSS, LOSS, Context()), "right", ONE).right)
    1
    """
    return replace(equation, left=expression) if side == "left" else replace(equation, right=expression)


def with_each(equation: Equation, change: Change) -> Equation:
    """Return the equation with every quantity changed, wherever it stands; None leaves one as it is.

    A quantity inside a derivative stays: it is the derivative that is changed.

    Examples
    --------
    >>> from chainrule.derive import Context, negate
    >>> changed = with_each(Equation(LOSS, Entry("O", None, (1,)), Context()), negate)
    >>> print(changed.left, "=", changed.right)
    -E = O_1
    """
    wanted = {quantity: new for quantity in quantities(equation) if (new := change(quantity)) is not None}
    return rewritten(equation, lambda node: wanted.get(node))


def rewritten(equation: Equation, change: Change) -> Equation:
    """Return the equation with a change applied to every node of its sides.

    Examples
    --------
    >>> from chainrule.derive import Context, ONE
    >>> changed = rewritten(Equation(LOSS, LOSS, Context()), lambda node: ONE if node == LOSS else None)
    >>> print(changed.left, "=", changed.right)
    1 = 1
    """
    return replace(equation, left=transform(equation.left, change), right=transform(equation.right, change))
