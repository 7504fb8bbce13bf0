"""What the backward pass of a softmax or log-softmax computes where it is mistaken."""

from collections.abc import Callable, Iterator

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes.hypothesis import Hypothesis, Scale, Value
from chainrule.check.mistakes.probabilities import sigmoid, softmax_over
from chainrule.check.probes import Probe

SCALES = (
    Scale(("sign",), "times -1", lambda probe: -1.0),
    Scale(("per-class-mean",), "times 1/K", lambda probe: 1 / probe.classes),
    Scale(("batch-mean",), "times 1/N", lambda probe: 1 / probe.examples),
)
Formula = Callable[[Array, Array], Array]


def hypotheses(kind: str) -> Iterator[Hypothesis]:
    """Yield what a mistaken backward pass may compute."""
    logarithmic = kind == "log-softmax-backward"
    for names, told, formula in _OF_LOG_SOFTMAX if logarithmic else _OF_SOFTMAX:
        yield Hypothesis(names, told, _of(formula, logarithmic))


def _of(formula: Formula, logarithmic: bool) -> Value:
    def value(probe: Probe) -> Array:
        assert probe.upstream is not None, "a backward probe has an upstream"
        return formula(probe.upstream, probe.log_p if logarithmic else probe.p)

    return value


def _row(values: Array) -> Array:
    return values.sum(axis=1, keepdims=True)


def _lost_keepdims(g: Array, p: Array) -> Array:
    if p.shape[0] not in (1, p.shape[1]):
        return np.full((0,), np.nan)
    return p * (g - (g * p).sum(axis=1))


def _log_lost_keepdims(g: Array, o: Array) -> Array:
    if o.shape[0] not in (1, o.shape[1]):
        return np.full((0,), np.nan)
    return g - np.exp(o) * g.sum(axis=1)


def _again(g: Array, o: Array) -> Array:
    s = softmax_over(o)
    return s * (g - _row(g * s))


_DIAGONAL = ("diagonal-only", "missing-cross-term")
_OF_SOFTMAX: tuple[tuple[tuple[str, ...], str, Formula], ...] = (
    (_DIAGONAL, "g p (1 - p)", lambda g, p: g * p * (1 - p)),
    (("missing-cross-term", "diagonal-only"), "g p", lambda g, p: g * p),
    (("missing-activation-derivative",), "g itself", lambda g, p: g),
    (("missing-activation-derivative",), "g - sum(g p), without p in front", lambda g, p: g - _row(g * p)),
    (("sign",), "p (g + sum(g p))", lambda g, p: p * (g + _row(g * p))),
    (("wrong-axis",), "p (g - sum of g p over the examples)", lambda g, p: p * (g - (g * p).sum(axis=0))),
    (("global-sum",), "p (g - sum of g p over everything)", lambda g, p: p * (g - (g * p).sum())),
    (("broadcast",), "p (g - sums of rows taken for columns)", _lost_keepdims),
    (("per-class-mean",), "p (g - mean(g p))", lambda g, p: p * (g - (g * p).mean(axis=1, keepdims=True))),
    (("index-slip",), "p (g - sum g), without p in the sum", lambda g, p: p * (g - _row(g))),
    (("index-slip",), "g p - sum(g p^2)", lambda g, p: g * p - _row(g * p * p)),
    (("index-slip",), "p (g - sum(g p^2))", lambda g, p: p * (g - _row(g * p * p))),
    (("index-slip",), "g p - sum(g p)", lambda g, p: g * p - _row(g * p)),
    (("index-slip",), "p g - p^2 sum(g)", lambda g, p: p * g - p * p * _row(g)),
    (("index-slip",), "g p - p^2 sum(g p)", lambda g, p: p * (g - p * _row(g * p))),
    (("input-for-output",), "g - p sum(g), the backward pass of log-softmax", lambda g, p: g - p * _row(g)),
    (("output-for-input", "softmax-twice"), "the output taken for logits: softmax(p)", _again),
    (("missing-outer-derivative",), "0: the Jacobian's sums", lambda g, p: 0 * g),
    (("missing-outer-derivative",), "p (1 - p), without g", lambda g, p: p * (1 - p)),
    (
        ("bernoulli-for-categorical",),
        "g s (1 - s) with s = sigmoid(p)",
        lambda g, p: g * sigmoid(p) * (1 - sigmoid(p)),
    ),
    (
        ("extra-activation-derivative",),
        "p (1 - p) (g - sum(g p))",
        lambda g, p: p * (1 - p) * (g - _row(g * p)),
    ),
    (("extra-activation-derivative",), "p^2 (g - sum(g p))", lambda g, p: p * p * (g - _row(g * p))),
    (("wrong-variable",), "p - g", lambda g, p: p - g),
)
_OF_LOG_SOFTMAX: tuple[tuple[tuple[str, ...], str, Formula], ...] = (
    (
        ("output-for-input", "input-for-output"),
        "g - o sum(g): the logarithm where the probability belongs",
        lambda g, o: g - o * _row(g),
    ),
    (_DIAGONAL, "g (1 - p)", lambda g, o: g * (1 - np.exp(o))),
    (("missing-cross-term", "missing-activation-derivative"), "g itself", lambda g, o: g),
    (("sign",), "g + p sum(g)", lambda g, o: g + np.exp(o) * _row(g)),
    (("targets-do-not-sum-to-one",), "g - p: sum(g) taken for 1", lambda g, o: g - np.exp(o)),
    (("targets-do-not-sum-to-one",), "g + p: sum(g) taken for -1", lambda g, o: g + np.exp(o)),
    (
        ("extra-activation-derivative", "output-for-input"),
        "p (g - sum(g p)), the backward pass of softmax",
        lambda g, o: np.exp(o) * (g - _row(g * np.exp(o))),
    ),
    (
        ("output-for-input", "extra-activation-derivative"),
        "o (g - sum(g o)), the backward pass of softmax at the logarithm",
        lambda g, o: o * (g - _row(g * o)),
    ),
    (("wrong-axis",), "g - p times sums over the examples", lambda g, o: g - np.exp(o) * g.sum(axis=0)),
    (("global-sum",), "g - p times the sum over everything", lambda g, o: g - np.exp(o) * g.sum()),
    (("broadcast",), "g - p times sums of rows taken for columns", _log_lost_keepdims),
    (("per-class-mean",), "g - p mean(g)", lambda g, o: g - np.exp(o) * g.mean(axis=1, keepdims=True)),
    (("index-slip",), "g - sum(g p)", lambda g, o: g - _row(g * np.exp(o))),
    (("index-slip",), "g - p sum(g p)", lambda g, o: g - np.exp(o) * _row(g * np.exp(o))),
    (("index-slip",), "g - p g", lambda g, o: g - np.exp(o) * g),
    (
        ("softmax-twice", "output-for-input"),
        "g - softmax(p) sum(g)",
        lambda g, o: g - softmax_over(np.exp(o)) * _row(g),
    ),
    (("log-base",), "g - 2^o sum(g)", lambda g, o: g - 2**o * _row(g)),
    (
        ("extra-activation-derivative",),
        "p (g - p sum(g))",
        lambda g, o: np.exp(o) * (g - np.exp(o) * _row(g)),
    ),
    (("missing-outer-derivative",), "1 - K p, without g", lambda g, o: 1 - np.exp(o) * o.shape[1]),
)
