"""What stands for the probabilities where the softmax went wrong."""

from collections.abc import Callable

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes.hypothesis import Hypothesis
from chainrule.check.probes import Probe


def softmax_over(values: Array, axis: int | tuple[int, ...] = -1) -> Array:
    """Return the softmax over an axis."""
    exponentials = np.exp(values - values.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def sigmoid(values: Array) -> Array:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-values))


def _only_if_shapes_pass(value: Callable[[Probe], Array]) -> Callable[[Probe], Array | None]:
    """Return a formula for N = K and N = 1: elsewhere a lost keepdims raises."""
    return lambda probe: value(probe) if probe.examples in (1, probe.classes) else None


def _lost_keepdims_in_sum(probe: Probe) -> Array:
    exponentials = np.exp(probe.scaled)
    return exponentials / exponentials.sum(axis=1)


def _lost_keepdims_in_shifted_sum(probe: Probe) -> Array:
    exponentials = np.exp(probe.scaled - probe.scaled.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1)


def _lost_keepdims_in_maximum(probe: Probe) -> Array:
    return softmax_over(probe.scaled - probe.scaled.max(axis=1))


def _lost_keepdims_in_both(probe: Probe) -> Array:
    exponentials = np.exp(probe.scaled - probe.scaled.max(axis=1))
    return exponentials / exponentials.sum(axis=1)


def _columns_sum_of_rows_shifted(probe: Probe) -> Array:
    exponentials = np.exp(probe.scaled - probe.scaled.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=0)


def _rows_shifted_global_sum(probe: Probe) -> Array:
    exponentials = np.exp(probe.scaled - probe.scaled.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum()


def _inverse_temperature(probe: Probe) -> Array | None:
    return softmax_over(probe.logits * probe.temperature) if probe.options.temperature else None


def _without_temperature(probe: Probe) -> Array | None:
    return softmax_over(probe.logits) if probe.options.temperature else None


def _squared_temperature(probe: Probe) -> Array | None:
    return softmax_over(probe.scaled / probe.temperature) if probe.options.temperature else None


def _weighted(value: Callable[[Probe], Array]) -> Callable[[Probe], Array | None]:
    return lambda probe: value(probe) if probe.options.class_weight is not None else None


RIGHT = Hypothesis((), "softmax(z)", lambda probe: probe.p)
PROBABILITIES = (
    RIGHT,
    Hypothesis(("softmax-twice",), "softmax(softmax(z))", lambda probe: softmax_over(probe.p)),
    Hypothesis(("wrong-axis",), "a softmax over the examples", lambda probe: softmax_over(probe.scaled, 0)),
    Hypothesis(
        ("wrong-axis",), "exp(z - row maximum) / its sum over the examples", _columns_sum_of_rows_shifted
    ),
    Hypothesis(
        ("wrong-axis",),
        "a softmax of z minus the maximum of each column",
        lambda probe: softmax_over(probe.scaled - probe.scaled.max(axis=0)),
    ),
    Hypothesis(("global-sum",), "exp(z) / exp(z).sum()", lambda probe: softmax_over(probe.scaled, (0, 1))),
    Hypothesis(("global-sum",), "exp(z - row maximum) / its sum over everything", _rows_shifted_global_sum),
    Hypothesis(
        ("broadcast",),
        "sums of rows divided into columns (lost keepdims)",
        _only_if_shapes_pass(_lost_keepdims_in_sum),
    ),
    Hypothesis(
        ("broadcast",),
        "sums of rows divided into columns (lost keepdims)",
        _only_if_shapes_pass(_lost_keepdims_in_shifted_sum),
    ),
    Hypothesis(
        ("broadcast",),
        "maxima of rows subtracted from columns (lost keepdims)",
        _only_if_shapes_pass(_lost_keepdims_in_maximum),
    ),
    Hypothesis(
        ("broadcast",),
        "maxima and sums of rows taken for those of columns (lost keepdims)",
        _only_if_shapes_pass(_lost_keepdims_in_both),
    ),
    Hypothesis(("sign",), "softmax(-z)", lambda probe: softmax_over(-probe.scaled)),
    Hypothesis(("temperature",), "softmax(z), without the temperature", _without_temperature),
    Hypothesis(("temperature",), "softmax(T z) instead of softmax(z / T)", _inverse_temperature),
    Hypothesis(("temperature",), "softmax(z / T^2)", _squared_temperature),
    Hypothesis(
        ("weights-inside-softmax",),
        "softmax(w z)",
        _weighted(lambda probe: softmax_over(probe.class_weights * probe.scaled)),
    ),
    Hypothesis(
        ("weights-inside-softmax",),
        "w exp(z) / sum of w exp(z)",
        _weighted(lambda probe: softmax_over(np.log(probe.class_weights) + probe.scaled)),
    ),
    Hypothesis(
        ("weights-inside-softmax",), "w softmax(z)", _weighted(lambda probe: probe.class_weights * probe.p)
    ),
    Hypothesis(
        ("weights-inside-softmax",),
        "softmax(w + z)",
        _weighted(lambda probe: softmax_over(probe.class_weights + probe.scaled)),
    ),
    Hypothesis(
        ("bernoulli-for-categorical",), "a sigmoid for each class", lambda probe: sigmoid(probe.scaled)
    ),
    Hypothesis(
        ("log-base",), "powers of 2 instead of e", lambda probe: softmax_over(probe.scaled * np.log(2))
    ),
    Hypothesis(
        ("log-base",), "powers of 10 instead of e", lambda probe: softmax_over(probe.scaled * np.log(10))
    ),
)


def at_temperature(temperature: float) -> Hypothesis:
    """Return the softmax at a temperature that nobody asked for."""
    return Hypothesis(
        ("temperature",),
        f"softmax(z / {temperature:.4g})",
        lambda probe: softmax_over(probe.logits / temperature),
    )
