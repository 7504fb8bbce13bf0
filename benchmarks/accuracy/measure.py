"""The worst error of each implementation in each regime."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy.libraries import Library, libraries
from accuracy.regimes import REGIMES, Rows
from accuracy.truth import Exact, exponentials, truths

QUANTITIES = ("loss", "gradient", "softmax", "log_softmax", "logsumexp")
CONSTANTS = {"loss": 8, "gradient": 12, "softmax": 12, "log_softmax": 8, "logsumexp": 8}
CUT_OFF = {np.float32: 104.0, np.float64: 745.0}
N_EXPONENTIALS = 20_000


@dataclass(frozen=True)
class Cell:
    """The worst of a regime. ``failure`` says what is returned where the truth is neither 0 nor infinite."""

    failure: str | None  # "NaN", "inf", "0"
    error: float  # units of roundoff
    share: float  # of the bound

    def worse(self, other: "Cell") -> "Cell":
        """Return the worse of two, each number on its own."""
        order = (None, "0", "inf", "NaN")
        failure = max(self.failure, other.failure, key=order.index)
        return Cell(failure, max(self.error, other.error), max(self.share, other.share))


@dataclass(frozen=True)
class Measured:
    """Cells by (dtype, quantity, library, regime), and the worst errors of exp in ulp by (dtype, library)."""

    cells: dict[tuple[str, str, str, str], Cell]
    exponentials: dict[tuple[str, str], float]


def measure() -> Measured:
    """Measure every library in every regime, in float32 and float64."""
    known = list(libraries())
    cells: dict[tuple[str, str, str, str], Cell] = {}
    worst: dict[tuple[str, str], float] = {}
    for dtype in (np.float32, np.float64):
        name = np.dtype(dtype).name
        for regime in REGIMES:
            for rows in regime.rows(dtype):
                exact = truths(rows)
                for library in known:
                    for quantity, cell in _cells(library, rows, exact, dtype).items():
                        key = (name, quantity, library.name, regime.heading)
                        cells[key] = cell.worse(cells[key]) if key in cells else cell
        worst |= {(name, library): error for library, error in _exp_errors(known, dtype).items()}
    return Measured(cells, worst)


def _cells(library: Library, rows: Rows, exact: dict[str, Exact], dtype: type) -> dict[str, Cell]:
    found = {}
    for quantity, function in library.functions.items():
        with library.around(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = function(rows.logits.copy(), rows.targets)
        found[quantity] = _cell(quantity, values, rows, exact, dtype)
    return found


def _cell(quantity: str, values: NDArray[Any], rows: Rows, exact: dict[str, Exact], dtype: type) -> Cell:
    truth = exact[quantity]
    smallest = float(np.finfo(dtype).smallest_normal)
    judged = np.isfinite(truth.high) & (np.abs(truth.high) >= smallest)
    scale = exact["logsumexp scale"].high if quantity == "logsumexp" else np.abs(truth.high)
    unit = float(np.finfo(dtype).eps) / 2
    with np.errstate(all="ignore"):
        errors = np.where(judged, truth.distance(values) / scale / unit, 0)
        bound = _bound(quantity, rows.logits, dtype)
        shares = errors / (bound[:, None] if errors.ndim == 2 else bound)
    return Cell(_failure(values[judged]), _worst(errors), _worst(shares))


def _bound(quantity: str, logits: NDArray[Any], dtype: type) -> NDArray[np.float64]:
    """Return the bound of each row in units of roundoff."""
    finite = np.where(np.isfinite(logits), logits, np.nan).astype(np.float64)
    span = np.nanmax(finite, axis=1) - np.nanmin(finite, axis=1)
    return CONSTANTS[quantity] + np.sqrt(logits.shape[1]) + np.minimum(span, CUT_OFF[dtype])


def _failure(values: NDArray[Any]) -> str | None:
    if np.isnan(values).any():
        return "NaN"
    if np.isinf(values).any():
        return "inf"
    return "0" if (values == 0).any() else None


def _worst(values: NDArray[Any]) -> float:
    return float(np.nan_to_num(values, nan=np.inf).max())


def _exp_errors(known: list[Library], dtype: type) -> dict[str, float]:
    smallest = float(np.log(np.finfo(dtype).smallest_normal))
    values = np.random.default_rng(0).uniform(smallest, 0, N_EXPONENTIALS).astype(dtype)
    truth = exponentials(values)
    ulp = np.spacing(np.maximum(truth.high, np.finfo(dtype).smallest_normal).astype(dtype)).astype(
        np.longdouble
    )
    found = {}
    for library in known:
        if library.exp is not None:
            with library.around():
                found[library.name] = _worst(truth.distance(library.exp(values)) / ulp)
    return found
