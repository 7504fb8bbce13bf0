"""Fits in a fresh process: their highest memory above that of a process that has fitted something small."""

import json
import textwrap
from pathlib import Path
from typing import Any

from kernels import fresh_process

TESTS = str(Path(__file__).resolve().parent)
MEASURE = """
    import json, sys, warnings
    sys.path.insert(0, {tests!r})
    import faults
    faults.install()  # the one that is seeded here, if any
    from pathlib import Path
    import numpy as np
    from chainrule.estimators import SoftmaxClassifier
    from chainrule.estimators.conversion import memory_of_conversion
    training = sys.modules["chainrule.training.train"]

    def kibibytes(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    options, n_rows, n_features, n_classes, dtype = json.loads({arguments!r})
    warnings.simplefilter("ignore")
    small = np.random.default_rng(0).standard_normal((600, 4), dtype=np.float32)
    for hidden in ((), (4,)):
        SoftmaxClassifier(hidden, max_epochs=2, random_state=0).fit(small, (small[:, 0] > 0).astype(int))
    before = kibibytes("VmRSS")
    X, y = np.empty((n_rows, n_features), dtype), np.arange(n_rows) % n_classes
    random = np.random.default_rng(1)
    for first in range(0, n_rows, 1024):
        block = X[first : first + 1024]
        block[...] = random.standard_normal(block.shape, dtype=np.float32) * (1 if dtype == "float32" else 9)
        block[np.arange(len(block)), y[first : first + 1024] % n_features] += 1
    predicted = []
    unchecked = training.memory_of_fit

    def noted(shape):
        parts = unchecked(shape)
        predicted.append(sum(parts.values()))
        return parts

    training.memory_of_fit = noted
    Path("/proc/self/clear_refs").write_text("5")
    fitted = SoftmaxClassifier(**options).fit(X, y)
    peak = kibibytes("VmHWM") - before
    print(json.dumps({{
        "peak": peak * 1024, "predicted": predicted[0] + memory_of_conversion(X)["a copy of the features"],
        "given": X.nbytes + y.nbytes,
        "parameters": fitted.network_.parameters.nbytes, "loss": fitted.outcome_.loss,
    }}))
"""


def measured(
    options: dict[str, Any], n_rows: int, n_features: int, n_classes: int, dtype: str = "float32"
) -> dict[str, Any]:
    """Return bytes: the peak, what was predicted beside what was given, and what was given."""
    arguments = json.dumps([options, n_rows, n_features, n_classes, dtype])
    return fresh_process.run(textwrap.dedent(MEASURE).format(arguments=arguments, tests=TESTS), seconds=500)
