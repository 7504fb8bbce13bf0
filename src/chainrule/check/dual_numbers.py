"""Dual numbers: a value and its rate of change, carried through arithmetic in double precision.

A dual number has a tag, that of the derivative it belongs to; its two parts may be dual numbers of other derivatives,
which gives second derivatives. A sum that cancels to rounding is exactly 0, so that what is 0 by an identity is seen.

Source: Griewank and Walther (Griewank2008), chapter 3.
"""

import math
from collections.abc import Callable
from typing import Union

CANCELLED = 4e-14
"""A sum smaller than this part of its larger term is rounding: random points of two digits do not come so close."""
LARGEST_EXPONENT = 700.0

Value = Union[float, "Dual"]


class NotDefinedError(ArithmeticError):
    """An expression has no value here, or none that double precision can hold."""


class Dual:
    """A value and its rate of change with one entry."""

    __slots__ = ("rate", "tag", "value")

    def __init__(self, tag: int, value: Value, rate: Value) -> None:
        self.tag = tag
        self.value = value
        self.rate = rate


def plain(number: Value) -> float:
    """Return the value without its rates of change.

    Examples
    --------
    >>> plain(Dual(1, 2.0, 1.0))
    2.0
    """
    while isinstance(number, Dual):
        number = number.value
    return number


def rate_of(number: Value, tag: int) -> Value:
    """Return the rate of change that belongs to a tag; 0 where the number does not change with it.

    Examples
    --------
    >>> rate_of(times(Dual(1, 3.0, 1.0), Dual(1, 3.0, 1.0)), 1)
    6.0
    """
    if isinstance(number, Dual):
        if number.tag == tag:
            return number.rate
        value, rate = rate_of(number.value, tag), rate_of(number.rate, tag)
        return Dual(number.tag, value, rate)
    return 0.0


def _tag(a: Value, b: Value) -> int:
    """Return the tag that is taken apart first: the larger one."""
    first = a.tag if isinstance(a, Dual) else 0
    second = b.tag if isinstance(b, Dual) else 0
    return max(first, second)


def _split(a: Value, tag: int) -> tuple[Value, Value]:
    return (a.value, a.rate) if isinstance(a, Dual) and a.tag == tag else (a, 0.0)


def plus(a: Value, b: Value) -> Value:
    """Return a + b, exactly 0 where they cancel to rounding.

    Examples
    --------
    >>> plus(0.1 + 0.2, -0.3)
    0.0
    """
    if isinstance(a, float) and isinstance(b, float):
        total = a + b
        return 0.0 if abs(total) <= CANCELLED * max(abs(a), abs(b)) else total
    tag = _tag(a, b)
    (value, rate), (other, other_rate) = _split(a, tag), _split(b, tag)
    return Dual(tag, plus(value, other), plus(rate, other_rate))


def times(a: Value, b: Value) -> Value:
    """Return a b.

    Examples
    --------
    >>> times(2.0, 3.0)
    6.0
    """
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    tag = _tag(a, b)
    (value, rate), (other, other_rate) = _split(a, tag), _split(b, tag)
    return Dual(tag, times(value, other), plus(times(rate, other), times(value, other_rate)))


def over(a: Value, b: Value) -> Value:
    """Return a / b.

    Raises
    ------
    NotDefinedError
        If b is 0.

    Examples
    --------
    >>> over(1.0, 4.0)
    0.25
    """
    if plain(b) == 0:
        raise NotDefinedError("division by 0")
    if isinstance(a, float) and isinstance(b, float):
        return a / b
    tag = _tag(a, b)
    (value, rate), (other, other_rate) = _split(a, tag), _split(b, tag)
    quotient = over(value, other)
    return Dual(tag, quotient, over(plus(rate, times(-1.0, times(quotient, other_rate))), other))


def to_the(a: Value, b: Value) -> Value:
    """Return a to the power of b.

    Raises
    ------
    NotDefinedError
        If there is no real value, or one too large.

    Examples
    --------
    >>> to_the(3.0, 2.0)
    9.0
    """
    base, exponent = plain(a), plain(b)
    if (base == 0 and exponent < 0) or (base < 0 and exponent != int(exponent)):
        raise NotDefinedError("a power that has no real value")
    if isinstance(a, float) and isinstance(b, float):
        try:
            return a**b
        except OverflowError:
            raise NotDefinedError("a power that is too large") from None
    if isinstance(b, Dual):
        return function("exp", times(b, function("ln", a)))
    assert isinstance(a, Dual)
    if exponent == 0:
        return 1.0
    return Dual(a.tag, to_the(a.value, b), times(times(b, to_the(a.value, exponent - 1)), a.rate))


def function(name: str, u: Value) -> Value:
    """Return a function of one argument: one of expressions.FUNCTIONS but for max.

    Raises
    ------
    NotDefinedError
        If the function has no value there.

    Examples
    --------
    >>> function("sqrt", 9.0)
    3.0
    """
    if isinstance(u, Dual):
        return Dual(u.tag, function(name, u.value), times(_slope(name, u.value), u.rate))
    if name in ("ln", "log", "sqrt") and (u < 0 or (u == 0 and name != "sqrt")):
        raise NotDefinedError(f"{name} of {'0' if u == 0 else 'a negative number'}")
    if name == "step" and u == 0:
        raise NotDefinedError("the derivative of relu at 0")
    if name in ("exp", "sigmoid") and abs(u) > LARGEST_EXPONENT:
        raise NotDefinedError("an exponential that is too large")
    return _PLAIN[name](u)


_PLAIN: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "ln": math.log,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "tanh": math.tanh,
    "sigmoid": lambda u: 1 / (1 + math.exp(-u)),
    "relu": lambda u: max(u, 0.0),
    "step": lambda u: float(u > 0),
}


def _slope(name: str, u: Value) -> Value:
    match name:
        case "exp":
            return function("exp", u)
        case "ln" | "log":
            return over(1.0, u)
        case "sqrt":
            return over(0.5, function("sqrt", u))
        case "abs":
            return math.copysign(1.0, plain(u))
        case "tanh":
            inner = function("tanh", u)
            return plus(1.0, times(-1.0, times(inner, inner)))
        case "sigmoid":
            inner = function("sigmoid", u)
            return times(inner, plus(1.0, times(-1.0, inner)))
        case "relu":
            return function("step", u)
    return 0.0
