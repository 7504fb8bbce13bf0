"""Highest memory of a fit of 500 MB of features and more, its time, and the loss that it reaches."""

import argparse
import os
import sys
from dataclasses import asdict
from typing import Any

from frame.environment import environment
from frame.once import looked_at_once
from frame.report import RESULTS, show, write_json
from frame.sides import limit_threads
from frame.verdict import Verdict
from problems import LargeFit

# Examples, features, classes, hidden units.
SIZES = (
    (1_300_000, 100, 10, 64),
    (1_300_000, 100, 100, 64),
    (170_000, 784, 10, 64),
    (1_300_000, 100, 10, 0),
    (1_300_000, 100, 100, 0),
    (170_000, 784, 10, 0),
)
SIDES = ("memory_ours", "memory_scikit_learn", "memory_pytorch")


def judge(problem: LargeFit, sides: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Say what every side took and reached, and hold ours to the target."""
    verdicts = []
    for name, side in sides.items():
        if side.get("peak_bytes") is None:
            continue
        taken = f"{side['peak_bytes'] / 1e6:,.0f} MB in {side['median']:.1f} s, loss {side['loss']:.5f}"
        if name == "memory_ours":
            target = f"< {problem.most_bytes / 1e6:,.0f} MB"
            verdicts.append(Verdict(side["name"], target, taken, side["peak_bytes"] < problem.most_bytes))
        else:
            verdicts.append(Verdict(side["name"], "none", taken, None))
    return verdicts


def main() -> None:
    """Look at every case and side once, print tables and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    problems = [LargeFit(*sizes, processors) for sizes in SIZES]
    parser.add_argument("--case", action="append", choices=[problem.case for problem in problems])
    parser.add_argument("--peer", action="append", choices=SIDES, help="only this side")
    arguments = parser.parse_args()
    limit_threads(processors)
    found: dict[str, Any] = {"title": "Memory of a fit", "groups": ["linear", "hidden"], "cases": {}}
    found["environment"] = environment(processors)
    for problem in problems:
        if arguments.case and problem.case not in arguments.case:
            continue
        sides = {}
        for name in arguments.peer or SIDES:
            print(f"fit_memory: {problem.case}: {name}", file=sys.stderr, flush=True)
            side = looked_at_once(name, problem)
            if side is not None:
                sides[name] = side
        verdicts = [asdict(verdict) for verdict in judge(problem, sides)]
        found["cases"][problem.case] = {"problem": asdict(problem), "sides": sides, "verdicts": verdicts}
    write_json(RESULTS / "fit_memory.json", found)
    show(found)


if __name__ == "__main__":
    main()
