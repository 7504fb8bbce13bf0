"""What a softmax or log-softmax computes where it is none."""

from collections.abc import Iterator

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes.hypothesis import Hypothesis, Scale, Value
from chainrule.check.mistakes.probabilities import PROBABILITIES, softmax_over
from chainrule.check.probes import Probe

LOG_SCALES = (
    Scale(("sign",), "times -1", lambda probe: -1.0),
    Scale(("log-base",), "divided by ln 2", lambda probe: 1 / np.log(2)),
    Scale(("log-base",), "divided by ln 10", lambda probe: 1 / np.log(10)),
    Scale(("temperature",), "times T", lambda probe: probe.temperature),
    Scale(("temperature",), "divided by T", lambda probe: 1 / probe.temperature),
)
SCALES = (
    Scale(("per-class-mean",), "times 1/K", lambda probe: 1 / probe.classes),
    Scale(("per-class-mean",), "times K", lambda probe: float(probe.classes)),
)


def softmax_hypotheses() -> Iterator[Hypothesis]:
    """Yield every output that a mistaken softmax may have."""
    yield from (row for row in PROBABILITIES if row.names)
    yield Hypothesis(("input-for-output",), "z itself", lambda probe: probe.scaled)
    yield Hypothesis(("output-for-input",), "ln softmax(z)", lambda probe: probe.log_p)
    yield Hypothesis(("extra-activation-derivative",), "p (1 - p)", lambda probe: probe.p * (1 - probe.p))
    yield Hypothesis(("diagonal-only",), "p^2", lambda probe: probe.p**2)


def log_softmax_hypotheses() -> Iterator[Hypothesis]:
    """Yield every output that a mistaken log-softmax may have."""
    for row in PROBABILITIES:
        if row.names:
            yield Hypothesis(row.names, f"ln of {row.told}", _logarithm(row.value))
    yield Hypothesis(("no-log",), "softmax(z), without the logarithm", lambda probe: probe.p)
    yield Hypothesis(("softmax-twice", "no-log"), "softmax(softmax(z))", lambda probe: softmax_over(probe.p))
    yield Hypothesis(("global-sum",), "z - ln sum exp over everything", _global_normaliser)
    yield Hypothesis(("wrong-axis",), "z - ln sum exp over the examples", _column_normaliser)
    yield Hypothesis(("no-log",), "z - sum exp(z)", lambda probe: probe.scaled - _sums(probe))
    for base in (2, 10):
        yield Hypothesis(("log-base",), f"z - log{base} sum exp(z)", _with_base(base))
    yield Hypothesis(("sign",), "z + ln sum exp(z)", lambda probe: probe.scaled + np.log(_sums(probe)))
    yield Hypothesis(("sign",), "ln sum exp(z) - z", lambda probe: -probe.log_p)
    yield Hypothesis(
        ("per-class-mean",), "z - ln mean exp(z)", lambda probe: probe.log_p + np.log(probe.classes)
    )
    yield Hypothesis(("broadcast",), "z - ln sum exp of rows, taken for columns", _lost_keepdims)


def _logarithm(value: Value) -> Value:
    def logarithm(probe: Probe) -> Array | None:
        found = value(probe)
        return None if found is None else np.log(found)

    return logarithm


def _with_base(base: int) -> Value:
    return lambda probe: probe.scaled - np.log(_sums(probe)) / np.log(base)


def _sums(probe: Probe) -> Array:
    return np.exp(probe.scaled).sum(axis=1, keepdims=True)


def _global_normaliser(probe: Probe) -> Array:
    return probe.scaled - np.log(np.exp(probe.scaled).sum())


def _column_normaliser(probe: Probe) -> Array:
    return probe.scaled - np.log(np.exp(probe.scaled).sum(axis=0))


def _lost_keepdims(probe: Probe) -> Array | None:
    if probe.examples not in (1, probe.classes):
        return None
    return probe.scaled - np.log(_sums(probe)[:, 0])
