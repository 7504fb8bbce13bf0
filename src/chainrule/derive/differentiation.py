"""The rules of calculus: what becomes of a derivative.

Each function takes one derivative by one entry and returns what the rule of its name makes of it, or None where the
rule does not apply. Nothing here knows a network: definitions.py and rules_of_networks.py do.
"""

from chainrule.derive.context import Context
from chainrule.derive.definitions import depends_on, stage
from chainrule.derive.expressions import (
    MINUS_ONE,
    ONE,
    ZERO,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Multiply,
    Number,
    Power,
    Sum,
    add,
    all_letters,
    divide,
    fresh_letter,
    multiply,
    number,
    rename,
    subtract,
)
from chainrule.derive.rewriting import Rewriting, Scene


def single(expression: Expression) -> tuple[Expression, Entry] | None:
    """Return what is differentiated and by what, for a derivative by one entry.

    Examples
    --------
    >>> single(ONE) is None
    True
    """
    if isinstance(expression, Derivative) and len(expression.by) == 1:
        return expression.of, expression.by[0]
    return None


def is_same_kind(first: Expression, second: Entry) -> bool:
    """Return whether two entries have the same letter and layer.

    Examples
    --------
    >>> is_same_kind(Entry("Z", None, ("i",)), Entry("Z", None, ("k",)))
    True
    """
    return isinstance(first, Entry) and (first.name, first.layer) == (second.name, second.layer)


def independence(expression: Expression, scene: Scene) -> Rewriting | None:
    """du/dx = 0 for a u without x."""
    pair = single(expression)
    if pair is None or depends_on(pair[0], pair[1], scene.context):
        return None
    return Rewriting(ZERO, f"{pair[0]} does not depend on {pair[1]}.")


def kronecker_delta(expression: Expression, scene: Scene) -> Rewriting | None:
    """dx_i/dx_k = delta_ik: 1 for i = k, and 0 otherwise."""
    pair = single(expression)
    if pair is None or not is_same_kind(*pair):
        return None
    of, by = pair
    assert isinstance(of, Entry)
    factors: list[Expression] = []
    for first, second in zip(of.indices, by.indices, strict=True):
        if scene.differ(first, second):
            return Rewriting(ZERO, f"{of} and {by} are different variables.")
        if first != second:
            factors.append(Delta(first, second))
    reason = (
        f"{of} is {by} itself." if not factors else f"{of} changes with {by} only where their indices agree."
    )
    return Rewriting(multiply(*factors), reason)


def sum_rule(expression: Expression, scene: Scene) -> Rewriting | None:
    """d(u + v)/dx = du/dx + dv/dx."""
    del scene
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Add):
        return None
    return Rewriting(
        add(*(_d(term, pair[1]) for term in pair[0].terms)), "A sum is differentiated term by term."
    )


def sum_over_an_index(expression: Expression, scene: Scene) -> Rewriting | None:
    """d(sum_i u_i)/dx = sum_i du_i/dx."""
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Sum):
        return None
    inner, by = pair
    assert isinstance(inner, Sum)
    index, body = inner.index, inner.body
    if index in by.indices:
        taken = scene.taken | all_letters(inner) | {each for each in by.indices if isinstance(each, str)}
        index, body = (other := fresh_letter(taken)), rename(body, index, other)
    return Rewriting(
        Sum(index, _d(body, by), inner.excluding), "The derivative of a sum is the sum of the derivatives."
    )


def constant_factor(expression: Expression, scene: Scene) -> Rewriting | None:
    """d(a*u)/dx = a*du/dx for an a without x."""
    pair = single(expression)
    if pair is None:
        return None
    of, by = pair
    if isinstance(of, Divide) and not depends_on(of.denominator, by, scene.context):
        rest, constants = of.numerator, [divide(ONE, of.denominator)]
    elif isinstance(of, Multiply):
        constants = [factor for factor in of.factors if not depends_on(factor, by, scene.context)]
        rest = multiply(*(factor for factor in of.factors if factor not in constants))
    else:
        return None
    if not constants or rest == ONE:
        return None
    named = [factor for factor in constants if factor != MINUS_ONE]
    words = " and ".join(str(factor) for factor in named) or "the minus sign"
    leave = "leaves" if len(named) < 2 else "leave"
    reason = f"{words} {leave} the derivative" + (f": no {by} in it." if named and len(named) < 2 else ".")
    return Rewriting(multiply(*constants, _d(rest, by)), reason)


def product_rule(expression: Expression, scene: Scene) -> Rewriting | None:
    """d(u*v)/dx = du/dx*v + u*dv/dx."""
    del scene
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Multiply):
        return None
    first, rest = pair[0].factors[0], multiply(*pair[0].factors[1:])
    after = add(multiply(_d(first, pair[1]), rest), multiply(first, _d(rest, pair[1])))
    return Rewriting(after, f"Both {first} and {rest} depend on {pair[1]}.")


def quotient_rule(expression: Expression, scene: Scene) -> Rewriting | None:
    """d(u/v)/dx = (du/dx*v - u*dv/dx)/v^2 for v != 0."""
    del scene
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Divide):
        return None
    (u, v), by = (pair[0].numerator, pair[0].denominator), pair[1]
    above = subtract(multiply(_d(u, by), v), multiply(u, _d(v, by)))
    return Rewriting(
        divide(above, Power(v, number(2))), f"The denominator depends on {by} as well.", f"{v} != 0"
    )


def chain_rule(expression: Expression, scene: Scene) -> Rewriting | None:
    """df(u)/dx = df(u)/du*du/dx."""
    pair = single(expression)
    if pair is None:
        return None
    of, by = pair
    u = (
        of.arguments[0]
        if isinstance(of, Call) and len(of.arguments) == 1
        else of.base
        if isinstance(of, Power)
        else None
    )
    if not isinstance(u, Entry) or stage(u, scene.context) <= stage(by, scene.context):
        return None
    if isinstance(of, Power) and not isinstance(of.exponent, Number):
        return None
    reason = f"{of} is not a direct function of {by}: it depends on it through {u}."
    return Rewriting(multiply(_d(of, u), _d(u, by)), reason)


def _outer(function: str, u: Expression, context: Context) -> Expression | None:
    """Return the derivative of a function by its argument."""
    match function:
        case "exp":
            return Call("exp", (u,))
        case "ln":
            return divide(ONE, u)
        case "log":
            base = context.log_base
            return divide(ONE, u if base is None else multiply(u, Call("ln", (Number(base),))))
        case "sqrt":
            return divide(ONE, multiply(number(2), Call("sqrt", (u,))))
        case "tanh":
            return subtract(ONE, Power(Call("tanh", (u,)), number(2)))
        case "sigmoid":
            return multiply(Call("sigmoid", (u,)), subtract(ONE, Call("sigmoid", (u,))))
        case "relu":
            return Call("step", (u,))
    return None


CONDITIONS = {"ln": "{u} > 0", "log": "{u} > 0", "sqrt": "{u} > 0", "relu": "{u} != 0"}


def of_function(function: str, expression: Expression, scene: Scene) -> Rewriting | None:
    """Return the derivative of a function of anything: its own, times that of its argument.

    Examples
    --------
    >>> x = Entry("Z", None, ("k",))
    >>> print(of_function("exp", Derivative(Call("exp", (x,)), (x,)), Scene(Context())).after)
    exp(Z_k)
    """
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Call) or pair[0].function != function:
        return None
    (u,), by = pair[0].arguments, pair[1]
    outer = _outer(function, u, scene.context)
    if outer is None:
        return None
    condition = CONDITIONS.get(function, "").format(u=u) or None
    if u == by:
        return Rewriting(outer, f"This is the derivative of {function} by its argument.", condition)
    return Rewriting(
        multiply(outer, _d(u, by)),
        f"The derivative of {function} at {u} is multiplied by that of {u}.",
        condition,
    )


def derivative_of_a_power(expression: Expression, scene: Scene) -> Rewriting | None:
    """d(u^a)/dx = a*u^(a - 1)*du/dx for a number a."""
    pair = single(expression)
    if pair is None or not isinstance(pair[0], Power):
        return None
    (base, exponent), by = (pair[0].base, pair[0].exponent), pair[1]
    if depends_on(exponent, by, scene.context):
        return None
    less = number(exponent.value - 1) if isinstance(exponent, Number) else subtract(exponent, ONE)
    lower = base if less == ONE else Power(base, less)
    outer = multiply(exponent, lower)
    inner = ONE if base == by else _d(base, by)
    return Rewriting(multiply(outer, inner), "The exponent comes down, and is one less.")


def _d(of: Expression, by: Entry) -> Derivative:
    return Derivative(of, (by,))
