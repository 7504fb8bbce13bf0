"""The state of a run as named arrays and plain values, and back: what a file can hold without any code in it.

A state is made of frozen dataclasses, arrays, numbers, text, enumerations, slices, and tuples or lists of these. What
comes back is built from the annotations of the dataclasses here, so that a file names no type.
"""

import dataclasses
import math
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentTypeError

SCRATCH = types.MappingProxyType({"scratch": True})
"""Metadata of a field whose array is only written to before it is read: its values are not kept."""


def pack(value: Any, name: str, tensors: dict[str, Array]) -> Any:
    """Put the arrays of a state into ``tensors``, by names that begin with ``name``; return the rest as plain values.

    Raises
    ------
    ArgumentTypeError
        If the state has a part of another type.

    Examples
    --------
    >>> tensors = {}
    >>> pack((slice(0, 2), math.inf, np.zeros(2)), "state", tensors), list(tensors)
    (([0, 2, None], 'inf', 'state.2'), ['state.2'])
    """
    if isinstance(value, np.ndarray):
        tensors[name] = value
        return name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _pack_field(field, getattr(value, field.name), f"{name}.{field.name}", tensors)
            for field in dataclasses.fields(value)
        }
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, slice):
        return [value.start, value.stop, value.step]
    if type(value) in (tuple, list):
        return type(value)(pack(item, f"{name}.{place}", tensors) for place, item in enumerate(value))
    if type(value) is float:
        return value if math.isfinite(value) else str(value)
    if value is None or type(value) in (bool, int, str):
        return value
    rule = "the state of a solver that is checkpointed consists of dataclasses, arrays, Python numbers and tuples"
    remedy = "Keep other values as one of these."
    raise ArgumentTypeError("train", rule, f"{type(value).__name__} for {name}", remedy)


def unpack(kind: Any, value: Any, tensors: Mapping[str, Array], unknown: tuple[Any, ...] = ()) -> Any:
    """Return what :func:`pack` packed.

    Parameters
    ----------
    kind : type or annotation
        What it was.
    value : plain values
        What ``pack`` returned.
    tensors : mapping of str to ndarray
        The arrays by name; they are copied.
    unknown : tuple of types or annotations
        What a field annotated as Any holds, what such a field inside it holds, and so on.

    Raises
    ------
    KeyError, TypeError, ValueError
        The values are not those of such a state.

    Examples
    --------
    >>> unpack(tuple[float, ...], ["inf", 2.0], {})
    (inf, 2.0)
    """
    if kind is Any:
        return unpack(unknown[0], value, tensors, unknown[1:])
    if isinstance(kind, types.UnionType) or get_origin(kind) is Union:
        (only,) = (part for part in get_args(kind) if part is not types.NoneType)
        return None if value is None else unpack(only, value, tensors, unknown)
    if kind is np.ndarray or get_origin(kind) is np.ndarray:
        return _unpack_array(value, tensors)
    if get_origin(kind) in (tuple, list):
        return get_origin(kind)(unpack(get_args(kind)[0], item, tensors, unknown) for item in value)
    if dataclasses.is_dataclass(kind):
        hints, names = get_type_hints(kind), [field.name for field in dataclasses.fields(kind)]
        parts = {name: unpack(hints[name], value[name], tensors, unknown) for name in names}
        return kind(**parts)  # type: ignore[operator]
    if kind is slice:
        return slice(*value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind[value]
    return _unpack_plain(kind, value)


def _pack_field(field: dataclasses.Field[Any], value: Any, name: str, tensors: dict[str, Array]) -> Any:
    if field.metadata.get("scratch"):
        return {"dtype": value.dtype.name, "shape": list(value.shape)}
    return pack(value, name, tensors)


def _unpack_array(value: Any, tensors: Mapping[str, Array]) -> Array:
    if isinstance(value, dict):
        return np.empty(value["shape"], value["dtype"])
    return np.array(tensors[value])


def _unpack_plain(kind: Any, value: Any) -> Any:
    if kind is float and type(value) in (float, int, str):
        return float(value)
    if kind in (bool, int, str) and type(value) is kind:
        return value
    raise TypeError(f"{value!r} is no {getattr(kind, '__name__', kind)}")
