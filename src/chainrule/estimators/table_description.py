"""What every column of a table would become, told before anything is trained."""

import os
from dataclasses import dataclass
from typing import cast

import polars as pl

from chainrule.data import (
    AnyColumnEncoding,
    CategoryColumn,
    DateColumn,
    DroppedColumn,
    Encoder,
    HashedColumn,
    Kind,
    Label,
    Table,
    column_name,
    example_texts,
    missing_values,
    open_stream,
    text_columns_of,
    with_kinds,
    words_per_value,
)
from chainrule.estimators.encoder_fit import fit_encoder, refuse_no_target
from chainrule.estimators.streamed_table import ROWS_AT_ONCE, is_streamed, prepare_stream
from chainrule.estimators.table_settings import TableSettings

LEFT_OUT = "left out"
"""The kind of a column that becomes nothing."""
EXAMPLES = 3


@dataclass(frozen=True)
class ColumnDescription:
    """What a column becomes.

    Parameters
    ----------
    name : str
    kind : str
        A value of :class:`~chainrule.data.Kind`, or "left out".
    features : int
        How many it becomes.
    why : str
        What in its values made it this kind, or that the kind was chosen.
    missing : float
        The share of rows without a value, between 0 and 1.
    examples : tuple of str
        A few different values, as in messages.
    """

    name: str
    kind: str
    features: int
    why: str
    missing: float
    examples: tuple[str, ...]


@dataclass(frozen=True)
class TableDescription:
    """What a table becomes: its columns in their order, the target aside.

    Parameters
    ----------
    source, target : str
        What messages call the table, and its target column.
    classes : tuple of label
        All classes, sorted.
    n_rows, rows_described : int
        Rows of the table, and how many of them, the first, missing values and examples are of.
    n_features : int
    is_sparse : bool
        Whether the features are compressed rows.
    columns : tuple of ColumnDescription
    """

    source: str
    target: str
    classes: tuple[Label, ...]
    n_rows: int
    rows_described: int
    n_features: int
    is_sparse: bool
    columns: tuple[ColumnDescription, ...]


def describe_table(
    data: object,
    target: str | None,
    settings: TableSettings,
    *,
    stream: bool | str = "auto",
    call: str = "describe_table",
) -> TableDescription:
    """Return what the columns of a table become in a training with these settings, and train nothing.

    Parameters
    ----------
    data, target, settings, stream, call
        As :func:`~chainrule.estimators.prepare_table`, with the same errors.

    Examples
    --------
    >>> table = {"size": [1.0, 2.0, None, 4.0] * 5, "unit": ["m"] * 20, "kind": ["a", "b"] * 10}
    >>> described = describe_table(table, "kind", TableSettings())
    >>> [(column.name, column.kind, column.features, column.missing, column.why) for column in described.columns]
    [('size', 'number', 2, 0.25, 'numbers'), ('unit', 'left out', 0, 0.0, 'it has one value only')]
    """
    if is_streamed(data, stream, call):
        name = column_name(target, call)
        path, texts = os.fsdecode(cast("str", data)), text_columns_of(settings.columns)
        blocks = open_stream(path, name, call, texts)
        if name is None:
            refuse_no_target(blocks.source, list(blocks.schema), call)
        prepared = prepare_stream(blocks, name, settings, call=call)
        first = blocks.read(0, ROWS_AT_ONCE, call)
        table = Table(first, prepared.target, blocks.source)
        return description_of(table, prepared.encoder, prepared.classes, blocks.n_rows, settings, call)
    fitted = fit_encoder(data, target, settings, call=call)
    return description_of(
        fitted.table, fitted.encoder, fitted.classes, fitted.table.frame.height, settings, call
    )


def description_of(
    table: Table,
    encoder: Encoder,
    classes: tuple[Label, ...],
    n_rows: int,
    settings: TableSettings,
    call: str,
) -> TableDescription:
    """Return the description of a table of which ``table`` holds all rows or the first of them."""
    assert table.target is not None, "a table without a target is refused before"
    columns = described(table.features, encoder, settings, table.source, call)
    return TableDescription(
        table.source, table.target, classes, n_rows, table.frame.height, encoder.n_features,
        encoder.is_sparse, columns,
    )  # fmt: skip


def described(
    frame: pl.DataFrame, encoder: Encoder, settings: TableSettings, source: str, call: str
) -> tuple[ColumnDescription, ...]:
    """Return what each column of a table becomes, in the order of the table."""
    converted = with_kinds(frame, settings.columns, source, call)
    becomes: dict[str, AnyColumnEncoding | DroppedColumn] = {one.name: one for one in encoder.dropped}
    becomes |= {one.name: one for one in encoder.columns}
    found = []
    for column in converted.iter_columns():
        encoding = becomes[column.name]
        missing = missing_values(column) / max(len(column), 1)
        examples = example_texts(frame[column.name], EXAMPLES)
        if isinstance(encoding, DroppedColumn):
            found.append(ColumnDescription(column.name, LEFT_OUT, 0, encoding.reason, missing, examples))
            continue
        why = reason_of(encoding, column)
        why = f"as chosen: {why}" if column.name in settings.columns else why
        found.append(
            ColumnDescription(column.name, encoding.kind.value, encoding.n_features, why, missing, examples)
        )
    return tuple(found)


def reason_of(encoding: AnyColumnEncoding, column: pl.Series) -> str:
    """Return what in the values of a column speaks for its kind."""
    different = column.drop_nulls().n_unique()
    if isinstance(encoding, CategoryColumn):
        rest = f", {len(encoding.categories)} of them with a feature each" if encoding.other else ""
        return f"{different:,} different values{rest}"
    if isinstance(encoding, HashedColumn):
        return f"{different:,} different values, {len(encoding.categories)} with a feature each, the others hashed"
    if encoding.kind is Kind.TEXT:
        words = words_per_value(column.drop_nulls().cast(pl.String))
        return f"{words:.1f} words on average, {different:,} different texts"
    if isinstance(encoding, DateColumn):
        circles = ", ".join(encoding.circles)
        return f"dates, in which {circles} vary" if circles else "dates"
    return encoding.kind.phrase
