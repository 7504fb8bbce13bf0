"""Where a command writes: names, and refusals before the work begins."""

import glob
import re
from pathlib import Path

from chainrule.errors import ArgumentError, OutputError
from chainrule.files import check_writable

DATA_ENDINGS = (
    ".csv",
    ".tsv",
    ".parquet",
    ".arrow",
    ".feather",
    ".ipc",
    ".npz",
    ".npy",
    ".svmlight",
    ".libsvm",
    ".svm",
)


def default_model_path(data: str) -> Path:
    """Return the model's name for data without ``--output``: in the current folder, after the data.

    Examples
    --------
    >>> default_model_path("digits").name, default_model_path("/data/people.csv").name
    ('digits.safetensors', 'people.safetensors')
    >>> default_model_path("parts/sales-*.parquet").name
    'sales.safetensors'
    """
    name = Path(data).stem
    if glob.has_magic(name) and not Path(data).exists():  # of a pattern, what all files have
        name = re.sub(r"[-_. ]*[*?\[\]]+[-_. ]*", "", name)
    return Path(f"{name or 'model'}.safetensors")


def require_model_ending(output: Path, call: str) -> None:
    """Refuse a model's file that ends as files of data do, and would be taken for one."""
    if output.suffix.lower() in DATA_ENDINGS:
        raise ArgumentError(
            call,
            f"a model is a .safetensors file, and --output does not end in {', '.join(DATA_ENDINGS)}",
            repr(output.name),
            "Rename it.",
        )


def require_output(output: Path, inputs: tuple[str, ...], call: str) -> None:
    """Refuse an output that cannot be written, or that would replace what is read.

    Raises
    ------
    OutputError
        No file can be made there.
    ArgumentError
        It is one of the inputs.
    """
    for name in inputs:
        if output.exists() and Path(name).exists() and output.samefile(name):
            raise ArgumentError(
                call, "--output is another file than those read", f"{name!r}", "Name another file to write."
            )
    if output.is_dir():
        raise OutputError(call, "--output is a file", f"the folder {str(output)!r}", "Name a file in it.")
    check_writable(output, call)
