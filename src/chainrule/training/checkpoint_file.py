"""The file of a checkpoint: one safetensors file of plain values and tensors, written whole or not at all.

Loading runs no code, and refuses what is damaged, newer, or no checkpoint.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import CheckpointError
from chainrule.network import FileKind, read_tensor_file, write_tensor_file
from chainrule.training.outcome import Outcome
from chainrule.training.packing import pack, unpack
from chainrule.training.run_state import RunState

KIND = FileKind(
    "checkpoint",
    1,
    CheckpointError,
    "Name a file that a training with a checkpoint wrote.",
    "Remove it, and train from the beginning.",
)


@dataclass(frozen=True)
class Finished:
    """A run that is over: its outcome and the parameters that were kept."""

    outcome: Outcome
    parameters: Array


@dataclass(frozen=True)
class Header:
    """What a checkpoint says of its run, beside where it stands.

    Parameters
    ----------
    settings : mapping
        Plain values that must be equal for the run to go on.
    data : mapping
        Digests of the arrays, which must be equal too.
    versions : mapping
        Of the libraries whose arithmetic decides the last bits.
    note : mapping or None
        Whatever the caller of the training needs to begin it again, plain values.
    """

    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    versions: Mapping[str, str]
    note: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StoredRun:
    """What a checkpoint file holds, its state still packed: only its solver knows the types."""

    header: Header
    finished: Outcome | None
    packed: Any
    tensors: Mapping[str, Array]
    path: str

    def parameters(self, n_parameters: int, call: str) -> Array:
        """Return the parameters that a complete run kept."""
        parameters = self.tensors.get("parameters")
        if parameters is None or parameters.shape != (n_parameters,) or not np.isfinite(parameters).all():
            raise KIND.damaged(call, self.path, "parameters of another shape, or not finite")
        return parameters

    def state(self, kinds: tuple[Any, ...], n_parameters: int, call: str) -> RunState:
        """Return where the run stands.

        Parameters
        ----------
        kinds : tuple of types
            Of the method's state, and of the solver's state inside it.
        n_parameters : int
            How many the network has.
        call : str
            For messages.
        """
        try:
            state: RunState = unpack(RunState, self.packed, self.tensors, kinds)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise KIND.damaged(call, self.path, f"a state that does not fit ({error})") from error
        vectors = (state.parameters, state.record.best.parameters, state.first.parameters)
        if any(vector.shape != (n_parameters,) for vector in vectors):
            raise KIND.damaged(call, self.path, "parameters of another number")
        return state


def write_checkpoint(path: str, header: Header, run: RunState | Finished, call: str) -> None:
    """Write a checkpoint; a kill at any moment leaves the old file or the new one.

    Raises
    ------
    OutputError
        It cannot be written; the old one is as it was.
    """
    tensors: dict[str, Array] = {}
    described: dict[str, Any] = {
        "settings": dict(header.settings),
        "data": dict(header.data),
        "versions": dict(header.versions),
        "note": None if header.note is None else dict(header.note),
        "outcome": None,
        "run": None,
    }
    if isinstance(run, Finished):
        tensors["parameters"] = run.parameters
        described["outcome"] = run.outcome.to_json_value()
    else:
        described["run"] = pack(run, "run", tensors)
    write_tensor_file(path, tensors, {"checkpoint": described}, KIND, call)


def read_checkpoint(path: str | os.PathLike[str], call: str) -> StoredRun:
    """Read a checkpoint.

    Raises
    ------
    MissingFileError
        There is no such file.
    CheckpointError
        It is no checkpoint, is damaged, or comes from a newer version.
    """
    tensors, description = read_tensor_file(path, KIND, call)
    name = os.fspath(path)
    if "checkpoint" not in description:
        raise KIND.foreign(call, name, "a model" if "network" in description else "another file")
    try:
        described = description["checkpoint"]
        header = Header(*(described[part] for part in ("settings", "data", "versions", "note")))
        outcome = described["outcome"]
        finished = None if outcome is None else Outcome.from_json_value(outcome)
        if not all(isinstance(part, dict) for part in (header.settings, header.data, header.versions)):
            raise TypeError("settings, data and versions are names with values")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KIND.damaged(call, name, f"a description that does not fit ({error})") from error
    return StoredRun(header, finished, described["run"], tensors, name)
