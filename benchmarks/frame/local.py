"""A question whose sides are functions of this process, none of which leaves threads behind to disturb the next."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from frame.alternate import Timing, alternate
from frame.environment import environment
from frame.report import RESULTS, plot, show, write_json
from frame.sides import LocalSide
from frame.verdict import Verdict


def main_local(
    name: str,
    title: str,
    case: str,
    calls: Mapping[str, Callable[[], Any]],
    judge: Callable[[dict[str, Timing]], list[Verdict]],
) -> None:
    """Time the calls in turn, print the table, write JSON and a plot; ratios are to the first of them."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--repetitions", type=int, help="blocks of each side, at least 2")
    repetitions = parser.parse_args().repetitions
    state = environment()
    timings = alternate({label: LocalSide(call) for label, call in calls.items()}, repetitions)
    found = {
        "title": title,
        "groups": [case],
        "reference": next(iter(calls)),
        "environment": state,
        "cases": {
            case: {
                "sides": {label: {"name": label, **timing.as_values()} for label, timing in timings.items()},
                "verdicts": [asdict(verdict) for verdict in judge(timings)],
            }
        },
    }
    path = RESULTS / f"{name}.json"
    write_json(path, found)
    show(found)
    plot(path.with_suffix(".png"), found)
