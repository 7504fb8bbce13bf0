"""Cost of looking at every target: a wrong one in a million is found and named.

The check cannot be turned off, so the public function is compared with the kernel that it calls after the check, and
the check is timed alone.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.functions.dispatch import row_kernels
from frame import Timing, Verdict, main_local

N_EXAMPLES, N_CLASSES = 1_000_000, 10
MOST_SHARE = 0.05  # of the call's time: what the spread of repeated calls hides


def calls() -> dict[str, Callable[[], Any]]:
    """Return the kernel alone, the public function, the check alone, and a refusal."""
    generator = np.random.default_rng(0)
    logits = generator.standard_normal((N_EXAMPLES, N_CLASSES), dtype=np.float32)
    targets = generator.integers(N_CLASSES, size=N_EXAMPLES)
    wrong = targets.copy()
    wrong[-1] = N_CLASSES
    out, path, threads = np.zeros_like(logits), row_kernels(), os.cpu_count() or 1

    def kernel() -> float:
        scale = 1 / N_EXAMPLES
        return path.cross_entropy_index_rows(logits, targets, None, 1.0, scale, None, out, threads)

    def refused() -> str:
        try:
            cr.cross_entropy_with_gradient(logits, wrong, out=out)
        except ArgumentError as error:
            return str(error)
        raise AssertionError("the wrong target was accepted")

    assert f"targets[{N_EXAMPLES - 1}] = {N_CLASSES}" in refused()
    assert abs(kernel() / N_EXAMPLES / cr.cross_entropy(logits, targets) - 1) < 1e-12
    return {
        "the kernel alone": kernel,
        "cross_entropy_with_gradient": lambda: cr.cross_entropy_with_gradient(logits, targets, out=out),
        "the check alone": lambda: path.first_bad_index(targets, N_CLASSES, None),
        "a wrong last target, refused by name": refused,
    }


def judge(timings: dict[str, Timing]) -> list[Verdict]:
    """Hold the check to a share of the call that the spread hides."""
    call, kernel = timings["cross_entropy_with_gradient"].median, timings["the kernel alone"].median
    share, excess = timings["the check alone"].median / call, call / kernel - 1
    target = f"< {MOST_SHARE:.0%}"
    return [
        Verdict("the check alone, of the call", target, f"{share:.1%}", share < MOST_SHARE),
        Verdict("the call, beyond its kernel", target, f"{excess:+.1%}", excess < MOST_SHARE),
    ]


if __name__ == "__main__":
    title = "A million targets are checked"
    main_local("wrong_target", title, f"{N_EXAMPLES}x{N_CLASSES}-float32", calls(), judge)
