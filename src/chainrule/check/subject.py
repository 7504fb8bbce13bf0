"""The function under judgement: its name, its parameters, and the libraries that it speaks of."""

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

from chainrule.check.options import LEAST_SMOOTHING, PARAMETER_NAMES, REQUIRED_VALUES, TELLING_NAMES, Options

FRAMEWORKS = ("torch", "jax")
TARGET_NAMES = frozenset(
    [
        "y",
        "t",
        "targets",
        "target",
        "labels",
        "label",
        "y_true",
        "ytrue",
        "true",
        "truth",
        "gt",
        "onehot",
        "one_hot",
        "y_onehot",
        "y_one_hot",
        "targets_onehot",
        "class_index",
        "class_indices",
        "classes",
        "idx",
        "index",
        "indices",
        "ground_truth",
        "tgt",
        "trg",
        "lab",
    ]
)
LOGIT_NAMES = frozenset(
    [
        "z",
        "logits",
        "logit",
        "scores",
        "score",
        "x",
        "o",
        "output",
        "outputs",
        "pred",
        "preds",
        "y_pred",
        "ypred",
        "y_hat",
        "yhat",
        "prediction",
        "predictions",
        "a",
        "h",
        "input",
        "inputs",
        "lgt",
        "logit_matrix",
    ]
)
_UPSTREAM = re.compile(
    r"^(g|gy|gp|gout|up.*|grad.*|d[A-Z_].*|dout|dy|dp|ds|dl.*|cotangent|ct|v|delta.*|adj.*|.*bar)$"
)
_OUTPUT = re.compile(
    r"^(p|s|y|o|out.*|prob.*|soft.*|log_?p.*|log_?soft.*|lp|logp|ls|sm|result.*|cache.*|forward.*|probs.*|a)$"
)
LINEAR_ROLES = {
    "features": frozenset(["features", "feature", "x", "xs", "inputs", "input", "data", "x_batch"]),
    "weight": frozenset(["weight", "weights", "w", "theta", "kernel", "matrix"]),
    "bias": frozenset(["bias", "biases", "b", "b0", "intercept"]),
    "targets": TARGET_NAMES,
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function: its name, its default (``inspect.Parameter.empty``), and how it is passed."""

    name: str
    default: Any
    by_keyword: bool

    @property
    def required(self) -> bool:
        """Tell whether it has no default."""
        return self.default is inspect.Parameter.empty


@dataclass(frozen=True)
class Subject:
    """A function, and what can be known of it before it is called.

    Parameters
    ----------
    function : callable
    name : str
    parameters : tuple of Parameter or None
        None where Python cannot tell, as for some compiled functions.
    libraries : tuple of str
        Libraries whose arrays it may want, the likeliest first, of "numpy", "torch", "jax", "list".
    """

    function: Callable[..., Any]
    name: str
    parameters: tuple[Parameter, ...] | None
    libraries: tuple[str, ...]

    @property
    def words(self) -> frozenset[str]:
        """The words of the name, in lower case."""
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()
        return frozenset(re.findall(r"[a-z]+", spaced))

    def arity(self) -> int | None:
        """Return how many arrays it takes: required parameters that are not options; None if unknown."""
        if self.parameters is None:
            return None
        names = [parameter.name for parameter in self.parameters if parameter.required]
        trailing = 0
        while len(names) - trailing > 2 and option_of(names[-1 - trailing]) is not None:
            trailing += 1
        if len(names) == 4 and trailing == 1 and names[-1].lower() in TARGET_NAMES:
            trailing = 0  # features, weight, bias, t
        if len(names) == 2 and len(self.parameters) == 2 and _only_option(names[1]):
            trailing = 1
        count = len(names) - trailing
        if count < 2 and self._second_is_target():
            return 2
        return count

    def _second_is_target(self) -> bool:
        parameters = self.parameters or ()
        return len(parameters) > 1 and parameters[1].name.lower() in TARGET_NAMES - {"t"}

    def option_parameters(self, arity: int) -> dict[str, Parameter]:
        """Return the parameter behind the arrays that takes each option, where there is one."""
        found: dict[str, Parameter] = {}
        for parameter in (self.parameters or ())[arity:]:
            option = option_of(parameter.name)
            if option is not None and option not in found:
                found[option] = parameter
        return found

    def adopted(self, options: Options, arity: int) -> Options:
        """Return the options with what the function promises: defaults that tell, values it cannot do without."""
        values = options.given()
        for option, parameter in self.option_parameters(arity).items():
            if option in values:
                continue
            if parameter.required:
                values[option] = REQUIRED_VALUES[option]
            elif _tells(option, parameter):
                values[option] = parameter.default
        if values.get("label_smoothing") == 0:
            values.pop("label_smoothing")
        if values.get("temperature") == 1:
            values.pop("temperature")
        return Options(**values)

    def unknown_required(self, arity: int) -> list[str]:
        """Return required parameters that nothing is known to give to."""
        arrays = arity if arity in (1, 2, 4) else 2
        known = {parameter.name for parameter in self.option_parameters(arrays).values()}
        rest = (self.parameters or ())[arrays:]
        return [parameter.name for parameter in rest if parameter.required and parameter.name not in known]

    def array_names(self, arity: int) -> list[str]:
        """Return the names of the first parameters, in lower case; as they stand for the upstream's d."""
        return [parameter.name for parameter in (self.parameters or ())[:arity]]


def subject_of(function: Callable[..., Any]) -> Subject:
    """Look at a function without calling it."""
    name = getattr(function, "__name__", None) or getattr(
        getattr(function, "func", None), "__name__", type(function).__name__
    )
    return Subject(function, str(name), _parameters(function), _libraries(function))


def option_of(name: str) -> str | None:
    """Return the option that a parameter of this name takes.

    Examples
    --------
    >>> option_of("tau"), option_of("reg"), option_of("logits")
    ('temperature', 'alpha', None)
    """
    lowered = name.lower()
    return next((option for option, names in PARAMETER_NAMES.items() if lowered in names), None)


def looks_like_upstream(name: str) -> bool:
    """Tell whether a name is one that people give to the derivative that comes from above."""
    return bool(_UPSTREAM.match(name))


def looks_like_output(name: str) -> bool:
    """Tell whether a name is one that people give to an output of the softmax."""
    return bool(_OUTPUT.match(name.lower()))


def _tells(option: str, parameter: Parameter) -> bool:
    """Tell whether a default is part of what the function promises."""
    if parameter.name.lower() not in TELLING_NAMES[option] or not _is_number(parameter.default):
        return False
    return option != "label_smoothing" or parameter.default >= LEAST_SMOOTHING


def _only_option(name: str) -> bool:
    return option_of(name) is not None and name.lower() not in TARGET_NAMES


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _parameters(function: Callable[..., Any]) -> tuple[Parameter, ...] | None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    found: list[Parameter] = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            if parameter.kind is parameter.VAR_POSITIONAL and not found:
                return None
            continue
        found.append(Parameter(parameter.name, parameter.default, parameter.kind is parameter.KEYWORD_ONLY))
    return tuple(found)


def _libraries(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the libraries in the order of trial; a framework only where it is loaded already."""
    named = [name for name in FRAMEWORKS if name in sys.modules and name in set(_named_roots(function))]
    loaded = [name for name in FRAMEWORKS if name in sys.modules and name not in named]
    return (*named, "numpy", *loaded, "list")


def _named_roots(function: Callable[..., Any]) -> Iterator[str]:
    """Yield the root modules of everything that the function, or a function it calls by name, speaks of."""
    yield _root(type(function))
    seen: set[int] = set()
    waiting = [function]
    while waiting and len(seen) < 60:
        current = _unwrapped(waiting.pop())
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield _root(current)
        for value in _spoken_of(current):
            yield _root(value)
            if callable(value) and _root(value) == _root(function):
                waiting.append(value)


def _unwrapped(function: Any) -> Any:
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function) if callable(function) else function
    if inspect.isfunction(function) or inspect.ismethod(function) or isinstance(function, type):
        return function
    call = vars(type(function)).get("__call__")
    return call if inspect.isfunction(call) else function


def _spoken_of(function: Any) -> Iterator[Any]:
    if isinstance(function, type):
        yield from (base for base in function.__mro__[1:-1])
        yield from (value for value in vars(function).values() if inspect.isfunction(value))
        return
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return
    names = getattr(function, "__globals__", {})
    for name in _names_in(code):
        if name in names:
            yield names[name]
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)


def _root(value: Any) -> str:
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    if not isinstance(module, str):
        module = getattr(type(value), "__module__", "")
    return str(module).split(".")[0].replace("jaxlib", "jax")
