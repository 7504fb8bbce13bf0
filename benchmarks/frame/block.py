"""One block of timed calls."""

import gc
import time
from collections.abc import Callable
from typing import Any

WARM_UP_UNDER = 0.3  # seconds; a longer call wakes its own threads in no time that shows


def timed_block(call: Callable[[], Any], number: int, estimate: float) -> float:
    """Return the mean seconds of ``number`` calls after one that is not timed; results are dropped at once."""
    gc.collect()
    gc.disable()
    try:
        if estimate < WARM_UP_UNDER:
            call()
        start = time.perf_counter()
        for _ in range(number):
            call()
        return (time.perf_counter() - start) / number
    finally:
        gc.enable()


def estimated_seconds(call: Callable[[], Any]) -> float:
    """Return the shortest of a few calls, or the only one if it is long."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
        if best > WARM_UP_UNDER:
            break
    return max(best, 1e-7)
