"""``chainrule inspect MODEL``: what is in a model file."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from chainrule.data import AnyColumnEncoding
    from chainrule.estimators import Model
    from chainrule.network import Network

CALL = "chainrule inspect"
CLASSES_SHOWN, CATEGORIES_SHOWN = 10, 5
IN_DAYS = ("date", "time", "duration")
ONE_LINE = ("temperature", "gap", "loss", "gradient_norm", "epochs", "best_epoch", "solver", "reason")


def inspect_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A file that train or Network.save wrote.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Show what is in a model file: classes, columns, layers, settings, and how training ended."""
    from chainrule.app.json_output import print_json
    from chainrule.app.terminal import show

    found = contents(model)
    if as_json:
        print_json(found)
    else:
        show(*parts_shown(found))


def contents(path: str) -> dict[str, Any]:
    """Return what a file holds as plain values; a network without classes has None for what belongs to a model.

    Raises
    ------
    MissingFileError, ModelFileError
        There is no such file, or it is another one, damaged or newer.
    """
    from chainrule.estimators import Model
    from chainrule.network import Network, read_model_file

    tensors, description = read_model_file(path, CALL)
    about = {"model": path, "format": description["format"], "bytes": Path(path).stat().st_size}
    if "network" in description and description.get("classes") is None:
        return {**about, **network_values(Network.restore(tensors, description["network"], CALL, path))}
    model = Model.load(path, call=CALL)
    return {**about, **network_values(model.network), **model_values(model)}


def network_values(network: "Network") -> dict[str, Any]:
    """Return the architecture as plain values, beside Nones for what a model has more."""
    activations = (*network.activations, network.head)
    layers = [
        {"inputs": inputs, "outputs": outputs, "activation": activation}
        for (inputs, outputs), activation in zip(pairwise(network.layer_sizes), activations, strict=True)
    ]
    scaling = network.input_scaling
    return {
        "layers": layers,
        "parameters": network.parameters.size,
        "dtype": network.dtype.name,
        "temperature": float(network.temperature),
        "input_scaling": None if scaling is None else {"limit": scaling.limit},
        "target": None,
        "classes": None,
        "columns": None,
        "left_out": None,
        "settings": None,
        "outcome": None,
    }


def model_values(model: "Model") -> dict[str, Any]:
    """Return what a model has beside its network, as plain values."""
    encoder = model.encoder
    return {
        "target": model.target,
        "classes": list(model.classes),
        "columns": None if encoder is None else [column_values(column) for column in encoder.columns],
        "left_out": None
        if encoder is None
        else [{"column": column.name, "reason": column.reason} for column in encoder.dropped],
        "settings": None if model.settings is None else dict(model.settings),
        "outcome": None if model.outcome is None else model.outcome.to_json_value(),
    }


def column_values(column: "AnyColumnEncoding") -> dict[str, Any]:
    """Return what a column became: its kind, how many features, and the values that its encoding keeps."""
    kept = {name: value for name, value in column.to_json_value().items() if name not in ("name", "kind")}
    return {"column": column.name, "kind": str(column.kind), "features": column.n_features, **kept}


def parts_shown(found: dict[str, Any]) -> "Iterator[RenderableType]":
    """Yield what is printed for people, one part below the other."""
    yield facts_table(found)
    yield ""
    yield layers_table(found["layers"])
    if found["columns"] is not None:
        yield ""
        yield columns_table(found["columns"])
    for title, values in (("settings", found["settings"]), ("outcome", outcome_shown(found["outcome"]))):
        if values:
            yield ""
            yield pairs_table(title, values)
    if found["outcome"] is not None:
        yield ""
        yield printable_text(found["outcome"]["message"])


def facts_table(found: dict[str, Any]) -> "RenderableType":
    """Return a table of what there is one of."""
    from rich.table import Table

    from chainrule.app.summary import names_text
    from chainrule.app.terminal import label_text

    table = Table.grid(padding=(0, 2))
    table.add_row("file", printable_text(found["model"]))
    table.add_row("format", str(found["format"]))
    table.add_row("size", f"{found['bytes']:,} bytes")
    table.add_row("holds", "a network without classes" if found["classes"] is None else "a model")
    if found["target"] is not None:
        table.add_row("target", label_text(found["target"]))
    if found["classes"] is not None:
        table.add_row("classes", f"{len(found['classes']):,}: {some(found['classes'], CLASSES_SHOWN)}")
    table.add_row("parameters", f"{found['parameters']:,} of {found['dtype']}")
    table.add_row("temperature", f"{found['temperature']:.4g}")
    if found["input_scaling"] is not None:
        limit = found["input_scaling"]["limit"]
        table.add_row("inputs", "scaled" if limit is None else f"scaled, smoothly clipped at {limit:g}")
    reasons: dict[str, list[str]] = {}
    for column in found["left_out"] or ():
        reasons.setdefault(column["reason"], []).append(column["column"])
    for reason, names in reasons.items():
        table.add_row("left out", f"{names_text(names)}: {printable_text(reason)}")
    return table


def layers_table(layers: list[dict[str, Any]]) -> "RenderableType":
    """Return a table with a line for each layer."""
    from chainrule.app.terminal import plain_table

    table = plain_table("layer", "then", "inputs", "outputs", numbers=2)
    for number, layer in enumerate(layers, start=1):
        table.add_row(str(number), layer["activation"], f"{layer['inputs']:,}", f"{layer['outputs']:,}")
    return table


def columns_table(columns: list[dict[str, Any]]) -> "RenderableType":
    """Return a table with a line for each column."""
    from chainrule.app.terminal import label_text, plain_table

    table = plain_table("column", "holds", "became", "features", numbers=1)
    for column in columns:
        table.add_row(label_text(column["column"]), column["kind"], became(column), f"{column['features']:,}")
    return table


def became(column: dict[str, Any]) -> str:
    """Return in words what a column became.

    Examples
    --------
    >>> became({"kind": "number", "center": 3.0, "spread": 1.5, "indicator": True})
    'scaled about 3 by 1.5; missing values'
    >>> became({"kind": "category", "categories": ["a", "b"], "other": True, "indicator": False})
    'categories a, b; all others'
    """
    parts = []
    if column.get("spread", 0.0) > 0.0:
        unit = " days" if column["kind"] in IN_DAYS else ""
        parts.append(f"scaled about {column['center']:.4g}{unit} by {column['spread']:.4g}{unit}")
    if column.get("categories"):
        parts.append(f"categories {some(column['categories'], CATEGORIES_SHOWN)}")
    if column.get("varies"):
        parts.append("1 and -1")
    parts += ["all others"] * (column.get("other") is True)
    parts += ["missing values"] * (column.get("indicator") is True)
    return "; ".join(parts)


def pairs_table(title: str, values: dict[str, Any]) -> "RenderableType":
    """Return a table of names with their values."""
    from chainrule.app.terminal import plain_table

    table = plain_table(title, "")
    for name, value in values.items():
        table.add_row(printable_text(name), printable_text(value_text(value)))
    return table


def outcome_shown(outcome: dict[str, Any] | None) -> dict[str, Any]:
    """Return what a line each tells of an outcome; curves are for --json."""
    return {name: outcome[name] for name in ONE_LINE if outcome and outcome.get(name) is not None}


def value_text(value: Any) -> str:
    """Return a plain value for people.

    Examples
    --------
    >>> value_text(None), value_text([256, 128]), value_text(0.00012345)
    ('-', '256, 128', '0.0001234')
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(value_text, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {value_text(item)}" for name, item in value.items()) or "none"
    return str(value)


def some(values: list[Any], count: int) -> str:
    """Return the first values, and how many more there are."""
    from chainrule.app.terminal import label_text

    shown = ", ".join(map(label_text, values[:count]))
    return f"{shown} and {len(values) - count:,} more" if len(values) > count else shown


def printable_text(text: object) -> str:
    """Return text on one line, without characters that steer a terminal."""
    from chainrule.app.standard_streams import printable

    return printable(str(text))
