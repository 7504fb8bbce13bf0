"""A table whose rows a model is judged by."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule._types import Array
    from chainrule.data import Table
    from chainrule.estimators import Model


def read_judged(model: "Model", data: str, target: str | None, call: str) -> "tuple[Table, Array]":
    """Return a table whose target the model knows, and the class index of each row."""
    from chainrule.data import class_indices, require_column
    from chainrule.errors import DataError

    table = model.read(data, target, call=call)
    name = target or table.target or model.target
    if name is None:
        raise DataError(
            call, "the target column is known", "a model that names none", "Name it with --target."
        )
    name = require_column(table.frame.columns, name, table.source, call)
    return table, class_indices(table.frame[name], list(model.classes), source=table.source, call=call)
