"""The model: what takes raw rows and gives probabilities, and what a model file holds."""

import os
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError, ArgumentTypeError, DataError, ModelFileError
from chainrule.estimators.model_values import (
    BAD_VALUE,
    checked_classes,
    encoder_from_json_value,
    label_array,
    outcome_from_json_value,
    settings_from_json_value,
)
from chainrule.estimators.prediction import blocks_of, by_blocks, most_probable, rows_of
from chainrule.estimators.top_classes import checked_count, top_classes
from chainrule.network import Network, read_model_file, write_model_file
from chainrule.training import Outcome

if TYPE_CHECKING:
    from chainrule.data import Encoder, Label, Table


@dataclass(frozen=True, eq=False)
class Model:
    """An encoder, a network, the classes, and how they were trained: everything that prediction needs.

    Parameters
    ----------
    encoder : Encoder or None
        What turns raw columns into features; None for a model of plain numeric arrays.
    network : Network
        With a softmax head.
    classes : sequence of str, int, float or bool
        The label of each of the network's outputs, in order.
    settings : mapping or None
        Plain values: how the model was trained; ``target`` names the target column.
    outcome : Outcome or None
        How training ended.

    Raises
    ------
    ArgumentError
        The parts do not fit together.

    Examples
    --------
    >>> model = Model(None, Network((2, 2)), ["no", "yes"])
    >>> model.predict_proba(np.zeros((1, 2)))
    array([[0.5, 0.5]], dtype=float32)
    >>> model.predict(np.zeros((1, 2))).tolist()
    ['no']
    """

    encoder: "Encoder | None"
    network: Network
    classes: "tuple[Label, ...]"
    settings: Mapping[str, Any] | None = None
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "classes", checked_classes(self.classes))
        except (TypeError, ValueError) as error:
            kind = ArgumentTypeError if isinstance(error, TypeError) else ArgumentError
            came = reprlib.repr(self.classes)
            raise kind("Model", str(error), came, "Give one label for each output of the network.") from error
        if self.network.head != "softmax" or self.network.n_outputs != len(self.classes):
            came = f"{len(self.classes)} classes, a {self.network.head} head and {self.network.n_outputs} outputs"
            raise ArgumentError(
                "Model", "a network has a softmax head and one output for each class", came, "Match them."
            )
        if self.encoder is not None and self.encoder.n_features != self.network.n_features:
            came = f"{self.encoder.n_features} and {self.network.n_features}"
            raise ArgumentError(
                "Model", "the network takes as many features as the encoder makes", came, "Match them."
            )

    @property
    def target(self) -> str | None:
        """The name of the target column, None where it is not known."""
        target = (self.settings or {}).get("target")
        return None if target is None else str(target)

    def predict_proba(self, data: object) -> Array:
        """Return the probability of each class for raw rows.

        Parameters
        ----------
        data : frame, mapping, path, str or array_like
            Rows as in training, in anything that :func:`chainrule.data.read_table` takes; columns are found by name,
            others are ignored. A model without an encoder takes an array of shape (examples, features) as well, and
            from a table the columns as they stand, the target left out.

        Returns
        -------
        ndarray, shape (examples, classes), dtype of the network
            The columns are in the order of ``classes``.

        Raises
        ------
        MissingFileError, DataError
            The data cannot be read, or a column is absent, of another kind than in training, or infinite.

        Warns
        -----
        UnseenCategoryWarning
            A column of text has values that were not there in training.
        """
        features = self.features_of(data, call="Model.predict_proba")
        return by_blocks(self.network, features, Network.predict_proba)

    def predict(self, data: object) -> Array:
        """Return the most probable class for raw rows.

        Parameters
        ----------
        data : frame, mapping, path, str or array_like
            As :meth:`predict_proba`, with the same errors and warnings.

        Returns
        -------
        ndarray, shape (examples,)
            Labels: text, int64, float64 or bool; of equally probable classes the first.
        """
        features = self.features_of(data, call="Model.predict")
        return label_array(self.classes)[by_blocks(self.network, features, most_probable)]

    def predict_top(self, data: object, k: int) -> tuple[Array, Array]:
        """Return the k most probable classes for raw rows, the most probable first, and their probabilities.

        Parameters
        ----------
        data : frame, mapping, path, str or array_like
            As :meth:`predict_proba`, with the same errors and warnings.
        k : int
            1 <= k <= classes.

        Returns
        -------
        labels : ndarray, shape (examples, k)
            Of equally probable classes the first come first.
        probabilities : ndarray, shape (examples, k), dtype of the network
            Some of the numbers that :meth:`predict_proba` gives; those of all rows and classes are never held.

        Raises
        ------
        ArgumentError, ArgumentTypeError
            ``k`` is not such a number.

        Examples
        --------
        >>> labels, probabilities = Model(None, Network((1, 3)), ["a", "b", "c"]).predict_top(np.zeros((1, 1)), 2)
        >>> labels.tolist(), probabilities.round(3).tolist()
        ([['a', 'b']], [[0.3330000042915344, 0.3330000042915344]])
        """
        wanted = checked_count(k, len(self.classes), "Model.predict_top")
        features = self.features_of(data, call="Model.predict_top")
        indices = np.empty((rows_of(features), wanted), np.int64)
        probabilities = np.empty((rows_of(features), wanted), self.network.dtype)
        for rows, found in blocks_of(self.network, features, Network.predict_proba):
            indices[rows], probabilities[rows] = top_classes(found, wanted)
        return label_array(self.classes)[indices], probabilities

    def labels(self, probabilities: Array) -> Array:
        """Return the label of the most probable class of each row, shape (examples,).

        Examples
        --------
        >>> Model(None, Network((1, 2)), ["no", "yes"]).labels(np.array([[0.2, 0.8]])).tolist()
        ['yes']
        """
        return label_array(self.classes)[probabilities.argmax(axis=1)]

    def features_of(self, data: object, *, call: str = "Model.features_of") -> Any:
        """Return what the network sees of raw rows, shape (examples, features); ``data`` as :meth:`predict_proba`.

        An array, or scipy.sparse.csr_array where a column is hashed or free text.
        """
        if self.encoder is None and isinstance(data, np.ndarray | list | tuple):
            return np.asarray(data)
        return self.encode(self.read(data, call=call), call=call)

    def read(self, data: object, target: str | None = None, *, call: str = "Model.read") -> "Table":
        """Return a table as this model needs it: text stays text, and the target is known if it is there."""
        from chainrule.data import Table, read_table  # here, since a model of arrays does without polars

        text_columns = set() if self.encoder is None else set(self.encoder.text_columns)
        expected = target or self.target
        if expected is not None and isinstance(self.classes[0], str):
            text_columns.add(expected)
        table = read_table(data, target, call=call, text_columns=text_columns, label_column=expected)
        if target is not None or expected is None:
            return table
        return Table(table.frame, expected if expected in table.frame.columns else None, table.source)

    def encode(self, table: "Table", *, call: str = "Model.encode") -> Any:
        """Return the features of a table's rows, shape (examples, features), as :meth:`features_of`."""
        if self.encoder is not None:
            return self.encoder.encode(table.frame, source=table.source, call=call)
        features = table.features
        numeric = [column.name for column in features.iter_columns() if column.dtype.is_numeric()]
        if len(numeric) != self.network.n_features or features.width != len(numeric):
            raise DataError(
                call,
                f"a table for this model has {self.network.n_features} columns of numbers besides the target",
                f"{len(numeric)} among {features.width} columns of {table.source}",
                "The model was trained on arrays and does not know the names of columns: pass the same columns.",
            )
        return features.to_numpy().astype(np.float64)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to one .safetensors file, whole or not at all.

        The file holds plain values and tensors: no code, time, path or host. Equal models give equal bytes.

        Raises
        ------
        OutputError
            The file cannot be written; nothing is left behind.
        """
        name = path_text(path, "Model.save")
        description = {
            "network": self.network.describe(),
            "classes": list(self.classes),
            "encoder": None if self.encoder is None else self.encoder.to_json_value(),
            "settings": None if self.settings is None else dict(self.settings),
            "outcome": None if self.outcome is None else self.outcome.to_json_value(),
        }
        try:
            write_model_file(name, self.network.tensors(), description, "Model.save")
        except (TypeError, ValueError) as error:
            raise ArgumentError(
                "Model.save",
                "settings and outcome hold text, finite numbers, lists and mappings of these",
                f"another value ({error})",
                "Leave it out of the settings.",
            ) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, call: str = "load") -> "Model":
        """Read a model that :meth:`save` wrote; runs no code from the file.

        Raises
        ------
        MissingFileError
            There is no such file.
        ModelFileError
            The file is not a model, is damaged, comes from a newer version, or is a network without classes, which
            :meth:`chainrule.Network.load` reads.
        """
        name = path_text(path, call)
        try:
            return cls._from_file(*read_model_file(name, call), call, name)
        except ModelFileError:
            raise
        except BAD_VALUE as error:
            came = f"a description that does not fit ({str(error)[:200] or type(error).__name__})"
            raise ModelFileError(call, f"{name!r} is whole", came, "Train the model again.") from error

    @classmethod
    def _from_file(
        cls, tensors: Mapping[str, Array], description: Mapping[str, Any], call: str, name: str
    ) -> "Model":
        """Return the model of what a file holds; anything may be in a file."""
        if "network" not in description or description.get("classes") is None:
            bare = "network" in description
            raise ModelFileError(
                call,
                f"{name!r} is a model with classes",
                "a network without classes" if bare else "another file",
                "Load it with chainrule.Network.load." if bare else "Name a file that Model.save wrote.",
            )
        classes = checked_classes(description["classes"])
        encoder = encoder_from_json_value(description.get("encoder"))
        settings = settings_from_json_value(description.get("settings"))
        outcome = outcome_from_json_value(description.get("outcome"))
        network = Network.restore(tensors, description["network"], call, name)
        return cls(encoder, network, classes, settings, outcome)


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model file: encoder, network, classes, settings and outcome.

    Parameters
    ----------
    path : str or path
        A .safetensors file that :meth:`Model.save` or ``chainrule train`` wrote.

    Returns
    -------
    Model
        It predicts exactly what the saved one did.

    Raises
    ------
    MissingFileError, ModelFileError
        As :meth:`Model.load`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Model(None, Network((2, 2)), ["no", "yes"]).save(f"{folder}/model.safetensors")
    ...     load(f"{folder}/model.safetensors").classes
    ('no', 'yes')
    """
    return Model.load(path)


def path_text(path: Any, call: str) -> str:
    """Return the name of a file as text, which is what messages show."""
    name = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(name, str):
        raise ArgumentTypeError(
            call, "path is text or a pathlib.Path", repr(path), "Name a .safetensors file."
        )
    if "\0" in name:
        raise ArgumentError(call, "path holds no null character", repr(name), "Name a .safetensors file.")
    return name
