"""The command line: ``chainrule COMMAND``."""

import sys
from typing import Annotated

import typer

from chainrule.app.evaluate import evaluate
from chainrule.app.predict import predict
from chainrule.app.refusal import INTERRUPTED, reports_refusals, say
from chainrule.app.train import train

app = typer.Typer(
    name="chainrule",
    help="Softmax networks with nothing hidden: train, predict and evaluate on tables.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(reports_refusals(train))
app.command()(reports_refusals(predict))
app.command()(reports_refusals(evaluate))


def print_version(wanted: bool) -> None:
    """Print the version and exit, if that was asked."""
    if wanted:
        from chainrule import __version__

        sys.stdout.write(f"chainrule {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Softmax networks with nothing hidden: train, predict and evaluate on tables."""


def run() -> None:
    """Run the command line; the entry point of ``chainrule``."""
    for stream in (sys.stdout, sys.stderr):
        # Labels may hold characters that the terminal's encoding has not.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except KeyboardInterrupt:  # before a command began
        say("interrupted; nothing was written.")
        sys.exit(INTERRUPTED)
