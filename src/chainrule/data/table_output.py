"""Tables that are made some rows at a time and written to one file, whole or not at all.

CSV is written as it comes. Parquet and Arrow files are written by polars, which takes rows from a source of its own
accord: a thread of its own lets it wait for them, while the caller's thread makes them and answers Ctrl-C.
"""

import io
import os
import queue
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl
from polars.io.plugins import register_io_source

from chainrule.data.refusals import said
from chainrule.errors import OutputError
from chainrule.files import output_errors, whole_file

Write: TypeAlias = Callable[[pl.DataFrame], None]
Schema: TypeAlias = dict[str, Any]

GROUP_VALUES = 2**23
"""Values that a group of rows of a file holds at most, as long as it has one row: polars holds a few groups."""
GROUP_ROWS = 2**17
WAITING = 2
"""Frames that wait to be written."""
POLL_SECONDS = 0.1
SYSTEM_ERROR = re.compile(r"(?:.*: )?(?P<reason>.+?) \(os error \d+\)")


@contextmanager
def written_table(path: str | os.PathLike[str], schema: Schema, call: str) -> Iterator[Write]:
    """Yield a function that takes the next rows of a file; after the ``with`` block the file is there, whole.

    Parameters
    ----------
    path : str or path
        Ends in one of ``OUTPUT_ENDINGS``; an existing file is replaced.
    schema : dict
        The type of each column, which every frame has.
    call : str
        The function or command to name in an error.

    Raises
    ------
    OutputError
        The file cannot be written. As after any other error, and after Ctrl-C, nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_table(f"{folder}/sizes.parquet", {"size": pl.Int64}, "example") as write:
    ...         write(pl.DataFrame({"size": [1, 2]}))
    ...         write(pl.DataFrame({"size": [3]}))
    ...     pl.read_parquet(f"{folder}/sizes.parquet")["size"].to_list()
    [1, 2, 3]
    """
    writer = WRITERS[Path(path).suffix.lower()]
    with whole_file(path, call) as beside, writer(beside, path, schema, call) as write:
        yield write


def csv_bytes(frame: pl.DataFrame, *, header: bool = False) -> bytes:
    r"""Return rows as text, with the names of the columns above them if wanted.

    Examples
    --------
    >>> csv_bytes(pl.DataFrame({"size": [1, 2]}), header=True)
    b'size\n1\n2\n'
    """
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=header)
    return buffer.getvalue()


@contextmanager
def csv_rows(beside: Path, path: str | os.PathLike[str], schema: Schema, call: str) -> Iterator[Write]:
    """Yield a function that writes rows to a file of text."""
    with output_errors(path, call):
        file = beside.open("wb")
    try:

        def write(frame: pl.DataFrame, *, header: bool = False) -> None:
            with output_errors(path, call):
                file.write(csv_bytes(frame, header=header))

        write(pl.DataFrame(schema=schema), header=True)
        yield write
        with output_errors(path, call):
            file.flush()
    finally:
        with output_errors(path, call):
            file.close()


class RowsForPolars:
    """Rows on their way to polars: one thread gives them, that of polars takes them and writes them.

    Parameters
    ----------
    schema : dict
        Of every frame.
    sink : callable
        What writes a lazy frame.
    """

    def __init__(self, schema: Schema, sink: Callable[[pl.LazyFrame], Any]) -> None:
        self._coming: queue.Queue[pl.DataFrame | None] = queue.Queue(maxsize=WAITING)
        self._given_up = False
        self._schema, self._sink = schema, sink
        self._thread = threading.Thread(target=self._write, name="chainrule-writer", daemon=True)
        self._error: BaseException | None = None
        self._thread.start()

    def give(self, frame: pl.DataFrame | None) -> None:
        """Hand over the next rows, None after the last; wait while others wait to be written.

        Raises
        ------
        BaseException
            What writing raised.
        """
        while self._thread.is_alive():
            try:
                self._coming.put(frame, timeout=POLL_SECONDS)
                break
            except queue.Full:
                continue
        if frame is None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """End the writing as it stands."""
        self._given_up = True
        while self._thread.is_alive():
            try:
                self._coming.put(None, timeout=POLL_SECONDS)
                self._thread.join()
            except queue.Full:
                continue

    def _frames(self, *_: object) -> Iterator[pl.DataFrame]:
        """Yield rows as polars asks for them; it passes wishes that only queries have."""
        while not self._given_up and (frame := self._coming.get()) is not None:
            yield frame

    def _write(self) -> None:
        try:
            self._sink(register_io_source(self._frames, schema=self._schema))
        except BaseException as error:
            self._error = error


@contextmanager
def polars_rows(beside: Path, path: str | os.PathLike[str], schema: Schema, call: str) -> Iterator[Write]:
    """Yield a function that gives rows to a Parquet or an Arrow file, by the ending of ``path``."""
    group_rows = max(1, min(GROUP_ROWS, GROUP_VALUES // len(schema)))

    def sink(frame: pl.LazyFrame) -> None:
        if Path(path).suffix.lower() == ".parquet":
            frame.sink_parquet(beside, row_group_size=group_rows)
        else:  # types that every reader of Arrow files knows
            frame.sink_ipc(beside, record_batch_size=group_rows, compat_level=pl.CompatLevel.oldest())

    rows = RowsForPolars(schema, sink)

    def write(frame: pl.DataFrame | None) -> None:
        with output_errors(path, call), in_our_words(path, call):
            rows.give(frame)

    try:
        yield write
        write(None)
    except BaseException:
        rows.give_up()
        raise


@contextmanager
def in_our_words(path: str | os.PathLike[str], call: str) -> Iterator[None]:
    """Turn what polars says of a file that it cannot write into our error."""
    try:
        yield
    except (pl.exceptions.ComputeError, OSError) as error:
        system = SYSTEM_ERROR.match(said(error))
        if system is None:
            raise
        rule = f"{os.fspath(path)!r} can be written"
        remedy = "Nothing was written; name a file in a folder that exists, can be written to and has room."
        raise OutputError(call, rule, repr(system["reason"]), remedy) from error


WRITERS = {".csv": csv_rows, ".parquet": polars_rows, ".arrow": polars_rows}
OUTPUT_ENDINGS = tuple(WRITERS)
"""What files of rows end in: text, Parquet, and the file format of Arrow (also called Feather 2)."""
