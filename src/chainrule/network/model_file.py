"""The file of a network or model: tensors, and a description of plain values; loading runs no code."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import ChainruleError, ModelFileError
from chainrule.network.tensor_file import FileKind, read_tensor_file, write_tensor_file

MODEL = FileKind(
    "model",
    1,
    ModelFileError,
    "Name a .safetensors file that chainrule saved.",
    "Copy the file again, or train the model again.",
)


def write_model_file(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], description: Mapping[str, Any], call: str
) -> None:
    """Write the tensors and the description of a model, as :func:`write_tensor_file`."""
    write_tensor_file(path, tensors, description, MODEL, call)


def read_model_file(path: str | os.PathLike[str], call: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read the tensors and the description of a model, as :func:`read_tensor_file`; refuses a checkpoint.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelFileError
        If it is not a model, is truncated or damaged, or comes from a newer version.
    """
    tensors, description = read_tensor_file(path, MODEL, call)
    if "checkpoint" in description:
        raise ModelFileError(
            call,
            f"{os.fspath(path)!r} is a model of chainrule",
            "the checkpoint of a training",
            "Resume the training, which gives the model.",
        )
    return tensors, description


def not_a_model(call: str, path: str | os.PathLike[str], came: str) -> ChainruleError:
    """Return the error for a file that is something else."""
    return MODEL.foreign(call, path, came)


def damaged(call: str, path: str | os.PathLike[str], came: str) -> ChainruleError:
    """Return the error for a model file whose contents do not fit together."""
    return MODEL.damaged(call, path, came)


def check_layer_shapes(tensors: Mapping[str, Array], layer_sizes: Sequence[int]) -> None:
    """Raise ValueError for layer sizes that are not those of the tensors."""
    for number, (fan_in, fan_out) in enumerate(pairwise(layer_sizes), start=1):
        shape = tensors[f"W{number}"].shape
        if shape != (fan_out, fan_in):
            raise ValueError(f"W{number} has shape {shape}, not {(fan_out, fan_in)}")


def finite_tensor(
    tensors: Mapping[str, Array], name: str, shape: tuple[int, ...], call: str, path: str
) -> Array:
    """Return a tensor of floating-point numbers of this shape, all finite, or refuse the file."""
    tensor = tensors.get(name)
    if tensor is None or tensor.dtype.kind != "f" or tensor.shape != shape or not np.isfinite(tensor).all():
        found = "no such tensor" if tensor is None else f"shape {tensor.shape} or values that are not finite"
        raise damaged(call, path, f"{found} for {name!r} of shape {shape}")
    return tensor
