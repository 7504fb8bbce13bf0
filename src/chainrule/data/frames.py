"""From the frames of other libraries, and from dictionaries of columns, to polars."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from chainrule.data.refusals import quoted, said
from chainrule.errors import ArgumentTypeError, ChainruleError, DataError

RULE = "a table has columns of one length, each with a name of its own and values of one type"


def read_frame(data: object, call: str) -> pl.DataFrame:
    """Return a frame of another library, or a dictionary of columns, as a polars frame.

    Names that are no text become text. Integers and floats in one list are floats.

    Raises
    ------
    DataError
        Columns share a name, differ in length or mix types.
    ArgumentTypeError
        ``data`` is neither.

    Examples
    --------
    >>> read_frame({"size": [1, 2.5], 3: [4, 5]}, "fit_table").schema
    Schema([('size', Float64), ('3', Int64)])
    """
    if isinstance(data, pl.DataFrame):
        return data
    try:
        if isinstance(data, Mapping):
            refuse_equal_names(list(data), call)
            return pl.DataFrame({str(name): widened(column) for name, column in data.items()})
        return frame_through_narwhals(data, call)
    except ChainruleError:
        raise
    except (
        Exception,
        pl.exceptions.PanicException,
    ) as error:  # whatever pandas, pyarrow, narwhals or polars raise
        came = f"one that cannot be converted: {said(error)}"
        raise DataError(call, RULE, came, "Repair the column, or convert it to text.") from None


def widened(column: Any) -> Any:
    """Return a list of numbers as floats if it has both integers and floats, or integers beyond 64 bits."""
    if not isinstance(column, list | tuple):
        return column
    types = set(map(type, column)) - {type(None)}
    if bool in types or not all(issubclass(kind, int | float | np.integer | np.floating) for kind in types):
        return column
    integers = {kind for kind in types if issubclass(kind, int | np.integer)}
    if integers == types and all(-(2**63) <= value < 2**63 for value in column if value is not None):
        return column
    return pl.Series([None if value is None else float(value) for value in column], dtype=pl.Float64)


def refuse_equal_names(names: list[Any], call: str) -> None:
    """Refuse columns whose names are the same text."""
    name, times = Counter(map(str, names)).most_common(1)[0] if names else ("", 1)
    if times > 1:
        raise DataError(call, RULE, f"the name {quoted(name)} {times} times", "Rename the columns.")


def frame_through_narwhals(data: object, call: str) -> pl.DataFrame:
    """Return a pandas or pyarrow frame, or a lazy polars one, as a polars frame."""
    import narwhals as nw  # here, since a dictionary or a file does without

    try:
        frame: Any = nw.from_native(data)
    except TypeError:
        raise ArgumentTypeError(
            call,
            "data is a path, an embedded set, a pandas, polars or pyarrow frame, or a dictionary of columns",
            f"{type(data).__module__}.{type(data).__qualname__}",
            "Put the arrays into a dictionary, or use SoftmaxClassifier, which takes arrays.",
        ) from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    refuse_equal_names(list(frame.columns), call)
    converted: pl.DataFrame = frame.to_polars()
    return converted
