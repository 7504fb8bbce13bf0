"""Tables that stay on the disk and are read some rows at a time."""

import glob
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from chainrule.data.refusals import said
from chainrule.errors import DataError, MissingFileError

FORMATS = {
    ".parquet": ("Parquet", b"PAR1"),
    ".arrow": ("Arrow", b"ARROW1"),
    ".feather": ("Arrow", b"ARROW1"),
    ".ipc": ("Arrow", b"ARROW1"),
}
"""Files of which any rows can be read without those before them: their format, and how each begins and ends."""
END_BYTES = 1 << 20
"""Of the end of a file, which tells of every row group: its place, its size and what its values lie between."""


@dataclass(frozen=True)
class TableBlocks:
    """Rows of one or more Parquet or Arrow files, in the order of their names, as one table.

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
    """Return the Parquet or Arrow file, the folder of them, or those that a pattern such as part-*.parquet names.

    None where it is none of these.

    Raises
    ------
    DataError
        A file is not whole, or the files differ in their format or their columns.
    MissingFileError
        A folder or a pattern without any.
    """
    path = Path(data)
    paths = files_of_blocks(path, call)
    if paths is None:
        return None
    source = path.name if len(paths) == 1 else f"{path.name or path} ({len(paths)} files)"
    formats = sorted({FORMATS[one.suffix.lower()][0] for one in paths})
    if len(formats) > 1:
        came, remedy = " and ".join(formats), "Name those of one format by a pattern, such as part-*.parquet."
        raise DataError(call, f"the files of {source} have one format", came, remedy)
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


def files_of_blocks(path: Path, call: str) -> tuple[Path, ...] | None:
    """Return the files that a path, a folder or a pattern names, in the order of their names; None for others."""
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in FORMATS and one.is_file())
    elif path.suffix.lower() not in FORMATS:
        return None
    elif path.exists() or not glob.has_magic(str(path)):
        return (path,) if path.exists() else None
    else:
        found = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 - an absolute pattern too
    if not found:
        raise MissingFileError(
            call, f"{str(path)!r} names Parquet or Arrow files", "none", "Check the folder and the pattern."
        )
    return tuple(found)


def require_whole(path: Path, call: str) -> None:
    """Refuse a file that does not begin and end as its format does: the last bytes say where everything is."""
    name, mark = FORMATS[path.suffix.lower()]
    try:
        with path.open("rb") as file:
            begin = file.read(len(mark))
            file.seek(max(0, file.seek(0, 2) - len(mark)))
            end = file.read()
    except OSError as error:
        raise MissingFileError(
            call, f"{str(path)!r} is a file that can be read", repr(error.strerror), "Check its permissions."
        ) from error
    if begin != mark or end != mark:
        raise DataError(
            call,
            f"{path.name} is a whole {name} file",
            "an empty file" if not begin else "one whose beginning or end is another",
            "Check that it was written and copied completely.",
        )


def scanned(paths: tuple[Path, ...]) -> pl.LazyFrame:
    """Return the rows of files, not read yet."""
    if FORMATS[paths[0].suffix.lower()][0] == "Arrow":
        return pl.scan_ipc(list(paths))
    return pl.scan_parquet(list(paths), glob=False)


def collected(frame: pl.LazyFrame, source: str, call: str) -> pl.DataFrame:
    """Return what a lazy frame stands for, or refuse in our words."""
    try:
        return frame.collect()
    except (Exception, pl.exceptions.PanicException) as error:
        raise unreadable(source, error, call) from None


def unreadable(source: str, error: BaseException, call: str) -> DataError:
    """Return the refusal of files that polars cannot read."""
    several = source.endswith("files)")
    return DataError(
        call,
        f"the columns of {source} are such as polars reads{', the same in every file' if several else ''}",
        f"one that cannot be read: {said(error)}",
        "Check that it was copied completely, and give each column a name of its own and a common type"
        f"{', in all files the same' if several else ''}.",
    )
