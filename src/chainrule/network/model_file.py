"""The file of a network or model: safetensors, with one JSON value of plain data. Loading runs no code.

The metadata has exactly one key, ``chainrule``: a JSON object with sorted keys. Equal contents give equal bytes. It
holds a checksum of everything else, so that a damaged file is refused and never predicts.
"""

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from chainrule._types import Array
from chainrule.errors import ModelFileError
from chainrule.files import read_whole, write_whole

FORMAT = 1  # every older format loads; a newer one is refused
_KEY = "chainrule"


def write_model_file(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], description: Mapping[str, Any], call: str
) -> None:
    """Write tensors and their description, whole or not at all.

    Parameters
    ----------
    path : str or path
        The file; an existing one is replaced.
    tensors : mapping of str to ndarray
    description : mapping
        Plain JSON values; "format" and "checksum" are added.
    call : str
        The function or command to name in an error.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    complete = {**description, "format": FORMAT}
    text = _json({**complete, "checksum": _checksum(contiguous, complete)})
    write_whole(path, safetensors.numpy.save(contiguous, metadata={_KEY: text}), call)


def read_model_file(path: str | os.PathLike[str], call: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read tensors and their description.

    Parameters
    ----------
    path : str or path
        A file of :func:`write_model_file`.
    call : str
        The function or command to name in an error.

    Returns
    -------
    tensors : dict of str to ndarray
    description : dict

    Raises
    ------
    MissingFileError
        If there is no such file.
    ModelFileError
        If it is not a model, is truncated or damaged, or comes from a newer version.
    """
    content = read_whole(path, call)
    header = _header(content)
    if not header:
        raise not_a_model(call, path, "a file of another kind, or one that was cut short")
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(_KEY), str):
        raise not_a_model(
            call, path, "a file without its description" if metadata is None else "another file"
        )
    try:
        description = json.loads(metadata[_KEY])
    except (ValueError, RecursionError) as error:
        raise damaged(call, path, f"a description that is not JSON ({error})") from error
    number = description.get("format") if isinstance(description, dict) else None
    if type(number) is not int or number < 1:
        raise damaged(call, path, f"format {number!r}")
    if number > FORMAT:
        rule = f"{os.fspath(path)!r} has format {FORMAT} or older"
        raise ModelFileError(
            call, rule, f"format {number}", "Upgrade chainrule, or save the model again here."
        )
    try:
        tensors = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise damaged(call, path, f"'{error}'") from error
    if description.pop("checksum", None) != _checksum(tensors, description):
        raise damaged(call, path, "contents that its checksum does not fit")
    return tensors, description


def not_a_model(call: str, path: str | os.PathLike[str], came: str) -> ModelFileError:
    """Return the error for a file that is something else."""
    remedy = "Name a .safetensors file that chainrule saved."
    return ModelFileError(call, f"{os.fspath(path)!r} is a model of chainrule", came, remedy)


def damaged(call: str, path: str | os.PathLike[str], came: str) -> ModelFileError:
    """Return the error for a model file whose contents do not fit together."""
    remedy = "Copy the file again, or train the model again."
    return ModelFileError(call, f"{os.fspath(path)!r} is whole", came, remedy)


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


def _json(description: Mapping[str, Any]) -> str:
    return json.dumps(description, sort_keys=True, allow_nan=False, ensure_ascii=False)


def _checksum(tensors: Mapping[str, Array], description: Mapping[str, Any]) -> str:
    """Return the SHA-256 of names, dtypes, shapes and bytes of the tensors and of the description."""
    try:
        digest = hashlib.sha256(_json(description).encode())
    except (ValueError, RecursionError):
        return "a description that cannot be written has no checksum"
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()


def _header(content: bytes) -> dict[str, Any]:
    """Return the JSON header of a safetensors file, or an empty one if this is no such file."""
    if len(content) < 8:
        return {}
    (length,) = struct.unpack("<Q", content[:8])
    try:
        header = json.loads(content[8 : 8 + length]) if length <= len(content) - 8 else {}
    except (ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}
