"""Calls every function of arrays at random, on every path, and judges what comes back.

``python tests/fuzz.py --cases 1000000 --processes 2`` prints the seed, the pace, and each failure with the command that
repeats it. Case i of a seed is the same whatever the number of cases and of processes.
"""

import argparse
import os
import sys
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import faults

faults.install()

from fuzzing import judge  # noqa: E402  (after the fault, if one is seeded)

CASES_PER_TASK = 2000
FAILURES_SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """A case that failed."""

    number: int
    function: str
    message: str


def run(seed: int, first: int, last: int) -> tuple[list[Finding], Counter[str]]:
    """Judge cases first..last - 1; return the failures, and how many cases each function had."""
    warnings.simplefilter("error")
    findings, counts = [], Counter()
    path_names = judge.paths()
    for number in range(first, last):
        case = judge.draw(seed, number)
        counts[case.function + (", refused" if case.refusal else "")] += 1
        try:
            judge.judge(case, path_names)
        except judge.BrokenPromiseError as failure:
            findings.append(Finding(number, case.function, str(failure)))
        except Exception:
            findings.append(Finding(number, case.function, traceback.format_exc(limit=-3)))
    return findings, counts


def main() -> int:
    """Share out the cases; print what failed."""
    options = _arguments()
    if options.case is not None:
        return _one(options.seed, options.case)
    print(f"seed {options.seed}, {options.cases} cases, paths {', '.join(judge.paths())}", flush=True)
    started, counts, shown, failed, done = time.monotonic(), Counter(), 0, 0, 0
    firsts = range(0, options.cases, CASES_PER_TASK)
    with ProcessPoolExecutor(options.processes) as pool:
        tasks = [pool.submit(run, options.seed, i, min(i + CASES_PER_TASK, options.cases)) for i in firsts]
        for task in tasks:
            findings, counted = task.result()
            counts += counted
            failed, done = failed + len(findings), done + sum(counted.values())
            for finding in findings[: max(0, FAILURES_SHOWN - shown)]:
                _print(options.seed, finding)
                shown += 1
            if done % 100_000 < CASES_PER_TASK:
                print(f"{done} cases, {failed} failures, {time.monotonic() - started:.0f} s", flush=True)
    for name, number in sorted(counts.items()):
        print(f"{number:10d}  {name}")
    pace = options.cases / (time.monotonic() - started)
    print(f"{options.cases} cases, {failed} failures, {pace:.0f} cases/s")
    return failed > 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", type=int, help="run this case alone and print its arguments")
    return parser.parse_args()


def _one(seed: int, number: int) -> int:
    case = judge.draw(seed, number)
    print(case)
    findings, _ = run(seed, number, number + 1)
    for finding in findings:
        _print(seed, finding)
    return bool(findings)


def _print(seed: int, finding: Finding) -> None:
    print(f"FAILED {finding.function}: {finding.message}")
    print(f"       python tests/fuzz.py --seed {seed} --case {finding.number}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
