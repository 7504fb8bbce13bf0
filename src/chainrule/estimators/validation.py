"""What scikit-learn's checks refuse, said in the four parts of our errors; its own words stand among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from chainrule.errors import ArgumentError, ArgumentTypeError, ChainruleError
from chainrule.functions import first_not_finite

BLOCK_ROWS = 1024


@contextmanager
def refusals_of(call: str, X: Any, prefix: str = "") -> Iterator[None]:
    """Turn a ValueError or TypeError of the checks inside into an error of ours, which is one as well.

    Parameters
    ----------
    call : str
        Who asked.
    X : object
        The features that are checked, as they were passed.
    prefix : str
        What stands before "X" and "y" in messages ("eval_set ").

    Raises
    ------
    ArgumentError, ArgumentTypeError
        With the rule that is broken, scikit-learn's message and, for numbers that are not finite, where the first is.

    Examples
    --------
    >>> with refusals_of("fit", [[np.nan]]):
    ...     raise ValueError("Input X contains NaN.")
    Traceback (most recent call last):
    chainrule.errors.ArgumentError: fit: X is finite; got Input X contains NaN: X[0, 0] = nan. Fill or drop missing ...
    """
    try:
        yield
    except ChainruleError:
        raise
    except (ValueError, TypeError) as error:
        kind = ArgumentTypeError if isinstance(error, TypeError) else ArgumentError
        raise kind(call, *_parts(str(error), X, prefix)) from error


def validated(estimator: Any, X: Any, y: Any, **checks: Any) -> tuple[Any, Any]:
    """Return features and targets as ``sklearn.utils.validation.validate_data`` checks them.

    Numbers of a float32 or float64 array are looked at here, on all threads.
    """
    plain = isinstance(X, np.ndarray) and X.dtype.name in ("float32", "float64")
    features, targets = validate_data(estimator, X, y, ensure_all_finite=not plain, **checks)
    if plain:
        require_finite(features)
    return features, targets


def require_finite(X: Any) -> None:
    """Raise scikit-learn's error if a number of an array is not finite.

    Raises
    ------
    ValueError
        In its words: NaN before infinity.

    Examples
    --------
    >>> require_finite(np.array([[0.0, np.inf]]))
    Traceback (most recent call last):
    ValueError: Input X contains infinity or a value too large for dtype('float64').
    """
    if first_not_finite(X) is None:
        return
    if np.isnan(X).any():
        raise ValueError("Input X contains NaN.")
    raise ValueError(f"Input X contains infinity or a value too large for {X.dtype!r}.")


def _parts(text: str, X: Any, prefix: str) -> tuple[str, str, str]:
    """Return rule, what came, and remedy."""
    said = _shortened(text)
    if text.startswith("Input X contains"):
        first_sentence = text.splitlines()[0].rstrip(".")
        place = _first_not_finite(X)
        came = f"{first_sentence}: {prefix}X{place}" if place else first_sentence
        return f"{prefix}X is finite", came, "Fill or drop missing values and look at what became infinite."
    for mark, rule, remedy in _RULES:
        if mark in text:
            return rule.format(prefix=prefix), said, remedy
    rule = f"{prefix}X is a table of numbers, and y, where one is asked for, holds a label for each row"
    return rule, said, "Convert them first."


_RULES = (
    ("features as input", "{prefix}X has the columns of the fit",
     "Pass the columns that the estimator was fitted to, in their order."),
    ("The feature names should match", "{prefix}X has the columns of the fit",
     "Pass the columns that the estimator was fitted to, in their order."),
    ("Found input variables with inconsistent numbers", "{prefix}y has one target for each row of {prefix}X",
     "Pass as many targets as rows."),
    ("Unknown label type", "{prefix}y holds labels of classes", "Give a label, a whole number or text, for each row."),
    ("Input y contains", "{prefix}y holds labels of classes", "Leave out the rows without a label."),
    ("requires y to be passed", "{prefix}y holds labels of classes", "Pass a label for each row."),
    ("minimum of", "{prefix}X has rows and columns enough", "Pass more of them."),
    ("Expected 2D array", "{prefix}X has shape (examples, features)", "Pass one row for each example."),
    ("Found array with dim", "{prefix}X has shape (examples, features)", "Pass one row for each example."),
    ("could not convert", "{prefix}X holds numbers", "Encode text first, or give the table to chainrule.fit_table."),
    ("Complex data", "{prefix}X holds real numbers", "Pass real and imaginary parts as columns."),
)  # fmt: skip
"""What scikit-learn's message contains, the rule that is broken, and what to do."""
LONGEST = 400


def _shortened(text: str) -> str:
    """Return a message without its last full stop, and without the middle of an array that is printed in it."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 4]} ... {text[-LONGEST // 2 :]}"
    return text.rstrip(".")


def _first_not_finite(X: Any) -> str:
    """Return "[i, j] = value" of the first number that is not finite, "" where it cannot be found."""
    if hasattr(X, "tocoo"):
        return _first_entry_not_finite(X.tocsr().tocoo())
    values = X if isinstance(X, np.ndarray) else _as_array(X)
    if values is None or values.ndim != 2:
        return ""
    for first in range(0, len(values), BLOCK_ROWS):
        bad = ~np.isfinite(_floats(values[first : first + BLOCK_ROWS]))
        if bad.any():
            row, column = np.unravel_index(int(bad.argmax()), bad.shape)
            return f"[{first + row}, {column}] = {values[first + row, column]}"
    return ""


def _first_entry_not_finite(entries: Any) -> str:
    bad = np.flatnonzero(~np.isfinite(_floats(entries.data)))
    if not len(bad):
        return ""
    entry = bad[0]
    return f"[{entries.row[entry]}, {entries.col[entry]}] = {entries.data[entry]}"


def _as_array(X: Any) -> Any:
    try:
        return np.asarray(X)
    except (TypeError, ValueError):
        return None


def _floats(block: Any) -> Any:
    try:
        return block.astype(np.float64)
    except (TypeError, ValueError):
        return np.zeros(block.shape)
