"""Where an array is computed: by its own library, and for NumPy by the compiled kernels or the formulas."""

import functools
import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from chainrule.functions import formulas
from chainrule.kernels import native

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# The class of a library's arrays, and the room that holds the functions for them.
_LIBRARIES = (
    ("torch", "Tensor", "chainrule.functions.pytorch"),
    ("jax", "Array", "chainrule.functions.jax"),
)


def row_kernels() -> Any:
    """Return the compiled module where there is one, else the module of the NumPy formulas."""
    return native() or formulas


def library_of(array: object) -> ModuleType | None:
    """Return the functions made for PyTorch or JAX if the array is theirs; neither is ever imported for it."""
    for library, kind, room in _LIBRARIES:
        arrays = getattr(sys.modules.get(library), kind, None)
        if arrays is not None and isinstance(array, arrays):
            return import_module(room)
    return None


def in_its_own_library(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Give the call to the function of the same name in :func:`library_of` its first argument, where there is one."""
    name = function.__name__
    first = next(iter(inspect.signature(function).parameters))

    @functools.wraps(function)
    def call(*args: Arguments.args, **options: Arguments.kwargs) -> Result:
        array = args[0] if args else options.get(first)
        if type(array) is not np.ndarray and (library := library_of(array)) is not None:
            return getattr(library, name)(*args, **options)
        return function(*args, **options)

    return call
