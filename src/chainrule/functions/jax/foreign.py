"""The compiled kernels through XLA's foreign function interface, where they were built; or the reason why not."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

import jax

from chainrule.kernels import native, thread_count, unavailable_reason

_ALL_THREADS = 2**31 - 1


@dataclass(frozen=True)
class Path:
    """How rows are computed: by the kernels (on a CPU), with at most so many threads, or by the formulas."""

    compiled: bool
    n_threads: int = _ALL_THREADS


FORMULAS = Path(False)


def path() -> Literal["compiled kernels", "jax.numpy formulas"]:
    """Return what computes JAX arrays on a CPU; on other devices it is the formulas.

    Returns
    -------
    "compiled kernels" or "jax.numpy formulas"
        :func:`formulas_reason` says why it is the formulas.

    Raises
    ------
    ArgumentError
        If the environment variable ``CHAINRULE_INSTRUCTION_SET`` asks for kernels that are not there.

    Examples
    --------
    >>> path() == "compiled kernels" or formulas_reason() is not None
    True
    """
    return "compiled kernels" if formulas_reason() is None else "jax.numpy formulas"


def formulas_reason() -> str | None:
    """Return why the formulas serve in place of the compiled kernels, or None where they do not.

    Returns
    -------
    str or None
        A clause such as "CHAINRULE_INSTRUCTION_SET is numpy".

    Raises
    ------
    ArgumentError
        As :func:`path`.

    Examples
    --------
    >>> (formulas_reason() is None) == (path() == "compiled kernels")
    True
    """
    if native() is None:
        return unavailable_reason()
    return _registered().reason


def path_of_call(n_threads: int | None) -> Path:
    """Return the path of a call, with its number of threads checked."""
    if n_threads is not None:
        thread_count(n_threads)
    if formulas_reason() is not None:
        return FORMULAS
    return Path(True) if n_threads is None else Path(True, min(int(n_threads), _ALL_THREADS))


def call_kernel(target: str, results: Any, arguments: list[jax.Array], **attributes: Any) -> Any:
    """Call a registered kernel; leading axes that ``vmap`` adds become a batch of problems."""
    kernel: Any = jax.ffi.ffi_call(target, results, vmap_method="broadcast_all")
    return kernel(*arguments, **attributes)


@dataclass(frozen=True)
class _Registration:
    reason: str | None


@cache
def _registered() -> _Registration:
    """Register the handlers, once for each process."""
    module = _handlers_module()
    if isinstance(module, str):
        return _Registration(module)
    for target, handler in module.handlers().items():
        jax.ffi.register_ffi_target(target, handler, platform="cpu")
    return _Registration(None)


def _handlers_module() -> ModuleType | str:
    try:
        return import_module("chainrule.kernels._xla")
    except ImportError as error:
        return f"the kernels for JAX were not built, JAX being absent at the time ({error})"
