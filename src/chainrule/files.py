"""Files written whole or not at all, in one piece or in many, and read with an error that says what to do."""

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from chainrule.errors import MissingFileError, OutputError


def write_whole(path: str | os.PathLike[str], content: bytes, call: str) -> None:
    """Write a file so that a reader, or a kill at any moment, finds the old file or the new one.

    The bytes go to a file beside the final name, which is flushed to the disk and then renamed; the folder is
    flushed after that. A link is followed, an existing file keeps its permissions, and what is no regular file (a
    device, a pipe) is refused.

    Parameters
    ----------
    path : str or path
        The final name; an existing file is replaced.
    content : bytes
        The whole content.
    call : str
        The function or command to name in an error.

    Raises
    ------
    OutputError
        If the file cannot be written. The old file, if any, is untouched and nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a", b"content", "example")
    ...     (Path(folder) / "a").read_bytes()
    b'content'
    """
    with whole_file(path, call) as beside, output_errors(path, call), beside.open("wb") as file:
        file.write(content)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], call: str) -> Iterator[Path]:
    """Yield an empty file to be filled inside the ``with`` block; after it, it takes its final name.

    For contents that are made piece by piece; all else is as :func:`write_whole` says. Whatever ends the block early
    (an error, Ctrl-C) leaves the old file, if any, and nothing beside it.

    Parameters
    ----------
    path : str or path
        The final name; an existing file is replaced.
    call : str
        The function or command to name in an error.

    Yields
    ------
    Path
        The file beside the final name.

    Raises
    ------
    OutputError
        If the file cannot be made or renamed. What fails while it is filled, :func:`output_errors` puts into words.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a", "example") as beside:
    ...         _ = beside.write_bytes(b"content")
    ...     [found.name for found in Path(folder).iterdir()]
    ['a']
    """
    final = Path(os.path.realpath(path))
    beside = _beside(final)
    try:
        with output_errors(path, call):
            mode = _mode_of_existing(final)
            beside.touch(exist_ok=False)
        yield beside
        with output_errors(path, call):
            _rename(beside, final, mode)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def output_errors(path: str | os.PathLike[str], call: str) -> Iterator[None]:
    """Turn the system's errors inside the ``with`` block into the one that says that a file cannot be written.

    Raises
    ------
    OutputError
        For any OSError that is none yet.

    Examples
    --------
    >>> with output_errors("a.csv", "example"):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    chainrule.errors.OutputError: example: 'a.csv' can be written; got 'No space left on device'. Nothing was ...
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            call,
            f"{os.fspath(path)!r} can be written",
            _reason(error),
            "Nothing was written; name a file in a folder that exists, can be written to and has room.",
        ) from error


def check_writable(path: str | os.PathLike[str], call: str) -> None:
    """Refuse a file name that could not be written, before the work that would be lost.

    Parameters
    ----------
    path : str or path
        The file that will be written later.
    call : str
        The function or command to name in the error.

    Raises
    ------
    OutputError
        If a file beside ``path`` cannot be created, or ``path`` is a folder.

    Examples
    --------
    >>> check_writable("no-such-folder/model.safetensors", "train")
    Traceback (most recent call last):
    chainrule.errors.OutputError: train: 'no-such-folder/model.safetensors' can be written; got ...
    """
    final = Path(os.path.realpath(path))
    beside = _beside(final)
    try:
        _mode_of_existing(final)
        beside.touch(exist_ok=False)
        beside.unlink()
    except OSError as error:
        raise OutputError(
            call,
            f"{os.fspath(path)!r} can be written",
            _reason(error),
            "Name a file in a folder that exists and can be written to.",
        ) from error


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what killed writers of a file left beside it; for files that one program at a time writes.

    Parameters
    ----------
    path : str or path
        The final name, which stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / ".a.0123abcd.part").write_bytes(b"half a fi")
    ...     remove_leftovers(Path(folder) / "a")
    ...     list(Path(folder).iterdir())
    []
    """
    final = Path(os.path.realpath(path))
    pattern = re.compile(re.escape(f".{final.name}.") + r"[0-9a-f]{8}\.part")
    with contextlib.suppress(OSError):
        for found in final.parent.iterdir():
            if pattern.fullmatch(found.name):
                found.unlink(missing_ok=True)


def read_whole(path: str | os.PathLike[str], call: str) -> bytes:
    """Read a file.

    Parameters
    ----------
    path : str or path
        The file.
    call : str
        The function or command to name in an error.

    Returns
    -------
    bytes

    Raises
    ------
    MissingFileError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> read_whole("no-such-file", "load")
    Traceback (most recent call last):
    chainrule.errors.MissingFileError: load: 'no-such-file' is a file that can be read; got ...
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise MissingFileError(
            call,
            f"{str(path)!r} is a file that can be read",
            _reason(error),
            "Check the spelling, the folder and the permissions.",
        ) from error


def _beside(final: Path) -> Path:
    return final.parent / f".{final.name}.{secrets.token_hex(4)}.part"


def _rename(beside: Path, final: Path, mode: int | None) -> None:
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    if mode is not None:
        beside.chmod(mode)
    beside.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _mode_of_existing(final: Path) -> int | None:
    """Return the permissions of the file that will be replaced, None where there is none."""
    if not final.exists():
        return None
    found = final.stat().st_mode
    if stat.S_ISDIR(found):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "Not a regular file")
    return stat.S_IMODE(found)


def _reason(error: OSError) -> str:
    return f"'{error.strerror or error}'"
