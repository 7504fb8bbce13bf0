"""``chainrule export MODEL FILE.onnx``: a model, its encoder included, for programs without chainrule."""

from pathlib import Path
from typing import Annotated

import typer

CALL = "chainrule export"
ENDING = ".onnx"


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file that train wrote.")],
    output: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The file to write.")],
) -> None:
    """Write a model, with what it makes of raw columns, as an ONNX file."""
    from chainrule.app.paths import require_output
    from chainrule.errors import ArgumentError
    from chainrule.estimators import Model, export_onnx

    if output.suffix.lower() != ENDING:
        raise ArgumentError(CALL, f"the file ends in {ENDING}", f"{output.name!r}", "Rename it.")
    require_output(output, (model,), CALL)
    export_onnx(Model.load(model, call=CALL), output, call=CALL)
