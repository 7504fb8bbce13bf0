"""Tables that stay on the disk and are read some rows at a time."""

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from chainrule.data.refusals import quoted, said
from chainrule.errors import DataError, MissingFileError

STREAMED_ENDINGS = (".parquet",)
"""Files of which any rows can be read without those before them."""
END_BYTES = 1 << 20
"""Of the end of a file, which tells of every row group: its place, its size and what its values lie between."""


@dataclass(frozen=True)
class TableBlocks:
    """Rows of one or more Parquet files, in the order of their names, as one table.

    Parameters
    ----------
    paths : tuple of Path
        The files.
    source : str
        What messages call them.
    schema : dict
        The type of each column by its name, in order.
    n_rows : int
        Rows of all files.
    digest : str or None
        Of the content of the file that these stand for, where it was read as a whole.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pl.DataFrame({"size": [1, 2, 3]}).write_parquet(f"{folder}/sizes.parquet")
    ...     blocks = open_blocks(f"{folder}/sizes.parquet", "example")
    ...     blocks.n_rows, blocks.read(1, 2, "example")["size"].to_list()
    (3, [2, 3])
    """

    paths: tuple[Path, ...]
    source: str
    schema: dict[str, pl.DataType]
    n_rows: int
    digest: str | None = None

    @property
    def fingerprint(self) -> str:
        """What tells this table from others: its content's digest, or that of the sizes and ends of the files."""
        if self.digest is not None:
            return self.digest
        digest = hashlib.sha256()
        for path in self.paths:
            digest.update(end_of(path))
        return digest.hexdigest()

    def read(self, first: int, count: int, call: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return rows ``first`` to ``first + count - 1``, or as many of them as there are.

        Raises
        ------
        DataError
            A file is damaged there, or has changed since it was opened.
        """
        frame = scanned(self.paths)
        if columns is not None:
            frame = frame.select(columns)
        wanted = min(count, self.n_rows - first)
        rows = collected(frame.slice(first, count), self.source, call)
        if rows.height != wanted:
            raise DataError(
                call,
                f"{self.source} does not change while it is read",
                f"{rows.height} rows in place of {wanted} from row {first} on",
                "Train on files that nothing writes to.",
            )
        return rows


def open_blocks(data: str | Path, call: str) -> TableBlocks | None:
    """Return the Parquet file, the folder of them, or those that a pattern such as part-*.parquet names.

    None where it is none of these.

    Raises
    ------
    DataError
        A file is no whole Parquet file, or the files differ in their columns.
    MissingFileError
        A folder or a pattern without any.
    """
    path = Path(data)
    paths = parquet_files(path, call)
    if paths is None:
        return None
    source = path.name if len(paths) == 1 else f"{path.name or path} ({len(paths)} files)"
    for one in paths:
        require_whole(one, call)
    return blocks_of(paths, source, call)


def blocks_of(paths: tuple[Path, ...], source: str, call: str, digest: str | None = None) -> TableBlocks:
    """Return whole Parquet files as one table, or refuse what polars cannot read."""
    frame = scanned(paths)
    try:
        schema = dict(frame.collect_schema())
        n_rows = int(frame.select(pl.len()).collect().item())
    except (Exception, pl.exceptions.PanicException) as error:
        raise unreadable(source, error, call) from None
    return TableBlocks(paths, source, schema, n_rows, digest)


def end_of(path: Path) -> bytes:
    """Return the size of a file and its last bytes."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END_BYTES))
        return size.to_bytes(8, "little") + file.read()


def parquet_files(path: Path, call: str) -> tuple[Path, ...] | None:
    """Return the Parquet files that a path or a pattern names, in the order of their names; None for others."""
    if path.is_dir():
        found = sorted(path.rglob("*.parquet"))
    elif path.suffix.lower() not in STREAMED_ENDINGS:
        return None
    elif path.exists() or not glob.has_magic(str(path)):
        return (path,) if path.exists() else None
    else:
        found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 - an absolute pattern too
    if not found:
        raise MissingFileError(
            call, f"{str(path)!r} names Parquet files", "none", "Check the folder and the pattern."
        )
    return tuple(found)


def require_whole(path: Path, call: str) -> None:
    """Refuse a file that does not begin and end as a Parquet file does: the last bytes say where everything is."""
    try:
        with path.open("rb") as file:
            begin = file.read(4)
            file.seek(0, 2)
            if file.tell() >= len(MARK) * 2:
                file.seek(-len(MARK), 2)
            end = file.read(4)
    except OSError as error:
        raise MissingFileError(
            call, f"{str(path)!r} is a file that can be read", repr(error.strerror), "Check its permissions."
        ) from error
    if begin != MARK or end != MARK:
        raise DataError(
            call,
            f"{path.name} is a whole Parquet file",
            "one whose beginning or end is another",
            "Check that it was written and copied completely.",
        )


def scanned(paths: tuple[Path, ...]) -> pl.LazyFrame:
    """Return the rows of files, not read yet."""
    return pl.scan_parquet(list(paths), glob=False)


def collected(frame: pl.LazyFrame, source: str, call: str) -> pl.DataFrame:
    """Return what a lazy frame stands for, or refuse in our words."""
    try:
        return frame.collect()
    except (Exception, pl.exceptions.PanicException) as error:
        raise unreadable(source, error, call) from None


def unreadable(source: str, error: BaseException, call: str) -> DataError:
    """Return the refusal of files that polars cannot read."""
    return DataError(
        call,
        f"the columns of {quoted(source)} are such as polars reads, the same in every file",
        f"one that cannot be read: {said(error)}",
        "Check that it was copied completely, that columns have a name and a type of their own, and that all files "
        "have the same.",
    )


MARK = b"PAR1"  # how a whole Parquet file begins and ends
