"""A stretch of code in which the linear-algebra libraries run on one thread, so that bits do not depend on theirs."""

import functools
import importlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import threadpoolctl

# The limits belong to the process. Fits that overlap in several Python threads share them: who comes first sets one,
# who comes later adds one if libraries have been loaded since, and the last lifts them all, else the one that leaves
# later would restore a limit of one for ever.
_lock = threading.RLock()
_users: list[int] = []  # the thread of every block that is open
_limits: list[Any] = []


@contextmanager
def one_blas_thread(*modules: str) -> Iterator[None]:
    """Limit BLAS and LAPACK to one thread inside the ``with`` block; blocks may nest and overlap.

    Parameters
    ----------
    *modules : str
        Modules that bring linear-algebra libraries and are used inside; they are loaded first, for the limit reaches
        no library that is loaded later.

    Notes
    -----
    A process that is forked meanwhile keeps the blocks of the thread that forked; if it has none, it has its threads
    back.

    Examples
    --------
    >>> with one_blas_thread():
    ...     pass
    """
    _enter(modules)
    try:
        yield
    finally:
        _leave()


def _enter(modules: tuple[str, ...]) -> None:
    with _lock:
        for module in modules:
            importlib.import_module(module)
        blas = _controller(frozenset(sys.modules)).select(user_api="blas")
        if any(library["num_threads"] != 1 for library in blas.info()):
            _release_control()
            _limits.append(blas.limit(limits=1))
        _users.append(threading.get_ident())


@functools.lru_cache(maxsize=1)
def _controller(modules: frozenset[str]) -> Any:
    """Return the libraries of the process: looked for anew, which takes milliseconds, if modules have come or gone."""
    del modules
    return threadpoolctl.ThreadpoolController()


def _leave() -> None:
    with _lock:
        _users.remove(threading.get_ident())
        if not _users:
            _lift()


def _lift() -> None:
    while _limits:
        _release_control()
        _limits.pop().restore_original_limits()
    _release_control()


def _release_control() -> None:
    """Let this thread set OpenBLAS's limit, and the next one after it.

    In recent versions of threadpoolctl the first thread that sets the limit owns it for as long as it lives, and
    calls of all others do nothing: a fit in a second thread would run unlimited, and the last fit to end could not
    lift the limit.
    """
    release = getattr(threadpoolctl.OpenBLASController, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)


def _before_fork() -> None:
    """Wait until no other thread is inside threadpoolctl, whose locks the child would inherit for ever."""
    _lock.acquire()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork_in_child() -> None:
    """Forget the blocks of threads that are not in this process."""
    global _lock
    _lock = threading.RLock()
    _users[:] = [user for user in _users if user == threading.get_ident()]
    if not _users:
        _lift()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )
