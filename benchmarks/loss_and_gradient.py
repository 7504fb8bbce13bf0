"""Time, error and memory of the mean cross-entropy of logits with its gradient."""

from collections.abc import Sequence
from typing import Any

from frame import Question, Verdict, main
from problems import LossFromLogits

# The largest first: the first case of a process is the one whose memory is measured.
SIZES = ((1024, 32000), (4096, 1000), (4096, 100), (4096, 10), (4096, 2), (128, 10))
OUT_OF_CACHE = 4_000_000  # entries: logits and gradient are beyond the second-level caches together
WITHIN_COPY = 1.5
LIBRARIES = {"pytorch", "pytorch_compiled", "jax_compiled", "optax_compiled", "scikit_learn"}
BY_HAND = {"pytorch_by_hand", "numpy_plain"}
SIDES = (
    "ours_reused",
    "ours",
    "pytorch",
    "pytorch_compiled",
    "jax_compiled",
    "optax_compiled",
    "scikit_learn",
    "pytorch_by_hand",
    "numpy_plain",
    "bound_copy",
)


def cases(n_threads: int) -> Sequence[LossFromLogits]:
    """Return every size in float32 and float64."""
    return [LossFromLogits(n, k, dtype, n_threads) for n, k in SIZES for dtype in ("float32", "float64")]


def target_ratio(problem: LossFromLogits) -> float | None:
    """Return how many times faster than the fastest peer it should be."""
    if problem.n_classes >= 100:
        return 3.0
    return {(4096, 10): 5.0, (128, 10): 2.0}.get((problem.n_examples, problem.n_classes))


def judge(problem: LossFromLogits, sides: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Hold ours to the fastest loss of a library, and to a copy of the same bytes; say where code by hand stands."""
    timed = {name: side["median"] for name, side in sides.items() if "median" in side}
    verdicts = []
    for mine in (name for name in ("ours_reused", "ours") if name in timed):
        ours = sides[mine]["name"]
        for others, kind in ((LIBRARIES, "fastest library"), (BY_HAND, "fastest by hand")):
            if not timed.keys() & others:
                continue
            fastest = min(timed.keys() & others, key=timed.__getitem__)
            wanted = target_ratio(problem) if others is LIBRARIES else None
            ratio = timed[fastest] / timed[mine]
            what = f"{ours} against the {kind} ({sides[fastest]['name']})"
            target = f">= {wanted:g}x" if wanted else "none"
            verdicts.append(Verdict(what, target, f"{ratio:.2f}x", ratio >= wanted if wanted else None))
    entries = problem.n_examples * problem.n_classes
    if {"ours_reused", "bound_copy"} <= timed.keys() and entries >= OUT_OF_CACHE:
        ratio = timed["ours_reused"] / timed["bound_copy"]
        what = f"{sides['ours_reused']['name']} against a copy of the same bytes"
        verdicts.append(Verdict(what, f"<= {WITHIN_COPY}x", f"{ratio:.2f}x", ratio <= WITHIN_COPY))
    return verdicts


if __name__ == "__main__":
    main(Question("loss_and_gradient", "Loss and gradient from logits", cases, SIDES, judge))
