"""The commands and options of ``chainrule``, and how each way to end becomes an exit status."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.main import get_command

from chainrule.app.check import check
from chainrule.app.derive import derive
from chainrule.app.evaluate import evaluate
from chainrule.app.exit_status import ExitStatus
from chainrule.app.export import export
from chainrule.app.inspection import inspect_model
from chainrule.app.leading_minus import formulas_apart
from chainrule.app.predict import predict
from chainrule.app.refusal import refusal_text, warnings_on_stderr
from chainrule.app.report import report
from chainrule.app.standard_streams import point_at_nothing, say
from chainrule.app.train import train
from chainrule.app.why import why
from chainrule.errors import ChainruleError

PROGRAM = "chainrule"
UsageError: Any = typer.BadParameter.__mro__[1]
"""What is wrong with a command line; some versions of typer have no other public name for it."""

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    help="Softmax networks with nothing hidden: train, predict, evaluate and report; derive and check gradients.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(predict)
app.command()(evaluate)
app.command()(report)
app.command("inspect")(inspect_model)
app.command()(export)
app.command()(derive)
app.command()(check)
app.command()(why)


def print_version(wanted: bool) -> None:
    """Print the version and exit, if that was asked."""
    if wanted:
        from chainrule import __version__

        sys.stdout.write(f"{PROGRAM} {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Softmax networks with nothing hidden: train, predict, evaluate and report; derive and check gradients."""


def main(arguments: Sequence[str]) -> int:
    """Do what a command line asks and return the exit status; say on stderr, once, why it cannot be done."""
    try:
        status = run_command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        point_at_nothing(sys.stdout)
        return ExitStatus.READER_GONE
    except KeyboardInterrupt:
        say("interrupted; nothing was written.")
        return ExitStatus.INTERRUPTED
    except ChainruleError as error:
        say(refusal_text(error, " ".join([PROGRAM, *arguments[:1]])))
    except OSError as error:
        point_at_nothing(sys.stdout)
        name = f" {error.filename!r}" if error.filename else ""
        say(f"the system refused{name}: {error.strerror or error}.")
    except MemoryError:
        say("there is not enough memory; use fewer rows, columns or hidden units.")
    else:
        return status
    return ExitStatus.BAD_INPUT


def run_command(arguments: Sequence[str]) -> int:
    """Parse a command line and run its command; typer's own ``main`` would answer a pipe without reader with 1."""
    command: Any = get_command(app)
    arguments = formulas_apart(arguments, command.commands)
    try:
        with warnings_on_stderr(), command.make_context(PROGRAM, list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except UsageError as error:
        if arguments:
            say_usage(error)
        else:
            error.show()  # all of the help
        return ExitStatus.BAD_INPUT
    return ExitStatus.DONE


def say_usage(error: Any) -> None:
    """Say what is wrong with a command line, in one line that begins with the command."""
    where = PROGRAM if error.ctx is None else error.ctx.command_path
    say(f"{'' if where == PROGRAM else where + ': '}{error.format_message()}")
