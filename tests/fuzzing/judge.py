"""Runs a case on every path and judges what comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import chainrule
from chainrule import kernels
from chainrule._types import Array
from chainrule.functions import dispatch
from fuzzing import cases, drawing, kinds, reference
from fuzzing.cases import Case, Expected
from fuzzing.refusals import break_one

LARGEST_DOUBLE = np.finfo(np.float64).max
GUARD = 17.0  # between the entries of a strided output


class BrokenPromiseError(AssertionError):
    """A promise that was broken."""


def paths() -> list[str]:
    compiled = kernels.native()
    return ["numpy", *(compiled.instruction_sets() if compiled else [])]


@contextmanager
def on_path(name: str) -> Iterator[None]:
    """Compute with NumPy, or with the kernels of an instruction set."""
    compiled = kernels.native()
    if name == "numpy":
        found, dispatch.native = dispatch.native, lambda: None
        try:
            yield
        finally:
            dispatch.native = found
        return
    before = compiled.instruction_set()
    compiled.use_instruction_set(name)
    try:
        yield
    finally:
        compiled.use_instruction_set(before)


def draw(seed: int, number: int) -> Case:
    """Return case ``number`` of a seed; one in eight has to be refused."""
    generator = np.random.Generator(np.random.PCG64([seed, number]))
    case = kinds.draw(generator)
    return break_one(generator, case) if drawing.chance(generator, 0.125) else case


def judge(case: Case, path_names: list[str]) -> None:
    """Run the case on each path; raise BrokenPromiseError with the path and what was wrong."""
    with np.errstate(all="ignore"):
        expected = [] if case.refusal else case.expected()
    for name in path_names:
        with on_path(name):
            try:
                _judge_here(case, expected)
            except BrokenPromiseError as failure:
                raise BrokenPromiseError(f"on {name}: {failure}") from None


def _judge_here(case: Case, expected: list[Expected]) -> None:
    arguments, out, memory = _with_out(case)
    before = {name: _bytes(value) for name, value in arguments.items() if name != "out"}
    function = getattr(chainrule, case.function)
    if case.refusal:
        _require_refusal(function, arguments, case)
    else:
        _compare_all(function(**arguments), expected, out)
    for name, content in before.items():
        if _bytes(arguments[name]) != content and not (case.out == "logits" and name == "logits"):
            raise BrokenPromiseError(f"{name} was written to")
    if memory is not None and not (memory[..., 1::2] == memory.dtype.type(GUARD)).all():
        raise BrokenPromiseError("out was written to between its entries")


def _bytes(value: Any) -> bytes:
    return value.tobytes() if isinstance(value, np.ndarray) and value.dtype.kind != "O" else b""


def _with_out(case: Case) -> tuple[dict[str, Any], Array | None, Array | None]:
    """Return the arguments with the output that the case asks for, and the memory it is a part of."""
    arguments, memory = dict(case.arguments), None
    if not case.out:
        return arguments, None, None
    logits = arguments["logits"]
    if case.out == "new":
        out = np.empty(logits.shape, logits.dtype)
    elif case.out == "strided":
        memory = np.full((*logits.shape[:-1], 2 * logits.shape[-1]), GUARD, logits.dtype)
        out = memory[..., ::2]
    else:
        out = arguments["logits"] = logits.copy(order="K")
    return {**arguments, "out": out}, out, memory


def _require_refusal(function: Any, arguments: dict[str, Any], case: Case) -> None:
    error, word = case.refusal
    try:
        function(**arguments)
    except error as refusal:
        if type(refusal) is not error or word not in str(refusal) or not refusal.remedy:
            raise BrokenPromiseError(f"refused by {refusal!r}, which lacks {word!r}") from None
        return
    except Exception as other:
        raise BrokenPromiseError(f"raised {other!r} where {error.__name__} was due") from None
    raise BrokenPromiseError(f"accepted, where {error.__name__} ({word}) was due")


def _compare_all(result: Any, expected: list[Expected], out: Array | None) -> None:
    results = result if isinstance(result, tuple) else (result,)
    if isinstance(results[-1], dict):
        results = (*results[:-1], *results[-1].values())
    if len(results) != len(expected):
        raise BrokenPromiseError(f"{len(results)} results, {len(expected)} expected")
    for number, (got, wanted) in enumerate(zip(results, expected, strict=True)):
        _compare(number, got, wanted)
    if out is not None and results[1] is not out:
        raise BrokenPromiseError("the gradient is not out")


def _compare(number: int, got: Any, wanted: Expected) -> None:
    values = np.asarray(got)
    if values.shape != wanted.value.shape or values.dtype != wanted.dtype:
        given = f"shape {values.shape}, dtype {values.dtype}"
        raise BrokenPromiseError(f"result {number} has {given}; due: {wanted.value.shape}, {wanted.dtype}")
    if not values.size:
        return
    extended = values.astype(reference.EXTENDED)
    wrong = _wrong(extended, wanted)
    if wrong.any():
        place = int(wrong.reshape(-1).argmax())
        numbers = (array.reshape(-1)[place] for array in (extended, wanted.value, wanted.allowed))
        raise BrokenPromiseError(
            "result {} at {} is {!r}; truth {!r}, allowed error {!r}".format(number, place, *numbers)
        )


def _wrong(got: Array, wanted: Expected) -> Array:
    """NaN where the truth is NaN and nowhere else; infinite where it is, or beyond the dtype; else within the error."""
    largest = reference.EXTENDED(cases._limits(wanted.dtype).max)
    with np.errstate(all="ignore"):
        near = np.isfinite(wanted.value) & (np.abs(got - wanted.value) <= wanted.allowed)
        overflown = (np.abs(wanted.value) + wanted.allowed >= largest) & np.isfinite(wanted.value)
        sign_known = np.abs(wanted.value) > wanted.allowed
        right_sign = ~sign_known | (np.sign(got) == np.sign(wanted.value))
        near |= overflown & right_sign & (np.abs(got) >= largest / 2)
        near |= np.isposinf(got) & (wanted.largest_on_the_way >= LARGEST_DOUBLE / 4)
        near |= got == wanted.value
        near |= np.isnan(got) & np.isnan(wanted.value)
    return ~near
