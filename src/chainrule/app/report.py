"""``chainrule report MODEL [DATA]``: one HTML page on a model, its training, and how well it does."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from chainrule.estimators import Model, PreparedStream, PreparedTable
    from chainrule.report import Report

CALL = "chainrule report"
ENDINGS = (".html", ".htm")
MOST_ROWS = 100_000
"""Of a table on the disk so many held-out rows are looked at: their accuracy is known to a third of a percent."""


def report(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="Rows with their target, to judge the model by; as evaluate takes them."
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="COLUMN", help="The target, if it is not called as in training."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A .html file; MODEL's name.html if left out."),
    ] = None,
) -> None:
    """Write a page on how a model was trained and how well it does."""
    from chainrule.app.report_values import report_of_model
    from chainrule.app.standard_streams import printable
    from chainrule.errors import ArgumentError
    from chainrule.estimators import Model

    path = Path(f"{Path(model).stem}.html") if output is None else output
    require_report_file(path, (model,) if data is None else (model, data), "--output", CALL)
    if data is None and target is not None:
        raise ArgumentError(
            CALL, "--target goes with DATA", "--target alone", "Name the data, or leave it out."
        )
    loaded = Model.load(model, call=CALL)
    name = Path(model).name
    found = report_of_model(loaded, name) if data is None else report_of_data(loaded, name, data, target)
    write_report(found, path, CALL)
    sys.stdout.write(f"Report: {printable(str(path))}\n")


def report_of_data(model: "Model", name: str, data: str, target: str | None) -> "Report":
    """Return the report of a model on all rows of some data."""
    import numpy as np

    from chainrule.app.judged_table import read_judged
    from chainrule.app.report_values import report_of_rows

    table, targets = read_judged(model, data, target, CALL)
    rows = np.arange(len(targets), dtype=np.int64)
    return report_of_rows(model, name, table, targets, rows, f"rows of {table.source}", CALL)


def report_of_training(
    model: "Model", name: str, data: str, prepared: "PreparedTable | PreparedStream", call: str
) -> "Report":
    """Return the report of a model on the rows its training held out: the test rows, or else the validation rows."""
    from chainrule.app.judged_table import read_judged
    from chainrule.app.report_values import report_of_model, report_of_rows
    from chainrule.estimators import PreparedStream

    if isinstance(prepared, PreparedStream):
        return report_of_stream(model, name, prepared, call)
    rows, kind = prepared.split.test, "held-out rows"
    if not len(rows):
        rows, kind = prepared.split.validation, "validation rows"
    if not len(rows):
        return report_of_model(model, name)
    table, targets = read_judged(model, data, prepared.target, call)
    return report_of_rows(model, name, table, targets, rows, f"{kind} of {table.source}", call)


def report_of_stream(model: "Model", name: str, prepared: "PreparedStream", call: str) -> "Report":
    """Return the report of a model on some of the rows that its training from the disk held out."""
    import numpy as np

    from chainrule.app.report_values import report_of_model, report_of_rows
    from chainrule.data import Table, class_indices

    if not len(prepared.test):
        return report_of_model(model, name)
    frame, numbers = prepared.test.some(MOST_ROWS)
    table = Table(frame, prepared.target, prepared.source)
    targets = class_indices(frame[prepared.target], list(prepared.classes), source=prepared.source, call=call)
    part = (
        "held-out rows" if len(numbers) == len(prepared.test) else f"of {len(prepared.test):,} held-out rows"
    )
    rows = np.arange(len(numbers), dtype=np.int64)
    return report_of_rows(
        model, name, table, targets, rows, f"{part} of {prepared.source}", call, numbers=numbers
    )


def require_report_file(path: Path, inputs: tuple[str, ...], option: str, call: str) -> None:
    """Refuse a name that is none of a page, cannot be written, or would replace what is read or written."""
    from chainrule.app.paths import require_output
    from chainrule.errors import ArgumentError

    if path.suffix.lower() not in ENDINGS:
        raise ArgumentError(call, f"{option} ends in {' or '.join(ENDINGS)}", f"{path.name!r}", "Rename it.")
    if any(os.path.realpath(path) == os.path.realpath(name) for name in inputs):
        raise ArgumentError(
            call, f"{option} is a file of its own", f"{str(path)!r}, which is another one", "Name another."
        )
    require_output(path, (), call)


def write_report(found: "Report", path: Path, call: str) -> None:
    """Write a report, whole or not at all."""
    from chainrule.files import write_whole
    from chainrule.report import report_html

    write_whole(path, report_html(found).encode(), call)
