"""A mixed table of millions of rows as Parquet: numbers, integers, text, dates, true and false, missing values."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

FOLDER = Path(os.environ.get("CHAINRULE_BENCHMARK_TABLES", Path(__file__).resolve().parent.parent / "data"))
ROWS_AT_ONCE = 2**20
N_NUMBERS, N_INTEGERS, CATEGORIES, N_CLASSES = 12, 4, (12, 10, 8, 5), 8
EPOCHS, HIDDEN = 5, 256


@dataclass(frozen=True)
class LargeTable:
    """N rows in so many files; the largest of K noisy linear scores of some columns is the class."""

    n_rows: int
    n_files: int

    @property
    def case(self) -> str:
        """Return the name that a single case is asked for by."""
        return f"{self.n_rows // 1000}k rows, {self.n_files} file{'s' * (self.n_files > 1)}"

    @property
    def path(self) -> str:
        """Return what is trained on: a file, or a pattern of them."""
        folder = FOLDER / f"large-table-{self.n_rows}-{self.n_files}"
        return str(folder / ("table.parquet" if self.n_files == 1 else "part-*.parquet"))

    def make(self) -> int:
        """Write the files that are not there yet; return the bytes of all."""
        folder = Path(self.path).parent
        folder.mkdir(parents=True, exist_ok=True)
        share = -(-self.n_rows // self.n_files)
        for number in range(self.n_files):
            name = "table.parquet" if self.n_files == 1 else f"part-{number:03}.parquet"
            if not (folder / name).exists():
                first = number * share
                self._write(folder / name, first, min(share, self.n_rows - first))
        return sum(file.stat().st_size for file in folder.glob("*.parquet"))

    def _write(self, path: Path, first: int, count: int) -> None:
        beside = path.with_suffix(".part")
        starts = range(first, first + count, ROWS_AT_ONCE)
        parts = (rows(start, min(ROWS_AT_ONCE, first + count - start)).lazy() for start in starts)
        pl.concat(list(parts)).sink_parquet(beside)
        beside.replace(path)


def rows(first: int, count: int) -> pl.DataFrame:
    """Return rows of the table; those of a number are the same in whatever files they lie, by blocks of a thousand."""
    generator = np.random.default_rng([first, count])
    weight = np.random.default_rng(0).normal(size=(N_NUMBERS, N_CLASSES)) * 0.7
    numbers = generator.normal(size=(count, N_NUMBERS))
    columns = {f"number{k}": numbers[:, k] * 10.0**k + k for k in range(N_NUMBERS)}
    columns["number1"] = np.where(generator.uniform(size=count) < 0.02, np.nan, columns["number1"])
    for k in range(N_INTEGERS):
        columns[f"count{k}"] = generator.integers(0, 10 ** (k + 1), count)
    codes = [generator.integers(0, size, count) for size in CATEGORIES]
    for k, size in enumerate(CATEGORIES):
        columns[f"word{k}"] = np.array([f"word {i}" for i in range(size)])[codes[k]]
    seconds = generator.integers(1_500_000_000, 1_700_000_000, count)
    columns["when"] = pl.Series(seconds * 1_000_000).cast(pl.Datetime("us"))
    columns["flag"] = generator.integers(0, 2, count).astype(bool)
    scores = numbers @ weight + 0.5 * np.eye(N_CLASSES)[codes[0] % N_CLASSES]
    classes = (scores + generator.gumbel(size=(count, N_CLASSES))).argmax(axis=1)
    columns["kind"] = np.array([f"kind {i}" for i in range(N_CLASSES)])[classes]
    return pl.DataFrame(columns)
