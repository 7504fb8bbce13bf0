"""What is printed for people: consoles, tables, and numbers in words."""

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table

from chainrule.app.standard_streams import printable

LABEL_WIDTH = 30
LEAST_WIDTH = 40  # on a terminal that says it has no columns at all nothing would be seen


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: labels and names in square brackets are no markup here."""
    screen = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    screen.width = max(screen.width, LEAST_WIDTH)
    return screen


def show(*parts: RenderableType) -> None:
    """Print parts below each other on stdout; rich itself would answer a pipe without reader with exit status 1."""
    screen = console()
    with screen.capture() as captured:
        for part in parts:
            screen.print(part)
    sys.stdout.write(captured.get())


def plain_table(*columns: str, numbers: int = 0) -> Table:
    """Return an empty table whose last ``numbers`` columns are right-aligned."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        table.add_column(
            column, justify="right" if place >= len(columns) - numbers else "left", overflow="fold"
        )
    return table


def label_text(label: object) -> str:
    """Return a label for a cell: on one line, cut at ``LABEL_WIDTH``, without characters that steer a terminal.

    Examples
    --------
    >>> label_text("a" + chr(27) + "[2J"), label_text(3)
    ('a?[2J', '3')
    """
    text = printable(str(label))
    return text if len(text) <= LABEL_WIDTH else text[: LABEL_WIDTH - 1] + "…"


def percent(share: float) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.98765)
    '98.77 %'
    """
    return f"{100.0 * share:.2f} %"


def loss_text(loss: float) -> str:
    """Return a loss with four significant digits.

    Examples
    --------
    >>> loss_text(0.068512), loss_text(1.0)
    ('0.06851', '1')
    """
    return f"{loss:.4g}"


def duration_text(seconds: float) -> str:
    """Return a time in the unit that suits it.

    Examples
    --------
    >>> duration_text(0.2345), duration_text(61.2), duration_text(7322)
    ('0.23 s', '1 min 1 s', '2 h 2 min')
    """
    if seconds < 60:
        return f"{seconds:.2f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    return f"{int(seconds) // 3600} h {int(seconds) % 3600 // 60} min"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "class", "classes"), counted(1797, "example")
    ('1 class', '1,797 examples')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
