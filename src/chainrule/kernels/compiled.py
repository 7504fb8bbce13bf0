"""Loads the compiled kernels once, for the instruction set that the environment asks for."""

import os
import warnings
from dataclasses import dataclass
from importlib import import_module
from threading import RLock
from types import ModuleType

from chainrule.errors import ArgumentError, FallbackWarning

VARIABLE = "CHAINRULE_INSTRUCTION_SET"
_NUMPY = "numpy"
_KNOWN = ("avx512", "avx2", "generic", _NUMPY)


@dataclass(frozen=True)
class _Loaded:
    """What the first look for the compiled module found: the module, or the reason why there is none."""

    module: ModuleType | None
    reason: str | None


_lock = RLock()
_found: _Loaded | None = None


def native() -> ModuleType | None:
    """Return the compiled module, typed by ``_native.pyi``, or None where NumPy has to serve.

    The first call loads it, chooses the instruction set and makes it known to threadpoolctl.

    Returns
    -------
    module or None
        None where ``CHAINRULE_INSTRUCTION_SET`` is ``numpy``, or where there is no module that can be loaded.

    Raises
    ------
    ArgumentError
        If ``CHAINRULE_INSTRUCTION_SET`` names an instruction set that is unknown, or that was not compiled or does
        not run on this processor.

    Warns
    -----
    FallbackWarning
        Once, if there is no module that can be loaded: why, and what to do.

    Examples
    --------
    >>> module = native()
    >>> module is None or module.instruction_set() in module.instruction_sets()
    True
    """
    return _load().module


def unavailable_reason() -> str | None:
    """Return why NumPy serves in place of the compiled kernels, or None where it does not.

    Returns
    -------
    str or None
        A clause such as "CHAINRULE_INSTRUCTION_SET is numpy".

    Raises
    ------
    ArgumentError
        As :func:`native`.

    Examples
    --------
    >>> (unavailable_reason() is None) == (native() is not None)
    True
    """
    return _load().reason


def _load() -> _Loaded:
    global _found
    if _found is None:
        with _lock:
            if _found is None:
                _found = _look(os.environ.get(VARIABLE))
                if _found.module is None and _found.reason is not None and not _asked_for_numpy():
                    _warn(_found.reason)
    return _found


def _asked_for_numpy() -> bool:
    return os.environ.get(VARIABLE) == _NUMPY


def _look(wanted: str | None) -> _Loaded:
    if wanted is not None and wanted not in _KNOWN:
        raise _refusal(f"it is one of {', '.join(_KNOWN)}", repr(wanted), "Correct it, or unset it.")
    if wanted == _NUMPY:
        return _Loaded(None, f"{VARIABLE} is {_NUMPY}")
    try:
        module = import_module("chainrule.kernels._native")
    except ImportError as error:
        if wanted is not None:
            remedy = f"Unset it to let NumPy serve, or install compiled kernels ({error})."
            raise _refusal("it needs the compiled kernels", f"{wanted!r} without them", remedy) from error
        return _Loaded(None, f"the compiled kernels could not be loaded ({error})")
    _choose(module, wanted)
    # threadpoolctl is not loaded before there is a pool for it to limit.
    import_module("chainrule.kernels.thread_limits").register(module)
    return _Loaded(module, None)


def _choose(module: ModuleType, wanted: str | None) -> None:
    if wanted is None:
        return
    available = module.instruction_sets()
    if wanted not in available:
        rule = f"it is an instruction set that this installation and processor run ({', '.join(available)})"
        raise _refusal(rule, repr(wanted), "Choose one of those, or unset it.")
    module.use_instruction_set(wanted)


def _refusal(rule: str, came: str, remedy: str) -> ArgumentError:
    return ArgumentError(f"environment variable {VARIABLE}", rule, came, remedy)


def _warn(reason: str) -> None:
    warnings.warn(
        f"chainrule: {reason}; NumPy serves instead, to the same bounds, slower. Reinstall where a C++20 compiler"
        f" is at hand (pip install --force-reinstall --no-binary chainrule chainrule), or set {VARIABLE}={_NUMPY}"
        " to have this without a warning.",
        FallbackWarning,
        stacklevel=4,
    )
