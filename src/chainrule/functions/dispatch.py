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


def row_kernels() -> Any:
    """Return the compiled module where there is one, else the module of the NumPy formulas."""
    return native() or formulas


def library_of(array: object) -> ModuleType | None:
    """Return the functions made for PyTorch or JAX if the array is theirs; neither is ever imported for it."""
    if _is_of("torch", "Tensor", array):
        # A statement, not import_module: torch.compile follows statements alone.
        from chainrule.functions import pytorch

        return pytorch
    if _is_of("jax", "Array", array):
        return import_module("chainrule.functions.jax")
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


def _is_of(library: str, kind: str, array: object) -> bool:
    arrays = getattr(sys.modules.get(library), kind, None)
    return arrays is not None and isinstance(array, arrays)
