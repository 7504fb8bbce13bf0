"""What is timed: a function in this process, or a peer in a process of its own."""

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol

import numpy as np

import peers
from frame.block import estimated_seconds, timed_block
from frame.memory import growth_of
from problems import LinearHead, LogisticFit, LossFromLogits, Result, TrainingEpoch, Truth

Problem = LossFromLogits | LinearHead | TrainingEpoch | LogisticFit


class Side(Protocol):
    """Something that takes time."""

    estimate: float  # seconds of a call, roughly

    def block(self, number: int) -> float:
        """Return the mean seconds of ``number`` calls."""
        ...


class LocalSide:
    """A function in this process."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.estimate = estimated_seconds(call)

    def block(self, number: int) -> float:
        """Return the mean seconds of ``number`` calls."""
        return timed_block(self.call, number, self.estimate)


@dataclass(frozen=True)
class Prepared:
    """What is known of a peer before its time counts."""

    failure: str | None  # an exception's last line
    right: bool
    worst_error: float | None  # units of roundoff; None if there is no truth, or something was not finite
    extra_bytes: int | None  # beyond inputs and outputs, at the highest
    version: str
    loss: float | None = None  # what its result says
    held_out: float | None = None  # mean loss of rows that were held back, where the peer tells it


class WorkerSide:
    """A peer in a process of its own."""

    def __init__(self, peer: str) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, peer), daemon=True)
        self._process.start()
        self.estimate = 0.0

    def prepare(self, problem: Problem, truth: Truth | None, memory: bool) -> None:
        """Begin to make the peer ready and to check its result; several sides may do so at a time."""
        with suppress(BrokenPipeError):  # :meth:`prepared` says that the process ended
            self._connection.send(("prepare", problem, truth, memory))

    def prepared(self) -> Prepared | None:
        """Return what :meth:`prepare` came to, None if the peer does not have this problem."""
        try:
            return self._connection.recv()
        except EOFError:
            return _failed("its process ended")

    def measure_estimate(self) -> None:
        """Call it a few times, so that the length of a block is known."""
        self._connection.send(("estimate",))
        self.estimate = self._connection.recv()

    def block(self, number: int) -> float:
        """Return the mean seconds of ``number`` calls."""
        self._connection.send(("block", number))
        return self._connection.recv()

    def stop(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError):
            self._connection.send(("stop",))
        self._process.join()


def limit_threads(n_threads: int) -> None:
    """Let this process, and those it starts, use as many processors; called before the libraries are loaded."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n_threads])
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(n_threads)


def _serve(connection: Connection, peer: str) -> None:
    module = peers.load(peer)
    call: Callable[[], Any] | None = None
    estimate = 0.0
    while (message := connection.recv())[0] != "stop":
        if message[0] == "prepare":
            call = None  # lets go of the arrays of the problem before
            try:
                call, prepared = _prepare(module, *message[1:])
            except Exception:  # a peer that fails is a result, and the others go on
                prepared = _failed(traceback.format_exc().strip().splitlines()[-1])
            connection.send(prepared)
        elif call is not None:
            if message[0] == "estimate":
                estimate = estimated_seconds(call)
            connection.send(estimate if message[0] == "estimate" else timed_block(call, message[1], estimate))


def _prepare(
    module: Any, problem: Problem, truth: Truth | None, memory: bool
) -> tuple[Callable[[], Result] | None, Prepared | None]:
    problem.load()
    if memory and (first := module.prepare(problem.tiny)) is not None:
        first()  # loads libraries and starts threads
    call = module.prepare(problem)
    if call is None:
        return None, None
    result, growth = growth_of(call) if memory else (call(), None)
    right, worst = truth.judge(result) if truth else (True, None)
    extra = None if growth is None else max(0, growth - _new_bytes(result, call))
    loss = float(result[0])
    del result
    worst = worst if worst is not None and isfinite(worst) else None
    held_out = getattr(call, "held_out", None)
    return call, Prepared(None, right, worst, extra, module.version(), loss, held_out)


def _new_bytes(result: Result, call: Callable[[], Result]) -> int:
    """Return the size of the arrays that every call makes anew; those that are reused were there before."""
    arrays, again = ([np.asarray(array) for array in answer[1].values()] for answer in (result, call()))
    return sum(
        array.nbytes for array, new in zip(arrays, again, strict=True) if new.ctypes.data != array.ctypes.data
    )


def _failed(line: str) -> Prepared:
    return Prepared(line, False, None, None, "")
