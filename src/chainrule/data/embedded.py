"""The data sets that come with scikit-learn, under the names that ``chainrule train`` takes."""

from importlib import import_module
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
    # scikit-learn takes a second to import, so only a call pays for it.
    bunch: Any = getattr(import_module("sklearn.datasets"), loader)()
    labels = bunch.target_names[bunch.target] if named else bunch.target
    columns = {str(feature): bunch.data[:, j] for j, feature in enumerate(bunch.feature_names)}
    return Table(pl.DataFrame({**columns, target: labels.tolist()}), target, name)
