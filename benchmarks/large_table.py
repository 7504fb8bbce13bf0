"""A table on the disk against the same in memory: file to model, rows a second and the highest anonymous memory."""

import argparse
import os
import sys
import time
from dataclasses import asdict
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from typing import Any

from frame.environment import environment
from frame.report import RESULTS, show, write_json
from frame.sides import limit_threads
from frame.verdict import Verdict
from problems.large_table import EPOCHS, HIDDEN, LargeTable

MOST_BYTES = 1e9
SIDES = {"streamed": True, "in memory": False}
STATUS = Path("/proc/self/status")
SECONDS_BETWEEN = 0.01


def anonymous_bytes() -> int:
    """Return what this process holds in memory that no file backs."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


class Highest:
    """The highest anonymous memory while a block runs, looked at a hundred times a second."""

    def __enter__(self) -> "Highest":
        self.before = self.bytes = anonymous_bytes()
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN):
            self.bytes = max(self.bytes, anonymous_bytes())


def serve(connection: Connection, problem: LargeTable, streamed: bool, n_threads: int) -> None:
    """Fit in a fresh process and send what it took and reached."""
    import scipy.linalg  # noqa: F401 - what the fit imports, before its memory is looked at
    import sklearn.metrics  # noqa: F401

    import chainrule as cr

    tiny = {"x": [0.0, 1.0] * 20, "kind": ["a", "b"] * 20}
    cr.fit_table(tiny, "kind", hidden=4, max_epochs=1)
    begin = time.perf_counter()
    with Highest() as highest:
        model = cr.fit_table(
            problem.path, "kind", hidden=HIDDEN, max_epochs=EPOCHS, stream=streamed, n_threads=n_threads
        )
    connection.send(
        {
            "seconds": time.perf_counter() - begin,
            "bytes": highest.bytes - highest.before,
            "loss": min(model.outcome.validation_curve),
        }
    )


def fitted(problem: LargeTable, streamed: bool, n_threads: int) -> dict[str, Any]:
    """Return what a fit in a process of its own took and reached."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, problem, streamed, n_threads))
    process.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        found = {"failure": "its process ended"}
    process.join()
    return found


def judge(problem: LargeTable, found: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Say what every side took and reached, and hold the streamed one to the targets."""
    verdicts = []
    visits = problem.n_rows * EPOCHS
    for name, side in found.items():
        taken = side.get("failure") or (
            f"{side['seconds']:.1f} s, {visits / side['seconds']:,.0f} rows/s, {side['bytes'] / 1e6:,.0f} MB, "
            f"validation loss {side['loss']:.4f}"
        )
        verdicts.append(Verdict(name, "none", taken, None))
    sides = [side for side in found.values() if "failure" not in side]
    if "streamed" in found and "bytes" in found["streamed"]:
        most = found["streamed"]["bytes"]
        verdicts.append(
            Verdict(
                "anonymous memory of the streamed fit", "<= 1 GB", f"{most / 1e6:,.0f} MB", most <= MOST_BYTES
            )
        )
    if len(sides) == len(SIDES):
        share = found["in memory"]["seconds"] / found["streamed"]["seconds"]
        verdicts.append(Verdict("rows/s, streamed : in memory", ">= 0.5x", f"{share:.2f}x", share >= 0.5))
    return verdicts


def main() -> None:
    """Make the files, fit on every side, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--files", type=int, action="append", help="so many files; 1 and 20 if left out")
    parser.add_argument("--side", action="append", choices=list(SIDES), help="only this side")
    arguments = parser.parse_args()
    limit_threads(processors)
    found: dict[str, Any] = {"title": "A large table", "groups": ["rows"], "cases": {}}
    found["environment"] = environment(processors)
    for n_files in arguments.files or (1, 20):
        problem = LargeTable(arguments.rows, n_files)
        size = problem.make()
        sides = {}
        for name in arguments.side or SIDES:
            print(f"large_table: {problem.case}, {size / 1e9:.2f} GB: {name}", file=sys.stderr, flush=True)
            sides[name] = fitted(problem, SIDES[name], processors)
        verdicts = [asdict(verdict) for verdict in judge(problem, sides)]
        found["cases"][problem.case] = {
            "problem": {**asdict(problem), "bytes": size},
            "sides": {
                name: {"name": name, "median": side.get("seconds", 0.0), "spread": 0.0, **side}
                for name, side in sides.items()
            },
            "verdicts": verdicts,
        }
    write_json(RESULTS / "large_table.json", found)
    show(found)


if __name__ == "__main__":
    main()
