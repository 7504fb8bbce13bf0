"""The data sets that come with scikit-learn, under the names that ``chainrule train`` takes."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl

from chainrule.data.table import Table

# name -> (scikit-learn's loader, the name of the target column, whether classes have names of their own)
EMBEDDED = {
    "digits": ("load_digits", "digit", False),
    "iris": ("load_iris", "species", True),
    "wine": ("load_wine", "cultivar", True),
    "breast-cancer": ("load_breast_cancer", "diagnosis", True),
}


def read_embedded(name: str) -> Table:
    """Return one of scikit-learn's own data sets.

    Parameters
    ----------
    name : str
        One of ``EMBEDDED``.

    Returns
    -------
    Table
        Its numeric columns, and the target as integers (digits) or as the names of the classes.

    Examples
    --------
    >>> read_embedded("iris").frame.shape
    (150, 5)
    """
    loader, target, named = EMBEDDED[name]
    if name == "digits" and (frame := _digits_file(target)) is not None:
        return Table(frame, target, name)
    # scikit-learn takes a second to import, so only a call pays for it.
    bunch: Any = getattr(import_module("sklearn.datasets"), loader)()
    labels = bunch.target_names[bunch.target] if named else bunch.target
    columns = {str(feature): bunch.data[:, j] for j, feature in enumerate(bunch.feature_names)}
    return Table(pl.DataFrame({**columns, target: labels.tolist()}), target, name)


def _digits_file(target: str) -> pl.DataFrame | None:
    """Return the digits from scikit-learn's own file, in a twentieth of the time; None where it lies elsewhere.

    The file has 64 pixels of 0 to 16 and the digit in each line; ``load_digits`` reads the same one.
    """
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        frame = pl.read_csv(path, has_header=False)
    except (OSError, pl.exceptions.PolarsError):
        return None
    if frame.width != 65:
        return None
    frame.columns = [*(f"pixel_{row}_{column}" for row in range(8) for column in range(8)), target]
    return frame.select(pl.exclude(target).cast(pl.Float64), pl.col(target).cast(pl.Int64))
