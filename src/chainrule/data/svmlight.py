"""Files in the svmlight or libsvm format: on each line a label and the features that are not 0, as 3:0.5."""

import io
from pathlib import Path

import numpy as np
import polars as pl

from chainrule.data.refusals import said
from chainrule.data.sparse_column import compressed_series
from chainrule.data.table import Table
from chainrule.errors import DataError

FEATURES, TARGET = "x", "y"
ENDINGS = (".svmlight", ".libsvm", ".svm")


def read_svmlight(content: bytes, path: Path, call: str) -> Table:
    r"""Return the rows of a svmlight file: one column of compressed rows, and the labels.

    Parameters
    ----------
    content : bytes
        The whole file. Numbers of features stay as they are: of a file that counts from 1, feature 0 is never there.
    path : Path
        Its name, for messages.
    call : str
        Who asks, for messages.

    Returns
    -------
    Table
        Columns "x" and "y", the target; labels are integers where all of them are.

    Raises
    ------
    DataError
        A line is none of this format, or a number is not finite.

    Examples
    --------
    >>> table = read_svmlight(b"1 1:0.5 3:2\n-1 2:1\n", Path("two.svmlight"), "fit_table")
    >>> table.frame["y"].to_list(), table.frame["x"].list.len().to_list()
    ([1, -1], [2, 1])
    """
    from sklearn.datasets import load_svmlight_file  # here, since scikit-learn takes a second to import

    try:
        rows, labels = load_svmlight_file(io.BytesIO(content), zero_based=True)
    except (ValueError, OverflowError, MemoryError) as error:
        raise DataError(
            call,
            f"each line of {path.name} is a label and features that are not 0, such as 1 3:0.5 7:2",
            f"one that cannot be read: {said(error)}",
            "Number features by integers >= 0 that rise in a line, and give one label.",
        ) from None
    for what, numbers in (("values", rows.data), ("labels", labels)):
        if not np.isfinite(numbers).all():
            entry = int((~np.isfinite(numbers)).argmax())
            row = entry if what == "labels" else int(np.searchsorted(rows.indptr, entry, side="right")) - 1
            raise DataError(
                call,
                f"the {what} of {path.name} are finite",
                f"{numbers[entry]} in row {row} (rows are counted from 0)",
                "Leave the row out, or replace the number.",
            )
    whole = bool((labels == np.floor(labels)).all() and (np.abs(labels) < 2**53).all())
    frame = pl.DataFrame(
        [
            compressed_series(FEATURES, rows.indptr.astype(np.int64), rows.indices, rows.data),
            pl.Series(TARGET, labels.astype(np.int64) if whole else labels),
        ]
    )
    return Table(frame, TARGET, path.name)
