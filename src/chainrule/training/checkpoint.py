"""When a run is written down, when one that was written down goes on, and what is refused."""

import math
import os
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from chainrule.errors import ArgumentTypeError, CheckpointError, CheckpointWarning, OutputError
from chainrule.files import check_writable, remove_leftovers
from chainrule.training.checkpoint_file import (
    Finished,
    Header,
    StoredRun,
    read_checkpoint,
    write_checkpoint,
)
from chainrule.training.checks import check_number
from chainrule.training.fingerprint import changes
from chainrule.training.log import TrainingLog
from chainrule.training.run_state import RunState

EVERY = 60.0
"""Seconds between checkpoints, unless another number is given."""


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often a run is written down, and what it is a run of.

    Parameters
    ----------
    path : str or path
        The file; written beside its name and renamed.
    every : float
        Seconds between checkpoints, >= 0; 0 writes one after every step.
    resume : bool
        Whether to go on from the file if it is there.
    settings : mapping
        Plain values that, beside the training's own settings, must be equal for the run to go on.
    note : mapping or None
        Plain values for whoever begins the run again.

    Examples
    --------
    >>> Checkpoint("fit.checkpoint").every
    60.0
    """

    path: str | os.PathLike[str]
    every: float = EVERY
    resume: bool = True
    settings: Mapping[str, Any] | None = None
    note: Mapping[str, Any] | None = None


def check_checkpoint(call: str, checkpoint: Any, every: Any) -> Checkpoint | None:
    """Return where and how often to write a run down, None if nowhere."""
    if checkpoint is None or isinstance(checkpoint, Checkpoint):
        chosen = checkpoint
    elif isinstance(checkpoint, str | os.PathLike):
        chosen = Checkpoint(checkpoint, every)
    else:
        rule = "checkpoint is the name of a file, a Checkpoint, or None"
        raise ArgumentTypeError(call, rule, type(checkpoint).__name__, "Pass text or a pathlib.Path.")
    seconds = every if chosen is None else chosen.every
    check_number(call, "checkpoint_every", seconds, 0.0, math.inf, "Pass seconds, such as 60.")
    return chosen


class CheckpointWriter:
    """Writes a run down when it is time; a write that fails is told once and ends nothing.

    Parameters
    ----------
    checkpoint : Checkpoint
        Where and how often.
    header : Header
        What every checkpoint of the run says.
    log : TrainingLog
        Told of every checkpoint.
    call : str
        For messages.
    """

    def __init__(self, checkpoint: Checkpoint, header: Header, log: TrainingLog, call: str) -> None:
        self._path = os.fspath(checkpoint.path)
        self._every = checkpoint.every
        self._header, self._log, self._call = header, log, call
        self._next = 0.0  # the first one is due at once: a run that was begun can be resumed
        self._failing = False

    @property
    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() >= self._next

    def write(self, run: RunState | Finished) -> None:
        """Write a checkpoint; if that fails the last good one stays, and a warning says so."""
        begin = time.monotonic()
        try:
            write_checkpoint(self._path, self._header, run, self._call)
        except (OutputError, MemoryError) as error:
            self._tell(error)
        else:
            self._failing = False
            self._log.write("checkpoint", path=self._path, seconds=time.monotonic() - begin)
        self._next = time.monotonic() + self._every

    def _tell(self, error: OutputError | MemoryError) -> None:
        why = error.came if isinstance(error, OutputError) else "not enough memory"
        self._log.write("checkpoint failed", path=self._path, message=why)
        if not self._failing:
            self._failing = True
            warnings.warn(
                f"{self._call}: the checkpoint {self._path!r} could not be written ({why}); the last good one stays, "
                "and the training goes on. Make room, or it cannot be resumed from a later point.",
                CheckpointWarning,
                stacklevel=2,
            )


def stored_run(checkpoint: Checkpoint, header: Header, call: str) -> StoredRun | None:
    """Return the run to go on with, None if there is none; refuse one of other settings or data.

    Raises
    ------
    OutputError
        No file can be made there.
    CheckpointError
        The file is no checkpoint, is damaged or newer, or its run has other settings or data.

    Warns
    -----
    CheckpointWarning
        The checkpoint was written with other versions of the libraries: the last bits may differ.
    """
    path = os.fspath(checkpoint.path)
    check_writable(path, call)
    remove_leftovers(path)
    if not checkpoint.resume or not os.path.exists(path):  # noqa: PTH110 - text, as in every message
        return None
    stored = read_checkpoint(path, call)
    changed = changes(stored.header.settings, header.settings) + changes(stored.header.data, header.data)
    if changed:
        rule = f"settings and data are those of the checkpoint {path!r}"
        remedy = "Train with the same, or name another checkpoint to begin anew."
        raise CheckpointError(call, rule, ", ".join(changed), remedy)
    differing = changes(stored.header.versions, header.versions)
    if differing:
        warnings.warn(
            f"{call}: the checkpoint {path!r} was written with other versions, {', '.join(differing)}; "
            "the last bits of the result may differ from those of a run without a break.",
            CheckpointWarning,
            stacklevel=2,
        )
    return stored


def solver_state_type(solver: Any, call: str) -> Any:
    """Return what a solver's state is, by the annotation of its ``start``.

    Raises
    ------
    ArgumentTypeError
        There is none.
    """
    try:
        kind = get_type_hints(type(solver).start).get("return", Any)
    except NameError:
        kind = Any
    if kind is Any:
        rule = "a solver that is checkpointed says by the annotation of start what its state is"
        remedy = "Annotate it with a dataclass, or train without a checkpoint."
        raise ArgumentTypeError(call, rule, f"{type(solver).__name__}.start without one", remedy)
    return kind
