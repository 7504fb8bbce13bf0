"""A CSV file larger than memory: read piece by piece, twice, and written as Parquet for all later reading."""

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from chainrule.data.blocks import TableBlocks, blocks_of
from chainrule.data.csv_fields import read_header, refuse_open_quotation, refuse_repeated_names
from chainrule.data.csv_types import Evidence, evidence_of, in_final_type
from chainrule.data.delimited import decode, read_text
from chainrule.errors import DataError, MissingFileError, OutputError

PIECE_BYTES = 64 << 20
LONGEST_FIELD = 256 << 20
"""A quotation mark that is not closed within so many bytes is taken for one that never is."""


@dataclass(frozen=True)
class Piece:
    """Whole rows of a file, as they stand in it, and the number of the first of them."""

    rows: bytes
    first_line: int


@dataclass(frozen=True)
class Layout:
    """Names of the columns, what separates them, and the bytes of the file before the first row."""

    columns: list[str]
    separator: str
    begin: int
    lines: int


def spooled(
    path: Path, call: str, text_columns: frozenset[str] = frozenset(), target: str | None = None
) -> TableBlocks:
    """Return a CSV file as blocks of rows: its columns have the types that the whole file's values have.

    Parameters
    ----------
    path : Path
        The file, read twice from its beginning to its end.
    call : str
        Who asks, for messages.
    text_columns, target
        As :func:`~chainrule.data.delimited.read_delimited`.

    Returns
    -------
    TableBlocks
        Over Parquet files in a temporary folder (``TMPDIR`` chooses where), which is removed with it.

    Raises
    ------
    DataError
        As :func:`~chainrule.data.delimited.read_delimited`.
    MissingFileError
        The file cannot be read.
    OutputError
        There is no room for the Parquet files.
    """
    label = None if target is None else target.strip()
    layout = layout_of(path, call)
    found = [Evidence() for _ in layout.columns]
    digest, n_rows = hashlib.sha256(), 0
    for piece in pieces(path, layout, call):
        digest.update(piece.rows)
        frame = text_of_piece(piece, layout, path, call, n_rows)
        n_rows += frame.height
        found = [
            evidence.joined(
                evidence_of(text, is_target=text.name == label, stays_text=text.name in text_columns)
            )
            for evidence, text in zip(found, frame.iter_columns(), strict=True)
        ]
    folder = Path(tempfile.mkdtemp(prefix="chainrule-"))
    try:
        parts = tuple(
            write_part(in_final_types(text, found, label, text_columns), folder, number, call)
            for number, text in enumerate(texts(path, layout, call))
        )
        blocks = blocks_of(parts, path.name, call, digest.hexdigest())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(blocks, shutil.rmtree, folder, ignore_errors=True)
    return blocks


def texts(path: Path, layout: Layout, call: str) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file as text, piece by piece."""
    for piece in pieces(path, layout, call):
        yield text_of_piece(piece, layout, path, call, 0)


def in_final_types(
    text: pl.DataFrame, found: list[Evidence], label: str | None, text_columns: frozenset[str]
) -> pl.DataFrame:
    """Return the rows of a piece in the types of the whole file's columns."""
    return pl.DataFrame(
        [
            in_final_type(
                column, evidence, is_target=column.name == label, stays_text=column.name in text_columns
            )
            for evidence, column in zip(found, text.iter_columns(), strict=True)
        ]
    )


def layout_of(path: Path, call: str) -> Layout:
    """Return what the first line of a file says."""
    try:
        with path.open("rb") as file:
            begin = file.read(PIECE_BYTES)
    except OSError as error:
        raise MissingFileError(
            call,
            f"{str(path)!r} is a file that can be read",
            repr(error.strerror or str(error)),
            "Check the spelling, the folder and the permissions.",
        ) from error
    cut = begin if len(begin) < PIECE_BYTES else begin[: begin.rfind(b"\n") + 1] or begin
    text = decode(cut, path, call)
    columns, separator, length = read_header(text, path, call)
    refuse_repeated_names(columns, path, call)
    before = cut.find(text[:length].encode())
    if before < 0:  # lines end as they did on a Macintosh before the year 2001
        raise DataError(
            call, f"the lines of {path.name} end in a line feed", "carriage returns alone", "Convert it."
        )
    names = text[:length].encode()
    return Layout(columns, separator, before + len(names), cut[: before + len(names)].count(b"\n"))


def pieces(path: Path, layout: Layout, call: str) -> Iterator[Piece]:
    """Yield whole rows, so many that they fill about PIECE_BYTES; one piece without any of a file that has none."""
    left, line = b"", layout.lines
    with path.open("rb") as file:
        file.seek(layout.begin)
        while read := file.read(PIECE_BYTES):
            left += read
            end = end_of_rows(left)
            if end:
                yield Piece(left[:end], line)
                line += left.count(b"\n", 0, end)
                left = left[end:]
            elif len(left) > LONGEST_FIELD:
                break
    if left or line == layout.lines:
        refuse_open_quotation(b"\n" * line + left, path, call)
        yield Piece(left, line)


def end_of_rows(content: bytes) -> int:
    r"""Return how many bytes the whole rows at the beginning take.

    Examples
    --------
    >>> end_of_rows(b'1,2\n3,"a\nb'), end_of_rows(b'1,"2')
    (4, 0)
    """
    end = content.rfind(b"\n") + 1
    while end and content.count(b'"', 0, end) % 2:
        end = content.rfind(b"\n", 0, end - 1) + 1
    return end


def text_of_piece(piece: Piece, layout: Layout, path: Path, call: str, first: int) -> pl.DataFrame:
    """Return the rows of a piece as text, in named columns."""
    require_text(piece, path, call)
    frame = read_text(piece.rows, layout.separator, len(layout.columns), path, call, first)
    frame.columns = layout.columns
    return frame


def require_text(piece: Piece, path: Path, call: str) -> None:
    """Refuse bytes that are no UTF-8, with their line."""
    rule = f"{path.name} holds text in UTF-8"
    if b"\0" in piece.rows:
        raise DataError(call, rule, "bytes of zero", "Save the table as CSV in UTF-8.")
    try:
        piece.rows.decode()
    except UnicodeDecodeError as error:
        line = piece.first_line + piece.rows.count(b"\n", 0, error.start) + 1
        came = f"byte 0x{piece.rows[error.start]:02x} in line {line}"
        raise DataError(call, rule, came, "Convert the file, for example with iconv -t UTF-8.") from None


def write_part(frame: pl.DataFrame, folder: Path, number: int, call: str) -> Path:
    """Write a part of the table and return where, or say that there is no room for it."""
    path = folder / f"{number:06}.parquet"
    try:
        frame.write_parquet(path, compression="lz4")
    except OSError as error:
        raise OutputError(
            call,
            "a CSV file that does not fit into memory has room beside it as Parquet",
            f"{error.strerror or error} in {folder.parent}",
            "Make room there, or name another folder by the environment variable TMPDIR.",
        ) from error
    return path
