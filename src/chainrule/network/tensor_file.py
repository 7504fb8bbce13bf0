"""Tensors with one JSON value of plain data in a safetensors file. Loading runs no code.

The metadata has exactly one key, ``chainrule``: a JSON object with sorted keys. Equal contents give equal bytes. It
holds a checksum of everything else, so that a damaged file is refused and never used.
"""

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from chainrule._types import Array
from chainrule.errors import ChainruleError
from chainrule.files import read_whole, write_whole

_KEY = "chainrule"


@dataclass(frozen=True)
class FileKind:
    """What a file is called in messages, its newest format, the error that refuses it, and what then helps.

    Parameters
    ----------
    name : str
        "model".
    format : int
        Every older format loads; a newer one is refused.
    error : type
        What is raised for a file that is another one, damaged or newer.
    name_one, make_one : str
        What to do if the file is another one, and if it is damaged: sentences.
    """

    name: str
    format: int
    error: type[ChainruleError]
    name_one: str
    make_one: str

    def foreign(self, call: str, path: str | os.PathLike[str], came: str) -> ChainruleError:
        """Return the error for a file that is something else."""
        return self.error(call, f"{os.fspath(path)!r} is a {self.name} of chainrule", came, self.name_one)

    def damaged(self, call: str, path: str | os.PathLike[str], came: str) -> ChainruleError:
        """Return the error for a file whose contents do not fit together."""
        return self.error(call, f"{os.fspath(path)!r} is whole", came, self.make_one)

    def newer(self, call: str, path: str | os.PathLike[str], number: int) -> ChainruleError:
        """Return the error for a file of a format that is not known here yet."""
        rule = f"{os.fspath(path)!r} has format {self.format} or older"
        remedy = f"Upgrade chainrule, or save the {self.name} again here."
        return self.error(call, rule, f"format {number}", remedy)


def write_tensor_file(
    path: str | os.PathLike[str],
    tensors: Mapping[str, Array],
    description: Mapping[str, Any],
    kind: FileKind,
    call: str,
) -> None:
    """Write tensors and their description, whole or not at all.

    Parameters
    ----------
    path : str or path
        The file; an existing one is replaced.
    tensors : mapping of str to ndarray
    description : mapping
        Plain JSON values; "format" and "checksum" are added.
    kind : FileKind
        Whose format is written.
    call : str
        The function or command to name in an error.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    complete = {**description, "format": kind.format}
    text = _json({**complete, "checksum": _checksum(contiguous, complete)})
    write_whole(path, safetensors.numpy.save(contiguous, metadata={_KEY: text}), call)


def read_tensor_file(
    path: str | os.PathLike[str], kind: FileKind, call: str
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read tensors and their description.

    Parameters
    ----------
    path : str or path
        A file of :func:`write_tensor_file`.
    kind : FileKind
        What it must be.
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
    ChainruleError
        Of the kind: if it is no file of ours, is truncated or damaged, or comes from a newer version.
    """
    content = read_whole(path, call)
    header = _header(content)
    if not header:
        raise kind.foreign(call, path, "a file of another kind, or one that was cut short")
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(_KEY), str):
        came = "a file without its description" if metadata is None else "another file"
        raise kind.foreign(call, path, came)
    try:
        description = json.loads(metadata[_KEY])
    except (ValueError, RecursionError) as error:
        raise kind.damaged(call, path, f"a description that is not JSON ({error})") from error
    number = description.get("format") if isinstance(description, dict) else None
    if type(number) is not int or number < 1:
        raise kind.damaged(call, path, f"format {number!r}")
    if number > kind.format:
        raise kind.newer(call, path, number)
    try:
        tensors = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise kind.damaged(call, path, f"'{error}'") from error
    if description.pop("checksum", None) != _checksum(tensors, description):
        raise kind.damaged(call, path, "contents that its checksum does not fit")
    return tensors, description


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
        digest.update(np.ascontiguousarray(tensor).data)
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
