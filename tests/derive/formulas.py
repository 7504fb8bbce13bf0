"""Random formulas for tests: every kind of node, as the grammar and the rules make them."""

from fractions import Fraction
from hashlib import blake2b

from hypothesis import strategies as st

from chainrule.derive.expressions import (
    FUNCTIONS,
    MINUS_ONE,
    ONE,
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
    Symbol,
)
from chainrule.derive.limits import broken_bound

LETTERS = st.sampled_from("ijkmn")
INDICES = st.one_of(LETTERS, st.just("c"), st.integers(1, 30))
_ONE, _TWO = st.tuples(INDICES), st.tuples(INDICES, INDICES)
_LAYERS = st.integers(1, 20)
VARIABLES = st.one_of(
    st.builds(Entry, st.sampled_from("OZYX"), st.none(), st.one_of(_ONE, _TWO)),
    st.builds(Entry, st.just("b"), st.one_of(st.none(), _LAYERS), _ONE),
    st.builds(Entry, st.sampled_from("UA"), _LAYERS, _ONE),
    st.builds(Entry, st.just("W"), st.one_of(st.none(), _LAYERS), _TWO),
)
ENTRIES = st.one_of(VARIABLES, st.just(Entry("E")), st.builds(Entry, st.sampled_from("wV"), st.none(), _ONE))
NUMBERS = st.one_of(
    st.builds(Number, st.one_of(st.integers(-30, 30).map(Fraction), st.fractions(-5, 5, max_denominator=9))),
    st.sampled_from(["0.5", "1.6094", "-0.80", ".25", "1e-3"]).map(lambda text: Number(Fraction(text), text)),
).filter(lambda number: abs(number.value) != 1)
SYMBOLS = st.sampled_from(["K", "D", "N", "T", "eps"]).map(Symbol)
LEAVES = st.one_of(ENTRIES, NUMBERS, SYMBOLS, st.builds(Delta, INDICES, INDICES))
_OF_ONE = [name for name in FUNCTIONS if name not in ("max", "exp")]


def _is_no_number(expression: Expression) -> bool:
    return not isinstance(expression, Number)


def _larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    letters = inner.filter(_is_no_number)
    return st.one_of(
        several.map(Add),
        several.map(lambda terms: Add((ONE, *terms))),
        several.map(lambda terms: Add((*terms, MINUS_ONE))),
        several.map(Multiply),
        letters.map(lambda factor: Multiply((MINUS_ONE, factor))),
        st.builds(lambda first, rest: Multiply((MINUS_ONE, first, *rest)), letters, several),
        st.builds(Divide, inner, inner),
        st.builds(Power, inner, LEAVES),
        st.builds(lambda name, argument: Call(name, (argument,)), st.sampled_from(_OF_ONE), inner),
        several.map(lambda arguments: Call("max", arguments)),
        st.builds(_sum, LETTERS, inner, st.lists(INDICES, max_size=2)),
        st.builds(Derivative, inner, st.lists(VARIABLES, min_size=1, max_size=3).map(tuple)),
    )


def _sum(index: str, body: Expression, excluding: list[str | int]) -> Sum:
    return Sum(index, body, tuple(other for other in excluding if other != index))


FORMULAS = st.recursive(LEAVES, _larger, max_leaves=12).filter(lambda formula: broken_bound(formula) is None)


PRIME = 2**127 - 1


def fingerprint(expression: Expression) -> int:
    """Return what a formula is in a field where every letter, function, sum and power is arbitrary but fixed.

    Formulas that differ in more than how sums, products, quotients and signs are grouped have different fingerprints.
    """
    match expression:
        case Number(value):
            return value.numerator * _inverse(value.denominator) % PRIME
        case Add(terms):
            return sum(map(fingerprint, terms)) % PRIME
        case Multiply(factors):
            product = 1
            for factor in factors:
                product = product * fingerprint(factor) % PRIME
            return product
        case Divide(numerator, denominator):
            return fingerprint(numerator) * _inverse(fingerprint(denominator)) % PRIME
        case Power(base, exponent):
            return _arbitrary("^", fingerprint(base), fingerprint(exponent))
        case Call(function, arguments):
            return _arbitrary(function, *map(fingerprint, arguments))
        case Sum(index, body, excluding):
            return _arbitrary("sum", index, excluding, fingerprint(body))
        case Derivative(of, by):
            inner = fingerprint(of)
            for entry in by:
                inner = _arbitrary("d", inner, fingerprint(entry))
            return inner
        case Entry(name, layer, indices):
            return _arbitrary(name, layer, indices)
        case Delta(first, second):
            return _arbitrary("delta", first, second)
        case Symbol(name):
            return _arbitrary(name)
    raise AssertionError(expression)


def _inverse(value: int) -> int:
    return pow(value, -1, PRIME) if value % PRIME else _arbitrary("1/0")


def _arbitrary(*values: object) -> int:
    return int.from_bytes(blake2b(repr(values).encode(), digest_size=16).digest()) % PRIME
