"""What a function answered at one probe: its parts as arrays, or why there are none."""

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.check.arrays import surroundings, to_numpy, with_derivative
from chainrule.check.budget import LONGEST_CALL
from chainrule.check.calling import Call, call_within
from chainrule.check.convention import Convention, arguments_for
from chainrule.check.probes import Probe
from chainrule.check.subject import Subject

PARTS = {
    "loss": ("loss",),
    "gradient": ("gradient",),
    "loss-and-gradient": ("loss", "gradient"),
    "linear-gradient": ("loss", "weight", "bias"),
}
LOSS_KEYS = ("loss", "l", "value", "cost", "nll")
GRADIENT_KEYS = ("gradient", "grad", "dlogits", "dz", "dx", "grads", "dscores")
WEIGHT_KEYS = ("weight", "dweight", "dw", "grad_w", "w", "weights")
MATRICES = ("softmax-jacobian", "hessian")
TRACING_WORDS = (
    "Tracer",
    "Concret",
    "tracer",
    "JAX type",
    "unhashable",
)  # of errors that tracing alone brings
BIAS_KEYS = ("bias", "dbias", "db", "grad_b", "b", "biases")


@dataclass(frozen=True)
class Reply:
    """The answer to one call.

    Parameters
    ----------
    parts : dict of str to ndarray
        "loss", "gradient", "weight", "bias" or "output"; empty where it failed.
    failure : str or None
        What went wrong: an exception, the time limit, or a shape that is none of those allowed.
    timed_out : bool
    written : tuple of str
        The arguments that the call changed.
    printed : str
    single_precision : bool
        True where a part came in less than float64.
    inconclusive : bool
        True where there was less time than a call may take, and it was not enough.
    """

    parts: dict[str, Array] = field(default_factory=dict)
    failure: str | None = None
    timed_out: bool = False
    written: tuple[str, ...] = ()
    printed: str = ""
    single_precision: bool = False
    inconclusive: bool = False


def parts_of_kind(kind: str) -> tuple[str, ...]:
    """Return the names of what a function of this kind returns."""
    return PARTS.get(kind, ("output",))


def ask(subject: Subject, convention: Convention, probe: Probe, seconds: float) -> Reply:
    """Call the function at a probe and take its answer apart."""
    call, written = _called(subject.function, subject, convention, probe, seconds)
    if call.failure is not None:
        hurried = call.timed_out and seconds < LONGEST_CALL
        return Reply({}, call.failure, call.timed_out, written, call.printed, inconclusive=hurried)
    parts, problem = take_apart(convention, call.value, probe)
    single = any(array.dtype.kind == "f" and array.dtype.itemsize < 8 for array in parts.values())
    doubles = {name: np.asarray(array, float) for name, array in parts.items()}
    return Reply(doubles, problem, False, written, call.printed, single)


def call_at(subject: Subject, convention: Convention, probe: Probe, seconds: float) -> Call:
    """Call the function at a probe and return how the call ended."""
    return _called(subject.function, subject, convention, probe, seconds)[0]


def ask_derivative(subject: Subject, convention: Convention, probe: Probe, seconds: float) -> Array | None:
    """Return the derivative of the function's loss by its library's own differentiation; None where there is none."""
    derivative = derivative_of(subject.function, convention.library)
    if derivative is None:
        return None
    call, _ = _called(derivative, subject, convention, probe, seconds)
    if call.failure is not None:
        return None
    found = to_numpy(call.value)
    return None if found is None else np.asarray(found, float).reshape(probe.logits.shape)


def derivative_of(function: Callable[..., Any], library: str) -> Callable[..., Any] | None:
    """Return the derivative, the same one for the same function: compiling it takes long."""
    return _derivative_of(function, library) if _hashable(function) else with_derivative(function, library)


@lru_cache(maxsize=4)
def _derivative_of(function: Callable[..., Any], library: str) -> Callable[..., Any] | None:
    return with_derivative(function, library)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a JAX function compiled as a whole, the same one for the same function; itself where it cannot be."""
    return _compiled(function) if _hashable(function) else function


def _hashable(function: Callable[..., Any]) -> bool:
    try:
        hash(function)
    except Exception:
        return False
    return True


@lru_cache(maxsize=8)
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        return function
    try:
        return sys.modules["jax"].jit(function)
    except TypeError:  # generators and other things that are called and are no function
        return function


def _called(
    function: Callable[..., Any], subject: Subject, convention: Convention, probe: Probe, seconds: float
) -> tuple[Call, tuple[str, ...]]:
    with surroundings(convention.library):
        positional, keyword, place, given = arguments_for(subject, convention, probe)
        if function is not subject.function:
            if place < 0:
                return Call(None, "takes its logits by keyword", False, ""), ()
            function = _logits_first(function, subject.function, place)
            positional = [positional[place], *positional[:place], *positional[place + 1 :]]
        if convention.library == "jax":
            return compiled_call(function, positional, keyword, seconds), ()
        before = list(positional) + list(keyword.values())
        call = call_within(function, positional, keyword, seconds)
        if (
            call.failure is not None
            and "grad" in call.failure
            and convention.library == "torch"
            and place >= 0
        ):
            positional[place].requires_grad_()  # it differentiates by its argument
            call = call_within(function, positional, keyword, seconds)
        return call, _written(before, given)


def compiled_call(
    function: Callable[..., Any], positional: list[Any], keyword: dict[str, Any], seconds: float
) -> Call:
    """Call a JAX function compiled as a whole, where it can be: its operations one by one compile for seconds."""
    call = call_within(compiled(function), positional, keyword, seconds)
    if call.failure is not None and any(word in call.failure for word in TRACING_WORDS):
        return call_within(function, positional, keyword, seconds)
    return call


def _logits_first(
    derivative: Callable[..., Any], function: Callable[..., Any], place: int
) -> Callable[..., Any]:
    """Return the derivative of a function of the logits alone, wherever they stand among its arguments."""
    if place == 0:
        return derivative

    def ordered(logits: Any, *rest: Any, **options: Any) -> Any:
        return function(*rest[:place], logits, *rest[place:], **options)

    made = with_derivative(ordered, _library_of(derivative))
    assert made is not None, "a derivative came from a library that has them"
    return made


def _library_of(derivative: Callable[..., Any]) -> str:
    return "torch" if "torch" in derivative.__qualname__ else "jax"


def _written(after: Iterable[Any], given: dict[str, Array]) -> tuple[str, ...]:
    """Return the roles whose array is no longer what was given."""
    changed = []
    for value, (role, before) in zip(after, given.items(), strict=False):
        now = to_numpy(value)
        if now is None or now.shape != before.shape or not np.array_equal(now, before, equal_nan=True):
            changed.append(role)
    return tuple(changed)


def take_apart(convention: Convention, value: Any, probe: Probe) -> tuple[dict[str, Array], str | None]:
    """Return the parts of what a function returned, or a sentence about why it cannot be one of this kind."""
    wanted = parts_of_kind(convention.kind)
    if hasattr(value, "close") and hasattr(value, "send"):
        return {}, f"returned a {type(value).__name__} instead of numbers"
    if len(wanted) == 1:
        parts, problem = _one_part(wanted[0], value, probe)
        if convention.kind in MATRICES and "output" in parts:
            parts = {"output": _blocks(parts["output"], probe)}
        return parts, problem
    if isinstance(value, dict):
        named = _named_parts(wanted, value)
    elif isinstance(value, list | tuple):
        named = _ordered_parts(wanted, [to_numpy(item) for item in _flat(value)], probe)
    else:
        return {}, f"returned {_shape_told(value)} instead of {' and '.join(wanted)}"
    if named is None:
        return {}, f"returned {_shape_told(value)} instead of {' and '.join(wanted)}"
    return _checked(named, probe)


def _blocks(output: Array, probe: Probe) -> Array:
    """Return a block for each example out of the matrix of a whole batch that is 0 elsewhere."""
    n, k = probe.logits.shape
    if output.shape not in ((n, k, n, k), (n * k, n * k)) or (n == 1 and output.ndim == 2):
        return output
    table = output.reshape(n, k, n, k)
    blocks = table[np.arange(n), :, np.arange(n), :]
    alone = np.isclose(np.abs(table).sum(), np.abs(blocks).sum(), equal_nan=True)
    return blocks if alone else output


def is_number_with_more(value: Any) -> bool:
    """Tell whether a tuple has a number first and further numbers that have nothing to do with rows: loss, accuracy."""
    if not isinstance(value, tuple) or len(value) < 2:
        return False
    arrays = [to_numpy(item) for item in value]
    return all(array is None or array.size == 1 for array in arrays) and arrays[0] is not None


def _flat(value: list[Any] | tuple[Any, ...]) -> Iterable[Any]:
    """Yield the items of a tuple, and those of tuples and dictionaries in it: loss, (dW, db)."""
    for item in value:
        if isinstance(item, tuple) or (
            isinstance(item, list) and any(hasattr(part, "shape") for part in item)
        ):
            yield from item
        elif isinstance(item, dict):
            yield from item.values()
        else:
            yield item


def _one_part(name: str, value: Any, probe: Probe) -> tuple[dict[str, Array], str | None]:
    if is_number_with_more(value) or (isinstance(value, tuple) and len(value) == 1):
        value = value[0]
    array = to_numpy(value)
    if array is None and isinstance(value, list | tuple) and len(value):
        array = to_numpy(value[0])  # a loss with what a later backward pass needs
        if array is not None and name == "gradient" and array.size == 1:
            array = to_numpy(value[-1])
    if array is None:
        return {}, f"returned {_shape_told(value)} instead of numbers"
    return _checked({name: array}, probe)


def _checked(named: dict[str, Array], probe: Probe) -> tuple[dict[str, Array], str | None]:
    loss = named.get("loss")
    if loss is not None:
        if loss.size == 1:
            named["loss"] = loss.reshape(())
        elif loss.shape == (probe.examples, 1):
            named["loss"] = loss[:, 0]
        elif loss.shape not in ((probe.examples,), (probe.classes,)):
            return {}, (
                f"returned a loss of shape {loss.shape} for {probe.examples} examples;"
                " a loss is one number, or one for each example"
            )
    return named, None


def _named_parts(wanted: tuple[str, ...], value: dict[Any, Any]) -> dict[str, Array] | None:
    keys = {"loss": LOSS_KEYS, "gradient": GRADIENT_KEYS, "weight": WEIGHT_KEYS, "bias": BIAS_KEYS}
    lowered = {str(key).lower(): item for key, item in value.items()}
    found: dict[str, Array] = {}
    for part in wanted:
        array = next((to_numpy(lowered[key]) for key in keys[part] if key in lowered), None)
        if array is None:
            return None
        found[part] = array
    return found


def _ordered_parts(
    wanted: tuple[str, ...], items: list[Array | None], probe: Probe
) -> dict[str, Array] | None:
    arrays = [item for item in items if item is not None]
    if len(arrays) < len(wanted):
        return None
    losses = [place for place, array in enumerate(arrays) if _may_be_loss(array, probe)]
    if not losses:
        return None
    place = losses[0] if losses[0] == 0 or wanted[-1] != "bias" else losses[-1]
    rest = [array for index, array in enumerate(arrays) if index != place]
    if wanted == ("loss", "gradient"):
        return {"loss": arrays[place], "gradient": _likeliest_gradient(rest, probe)}
    return {"loss": arrays[place], **_weight_and_bias(rest, probe)}


def _may_be_loss(array: Array, probe: Probe) -> bool:
    return array.size == 1 or array.shape in ((probe.examples,), (probe.examples, 1))


def _likeliest_gradient(arrays: list[Array], probe: Probe) -> Array:
    """Return the first array of the logits' shape that is no table of probabilities."""
    fitting = [array for array in arrays if array.size == probe.size]
    others = [array for array in fitting if not are_probabilities(array)]
    return (others or fitting or arrays)[0]


def _weight_and_bias(arrays: list[Array], probe: Probe) -> dict[str, Array]:
    assert probe.weight is not None, "a linear probe has a weight"
    if len(arrays) == 2 and arrays[0].ndim < arrays[1].ndim and arrays[1].size == probe.weight.size:
        return {"weight": arrays[1], "bias": arrays[0]}
    if len(arrays) > 2:
        weights = [place for place, array in enumerate(arrays) if array.size == probe.weight.size]
        if weights and weights[0] + 1 < len(arrays):
            return {"weight": arrays[weights[0]], "bias": arrays[weights[0] + 1]}
    return {"weight": arrays[0], "bias": arrays[1]}


def are_probabilities(array: Array) -> bool:
    """Tell whether every row could come from a softmax."""
    if array.ndim == 0 or array.size < 2:
        return False
    numbers = np.asarray(array, float)
    return bool(np.all(numbers >= 0) and np.allclose(numbers.sum(axis=-1), 1, atol=1e-5))


def _shape_told(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) <= 6:
        return "(" + ", ".join(_shape_told(item) for item in value) + ")"
    array = to_numpy(value)
    if array is None:
        return "None" if value is None else f"a {type(value).__name__}"
    return "one number" if array.ndim == 0 else f"an array of shape {array.shape}"
