"""The plain values of a model file, checked: damaged or edited ones are refused when the file is read, not later.

Each check raises one of ``BAD_VALUE``, as reading anything else than what was written does.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule._types import Array
from chainrule.training import Outcome

if TYPE_CHECKING:
    from chainrule.data import Encoder, Label

BAD_VALUE = (
    KeyError,
    IndexError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
)
"""What values can raise that no program of ours wrote."""
KINDS = {str: "U", int: "iu", float: "f", bool: "b"}
"""The types of labels, and what NumPy calls an array of them."""


def encoder_from_json_value(value: Any) -> "Encoder | None":
    """Return the encoder of a model file, None where there is none; a row without values shows that it encodes."""
    if value is None:
        return None
    import polars as pl  # here, since a model of arrays does without it

    from chainrule.data import Encoder

    encoder = Encoder.from_json_value(value)
    try:
        features = encoder.encode(pl.DataFrame({column.name: [None] for column in encoder.columns}))
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"an encoder that encodes nothing ({error})") from error
    if not np.isfinite(features.data if encoder.is_sparse else features).all():
        raise ValueError("an encoder makes finite features")
    return encoder


def checked_classes(classes: Any) -> "tuple[Label, ...]":
    """Return labels as a tuple: all of one type, each different, numbers finite.

    Raises
    ------
    TypeError, ValueError
        They are not.

    Examples
    --------
    >>> checked_classes(np.array([3, 7]))
    (3, 7)
    >>> checked_classes(["a", 1])
    Traceback (most recent call last):
    TypeError: classes are all text, all integers, all floats or all true and false
    """
    if isinstance(classes, str | Mapping) or not isinstance(classes, Sequence | np.ndarray):
        raise TypeError("classes are a sequence of labels")
    labels = tuple(label.item() if isinstance(label, np.generic) else label for label in classes)
    types = {type(label) for label in labels}
    if len(types) != 1 or not types <= KINDS.keys():
        raise TypeError("classes are all text, all integers, all floats or all true and false")
    if len(set(labels)) != len(labels):
        raise ValueError("each class is there once")
    if types == {str}:
        "".join(labels).encode()  # half a surrogate pair cannot be written anywhere
    else:
        numbers = np.array(labels)
        if numbers.dtype.kind not in KINDS[types.pop()] or not np.isfinite(numbers).all():
            raise ValueError("classes are finite numbers of at most 64 bits")
    return labels


def label_array(classes: "tuple[Label, ...]") -> Array:
    r"""Return labels as an array; as objects where NumPy would cut text that ends in a null character.

    Examples
    --------
    >>> label_array(("no", "yes")), label_array(("a", "a" + chr(0)))
    (array(['no', 'yes'], dtype='<U3'), array(['a', 'a\x00'], dtype=object))
    """
    labels = np.array(classes)
    return labels if tuple(labels.tolist()) == tuple(classes) else np.array(classes, dtype=object)


def settings_from_json_value(value: Any) -> dict[str, Any] | None:
    """Return the settings of a model file."""
    if value is not None and not isinstance(value, dict):
        raise TypeError("settings are names with values")
    if value is not None and not isinstance(value.get("target"), str | None):
        raise TypeError("the target among the settings is a name")
    return value


def outcome_from_json_value(value: Any) -> Outcome | None:
    """Return the outcome of a model file, None where there is none."""
    if value is None:
        return None
    for name in ("reason", "solver", "message"):
        _require(isinstance(value[name], str), f"{name} of the outcome is text")
    for name in ("epochs", "best_epoch"):
        _require(type(value[name]) is int and value[name] >= 0, f"{name} of the outcome is a count")
    for name in ("loss", "gradient_norm"):
        _require(value[name] is None or _is_number(value[name]), f"{name} of the outcome is a number")
    for name in ("temperature", "gap"):
        _require(value.get(name) is None or _is_number(value[name]), f"{name} of the outcome is a number")
    diagnosis = value.get("diagnosis", [])
    told = isinstance(diagnosis, list) and all(isinstance(sentence, str) for sentence in diagnosis)
    _require(told, "diagnosis of the outcome is a list of texts")
    for name in ("loss_curve", "validation_curve"):
        numbers = isinstance(value[name], list) and all(
            entry is None or _is_number(entry) for entry in value[name]
        )
        _require(numbers, f"{name} of the outcome is a list of numbers")
    return Outcome.from_json_value(value)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise TypeError(rule)
