"""The log of a training: one JSON object per line, with the facts of time and host that a model never holds."""

import contextlib
import json
import math
import os
import platform
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from chainrule.errors import ArgumentError, ChainruleWarning, OutputError

STEP_EVERY = 10.0
"""Seconds between lines inside a long epoch."""


class TrainingLog:
    """Appends lines to a file, each whole, inside a ``with`` block; without a path it does nothing.

    Parameters
    ----------
    path : str, path or None
        The file; one that is there is continued.
    call : str
        The function or command to name in messages.

    Raises
    ------
    OutputError
        The file cannot be written to, found out where the block begins.
    ArgumentError
        The file is there and holds something else.

    Notes
    -----
    A line that cannot be written is lost, a warning says so once, and the training goes on.

    Examples
    --------
    >>> with TrainingLog(None, "train") as log:
    ...     log.write("epoch", loss=0.5)
    """

    def __init__(self, path: str | os.PathLike[str] | None, call: str) -> None:
        self._call = call
        self._name = None if path is None else os.fspath(path)
        self._begin = time.monotonic()
        self._next_step = self._begin + STEP_EVERY
        self._failing = False
        self._file: BinaryIO | None = None

    def __enter__(self) -> "TrainingLog":
        if self._name is not None:
            self._file = _opened(self._name, self._call)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()

    @property
    def wanted(self) -> bool:
        """Whether there is a file."""
        return self._file is not None

    @property
    def step_due(self) -> bool:
        """Whether it is time for a line inside an epoch."""
        return self._file is not None and time.monotonic() >= self._next_step

    def write(self, event: str, **values: Any) -> None:
        """Append a line: the event, the time, the seconds since the training began, and values.

        Numbers that are not finite become null.
        """
        if self._file is None:
            return
        now = time.monotonic()
        self._next_step = now + STEP_EVERY
        line = {"event": event, "time": _now(), "seconds": round(now - self._begin, 6)}
        text = json.dumps({**line, **{name: _finite(value) for name, value in values.items()}})
        try:
            self._file.write(f"{text}\n".encode())
        except OSError as error:
            self._tell(error)

    def begin(self, **values: Any) -> None:
        """Append the line that says who trains what, and where."""
        self.write("start", host=platform.node(), process=os.getpid(), **values)

    def _tell(self, error: OSError) -> None:
        if self._failing:
            return
        self._failing = True
        warnings.warn(
            f"{self._call}: the log {self._name!r} could not be written ({error.strerror or error}); "
            "its lines are lost, and the training goes on. Make room.",
            ChainruleWarning,
            stacklevel=2,
        )


def _opened(name: str, call: str) -> BinaryIO:
    """Return a file to append to: unbuffered, so that each line is there at once, and nothing of it in memory."""
    try:
        with Path(name).open("a+b") as there:
            there.seek(0)
            first = there.readline(65536)
            there.seek(-1 if first else 0, os.SEEK_END)
            whole = not first or there.read(1) == b"\n"
        if first and not first.startswith(b'{"event": '):
            raise ArgumentError(
                call,
                f"{name!r} is a log of trainings or a new file",
                "a file of another kind",
                "Name another.",
            )
        file = Path(name).open("ab", buffering=0)  # noqa: SIM115 - closed when the training ends
        if not whole:
            file.write(b"\n")  # the last line was cut short by a kill
    except OSError as error:
        why = f"'{error.strerror or error}'"
        remedy = "Name a file in a folder that exists and can be written to."
        raise OutputError(call, f"{name!r} can be written", why, remedy) from error
    return file


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
