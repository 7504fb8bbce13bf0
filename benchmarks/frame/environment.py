"""What a number depends on: the processor, the threads, the versions."""

import os
import platform
from pathlib import Path
from typing import Any


def environment(n_threads: int | None = None) -> dict[str, Any]:
    """Return the processor and the interpreter as plain values."""
    return {
        "processor": _processor(),
        "processors": os.cpu_count(),
        "threads": n_threads,
        "load_before": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if not information.exists():
        return platform.processor()
    fields = dict(line.split(":", 1) for line in information.read_text().splitlines() if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    best = next((name for name in ("avx512f", "avx2") if name in fields.get("flags", "").split()), "")
    return f"{fields.get('model name', platform.machine())} {best}".strip()
