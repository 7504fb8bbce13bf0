"""``chainrule why MODEL DATA --row R --of QUANTITY``: one number of one example, three times over."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from chainrule._types import Array
    from chainrule.data import Table
    from chainrule.estimators import Model, RawRows
    from chainrule.explain import Explanation

CALL = "chainrule why"
FORMATS = ("text", "latex", "html", "json")


def why(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Rows as in training, with their target: a file, a folder or pattern, or a set.",
        ),
    ],
    row: Annotated[
        int, typer.Option("--row", metavar="R", help="Which row of the data, counted from 0.")
    ] = 0,
    of: Annotated[
        str,
        typer.Option(
            "--of",
            metavar="QUANTITY",
            help="Such as dE/dZ_3, dE/dZ_k, dE/dO_k, dE/dW2[3,1], dE/db1[0], dE/dA1[4], dE/dX[5], d2E/dZ_k dZ_j, E: "
            "subscripts count from 1, brackets from 0, c is the true class.",
        ),
    ] = "dE/dZ_k",
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="COLUMN", help="The target, if it is not called as in training."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--class", metavar="NAME", help="Take this class for the target, whatever the row's is."
        ),
    ] = None,
    brief: Annotated[bool, typer.Option("--brief", help="Show the numbers without the steps.")] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, latex, html (a whole page) or json.")
    ] = "text",
) -> None:
    """Explain a gradient of one example: derivation, backward pass, and central difference side by side."""
    from chainrule.app.exit_status import ExitStatus
    from chainrule.app.standard_streams import printable
    from chainrule.errors import ArgumentError
    from chainrule.estimators import Model
    from chainrule.explain import explain

    if form not in FORMATS:
        raise ArgumentError(CALL, f"--format is one of {', '.join(FORMATS)}", repr(form), "Choose one.")
    loaded = Model.load(model, call=CALL)
    asked = asked_row(loaded, data, row, target, label)
    classes = [printable(str(name)) for name in loaded.classes]
    found = explain(
        loaded.network, asked.features, asked.index, of, classes=classes, features=asked.names, call=CALL
    )
    print_explanation(found, asked.words, form, brief=brief)
    if not found.agrees:
        raise typer.Exit(ExitStatus.WRONG)


@dataclass(frozen=True, eq=False)
class AskedRow:
    """A row as the network sees it: its encoded features and their names, its class index, and where it stands."""

    features: "Array"
    names: list[str]
    index: int
    words: str


def asked_row(model: "Model", data: str, row: int, target: str | None, label: str | None) -> AskedRow:
    """Read one row of some data.

    Raises
    ------
    ArgumentError
        If there is no such row or class.
    DataError
        If the data do not fit the model, or say nothing of the row's class where none is named.
    """
    from chainrule.app.standard_streams import printable
    from chainrule.data import Table
    from chainrule.errors import ArgumentError
    from chainrule.estimators import open_rows

    rows = open_rows(model, data, target, call=CALL)
    if not 0 <= row < rows.n_rows:
        there = f"0 to {rows.n_rows - 1:,}" if rows.n_rows else "none, for there are no rows"
        raise ArgumentError(
            CALL, f"--row is a row of {rows.source}, {there}", f"{row}", "Name one that is there."
        )
    table = Table(rows.read(row, 1, None, CALL), rows.target, rows.source)
    index = class_named(model, label) if label is not None else class_of(model, rows, table, row)
    features = model.encode(table, call=CALL)
    dense = features.toarray() if hasattr(features, "toarray") else features
    words = f"Row {row:,} of {printable(rows.source)}"
    if label is not None:
        words += f", as if its class were {printable(label)!r}"
    return AskedRow(dense[0], feature_names(model, table), index, words)


def class_of(model: "Model", rows: "RawRows", table: "Table", row: int) -> int:
    """Return the class index of the row that was read."""
    from chainrule.data import class_indices
    from chainrule.errors import DataError

    if rows.target is None:
        came = (
            f"no column {model.target!r} in {rows.source}" if model.target else "a model that names no target"
        )
        remedy = "Name the column with --target, or a class with --class."
        raise DataError(CALL, "E compares the outputs with a target, which every row needs", came, remedy)
    column = table.frame[rows.target]
    return int(class_indices(column, list(model.classes), source=rows.source, call=CALL, first=row)[0])


def class_named(model: "Model", label: str) -> int:
    """Return the index of the class of a name.

    Raises
    ------
    ArgumentError
        If the model has no such class.
    """
    from chainrule.errors import ArgumentError

    names = [str(name) for name in model.classes]
    if label not in names:
        shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
        raise ArgumentError(
            CALL, f"--class is a class of the model: {shown}", repr(label), "Name one of them."
        )
    return names.index(label)


def feature_names(model: "Model", table: "Table") -> list[str]:
    """Return what each encoded feature is called, on one line."""
    from chainrule.app.standard_streams import printable

    names: Any = table.features.columns if model.encoder is None else model.encoder.feature_names
    return [printable(str(name)) for name in names]


def print_explanation(found: "Explanation", words: str, form: str, *, brief: bool) -> None:
    """Print an explanation in one of FORMATS."""
    match form:
        case "latex":
            sys.stdout.write(f"% {words}\n{found.latex(brief=brief)}\n")
        case "html":
            sys.stdout.write(explanation_page(found, words, brief=brief))
        case "json":
            sys.stdout.write(f"{found.to_json()}\n")
        case _:
            print_text(found, words, brief=brief)


def print_text(found: "Explanation", words: str, *, brief: bool) -> None:
    """Print an explanation as text: wrapped and in colours on a terminal, plain and unwrapped elsewhere."""
    from chainrule.app.derive import STYLES
    from chainrule.app.terminal import console, show
    from chainrule.explain import explanation_lines

    if not sys.stdout.isatty():
        sys.stdout.write(f"{words}\n\n{found.text(brief=brief)}\n")
        return
    from rich.text import Text

    lines = explanation_lines(found, brief=brief, width=console().width)
    show(
        Text(words, style="dim"),
        "",
        *(Text(line.text, style=style_of(line.kind, line.text, STYLES)) for line in lines),
    )


def style_of(kind: str, text: str, styles: dict[str, str]) -> str:
    """Return how a line looks on a terminal: a disagreement stands out.

    Examples
    --------
    >>> style_of("rule", "rule: chain rule", {"rule": "cyan"})
    'cyan'
    """
    return "bold red" if text.strip().startswith("DISAGREEMENT") else styles[kind]


def explanation_page(found: "Explanation", words: str, *, brief: bool) -> str:
    """Return an explanation as a whole HTML page."""
    from chainrule.report import document_html

    return document_html(
        eyebrow=CALL, heading=found.quantity, lead=f"{words}.", body=found.html(brief=brief, heading_level=2)
    )
