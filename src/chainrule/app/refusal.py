"""What a command says that cannot do what it was asked: the errors and warnings of the package in words of options."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

import typer

from chainrule.app.exit_status import ExitStatus
from chainrule.app.standard_streams import say
from chainrule.errors import (
    ArgumentError,
    ArgumentTypeError,
    ChainruleError,
    ChainruleWarning,
    InsufficientMemoryError,
)

OPTIONS = {
    "alpha": "--alpha",
    "activation": "--activation",
    "batch_size": "--batch-size",
    "a seed": "--seed",
    "class_weight": "--class-weight",
    "hidden": "--hidden",
    "layer_sizes": "--hidden",
    "label_smoothing": "--label-smoothing",
    "learning_rate": "--learning-rate",
    "log_base": "--log-base",
    "max_epochs": "--max-epochs",
    "n_threads": "--threads",
    "patience": "--patience",
    "random_state": "--seed",
    "solver": "--solver",
    "test_fraction": "--test",
    "validation_fraction": "--validation",
}
"""What is called otherwise on the command line than in Python."""
ARGUMENT = re.compile(r"(?<![\w'\"-])(" + "|".join(OPTIONS) + r")(?![\w'\"-])")
AT_FIRST = re.compile(r"^(" + "|".join(OPTIONS) + r")(?= (?:is|are|has|lies|goes|together)\b)")
IN_PYTHON = re.compile(r",? or (?:None|'auto')(?: [^.;]*)?|^Pass None [^.]*\.$")


def refusal_text(error: ChainruleError, command: str) -> str:
    """Return an error's message with the options' names instead of the arguments'.

    Errors of the functions that a command calls name the command. Only words with an underscore are replaced wherever
    they stand; "solver" is an argument at the beginning alone.

    Examples
    --------
    >>> error = ArgumentError("train", "max_epochs is an integer", "-1", "Pass 1, or 'auto'.")
    >>> print(refusal_text(error, "chainrule train"))
    chainrule train: --max-epochs is an integer; got -1. Pass 1.
    """
    if not isinstance(error, ArgumentError | ArgumentTypeError | InsufficientMemoryError):
        return str(error)
    remedy = IN_PYTHON.sub("", in_options(error.remedy)) or "Leave it out."
    return f"{command}: {in_options(error.rule)}; got {error.came}. {remedy}"


def in_options(text: str) -> str:
    """Return text in which arguments have the names of their options.

    Examples
    --------
    >>> in_options("solver is known"), in_options("a solver with learning_rate")
    ('--solver is known', 'a solver with --learning-rate')
    """
    first = AT_FIRST.sub(lambda found: OPTIONS[found[1]], text)
    return ARGUMENT.sub(lambda found: OPTIONS[found[1]] if "_" in found[1] else found[1], first)


def refuse(message: str) -> NoReturn:
    """Say why on stderr and exit with the status of bad input."""
    say(message)
    raise typer.Exit(ExitStatus.BAD_INPUT)


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
