"""``chainrule train DATA --describe``: what every column of a table becomes."""

import dataclasses
from typing import TYPE_CHECKING

from chainrule.app.train_request import CALL

if TYPE_CHECKING:
    from rich.table import Table

    from chainrule.app.train_request import TrainRequest
    from chainrule.estimators import TableDescription


def print_description(request: "TrainRequest", *, as_json: bool) -> None:
    """Print what the columns become in the training that was asked for."""
    from chainrule.app.json_output import print_json
    from chainrule.app.terminal import show
    from chainrule.estimators import describe_table

    found = describe_table(
        request.data, request.target, request.settings(), stream=bool(request.stream), call=CALL
    )
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        show(columns_table(found), "", summary(found))


def columns_table(found: "TableDescription") -> "Table":
    """Return a table with a line for each column."""
    from chainrule.app.standard_streams import printable
    from chainrule.app.terminal import label_text, percent, plain_table

    table = plain_table("column", "kind", "features", "missing", "why", "values")
    table.columns[2].justify = table.columns[3].justify = "right"
    for column in found.columns:
        missing = percent(column.missing) if column.missing else "-"
        values = ", ".join(map(label_text, column.examples))
        table.add_row(
            label_text(column.name),
            column.kind,
            f"{column.features:,}",
            missing,
            printable(column.why),
            values,
        )
    return table


def summary(found: "TableDescription") -> str:
    """Return the sums, and how to choose otherwise."""
    from chainrule.app.terminal import counted

    first = "" if found.rows_described == found.n_rows else f" (values: the first {found.rows_described:,})"
    width = counted(found.n_features, "feature", "features")
    return (
        f"{found.n_rows:,} rows{first}; {width}{', compressed rows' if found.is_sparse else ''}; "
        f"{len(found.classes):,} classes of {found.target!r}. "
        "--column NAME=KIND chooses another kind: number, category, hashed, boolean, date, text or drop."
    )
