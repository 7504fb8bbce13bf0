"""What ``chainrule train`` was asked to do, as one value that a checkpoint keeps and a resumed training takes up."""

import dataclasses
import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.app.layers import activations, hidden_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chainrule.estimators import TableSettings
    from chainrule.training import Checkpoint, Solver

CALL = "chainrule train"
SCHEDULED = ("sgd", "adam", "adamw")  # solvers that have a learning rate


@dataclass(frozen=True)
class TrainRequest:
    """Data and settings of a training, as they stood on the command line; ``output`` is where the model goes."""

    data: str
    target: str | None
    output: str
    hidden: str
    seed: int
    activation: str
    solver: str
    learning_rate: float | None
    alpha: float
    batch_size: int | None
    max_epochs: int | None
    patience: int
    label_smoothing: float
    balanced: bool
    validation: float
    test: float
    stream: bool | None = None
    columns: dict[str, str] = field(default_factory=dict)

    def settings(self) -> "TableSettings":
        """Return the settings of the fit; a learning rate falls along a cosine."""
        from chainrule.estimators import TableSettings

        return TableSettings(
            hidden=hidden_units(self.hidden),
            activation=activations(self.activation),
            solver=chosen_solver(self.solver, self.learning_rate, hidden=bool(self.hidden)),
            alpha=self.alpha,
            batch_size=self.batch_size or "auto",
            max_epochs=self.max_epochs or "auto",
            patience=self.patience,
            class_weight="balanced" if self.balanced else None,
            label_smoothing=self.label_smoothing,
            validation_fraction=self.validation,
            test_fraction=self.test,
            random_state=self.seed,
            columns=self.columns,
        )

    def note(self) -> dict[str, Any]:
        """Return plain values from which :meth:`from_note` makes the request again, in whatever folder."""
        named = Path(self.data).exists() or glob.has_magic(self.data)  # else an embedded set
        data = os.path.abspath(self.data) if named else self.data  # noqa: PTH100
        output = os.path.abspath(self.output)  # noqa: PTH100 - a link stays a link
        return dataclasses.asdict(dataclasses.replace(self, data=data, output=output))

    @classmethod
    def from_note(cls, path: Path, output: Path | None) -> "TrainRequest":
        """Return the request that a checkpoint holds; the model goes to ``output`` if it is given.

        Raises
        ------
        MissingFileError, CheckpointError
            There is no such file, or it is no checkpoint of this command.
        """
        from chainrule.errors import CheckpointError
        from chainrule.training import read_checkpoint

        note = read_checkpoint(path, CALL).header.note
        try:
            request = cls(**(note or {}))
        except TypeError as error:
            rule = f"{str(path)!r} is a checkpoint of chainrule train"
            remedy = "Call the function that wrote it again, with the same checkpoint."
            raise CheckpointError(CALL, rule, "one that was written from Python", remedy) from error
        return request if output is None else dataclasses.replace(request, output=str(output))


def new_checkpoint(path: Path, every: float, request: TrainRequest) -> "Checkpoint":
    """Return a checkpoint to begin with; a file that is there is replaced only if its training is complete.

    Raises
    ------
    ArgumentError
        It holds an unfinished training, or is one of the files that are read or written.
    CheckpointError
        It is no checkpoint.
    """
    from chainrule.errors import ArgumentError
    from chainrule.training import Checkpoint, read_checkpoint

    for name, option in ((request.data, "the data"), (request.output, "the model")):
        if os.path.realpath(path) == os.path.realpath(name):
            rule = "--checkpoint is a file of its own"
            raise ArgumentError(CALL, rule, f"{option}, {name!r}", "Name another file.")
    if path.exists() and read_checkpoint(path, CALL).finished is None:
        rule = "--checkpoint is a new file, or of a training that is complete"
        came = f"an unfinished training in {str(path)!r}"
        raise ArgumentError(
            CALL, rule, came, f"Finish it with chainrule train --resume {path}, or remove it."
        )
    return Checkpoint(path, every, resume=False, note=request.note())


def column_kinds(options: "Sequence[str]") -> dict[str, str]:
    """Return the kinds of columns that ``--column NAME=KIND`` says.

    Raises
    ------
    ArgumentError
        There is no "=" or no such kind, or a column comes twice.

    Examples
    --------
    >>> column_kinds(["zip=category", "a=b=text"])
    {'zip': 'category', 'a=b': 'text'}
    """
    from chainrule.data import check_column_kinds
    from chainrule.errors import ArgumentError

    kinds: dict[str, str] = {}
    for option in options:
        name, equals, kind = option.rpartition("=")
        if not equals or name in kinds:
            rule = "--column is NAME=KIND, once for each column"
            came = f"{name!r} twice" if equals else f"{option!r}"
            raise ArgumentError(CALL, rule, came, "Name a column and its kind, as zip=category.")
        kinds[name] = kind
    return check_column_kinds(kinds, CALL)


def chosen_solver(name: str, learning_rate: float | None, *, hidden: bool) -> "str | Solver":
    """Return a solver by its name, or with a learning rate of one's own, which falls along a cosine."""
    if learning_rate is None:
        return name
    from chainrule.errors import ArgumentError
    from chainrule.training import SGD, Adam, AdamW, CosineSchedule

    name = "adamw" if name == "auto" and hidden else name
    if name not in SCHEDULED:
        raise ArgumentError(
            CALL, f"--learning-rate goes with {', '.join(SCHEDULED)}", f"--solver {name}", "Leave it out."
        )
    return {"sgd": SGD, "adam": Adam, "adamw": AdamW}[name](learning_rate=CosineSchedule(learning_rate))
