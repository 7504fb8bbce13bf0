"""The truth in more digits than the result has, and how far a result is from it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.result import Result

# Relative to the largest entry of a gradient: float32 sums over 32,000 terms stay well within, mistakes do not.
TOLERANCES = {"float32": 2e-5, "float64": 1e-12}
ROWS_AT_A_TIME = 256


@dataclass(frozen=True)
class Truth:
    """The loss and the gradients of a problem, in a folder, so that every process can look at them.

    ``relative`` tells whether each entry has its own relative error; otherwise errors are relative to the largest
    entry of the gradient, which is what sums that cancel can promise. The rows that are kept are all of them, or some
    from first to last where long double, which holds float64 to account, would take too long.
    """

    folder: Path
    dtype: str
    relative: bool

    def write(
        self, loss: float, gradients: dict[str, NDArray[Any]], rows: NDArray[np.int64] | None = None
    ) -> None:
        """Keep the truth in the folder; ``rows`` says which rows the gradients are, None for all."""
        (self.folder / "loss.json").write_text(json.dumps({"loss": loss, "names": list(gradients)}))
        for name, gradient in gradients.items():
            np.save(self.folder / f"{name}.npy", gradient)
        if rows is not None:
            np.save(self.folder / "rows.npy", rows)

    def judge(self, result: Result) -> tuple[bool, float]:
        """Return whether the result is right to the tolerance, and its worst error in units of roundoff."""
        kept = json.loads((self.folder / "loss.json").read_text())
        unit = float(np.finfo(self.dtype).eps) / 2
        worst = abs(float(result[0]) - kept["loss"]) / kept["loss"]
        right = worst <= TOLERANCES[self.dtype]
        for name in kept["names"]:
            truth = np.load(self.folder / f"{name}.npy", mmap_mode="r")
            gradient = np.asarray(result[1][name])
            if gradient.dtype == self.dtype and (self.folder / "rows.npy").exists():
                gradient = gradient[np.load(self.folder / "rows.npy")]
            if gradient.dtype != self.dtype or gradient.shape != truth.shape:
                return False, float("inf")
            largest, ratio = _distances(gradient, truth, self.dtype)
            right &= largest <= TOLERANCES[self.dtype]
            worst = max(worst, ratio if self.relative else largest)
        return bool(right), worst / unit


def _distances(gradient: NDArray[Any], truth: NDArray[Any], dtype: str) -> tuple[float, float]:
    """Return the worst error relative to the largest entry, and relative to its own entry."""
    top = float(max(abs(truth.max()), abs(truth.min())))
    smallest = float(np.finfo(dtype).smallest_normal)  # below it a result may underflow
    largest = ratio = 0.0
    for first in range(0, len(truth), ROWS_AT_A_TIME):
        true = np.asarray(truth[first : first + ROWS_AT_A_TIME])
        error = np.abs(gradient[first : first + ROWS_AT_A_TIME] - true)
        if not np.isfinite(error).all():
            return float("inf"), float("inf")
        size = np.abs(true)
        largest = max(largest, float(error.max()) / top)
        ratio = max(ratio, float((error / np.maximum(size, smallest)).max(where=size >= smallest, initial=0)))
    return largest, ratio
