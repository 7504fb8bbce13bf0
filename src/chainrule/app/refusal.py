"""How a command ends that cannot do what it was asked: one message on stderr and an exit status, no traceback."""

import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TextIO

import typer

from chainrule.errors import ChainruleError, ChainruleWarning

BAD_INPUT = 2
INTERRUPTED = 130  # 128 + SIGINT, as a shell has it
READER_GONE = 141  # 128 + SIGPIPE

Parameters = ParamSpec("Parameters")


def reports_refusals(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Return a command that reports what it refuses on stderr and exits with the status that goes with it."""

    @functools.wraps(command)
    def reporting(*arguments: Parameters.args, **options: Parameters.kwargs) -> None:
        try:
            with warnings_on_stderr():
                command(*arguments, **options)
            sys.stdout.flush()
        except ChainruleError as error:
            refuse(str(error))
        except BrokenPipeError:
            close_stdout()
            raise typer.Exit(READER_GONE) from None
        except OSError as error:
            close_stdout()
            name = f" {error.filename!r}" if error.filename else ""
            refuse(f"the system refused{name}: {error.strerror or error}.")
        except MemoryError:
            refuse("there is not enough memory; use fewer rows, columns or hidden units.")
        except KeyboardInterrupt:
            say("interrupted; nothing was written.")
            raise typer.Exit(INTERRUPTED) from None

    return reporting


def refuse(message: str) -> None:
    """Say why on stderr and exit with the status of bad input."""
    say(message)
    raise typer.Exit(BAD_INPUT)


def say(message: str) -> None:
    """Write one message to stderr; those of commands begin with the command already."""
    sys.stderr.write(f"{message}\n" if message.startswith("chainrule ") else f"chainrule: {message}\n")


@contextmanager
def warnings_on_stderr() -> Iterator[None]:
    """Show each of chainrule's warnings once, as a sentence; those of libraries do not concern the reader."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,  # noqa: ARG001 - the signature is Python's
        lineno: int,  # noqa: ARG001
        file: TextIO | None = None,  # noqa: ARG001
        line: str | None = None,  # noqa: ARG001
    ) -> None:
        if issubclass(category, ChainruleWarning):
            say(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = show
        yield


def close_stdout() -> None:
    """Point stdout at nothing, so that Python's last flush does not fail again on a pipe without reader."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # stdout is no file, as under a test
        return
