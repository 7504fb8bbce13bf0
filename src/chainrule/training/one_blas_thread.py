"""A stretch of code in which the linear-algebra libraries run on one thread, so that bits do not depend on theirs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import threadpoolctl

# The limit belongs to the process. Fits that overlap in several Python threads share one limit: the first sets it and
# the last lifts it, else the one that leaves later would restore a limit of one for ever.
_lock = threading.Lock()
_users = 0
_limit: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS and LAPACK to one thread inside the ``with`` block; blocks may nest and overlap.

    Examples
    --------
    >>> with one_blas_thread():
    ...     pass
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users, _limit
    with _lock:
        if _users == 0:
            _release_control()
            _limit = threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        _users += 1


def _leave() -> None:
    global _users, _limit
    with _lock:
        _users -= 1
        if _users == 0:
            _release_control()
            _limit.restore_original_limits()
            _limit = None
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
