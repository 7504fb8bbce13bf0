"""How long does ``import chainrule`` take beyond NumPy? Fresh processes in turn, medians of the paired differences."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

REPETITIONS = 15
PROGRAMS = {
    "import numpy": "import numpy",
    "import chainrule": "import chainrule",
    "first softmax": "import chainrule as cr; cr.softmax([1.0, 2.0])",
}
RESULTS = Path(__file__).resolve().parent / "results"


def main() -> None:
    """Print the table and write it as JSON."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(REPETITIONS + 1):
        for name, program in PROGRAMS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            seconds[name].append(time.perf_counter() - start)
    base = seconds["import numpy"][1:]
    table = {}
    for name, values in seconds.items():
        beyond = [value - other for value, other in zip(values[1:], base, strict=True)]
        table[name] = {
            "median_seconds": statistics.median(values[1:]),
            "median_seconds_beyond_numpy": statistics.median(beyond),
            "spread_seconds": max(values[1:]) - min(values[1:]),
        }
        print(
            f"{name:18} {table[name]['median_seconds']:7.3f} s"
            f"{table[name]['median_seconds_beyond_numpy']:+8.3f} s beyond numpy"
            f"   (spread {table[name]['spread_seconds']:.3f} s)"
        )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "import_time.json").write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
