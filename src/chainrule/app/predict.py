"""``chainrule predict MODEL DATA``: a prediction and probabilities for each row, some rows at a time."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from chainrule._types import Array
    from chainrule.estimators import Model, RawRows

CALL = "chainrule predict"


def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="Rows as in training: a .csv, .tsv, .parquet or .npz file, a folder or pattern of .parquet files.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A .csv, .parquet or .arrow file; without it CSV on stdout.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(
            "--top", min=1, metavar="K", help="The K most probable classes of each row instead of all."
        ),
    ] = None,
) -> None:
    """Predict the class of each row."""
    from chainrule.app.paths import require_output
    from chainrule.data import written_table
    from chainrule.estimators import Model, open_rows

    if output is not None:
        require_ending(output)
        require_output(output, (model, data), CALL)
    loaded = Model.load(model, call=CALL)
    require_top(loaded, top)
    rows = open_rows(loaded, data, call=CALL)
    frames = prediction_frames(loaded, rows, top)
    if output is None:
        write_stdout(frames, output_schema(loaded, top))
        return
    require_output(output, tuple(map(str, rows.paths)), CALL)
    with written_table(output, output_schema(loaded, top), CALL) as write:
        for frame in frames:
            write(frame)


def prediction_frames(model: "Model", rows: "RawRows", top: int | None) -> "Iterator[pl.DataFrame]":
    """Yield the columns of :func:`output_schema` for the next rows of the data."""
    import polars as pl

    from chainrule.estimators import predicted_blocks

    schema = output_schema(model, top)
    for probabilities in predicted_blocks(model, rows, call=CALL):
        yield pl.DataFrame(output_columns(model, probabilities, top), schema=schema)


def output_columns(model: "Model", probabilities: "Array", top: int | None) -> "dict[str, Any]":
    """Return the columns of some rows by name."""
    from chainrule.estimators import label_array, top_classes

    labels = label_array(model.classes)
    if top is None:
        predictions = labels[probabilities.argmax(axis=1)].tolist()
        columns = {
            f"probability:{label}": probabilities[:, place].copy()
            for place, label in enumerate(model.classes)
        }
        return {"prediction": predictions, **columns}
    indices, found = top_classes(probabilities, top)
    names = labels[indices]
    ranks = range(top)
    return {
        "prediction": names[:, 0].tolist(),
        **{f"top:{rank + 1}": names[:, rank].tolist() for rank in ranks},
        **{f"probability:{rank + 1}": found[:, rank].copy() for rank in ranks},
    }


def output_schema(model: "Model", top: int | None) -> "dict[str, Any]":
    """Return the type of each column that is written."""
    import polars as pl

    label = pl.Series(list(model.classes[:1])).dtype
    number = pl.Series(model.network.parameters[:1]).dtype
    if top is None:
        return {"prediction": label, **{f"probability:{name}": number for name in model.classes}}
    tops = {f"top:{rank}": label for rank in range(1, top + 1)}
    return {"prediction": label, **tops, **{f"probability:{rank}": number for rank in range(1, top + 1)}}


def write_stdout(frames: "Iterator[pl.DataFrame]", schema: "dict[str, Any]") -> None:
    """Write frames to stdout as CSV; the names of the columns once the first frame is there."""
    import polars as pl

    from chainrule.data import csv_bytes

    sys.stdout.flush()
    for number, frame in enumerate(frames):
        if number == 0:
            write_all(csv_bytes(pl.DataFrame(schema=schema), header=True))
        write_all(csv_bytes(frame))


def write_all(content: bytes) -> None:
    """Write all bytes to stdout, which takes only part of them at a time where Python runs unbuffered (python -u)."""
    rest = memoryview(content)
    while rest:
        rest = rest[sys.stdout.buffer.write(rest) :]


def require_ending(output: Path) -> None:
    """Refuse a file whose ending names no format."""
    from chainrule.data import OUTPUT_ENDINGS
    from chainrule.errors import ArgumentError

    if output.suffix.lower() not in OUTPUT_ENDINGS:
        listed = f"{', '.join(OUTPUT_ENDINGS[:-1])} or {OUTPUT_ENDINGS[-1]}"
        raise ArgumentError(CALL, f"--output ends in {listed}", f"{output.name!r}", "Rename it.")


def require_top(model: "Model", top: int | None) -> None:
    """Refuse to name more classes than there are."""
    from chainrule.errors import ArgumentError

    if top is not None and top > len(model.classes):
        rule = f"--top is at most the number of classes, {len(model.classes):,}"
        raise ArgumentError(CALL, rule, str(top), "Ask for fewer.")
