"""The first stage of a fit on a table in memory: read it, split its rows, and find what its columns become."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from chainrule._types import Array, ArrayLike
from chainrule.data import (
    Encoder,
    Label,
    Split,
    Table,
    class_indices,
    find_classes,
    read_table,
    require_columns,
    split_rows,
    text_columns_of,
)
from chainrule.errors import DataError
from chainrule.estimators.table_arguments import row_weights
from chainrule.estimators.table_settings import TableSettings


@dataclass(frozen=True)
class FittedEncoder:
    """A table, and what it becomes.

    Parameters
    ----------
    table : Table
        With its target.
    encoder : Encoder
        Fitted to the rows of training alone.
    classes : tuple of label
        All classes of the table, sorted.
    split : Split
        Which rows make which part.
    targets : ndarray of int64, shape (examples,)
        The class of each row.
    weights : ndarray or None, shape (examples,)
        The weight of each row.
    """

    table: Table
    encoder: Encoder
    classes: tuple[Label, ...]
    split: Split
    targets: Array
    weights: Array | None


def fit_encoder(
    data: object,
    target: str | None,
    settings: TableSettings,
    *,
    sample_weight: ArrayLike | None = None,
    call: str,
) -> FittedEncoder:
    """Read a table, split its rows and fit its encoder; arguments and errors as ``prepare_table``."""
    table = read_table(data, target, call=call, text_columns=text_columns_of(settings.columns))
    if table.target is None:
        refuse_no_target(table.source, table.frame.columns, call)
    require_columns(settings.columns, table.frame.columns, table.target, table.source, call)
    column = table.frame[table.target]
    classes = find_classes(column, source=table.source, call=call)
    targets = class_indices(column, classes, source=table.source, call=call)
    weights = row_weights(sample_weight, len(targets), call)
    split = split_rows(
        targets,
        validation_fraction=settings.validation_fraction,
        test_fraction=settings.test_fraction,
        seed=settings.random_state,
        call=call,
    )
    encoder = Encoder.fit(
        table.features, rows=split.training, kinds=settings.columns, source=table.source, call=call
    )
    return FittedEncoder(table, encoder, tuple(classes), split, targets, weights)


def refuse_no_target(source: str, columns: Sequence[str], call: str) -> NoReturn:
    """Refuse a table whose target nobody names."""
    raise DataError(
        call,
        "a target column is named",
        f"none, and {source} names none itself",
        f"Name one of its columns: {', '.join(map(repr, columns[:12]))}.",
    )
