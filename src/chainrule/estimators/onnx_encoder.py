"""The encoder of a table as nodes of an ONNX graph: numbers, booleans, and categories with a feature each.

One input for each column, by its name, with one value a row: numbers in float64 (NaN where one is missing), text (""
where it is missing), true and false. True and false that were missing in some rows of training are numbers too: 1, 0
and NaN.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError
from chainrule.estimators.onnx_graph import Graph
from chainrule.network import LARGEST

if TYPE_CHECKING:
    from chainrule.data import AnyColumnEncoding, BooleanColumn, CategoryColumn, Encoder, NumberColumn

OUTPUTS = ("prediction", "probabilities")


def check_columns(encoder: "Encoder", call: str) -> None:
    """Refuse columns that ONNX operators cannot encode as it is done here, by name.

    Raises
    ------
    DataError
        There are columns of dates, times, durations, hashed categories or text, one has no name or that of an output,
        or "" was a category in training, which stands for a missing text in the file.
    """
    strange = [
        f"{column.name!r} ({described(column)})" for column in encoder.columns if not is_served(column)
    ]
    if strange:
        raise DataError(
            call,
            "an ONNX model takes numbers, true and false, and categories with a feature each",
            f"columns {', '.join(strange)}",
            "Train without them, or turn them into numbers or a few categories first.",
        )
    for column in encoder.columns:
        if column.name in ("", *OUTPUTS):
            rule = f"a column of an ONNX model has a name, other than {' and '.join(OUTPUTS)}"
            raise DataError(call, rule, repr(column.name), "Rename the column and train again.")
        if "" in getattr(column, "categories", ()):
            raise DataError(
                call,
                "empty text stands for a missing value in an ONNX model",
                f"column {column.name!r}, of which it was a category in training",
                "Replace empty text by a word, or by missing values, and train again.",
            )


def is_served(column: "AnyColumnEncoding") -> bool:
    """Return whether a column can be encoded in the graph; kinds that are not known here cannot."""
    from chainrule.data import BooleanColumn, CategoryColumn, Kind, NumberColumn

    if type(column) is NumberColumn:
        return column.kind is Kind.NUMBER
    return type(column) in (BooleanColumn, CategoryColumn)


def described(column: "AnyColumnEncoding") -> str:
    """Return what a column holds, for a message."""
    return str(getattr(column.kind, "phrase", column.kind))


def add_encoder(graph: Graph, encoder: "Encoder") -> tuple[list[Any], str]:
    """Add the encoder; return what the inputs are, and the value that holds the features in float32."""
    inputs, features = [], []
    for column in encoder.columns:
        described_input, parts = add_column(graph, column)
        inputs.append(described_input)
        features += parts
    whole = graph.add("Concat", *features, axis=1)
    return inputs, graph.cast(whole, np.float32)


def add_column(graph: Graph, column: "AnyColumnEncoding") -> tuple[Any, list[str]]:
    """Add one column; return what its input is, and the values that hold its features in float64."""
    from chainrule.data import BooleanColumn, CategoryColumn, NumberColumn

    if isinstance(column, CategoryColumn):
        return graph.described(column.name, np.str_, 1), [categories(graph, column)]
    if isinstance(column, BooleanColumn):
        kind = np.float64 if column.indicator else np.bool_
        return graph.described(column.name, kind, 1), truths(graph, column)
    assert isinstance(column, NumberColumn), "checked before"
    return graph.described(column.name, np.float64, 1), numbers(graph, column)


def numbers(graph: Graph, column: "NumberColumn") -> list[str]:
    """Add a column of numbers: (RS.1) and (RS.2), 0 where one is missing, and which are."""
    from chainrule.data import CLIP

    features, missing = [], graph.add("IsNaN", column.name)
    if column.scaling.spread > 0.0:
        centred = graph.add("Sub", column.name, scalar(graph, column.scaling.center))
        divided = graph.add("Div", centred, scalar(graph, column.scaling.spread))
        scaled = smoothly_clipped(graph, divided, CLIP)
        features.append(graph.add("Where", missing, scalar(graph, 0.0), scaled))
    return features + ([graph.cast(missing, np.float64)] if column.indicator else [])


def smoothly_clipped(graph: Graph, value: str, limit: float) -> str:
    """Add (RS.2), which (IS.2) is too."""
    z = graph.add("Clip", value, scalar(graph, -LARGEST), scalar(graph, LARGEST))
    ratio = graph.add("Div", z, scalar(graph, limit))
    root = graph.add("Sqrt", graph.add("Add", scalar(graph, 1.0), graph.add("Mul", ratio, ratio)))
    return graph.add("Div", z, root)


def truths(graph: Graph, column: "BooleanColumn") -> list[str]:
    """Add a column of true and false: 1 and -1, 0 where one is missing, and which are."""
    value = column.name if column.indicator else graph.cast(column.name, np.float64)
    features, missing = [], graph.add("IsNaN", value)
    if column.varies:
        signed = graph.add("Sub", graph.add("Mul", value, scalar(graph, 2.0)), scalar(graph, 1.0))
        features.append(graph.add("Where", missing, scalar(graph, 0.0), signed))
    return features + ([graph.cast(missing, np.float64)] if column.indicator else [])


def categories(graph: Graph, column: "CategoryColumn") -> str:
    """Add a column of text: 1 for the feature of its category, of the others, or of missing text, 0 for the rest."""
    known = len(column.categories)
    other = known if column.other else -1
    missing = known + column.other if column.indicator else -1
    place = graph.add(
        "LabelEncoder",
        column.name,
        domain="ai.onnx.ml",
        keys_strings=[*column.categories, ""],
        values_int64s=[*range(known), missing],
        default_int64=other,
    )
    places = graph.constant(np.arange(len(column.feature_names), dtype=np.int64)[None])
    return graph.cast(graph.add("Equal", place, places), np.float64)


def scalar(graph: Graph, number: float) -> str:
    """Add a number in float64."""
    return graph.constant(np.array(number, np.float64))
