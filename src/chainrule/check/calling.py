"""One call of a person's function, held in: a time limit, captured output, and every way to end it caught."""

import contextlib
import ctypes
import io
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from chainrule.check.budget import LONGEST_CALL

KEPT_OUTPUT = 2_000  # characters of what a function prints
IDLE = 0.3  # the share of processor time below which a call that took too long may have been kept waiting
SECOND_CALL = 1.5  # seconds
ALARM_AGAIN = 0.05  # seconds; a function that catches the first alarm meets another


class _TimeLimitReached(BaseException):
    """Raised inside the function; no Exception, so that ``except Exception`` lets it pass."""


class _Interrupted(BaseException):
    """Ctrl-C came from outside while the function ran."""


@dataclass(frozen=True)
class Call:
    """How one call ended.

    Parameters
    ----------
    value : object
        What the function returned; None where it did not return.
    failure : str or None
        None where it returned; else one sentence without a name: "raised ValueError: ...".
    timed_out : bool
        True where the time limit ended it.
    printed : str
        The beginning of what it wrote to stdout and stderr.
    busy : float
        The seconds of processor time that it took, where the time limit ended it.
    """

    value: Any
    failure: str | None
    timed_out: bool
    printed: str
    busy: float = 0.0


class _Bounded(io.TextIOBase):
    """A text stream that keeps a beginning and drops the rest."""

    def __init__(self) -> None:
        self.kept = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        room = KEPT_OUTPUT - len(self.kept)
        if room > 0:
            self.kept += str(text)[:room]
        return len(text)


def call_within(
    function: Callable[..., Any], arguments: list[Any], options: dict[str, Any], seconds: float
) -> Call:
    """Call the function, and say how it ended.

    Parameters
    ----------
    function : callable
        The person's function.
    arguments, options : list, dict
        Positional and keyword arguments.
    seconds : float
        The time limit. In the main thread an alarm ends the call, elsewhere an asynchronous exception; neither ends a
        loop inside compiled code.

    Returns
    -------
    Call

    Examples
    --------
    >>> call_within(lambda z: z + 1, [1], {}, 1.0).value
    2
    >>> call_within(lambda z: z[0], [1], {}, 1.0).failure
    "raised TypeError: 'int' object is not subscriptable"
    """
    call = _called_once(function, arguments, options, seconds)
    if call.timed_out and call.busy < IDLE * seconds and seconds >= LONGEST_CALL:
        # It slept, or this process was given no time: only a second call tells which.
        call = _called_once(function, arguments, options, SECOND_CALL)
    return call


def _called_once(
    function: Callable[..., Any], arguments: list[Any], options: dict[str, Any], seconds: float
) -> Call:
    stream = _Bounded()
    began = time.process_time()
    try:
        with _contained(stream), _limited(seconds):
            value = function(*arguments, **options)
    except _Interrupted:
        raise KeyboardInterrupt from None
    except _TimeLimitReached:
        busy = time.process_time() - began
        return Call(None, f"did not return within {seconds:.3g} seconds", True, stream.kept, busy)
    except SystemExit as ending:
        return Call(None, f"tried to end the interpreter (SystemExit: {ending.code})", False, stream.kept)
    except BaseException as error:
        return Call(None, _told(error), False, stream.kept)
    if hasattr(value, "close") and hasattr(value, "send"):
        value.close()  # a generator or coroutine is never run
    return Call(value, None, False, stream.kept)


def _told(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    text = text if len(text) <= 200 else text[:199] + "…"
    return f"raised {type(error).__name__}" + (f": {text}" if text else "") + _place(error)


def _place(error: BaseException) -> str:
    """Return the line of the person's file that raised, where there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.endswith(".py") and "chainrule" not in frame.filename]
    if not own or own[0].line is None:
        return ""
    first = own[0]
    return f" (line {first.lineno}: {first.line.strip()[:80]})" if first.line else ""


@contextlib.contextmanager
def _contained(stream: _Bounded) -> Iterator[None]:
    """Keep output, warnings and floating-point settings of the function to itself."""
    with (
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def _limited(seconds: float) -> contextlib.AbstractContextManager[None]:
    if threading.current_thread() is threading.main_thread():
        return _alarm(seconds)
    return _asynchronous_exception(seconds)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise in the main thread after a time; an alarm of the caller's is put back with the time that it had left."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TimeLimitReached

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _Interrupted

    before = signal.signal(signal.SIGALRM, ring)
    interrupt_before = signal.getsignal(signal.SIGINT)
    if callable(interrupt_before):
        signal.signal(signal.SIGINT, interrupt)
    started = time.monotonic()
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, ALARM_AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, interrupt_before)
        if left:
            remaining = max(left - (time.monotonic() - started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, remaining, interval)


@contextlib.contextmanager
def _asynchronous_exception(seconds: float) -> Iterator[None]:
    """Raise in this thread after a time, from another one; signals reach the main thread alone."""
    thread = ctypes.c_ulong(threading.get_ident())
    lock, state = threading.Lock(), {"running": True}

    def ring() -> None:
        with lock:
            if state["running"]:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_TimeLimitReached))

    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            state["running"] = False
        timer.cancel()
