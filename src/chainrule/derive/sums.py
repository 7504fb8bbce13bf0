"""The rules of sums over an index: deltas, factors that leave, totals that are known."""

from collections.abc import Callable
from fractions import Fraction

from chainrule.derive.algebra import (
    Polynomial,
    TooManyTerms,
    cancel,
    collect,
    expand,
    factors_of,
    from_factors,
    from_polynomial,
    monomial_of,
)
from chainrule.derive.expressions import (
    ONE,
    TRUE_CLASS,
    ZERO,
    Add,
    Delta,
    Derivative,
    Entry,
    Expression,
    Index,
    Multiply,
    Number,
    Sum,
    Symbol,
    add,
    free_letters,
    multiply,
    nodes,
    number,
    rename,
    subtract,
    transform,
)
from chainrule.derive.rewriting import Rewriting, Scene


def _terms(body: Expression) -> Polynomial | None:
    try:
        return expand(cancel(body))
    except TooManyTerms:
        return None


def contraction(expression: Expression, scene: Scene) -> Rewriting | None:
    """sum_i delta_ik*u_i = u_k."""
    if isinstance(expression, Delta):
        return _known_delta(expression, scene)
    if not isinstance(expression, Sum) or not any(
        _pairs(node, expression.index) for node in nodes(expression.body)
    ):
        return None
    terms = _with_delta_in_front(expression)
    taken, rest, partners = list[Expression](), list[Expression](), list[str]()
    for coefficient, powers in map(factors_of, terms):
        delta = next((base for base in powers if _pairs(base, expression.index) and powers[base] == 1), None)
        if delta is None:
            rest.append(from_factors(coefficient, powers.items()))
            continue
        partner = _pairs(delta, expression.index)[0]
        if partner not in expression.excluding:
            if not all(scene.differ(partner, other) for other in expression.excluding):
                return None
            other = from_factors(coefficient, [item for item in powers.items() if item[0] != delta])
            taken.append(rename(other, expression.index, partner))
        partners.append(str(partner))
    if not partners:
        return None
    left = Sum(expression.index, add(*rest), expression.excluding) if rest else ZERO
    where = ", ".join(dict.fromkeys(partners))
    reason = f"Of the sum over {expression.index} only the term {expression.index} = {where} is left."
    return Rewriting(add(*taken, left), reason)


def _with_delta_in_front(expression: Sum) -> tuple[Expression, ...]:
    """Return the terms of a sum's body, multiplied out only if the delta is inside a factor."""
    body = expression.body
    terms = body.terms if isinstance(body, Add) else (body,)
    if any(_pairs(base, expression.index) for term in terms for base in factors_of(term)[1]):
        return terms
    opened = _terms(body) or {}
    return tuple(from_factors(value, monomial) for monomial, value in opened.items())


def delta_picks(expression: Expression, scene: Scene) -> Rewriting | None:
    """delta_kj*u_j = delta_kj*u_k: where the delta is not 0, the indices are the same."""
    del scene
    if not isinstance(expression, Multiply):
        return None
    for delta in expression.factors:
        if isinstance(delta, Delta) and isinstance(delta.second, str) and delta.second != TRUE_CLASS:
            others = [
                factor if factor == delta else rename(factor, delta.second, delta.first)
                for factor in expression.factors
            ]
            if others != list(expression.factors):
                reason = f"Where {delta} is not 0, {delta.second} is {delta.first}."
                return Rewriting(multiply(*others), reason)
    return None


def _pairs(node: Expression, letter: str) -> list[Index]:
    """Return the other index of a delta that has the letter."""
    if not isinstance(node, Delta) or letter not in (node.first, node.second) or node.first == node.second:
        return []
    return [node.second if node.first == letter else node.first]


def _known_delta(delta: Delta, scene: Scene) -> Rewriting | None:
    if delta.first == delta.second:
        return Rewriting(ONE, "The indices are the same.")
    if scene.differ(delta.first, delta.second):
        return Rewriting(ZERO, "The indices differ.")
    return None


def constant_leaves_the_sum(expression: Expression, scene: Scene) -> Rewriting | None:
    """sum_i a*u_i = a*sum_i u_i for an a without i."""
    del scene
    if not isinstance(expression, Sum):
        return None
    coefficient, powers = factors_of(
        collect(expression.body) if not isinstance(expression.body, Sum) else expression.body
    )
    constant = {base: power for base, power in powers.items() if expression.index not in free_letters(base)}
    if (coefficient == 1 and not constant) or len(constant) == len(powers):
        return None
    body = from_factors(Fraction(1), [item for item in powers.items() if item[0] not in constant])
    words = " and ".join([str(base) for base in constant] or ["The number"])
    outside = from_factors(coefficient, constant.items())
    reason = f"{words} {'has' if len(constant) < 2 else 'have'} no index {expression.index}, and so leaves the sum."
    return Rewriting(multiply(outside, Sum(expression.index, body, expression.excluding)), reason)


def _normalised(letter: str) -> Callable[[Expression, Scene], Rewriting | None]:
    """Return the rule that the targets, or the probabilities, of an example sum to 1."""

    def apply(expression: Expression, scene: Scene) -> Rewriting | None:
        if not isinstance(expression, Sum) or not _holds(letter, scene):
            return None
        terms = _terms(expression.body)
        if terms is None or len(expression.excluding) > 1:
            return None
        return _summed(letter, expression, terms)

    return apply


def _holds(letter: str, scene: Scene) -> bool:
    if letter == "Y":
        return scene.context.targets_sum_to_one
    return scene.context.output == "softmax"


def _summed(letter: str, expression: Sum, terms: Polynomial) -> Rewriting | None:
    """Sum the terms in which the letter stands alone, and those without the index beside them."""
    index, rest, found, total = expression.index, Polynomial(), False, list[Expression]()
    for monomial, value in terms.items():
        own = [base for base, _ in monomial if index in free_letters(base)]
        outside = from_factors(value, [item for item in monomial if item[0] not in own])
        if len(own) == 1 and _is_alone(letter, own[0], index) and (own[0], 1) in monomial:
            found = True
            missing = [rename(own[0], index, other) for other in expression.excluding]
            total.append(multiply(outside, subtract(ONE, missing[0]) if missing else ONE))
        elif own:
            rest[monomial] = value
        else:
            count = subtract(Symbol("K"), number(len(expression.excluding)))
            total.append(multiply(outside, count))
    if not found:
        return None
    left = Sum(index, from_polynomial(rest), expression.excluding) if rest else ZERO
    return Rewriting(add(*total, left), _reason(letter, expression), "sum(Y) = 1" if letter == "Y" else None)


def _reason(letter: str, expression: Sum) -> str:
    name = "targets" if letter == "Y" else "probabilities"
    if expression.excluding:
        return f"The {name} sum to 1, so the others sum to 1 - {letter}_{expression.excluding[0]}."
    return f"The {name} of an example sum to 1."


def _is_alone(letter: str, base: Expression, index: str) -> bool:
    return (
        isinstance(base, Entry)
        and base.name == letter
        and base.indices[-1] == index
        and index not in base.indices[:-1]
    )


targets_sum_to_one = _normalised("Y")
probabilities_sum_to_one = _normalised("O")


def split_the_sum(expression: Expression, scene: Scene) -> Rewriting | None:
    """sum_i u_i = u_k + sum_{i != k} u_i, where u_i has the derivative of O_i by Z_k."""
    if not isinstance(expression, Sum) or expression.excluding or scene.context.output != "softmax":
        return None
    index, free = expression.index, free_letters(expression)
    for node in nodes(expression.body):
        match node:
            case Derivative(Entry("O", _, of), (Entry("Z", _, by),)) if (
                of[-1] == index and (isinstance(by[-1], int) or by[-1] in free) and of[:-1] == by[:-1]
            ):
                k = by[-1]
                after = add(rename(expression.body, index, k), Sum(index, expression.body, (k,)))
                reason = f"O_{k} and the other outputs depend on Z_{k} in different ways."
                return Rewriting(after, reason)
    return None


def complete_the_sum(expression: Expression, scene: Scene) -> Rewriting | None:
    """sum_{i != k} u_i = sum_i u_i - u_k."""
    del scene
    if not isinstance(expression, Sum) or len(expression.excluding) != 1:
        return None
    (left_out,) = expression.excluding
    whole = Sum(expression.index, expression.body)
    after = subtract(whole, rename(expression.body, expression.index, left_out))
    return Rewriting(after, f"The term {expression.index} = {left_out} is put in and taken away again.")


def one_hot_targets(expression: Expression, scene: Scene) -> Rewriting | None:
    """sum_i u_i*Y_i = u_c for targets that are 1 for the class c and 0 for the others."""
    if expression == Entry("Y", None, (TRUE_CLASS,)) and scene.context.one_hot:
        return Rewriting(ONE, "The target of the true class is 1.", "one-hot")
    if not isinstance(expression, Sum) or expression.excluding or not scene.context.one_hot:
        return None
    terms = _terms(expression.body)
    total = list[Expression]()
    for monomial, value in (terms or {}).items():
        target = next(
            (base for base, power in monomial if power == 1 and _is_alone("Y", base, expression.index)), None
        )
        if not isinstance(target, Entry) or len(target.indices) > 1:
            return None
        rest = from_factors(value, [item for item in monomial if item[0] != target])
        total.append(rename(rest, expression.index, TRUE_CLASS))
    if not total:
        return None
    return Rewriting(
        add(*total), "Of the targets only that of the true class c is not 0; it is 1.", "one-hot"
    )


def weight_of_the_true_class(expression: Expression, scene: Scene) -> Rewriting | None:
    """w_k*Y_k = w_c*Y_k for one-hot targets: where Y_k is not 0, k is c."""
    if not scene.context.one_hot or not any(
        node == Entry("w", None, (TRUE_CLASS,)) for node in nodes(expression)
    ):
        return None
    terms = _terms(expression)
    if terms is None:
        return None
    changed: Polynomial = {}
    for monomial, value in terms.items():
        powers = dict(monomial)
        for base, power in monomial:
            if isinstance(base, Entry) and base.name == "Y" and len(base.indices) == 1:
                weight = Entry("w", None, base.indices)
                if powers.get(weight) == power == 1 and base.indices != (TRUE_CLASS,):
                    del powers[weight]
                    true = Entry("w", None, (TRUE_CLASS,))
                    powers[true] = powers.get(true, 0) + 1
        key = monomial_of(powers)
        changed[key] = changed.get(key, Fraction(0)) + value
    if changed == terms:
        return None
    return Rewriting(from_polynomial(changed), "Where Y_k is not 0, k is the true class c.", "one-hot")


def given_targets(expression: Expression, scene: Scene) -> Rewriting | None:
    """Y_1 = 1, Y_2 = 0: the targets as the context gives them."""
    row = scene.context.target_row
    if scene.context.targets == "zeros":
        return (
            Rewriting(ZERO, "All targets are 0.")
            if isinstance(expression, Entry) and expression.name == "Y"
            else None
        )
    if row is None:
        return None
    match expression:
        case Entry("Y", _, (int() as place,)) if place <= len(row):
            return Rewriting(Number(row[place - 1]), f"Y_{place} is given.")
        case Sum(index, Entry("Y", _, (last,)), ()) if last == index:
            return Rewriting(Number(sum(row, Fraction(0))), "The targets are given.")
    return None


def two_classes(expression: Expression, scene: Scene) -> Rewriting | None:
    """O_2 = 1 - O_1 for two classes, because the probabilities sum to 1."""
    if scene.context.classes != 2 or scene.context.output != "softmax":
        return None
    match expression:
        case Entry("O", None, (2,)):
            return Rewriting(subtract(ONE, Entry("O", None, (1,))), "The two probabilities sum to 1.")
    return None


def without_zeros(expression: Expression) -> Expression:
    """Return an expression without terms and sums that are 0.

    Examples
    --------
    >>> print(without_zeros(add(Sum("i", ZERO), Symbol("K"))))
    K
    """
    return transform(expression, lambda node: ZERO if isinstance(node, Sum) and node.body == ZERO else None)
