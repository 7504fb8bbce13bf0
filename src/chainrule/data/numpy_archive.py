"""NumPy archives (.npz) with the arrays X and y, and pairs of files (.npy) with one of them each."""

import io
from pathlib import Path

import numpy as np
import polars as pl

from chainrule._types import Array
from chainrule.data.refusals import said
from chainrule.data.table import Table
from chainrule.errors import DataError

TARGET = "y"
SERVED_KINDS = "biufUS"  # NumPy's letters: boolean, integers, floats, text, bytes


def read_numpy_archive(content: bytes, path: Path, call: str) -> Table:
    """Return the arrays X (examples, features) and, where there is one, y (examples,) of an archive.

    Parameters
    ----------
    content : bytes
        The whole file.
    path : Path
        Its name, for messages.
    call : str
        Who asks, for messages.

    Returns
    -------
    Table
        Columns named by the array ``feature_names``, or x0, x1, ...; the target is the column ``y``.

    Raises
    ------
    DataError
        The file is no archive, X is absent, shapes do not fit, or an array holds Python objects (reading those would
        run code).

    Examples
    --------
    >>> buffer = io.BytesIO()
    >>> np.savez(buffer, X=np.eye(2), y=np.array([0, 1]))
    >>> read_numpy_archive(buffer.getvalue(), Path("two.npz"), "fit_table").frame.columns
    ['x0', 'x1', 'y']
    """
    arrays = load_arrays(content, path, call)
    return table_of(arrays, path, call)


def read_numpy_array(content: bytes, path: Path, labels: tuple[Path, bytes] | None, call: str) -> Table:
    """Return the array X (examples, features) of a .npy file, with labels from another one where it is given.

    Errors as :func:`read_numpy_archive`.

    Examples
    --------
    >>> buffer = io.BytesIO()
    >>> np.save(buffer, np.eye(2))
    >>> read_numpy_array(buffer.getvalue(), Path("X.npy"), None, "fit_table").frame.columns
    ['x0', 'x1']
    """
    arrays = {"X": load_array(content, path, call)}
    if labels is not None:
        arrays[TARGET] = load_array(labels[1], labels[0], call)
    return table_of(arrays, path, call)


def load_array(content: bytes, path: Path, call: str) -> Array:
    """Return the array of a .npy file, or refuse."""
    rule, remedy = f"{path.name} is a NumPy array", "Save it with numpy.save(path, X)."
    if not content.startswith(b"\x93NUMPY"):
        raise DataError(call, rule, "another kind of file" if content else "an empty file", remedy)
    try:
        return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))
    except (ValueError, EOFError, OSError, MemoryError, SyntaxError) as error:
        if "allow_pickle" in str(error):
            remedy = "Convert it to numbers or text first; reading Python objects would run code."
            raise DataError(call, rule, "an array of Python objects", remedy) from None
        raise DataError(call, rule, f"one that cannot be read: {said(error)}", remedy) from None


def table_of(arrays: dict[str, Array], path: Path, call: str) -> Table:
    """Return the table of the arrays X and y."""
    features = require_features(arrays, path, call)
    names = feature_names(arrays, features.shape[1], path, call)
    columns = {name: features[:, j] for j, name in enumerate(names)}
    if TARGET in arrays:
        columns[TARGET] = require_target(arrays[TARGET], len(features), path, call)
    try:
        frame = pl.DataFrame({name: served(column) for name, column in columns.items()})
    except (
        ValueError,
        TypeError,
        pl.exceptions.PolarsError,
    ) as error:  # text that no encoding can write, say
        raise DataError(
            call,
            f"{path.name} holds numbers or text that can be written in UTF-8",
            f"arrays that cannot be converted: {said(error)}",
            "Repair the text, or save numbers.",
        ) from None
    return Table(frame, TARGET if TARGET in arrays else None, path.name)


def load_arrays(content: bytes, path: Path, call: str) -> dict[str, Array]:
    """Return the arrays of the archive that make a table, or refuse."""
    rule = f"{path.name} is a NumPy archive of plain arrays"
    remedy = "Save it with numpy.savez(path, X=X, y=y)."
    if not content.startswith(b"PK"):  # else NumPy would offer to unpickle it
        raise DataError(call, rule, "another kind of file", remedy)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if name in ("X", TARGET, "feature_names")}
    except (
        Exception
    ) as error:  # a damaged one reaches zip, zlib, bz2, lzma, and Python's own parser: each has its own
        if "allow_pickle" in str(error):
            remedy = "Convert it to numbers or text first; reading Python objects would run code."
            raise DataError(call, rule, "an array of Python objects", remedy) from None
        raise DataError(call, rule, f"one that cannot be read: {said(error)}", remedy) from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # NumPy hands over the bytes of a member that is not .npy
            raise DataError(call, rule, f"a member {name!r} that is no array", remedy)
    return arrays


def require_features(arrays: dict[str, Array], path: Path, call: str) -> Array:
    """Return X, checked."""
    features = arrays.get("X")
    if (
        features is None
        or features.ndim != 2
        or features.shape[1] == 0
        or features.dtype.kind not in SERVED_KINDS
    ):
        came = "no array X" if features is None else f"dtype {features.dtype} and shape {features.shape}"
        raise DataError(
            call,
            f"the array X of {path.name} has numbers or text in shape (examples, features)",
            came,
            "Save it with numpy.savez(path, X=X, y=y).",
        )
    return features


def require_target(target: Array, n_rows: int, path: Path, call: str) -> Array:
    """Return y, checked."""
    if target.shape != (n_rows,):
        raise DataError(
            call,
            f"the array y of {path.name} has shape ({n_rows},), one label for each row of X",
            f"shape {target.shape}",
            "Save class labels, not one-hot rows.",
        )
    if target.dtype.kind not in SERVED_KINDS:
        raise DataError(
            call,
            f"the array y of {path.name} holds integers, booleans, text or floats with few different values",
            f"dtype {target.dtype}",
            "Save class labels.",
        )
    return target


def feature_names(arrays: dict[str, Array], n_features: int, path: Path, call: str) -> list[str]:
    """Return the names of the columns, checked for number and repetition."""
    if "feature_names" not in arrays:
        return [f"x{j}" for j in range(n_features)]
    names = [str(name) for name in served(arrays["feature_names"].ravel()).tolist()]
    if len(names) != n_features or len({*names, TARGET}) != n_features + 1:
        raise DataError(
            call,
            f"feature_names of {path.name} has {n_features} different names, none of them 'y'",
            f"{len(names)} names, {len(set(names))} of them different",
            "Name each column of X once, or leave the array out.",
        )
    return names


def served(array: Array) -> Array:
    """Return an array of a dtype that polars takes: bytes become text, half precision becomes single."""
    if array.dtype.kind == "S":
        return np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        return array.astype(np.float32 if array.dtype.itemsize == 2 else np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
