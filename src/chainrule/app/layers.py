"""Hidden layers and their activations, as they are written on a command line: 256,128 and tanh,relu."""

import reprlib

from chainrule.errors import ArgumentError

CALL = "chainrule train"
MOST_UNITS = 1_000_000


def hidden_units(text: str) -> tuple[int, ...]:
    """Return the numbers of a list such as 256,128.

    Examples
    --------
    >>> hidden_units("256,128"), hidden_units("")
    ((256, 128), ())
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdigit() and part.strip("0") for part in parts):
        raise ArgumentError(
            CALL,
            "--hidden lists positive integers, as 256,128",
            reprlib.repr(text),
            "Leave it out for no hidden layer.",
        )
    # Counted first: Python refuses to convert thousands of digits.
    numbers = [part.lstrip("0") for part in parts]
    if not all(len(part) <= len(str(MOST_UNITS)) and int(part) <= MOST_UNITS for part in numbers):
        raise ArgumentError(
            CALL, f"--hidden has layers of at most {MOST_UNITS:,} units", reprlib.repr(text), "Use fewer."
        )
    return tuple(map(int, numbers))


def activations(text: str) -> str | tuple[str, ...]:
    """Return the name of one activation for all layers, or one for each as tanh,relu.

    Examples
    --------
    >>> activations("tanh"), activations("tanh, relu")
    ('tanh', ('tanh', 'relu'))
    """
    names = tuple(name.strip() for name in text.split(","))
    return names if len(names) > 1 else names[0]
