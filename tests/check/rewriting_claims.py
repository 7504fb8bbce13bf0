"""The same claim written otherwise: other letters, another order, sides exchanged, both sides multiplied."""

from random import Random

from chainrule.derive import (
    Add,
    Expression,
    Multiply,
    Number,
    Sum,
    all_letters,
    free_letters,
    multiply,
    negate,
    read_claim,
    read_expression,
    rename,
    transform,
)

FACTORS = ("2", "K", "exp(Z_1)", "1/3", "-1", "(1 + O_1)", "(2 + O_2)^2")
"""Expressions that are 0 nowhere."""
SPARE = "pqrsuv"


def sides_of(claim: str) -> tuple[Expression, Expression] | None:
    """Return the sides of a claim of one equation without a condition, else None."""
    parts = read_claim(claim)
    if len(parts) != 1 or len(parts[0].expressions) != 2 or parts[0].condition is not None:
        return None
    left, right = parts[0].expressions
    return left, right


def text_of(left: Expression, right: Expression) -> str:
    return f"{left} = {right}"


def swapped(left: Expression, right: Expression, random: Random) -> tuple[Expression, Expression]:
    del random
    return right, left


def multiplied(left: Expression, right: Expression, random: Random) -> tuple[Expression, Expression]:
    factor = read_expression(random.choice(FACTORS))
    return multiply(factor, left), multiply(right, factor)


def reordered(left: Expression, right: Expression, random: Random) -> tuple[Expression, Expression]:
    """Return the sides with the terms of sums and the factors of products in another order."""

    def shuffled(node: Expression) -> Expression | None:
        if isinstance(node, Add):
            return Add(tuple(random.sample(node.terms, len(node.terms))))
        if isinstance(node, Multiply) and not isinstance(node.factors[0], Number):
            return Multiply(tuple(random.sample(node.factors, len(node.factors))))
        return None

    return transform(left, shuffled), transform(right, shuffled)


def moved(left: Expression, right: Expression, random: Random) -> tuple[Expression, Expression]:
    """Return the sides with a term of the right one taken to the left."""
    if not isinstance(right, Add):
        return left, right
    place = random.randrange(len(right.terms))
    rest = tuple(term for number, term in enumerate(right.terms) if number != place)
    return Add((left, negate(right.terms[place]))), rest[0] if len(rest) == 1 else Add(rest)


def renamed(left: Expression, right: Expression, random: Random) -> tuple[Expression, Expression]:
    """Return the sides with every index called otherwise; letters keep their order in the alphabet."""
    letters = sorted(free_letters(Add((left, right))) - {"n"})
    others = sorted(
        random.sample(
            [letter for letter in SPARE if letter not in all_letters(Add((left, right)))], len(letters)
        )
    )
    for old, new in zip(letters, others, strict=True):
        left, right = rename(left, old, new), rename(right, old, new)
    return left, right


def rebound(left: Expression, right: Expression, random: Random) -> tuple[Expression, Expression]:
    """Return the sides with the indices of sums called otherwise."""
    taken = all_letters(Add((left, right)))

    def change(node: Expression) -> Expression | None:
        if not isinstance(node, Sum):
            return None
        new = random.choice(
            [letter for letter in SPARE if letter not in taken and letter not in all_letters(node)]
        )
        return Sum(new, rename(node.body, node.index, new), node.excluding)

    return transform(left, change), transform(right, change)


def new_letters(claim: tuple[Expression, Expression], after: tuple[Expression, Expression]) -> dict[str, str]:
    """Return what each free letter is called after a renaming that keeps their order."""
    before, behind = (sorted(free_letters(Add(each)) - {"n"}) for each in (claim, after))
    return dict(zip(before, behind, strict=True))


def in_words(condition: str | None, letters: dict[str, str]) -> str | None:
    """Return a condition with the letters of its index relation renamed."""
    if condition is None or condition.split()[0] not in letters:
        return condition
    return " ".join(letters.get(word, word) for word in condition.split())
