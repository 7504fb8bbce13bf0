"""The highest memory of this process while a function runs (Linux)."""

import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")
STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def growth_of(call: Callable[[], Value]) -> tuple[Value, int | None]:
    """Return what the call returns, and by how many bytes resident memory rose at its highest; None if unknown."""
    if not CLEAR.exists():
        return call(), None
    ctypes.CDLL(None).malloc_trim(0)  # memory freed before must not hide what the call needs
    try:
        CLEAR.write_text("5")  # resets the peak
    except OSError:
        return call(), None
    before = _kibibytes("VmRSS")
    value = call()
    return value, max(0, _kibibytes("VmHWM") - before) * 1024


def _kibibytes(field: str) -> int:
    match = re.search(rf"^{field}:\s+(\d+) kB", STATUS.read_text(), flags=re.MULTILINE)
    assert match
    return int(match[1])
