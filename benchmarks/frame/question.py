"""A question: cases, sides, and targets; measured case by case, kept as JSON, shown as tables."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import peers
from frame.alternate import alternate
from frame.environment import environment
from frame.report import RESULTS, plot, show, write_json
from frame.sides import Prepared, Problem, WorkerSide, limit_threads
from frame.verdict import Verdict

LARGE = 8_000_000  # bytes of an N x K array; under a smaller one, memory is noise


@dataclass(frozen=True)
class Question:
    """What is asked. ``judge`` gets a problem and the sides of its case as they stand in the JSON."""

    name: str
    title: str
    cases: Callable[[int], Sequence[Problem]]
    sides: tuple[str, ...]
    judge: Callable[[Problem, dict[str, dict[str, Any]]], list[Verdict]]
    groups: tuple[str, ...] = ("float32", "float64")  # a table for the cases whose name contains each


def main(question: Question) -> None:
    """Measure the cases that the command line asks for, and print every case that has been measured."""
    arguments = _arguments(question)
    limit_threads(arguments.threads)
    path = RESULTS / f"{question.name}.json"
    found: dict[str, Any] = {"title": question.title, "groups": question.groups, "cases": {}}
    if (arguments.print or arguments.keep) and path.exists():
        found |= json.loads(path.read_text())
    if not arguments.print:
        cases = question.cases(arguments.threads)
        asked = [problem for problem in cases if not arguments.case or problem.case in arguments.case]
        found["environment"] = environment(arguments.threads)
        names = [name for name in question.sides if not arguments.peer or name in arguments.peer]
        found["cases"] |= _measure(question, asked, names, arguments.repetitions)
        found["cases"] = {
            problem.case: found["cases"][problem.case] for problem in cases if problem.case in found["cases"]
        }
        write_json(path, found)
    show(found)
    plot(path.with_suffix(".png"), found)


def _arguments(question: Question) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=question.title)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parser.add_argument("--threads", type=int, default=processors, help="of every side")
    names = [problem.case for problem in question.cases(processors)]
    parser.add_argument("--case", action="append", choices=names, help="only this case; may be repeated")
    parser.add_argument("--peer", action="append", choices=question.sides, help="only this side")
    parser.add_argument("--repetitions", type=int, help="blocks of each side, at least 2")
    parser.add_argument("--keep", action="store_true", help="keep the other cases of the last run")
    parser.add_argument("--print", action="store_true", help="measure nothing, show the last run")
    return parser.parse_args()


def _measure(
    question: Question, cases: Sequence[Problem], names: Sequence[str], repetitions: int | None
) -> dict[str, Any]:
    """Measure the cases in turn; each peer keeps its process, whose first case is also measured for memory."""
    workers = {name: WorkerSide(name) for name in names if peers.load(name).available()}
    found = {}
    for number, problem in enumerate(cases):
        print(f"{question.name}: {problem.case}", file=sys.stderr, flush=True)
        memory = number == 0 and problem.reference_bytes >= LARGE
        with tempfile.TemporaryDirectory() as folder:
            truth = problem.truth(Path(folder))
            for name, worker in workers.items():
                worker.prepare(problem, None if name in peers.BOUNDS else truth, memory)
            prepared = {name: worker.prepared() for name, worker in workers.items()}
        found[problem.case] = _case(question, problem, workers, prepared, repetitions)
    for worker in workers.values():
        worker.stop()
    return found


def _case(
    question: Question,
    problem: Problem,
    workers: dict[str, WorkerSide],
    prepared: dict[str, Prepared | None],
    repetitions: int | None,
) -> dict[str, Any]:
    ready = {name: workers[name] for name, state in prepared.items() if state is not None and state.right}
    for worker in ready.values():
        worker.measure_estimate()
    timings = alternate(ready, repetitions)
    sides: dict[str, dict[str, Any]] = {}
    for name, state in prepared.items():
        if state is None:
            continue
        sides[name] = {"name": peers.load(name).NAME, **asdict(state)}
        if name in timings:
            sides[name] |= timings[name].as_values()
        if state.extra_bytes is not None:
            sides[name]["extra_share"] = state.extra_bytes / problem.reference_bytes
    verdicts = [asdict(verdict) for verdict in question.judge(problem, sides)]
    return {"problem": asdict(problem), "sides": sides, "verdicts": verdicts}
