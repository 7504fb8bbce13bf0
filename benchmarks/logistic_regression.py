"""Time of multinomial logistic regression to the objective that scikit-learn's fastest solver reaches."""

from collections.abc import Sequence
from typing import Any

from frame import Question, Verdict, main
from problems import LogisticFit
from problems.logistic_fit import has_data

DATA_SETS = ("mnist10k", "letter", "source-text", "digits")
OURS = "logistic_ours_to_target"
PEERS = ("logistic_lbfgs", "logistic_newton_cg", "logistic_newton_cholesky")
SIDES = (OURS, "logistic_ours", *PEERS)
TARGETS = {"mnist10k": 10.0, "letter": 5.0, "source-text": 10.0}


def cases(n_threads: int) -> Sequence[LogisticFit]:
    """Return the data sets that are there, in both precisions."""
    return [
        LogisticFit(name, dtype, n_threads)
        for name in DATA_SETS
        if has_data(name)
        for dtype in ("float32", "float64")
    ]


def judge(problem: LogisticFit, sides: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Say what every side reached, and hold ours to the fastest of the others."""
    verdicts = []
    for side in sides.values():
        if "median" in side:
            reached = (
                f"{side['median']:.3f} s, objective {side['loss']:.8f}, held-out loss {side['held_out']:.5f}"
            )
            verdicts.append(Verdict(side["name"], "none", reached, None))
    times = {sides[name]["median"]: sides[name]["name"] for name in PEERS if "median" in sides.get(name, {})}
    if times and "median" in sides.get(OURS, {}):
        wanted, ratio = TARGETS.get(problem.name), min(times) / sides[OURS]["median"]
        what = f"to the objective of {times[min(times)]}"
        target = "none" if wanted is None else f">= {wanted:g}x"
        verdicts.append(Verdict(what, target, f"{ratio:.2f}x", None if wanted is None else ratio >= wanted))
    return verdicts


if __name__ == "__main__":
    main(Question("logistic_regression", "Multinomial logistic regression", cases, SIDES, judge))
