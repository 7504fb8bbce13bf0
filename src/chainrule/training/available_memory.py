"""How much memory this process may still take: what the machine has left, and what limits allow."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROC = Path("/proc")
CONTROL_GROUPS = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60
"""Limits from here on are none: control groups of the first version write a huge number."""
KIBIBYTE = 1024


def available_memory(proc: Path = PROC, control_groups: Path = CONTROL_GROUPS) -> tuple[int, str] | None:
    """Return the bytes that this process may still take, and what sets that limit; None where nobody can tell.

    Parameters
    ----------
    proc, control_groups : Path
        Where Linux tells of processes and of control groups.

    Returns
    -------
    tuple of int and str, or None
        The least of: memory the machine can give without swapping; what each control group above this process has
        left, pages of files that can be dropped counted as free; what the limits of address space and of data
        (``ulimit -v``, ``ulimit -d``) leave. Where there is no ``/proc``, the machine's whole memory bounds it.

    Examples
    --------
    >>> found = available_memory()
    >>> found is None or found[0] > 0
    True
    """
    found = [*_of_machine(proc), *_of_control_groups(proc, control_groups), *_of_process_limits(proc)]
    return min(found, default=None)


def _of_machine(proc: Path) -> Iterator[tuple[int, str]]:
    free = _fields(proc / "meminfo").get("MemAvailable")
    if free is not None:
        yield free * KIBIBYTE, "free memory of the machine"
    elif sys.platform != "win32" and "SC_PHYS_PAGES" in os.sysconf_names:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), "memory of the machine"


def _of_control_groups(proc: Path, control_groups: Path) -> Iterator[tuple[int, str]]:
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            root, names = control_groups, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root = control_groups / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        path = PurePosixPath(name)
        for group in (path, *path.parents):
            left = _left_in_group(root / str(group).lstrip("/"), *names)
            if left is not None:
                yield left, f"what the control group {group} has left"


def _left_in_group(folder: Path, limit: str, usage: str, droppable: str) -> int | None:
    most, used = _text(folder / limit).strip(), _text(folder / usage).strip()
    if not (most.isdigit() and used.isdigit()) or int(most) >= UNLIMITED:
        return None
    return max(0, int(most) - int(used) + _fields(folder / "memory.stat").get(droppable, 0))


def _of_process_limits(proc: Path) -> Iterator[tuple[int, str]]:
    try:
        import resource
    except ImportError:  # Windows has none
        return
    status = _fields(proc / "self" / "status")
    for kind, used, name in (
        (resource.RLIMIT_AS, "VmSize", "what the limit of address space (ulimit -v) leaves"),
        (resource.RLIMIT_DATA, "VmData", "what the limit of data (ulimit -d) leaves"),
    ):
        most = resource.getrlimit(kind)[0]
        if most != resource.RLIM_INFINITY and most < UNLIMITED and used in status:
            yield max(0, most - status[used] * KIBIBYTE), name


def _fields(path: Path) -> dict[str, int]:
    """Return the numbers of lines such as "MemAvailable:  123 kB" or "inactive_file 123" by their names."""
    fields = {}
    for line in _text(path).splitlines():
        words = line.replace(":", " ").split()
        if len(words) >= 2 and words[1].isdigit():
            fields[words[0]] = int(words[1])
    return fields


def _text(path: Path) -> str:
    """Return the text of a file, "" where it cannot be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
