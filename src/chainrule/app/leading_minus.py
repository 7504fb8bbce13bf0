"""Formulas on the command line: ``-ln(O_c)`` begins with a minus sign and is no option."""

from collections.abc import Sequence
from typing import Any

SEPARATOR = "--"
"""Behind it nothing is an option."""
COMMANDS = ("check", "derive")
"""The commands whose argument may begin with a minus sign; their options are words, save -h."""


def formulas_apart(arguments: Sequence[str], subcommands: dict[str, Any]) -> list[str]:
    """Return a command line with what begins with one minus sign behind ``--``; options keep their values.

    Parameters
    ----------
    arguments : sequence of str
        The command line without the program.
    subcommands : dict
        Typer's commands by name.

    Returns
    -------
    list of str
        The same arguments; those of other commands as they are.

    Examples
    --------
    >>> formulas_apart(["train", "-x"], {})
    ['train', '-x']
    """
    if not arguments or arguments[0] not in COMMANDS or arguments[0] not in subcommands:
        return list(arguments)
    valued = _options_with_values(subcommands[arguments[0]])
    kept, apart = [arguments[0]], list[str]()
    for place, argument in enumerate(arguments[1:], 1):
        if argument == SEPARATOR:
            return [*kept, SEPARATOR, *apart, *arguments[place + 1 :]]
        is_value = arguments[place - 1] in valued
        (kept if is_value or not _is_formula(argument) else apart).append(argument)
    return [*kept, SEPARATOR, *apart] if apart else kept


def _is_formula(argument: str) -> bool:
    return len(argument) > 1 and argument.startswith("-") and argument[1] != "-" and argument != "-h"


def _options_with_values(command: Any) -> frozenset[str]:
    named = [option for option in command.params if not getattr(option, "is_flag", True)]
    return frozenset(name for option in named for name in option.opts if name.startswith(SEPARATOR))
