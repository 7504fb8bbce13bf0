"""Standard output and error that may be closed, full, or read by nobody; loads nothing, so that it is there at once."""

import contextlib
import os
import sys
from typing import TextIO

STDOUT, STDERR = 1, 2


def open_closed_streams() -> None:
    """Open the streams that a shell closed (``>&-``), lest a file that is opened later takes their number.

    A closed stdout is opened for reading alone: writing to it is refused by the system, as it should be. What is said
    on a closed stderr is lost.
    """
    if sys.stdout is None:
        sys.stdout = _opened(STDOUT, os.O_RDONLY)
    if sys.stderr is None:
        sys.stderr = _opened(STDERR, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        # Labels may hold characters that the terminal's encoding has not.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def say(message: str) -> None:
    """Write one message to stderr; those of commands begin with the command already."""
    line = printable(message)
    try:
        sys.stderr.write(f"{line}\n" if line.startswith("chainrule ") else f"chainrule: {line}\n")
        sys.stderr.flush()
    except OSError:  # full or gone: the exit status is all that is left to tell
        point_at_nothing(sys.stderr)


def printable(text: str) -> str:
    """Return text on one line, without the characters that steer a terminal.

    Examples
    --------
    >>> printable("a" + chr(27) + "[2J" + chr(10) + "b")
    'a?[2J?b'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def point_at_nothing(stream: TextIO) -> None:
    """Point a stream that failed at nothing, so that Python's last flush does not fail again."""
    with contextlib.suppress(OSError, ValueError):  # the stream is no file, as under a test
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _opened(number: int, mode: int) -> TextIO:
    """Return a text stream of a number that is not in use."""
    nowhere = os.open(os.devnull, mode)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
    return open(number, "w", encoding="utf-8", closefd=False)
