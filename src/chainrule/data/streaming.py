"""Files that are read some rows at a time: which they are, and how they are opened."""

from pathlib import Path

from chainrule.data.blocks import TableBlocks, files_of_blocks, open_blocks
from chainrule.data.csv_pieces import spooled
from chainrule.errors import MissingFileError

CSV_ENDINGS = (".csv", ".tsv")


def can_be_streamed(path: str, call: str) -> bool:
    """Return whether a path names CSV, Parquet or Arrow files.

    Raises
    ------
    MissingFileError
        It is a folder or a pattern, and there are none.
    """
    if Path(path).suffix.lower() in CSV_ENDINGS:
        return Path(path).is_file()
    return files_of_blocks(Path(path), call) is not None


def open_stream(
    path: str, target: str | None, call: str, text_columns: frozenset[str] = frozenset()
) -> TableBlocks:
    """Return a file, a folder or a pattern as blocks of rows; a CSV file is written as Parquet first.

    ``text_columns`` of a CSV file stay text whatever they look like.

    Raises
    ------
    DataError, MissingFileError, OutputError
        As :func:`~chainrule.data.blocks.open_blocks` and :func:`~chainrule.data.csv_pieces.spooled`.
    """
    if Path(path).suffix.lower() in CSV_ENDINGS:
        return spooled(Path(path), call, text_columns, target)
    blocks = open_blocks(path, call)
    if blocks is None:
        raise MissingFileError(
            call, f"{path!r} names CSV, Parquet or Arrow files", "none", "Check the spelling."
        )
    return blocks
