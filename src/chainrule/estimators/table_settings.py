"""The settings of a fit on a table, as one value that the model file keeps."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.training import Solver, plain


@dataclass(frozen=True)
class TableSettings:
    """How a network is built for a table and trained on it; every part as in :func:`chainrule.fit_table`."""

    hidden: tuple[int, ...] = ()
    activation: str | tuple[str, ...] = "relu"
    solver: str | Solver = "auto"
    alpha: float = 1e-4
    dropout: float | tuple[float, ...] = 0.0
    max_gradient_norm: float | None = None
    batch_size: int | str = "auto"
    max_epochs: int | str = "auto"
    tol: float = 1e-4
    patience: int | None = 20
    class_weight: str | Mapping[Any, float] | None = None
    label_smoothing: float = 0.0
    validation_fraction: float = 0.1
    test_fraction: float = 0.0
    random_state: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)

    def to_json_value(self) -> dict[str, Any]:
        """Return the settings as plain values.

        Examples
        --------
        >>> TableSettings(hidden=(8,)).to_json_value()["hidden"]
        [8]
        """
        return {field.name: plain(getattr(self, field.name)) for field in dataclasses.fields(self)}
