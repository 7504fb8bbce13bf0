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
    entry of the gradient, which is what sums that cancel can promise. ``rows`` are the first rows of each gradient,
    in long double, where the dtype is float64; in float32 all of them, in float64.
    """

    folder: Path
    dtype: str
    relative: bool

    def write(self, loss: float, gradients: dict[str, NDArray[Any]]) -> None:
        """Keep the truth in the folder."""
        (self.folder / "loss.json").write_text(json.dumps({"loss": loss, "names": list(gradients)}))
        for name, gradient in gradients.items():
            np.save(self.folder / f"{name}.npy", gradient)

    def judge(self, result: Result) -> tuple[bool, float]:
        """Return whether the result is right to the tolerance, and its worst error in units of roundoff."""
        kept = json.loads((self.folder / "loss.json").read_text())
        loss, gradients = float(result[0]), {name: np.asarray(array) for name, array in result[1].items()}
        unit = float(np.finfo(self.dtype).eps) / 2
        worst = abs(loss - kept["loss"]) / kept["loss"]
        right = worst <= TOLERANCES[self.dtype]
        for name in kept["names"]:
            truth = np.load(self.folder / f"{name}.npy", mmap_mode="r")
            if gradients[name].dtype != self.dtype or gradients[name].shape[1:] != truth.shape[1:]:
                return False, float("inf")
            largest, ratio = _distances(gradients[name], truth, self.dtype)
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
