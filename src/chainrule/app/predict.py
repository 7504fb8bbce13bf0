"""``chainrule predict MODEL DATA``: a prediction and probabilities for each row."""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import polars as pl

    from chainrule.estimators import Model

CALL = "chainrule predict"
ENDINGS = (".csv", ".parquet")


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="Rows as in training: a .csv, .tsv, .parquet or .npz file.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .csv or .parquet file; without it CSV on stdout."
        ),
    ] = None,
) -> None:
    """Predict the class of each row."""
    from chainrule.app.paths import require_output
    from chainrule.estimators import Model
    from chainrule.files import write_whole

    if output is not None:
        require_ending(output)
        require_output(output, (model, data), CALL)
    table = prediction_table(Model.load(model, call=CALL), data)
    if output is None:
        write_stdout(content(table, ".csv"))
    else:
        write_whole(output, content(table, output.suffix.lower()), CALL)


def prediction_table(model: "Model", data: str) -> "pl.DataFrame":
    """Return the columns ``prediction`` and ``probability:<class>``, one row for each row of the data."""
    import polars as pl

    features = model.encode(model.read(data, call=CALL), call=CALL)
    probabilities = model.network.predict_proba(features)
    columns = {
        f"probability:{label}": probabilities[:, place].copy() for place, label in enumerate(model.classes)
    }
    return pl.DataFrame({"prediction": pl.Series(model.labels(probabilities).tolist()), **columns})


def content(table: "pl.DataFrame", ending: str) -> bytes:
    """Return the bytes of a file of predictions."""
    buffer = io.BytesIO()
    if ending == ".parquet":
        table.write_parquet(buffer)
    else:
        table.write_csv(buffer)
    return buffer.getvalue()


def write_stdout(whole: bytes) -> None:
    """Write all bytes to stdout, which takes only part of them at a time where Python runs unbuffered (python -u)."""
    sys.stdout.flush()
    rest = memoryview(whole)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]


def require_ending(output: Path) -> None:
    """Refuse a file whose ending names no format."""
    from chainrule.errors import ArgumentError

    if output.suffix.lower() not in ENDINGS:
        raise ArgumentError(
            CALL, f"--output ends in {' or '.join(ENDINGS)}", f"{output.name!r}", "Rename it."
        )
