"""What a loss computes where it is not the cross-entropy: row by row, or one number for the batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes import probabilities, targets
from chainrule.check.mistakes.hypothesis import Hypothesis, Scale, Value
from chainrule.check.probes import Probe


@dataclass(frozen=True)
class _Formula:
    """A loss of rows of probabilities and targets."""

    names: tuple[str, ...]
    told: str
    rows: Callable[[Array, Array], Array]


_SQUARED = ("squared-error-for-cross-entropy",)
_BERNOULLI = ("bernoulli-for-categorical",)
_FORMULAS = (
    _Formula((), "-sum y ln p", lambda p, q: -(q * np.log(p)).sum(axis=1)),
    _Formula(("no-log",), "-sum y p", lambda p, q: -(q * p).sum(axis=1)),
    _Formula(("no-log",), "1 - sum y p", lambda p, q: 1 - (q * p).sum(axis=1)),
    _Formula(_SQUARED, "1/2 sum (p - y)^2", lambda p, q: ((p - q) ** 2).sum(axis=1) / 2),
    _Formula(_SQUARED, "sum (p - y)^2", lambda p, q: ((p - q) ** 2).sum(axis=1)),
    _Formula(_SQUARED, "mean (p - y)^2", lambda p, q: ((p - q) ** 2).mean(axis=1)),
    _Formula(_SQUARED, "1/2 mean (p - y)^2", lambda p, q: ((p - q) ** 2).mean(axis=1) / 2),
    _Formula(
        _BERNOULLI,
        "-sum (y ln p + (1 - y) ln(1 - p))",
        lambda p, q: -(q * np.log(p) + (1 - q) * np.log(1 - p)).sum(axis=1),
    ),
    _Formula(
        _BERNOULLI,
        "-mean (y ln p + (1 - y) ln(1 - p))",
        lambda p, q: -(q * np.log(p) + (1 - q) * np.log(1 - p)).mean(axis=1),
    ),
)
UNASKED_TEMPERATURES = (
    0.1,
    0.2,
    0.25,
    0.4,
    0.5,
    0.7,
    0.75,
    0.8,
    1.25,
    1.5,
    2.0,
    2.5,
    3.0,
    4.0,
    5.0,
    8.0,
    10.0,
    20.0,
)
REDUCTIONS = ("mean", "sum", "none", "weighted mean")
SCALES = (
    Scale(("sign",), "times -1", lambda probe: -1.0),
    Scale(("per-class-mean",), "times 1/K", lambda probe: 1 / probe.classes),
    Scale(("log-base",), "divided by ln 2", lambda probe: 1 / np.log(2)),
    Scale(("log-base",), "divided by ln 10", lambda probe: 1 / np.log(10)),
    Scale(("log-base",), "divided by ln K", lambda probe: 1 / np.log(probe.classes)),
    Scale(("temperature",), "times T", lambda probe: probe.temperature),
    Scale(("temperature",), "divided by T", lambda probe: 1 / probe.temperature),
    Scale(("temperature",), "times T^2", lambda probe: probe.temperature**2),
    Scale(("batch-mean",), "times 1/N once more", lambda probe: 1 / probe.examples),
    Scale(("broadcast",), "times N", lambda probe: float(probe.examples)),
    Scale(("sign", "per-class-mean"), "times -1/K", lambda probe: -1 / probe.classes),
    Scale(("sign", "log-base"), "divided by -ln 2", lambda probe: -1 / np.log(2)),
    Scale(("sign", "log-base"), "divided by -ln 10", lambda probe: -1 / np.log(10)),
)


def reduced(rows: Array, reduction: str, probe: Probe) -> Array:
    """Return losses of rows added up in one way; a number stays as it is."""
    if rows.ndim == 0 or reduction == "none":
        return rows.reshape(()) if rows.size == 1 else rows
    total = rows.sum()
    if reduction == "sum":
        return np.asarray(total)
    divisor = probe.row_weights.sum() if reduction == "weighted mean" else probe.examples
    return np.asarray(total / divisor)


def reduced_value(value: Value, reduction: str, scale: Scale) -> Value:
    """Return a formula with its rows added up, times a factor."""

    def made(probe: Probe) -> Array | None:
        rows = value(probe)
        return None if rows is None else reduced(rows, reduction, probe) * scale.factor(probe)

    return made


def right(probe: Probe) -> Array:
    """Return each row's cross-entropy."""
    return -(targets.mass(probe) * probe.log_p).sum(axis=1)


def hypotheses() -> Iterator[Hypothesis]:
    """Yield every loss that a mistake may compute, one mistake before two."""
    made = [*_of_probabilities(), *_others()]
    yield from sorted(made, key=lambda row: len(row.names))


def _of_probabilities() -> Iterator[Hypothesis]:
    for maker in probabilities.PROBABILITIES:
        for target in targets.TARGETS:
            for formula in _FORMULAS:
                names = tuple(dict.fromkeys((*formula.names, *maker.names, *target.names)))
                plain = sum(part.names == () for part in (maker, target, formula))
                if names and plain >= 1 and len(names) <= 2:
                    told = f"{formula.told} with p = {maker.told} and y = {target.told}"
                    yield Hypothesis(names, told, _combined(maker, target, formula))


def _combined(maker: Hypothesis, target: Hypothesis, formula: _Formula) -> Value:
    def value(probe: Probe) -> Array | None:
        p, q = maker.value(probe), target.value(probe)
        return None if p is None or q is None else formula.rows(p, q)

    return value


def _others() -> Iterator[Hypothesis]:
    """Yield losses that are no function of p and y alone."""
    q = targets.mass
    yield Hypothesis(
        ("input-for-output",), "-ln of the target's logit", lambda p: -np.log((q(p) * p.scaled).sum(axis=1))
    )
    yield Hypothesis(("input-for-output",), "-sum y ln z", lambda p: -(q(p) * np.log(p.scaled)).sum(axis=1))
    for exponent in (5, 6, 7, 8, 9, 10, 12, 15, 16):
        for top in (1 - 10.0**-exponent, 1.0, np.inf):
            told = f"-sum y ln z with z cut off at 1e-{exponent} and {top:.4g}"
            yield Hypothesis(("input-for-output", "clipped"), told, _of_cut_logits(10.0**-exponent, top))
    yield Hypothesis(
        ("input-for-output", "no-log"), "-z of the target", lambda p: -(q(p) * p.scaled).sum(axis=1)
    )
    yield Hypothesis(
        ("input-for-output", "squared-error-for-cross-entropy"),
        "1/2 sum (z - y)^2",
        lambda p: ((p.scaled - q(p)) ** 2).sum(axis=1) / 2,
    )
    yield Hypothesis(("target-index", "broadcast"), "ln p of every row at the targets of all rows", _crossed)
    yield Hypothesis(
        ("target-index", "per-class-mean"),
        "the rows whose number is the target, over all classes",
        _rows_of_targets,
    )
    yield Hypothesis(
        ("target-index", "index-slip"), "ln p at the place of the row instead of the target", _by_row
    )
    for told, names, normaliser in _NORMALISERS:
        yield Hypothesis(names, told, _with_normaliser(normaliser))
    yield Hypothesis(("wrong-axis",), "a sum over the examples for each class", _columns_added)
    yield Hypothesis(("wrong-axis",), "a mean over the examples for each class", _columns_averaged)
    yield Hypothesis(("index-slip",), "-sum y ln p without the first class", lambda p: _without_class(p, 0))
    yield Hypothesis(("index-slip",), "-sum y ln p without the last class", lambda p: _without_class(p, -1))
    yield Hypothesis(("index-slip",), "the losses without the last row", _without_last_row)
    yield Hypothesis(
        ("temperature",),
        "-sum y ln(p / T)",
        lambda p: -(q(p) * (p.log_p - np.log(p.temperature))).sum(axis=1),
    )
    yield Hypothesis(
        ("sign",), "ln sum exp z + z of the target", lambda p: _lse(p.scaled) + (q(p) * p.scaled).sum(axis=1)
    )
    yield Hypothesis(("no-log",), "1/p of the target, the logarithm undone", lambda p: np.exp(right(p)))
    yield Hypothesis(("no-log",), "exp of the mean loss", lambda p: np.exp(right(p).mean()))
    yield Hypothesis(("factor",), "-sum y ln p without the class weight of the row", _without_weights)
    for exponent in range(1, 10):
        yield Hypothesis(("clipped",), f"-sum y ln(p + 1e-{exponent})", _raised(10.0**-exponent))
    for temperature in UNASKED_TEMPERATURES:
        yield Hypothesis(
            ("temperature",),
            f"-sum y ln softmax(z / {temperature:g})",
            _combined(probabilities.at_temperature(temperature), targets.RIGHT, _FORMULAS[0]),
        )
    yield Hypothesis(("global-sum",), "ln sum exp over everything, minus z of the target", _global_normaliser)
    yield from _of_weights()


def _without_weights(probe: Probe) -> Array | None:
    if probe.options.class_weight is None:
        return None
    return -(probe.smoothed * probe.log_p).sum(axis=1)


def _of_weights() -> Iterator[Hypothesis]:
    """Yield losses with the class weights inside the softmax and none outside."""
    for told, probabilities_of in _WEIGHTED:
        yield Hypothesis(("weights-inside-softmax",), told, _with_weighted(probabilities_of))


def _with_weighted(probabilities_of: Callable[[Array, Probe], Array]) -> Value:
    def value(probe: Probe) -> Array | None:
        if probe.options.class_weight is None:
            return None
        return -(probe.smoothed * np.log(probabilities_of(probe.class_weights, probe))).sum(axis=1)

    return value


_WEIGHTED: tuple[tuple[str, Callable[[Array, Probe], Array]], ...] = (
    ("-ln of w p of the target", lambda w, probe: w * probe.p),
    ("-ln softmax(w z) of the target", lambda w, probe: probabilities.softmax_over(w * probe.scaled)),
    ("-ln softmax(z + w) of the target", lambda w, probe: probabilities.softmax_over(w + probe.scaled)),
    ("-ln of w p over its sum", lambda w, probe: probabilities.softmax_over(np.log(w) + probe.scaled)),
)


def _columns_added(probe: Probe) -> Array:
    return -(targets.mass(probe) * probe.log_p).sum(axis=0)


def _columns_averaged(probe: Probe) -> Array:
    return -(targets.mass(probe) * probe.log_p).mean(axis=0)


def _without_class(probe: Probe, place: int) -> Array:
    terms = targets.mass(probe) * probe.log_p
    terms[:, place] = 0
    return -terms.sum(axis=1)


def _without_last_row(probe: Probe) -> Array:
    rows = right(probe)
    rows[-1] = 0
    return rows


def _lse(logits: Array) -> Array:
    return np.log(np.exp(logits).sum(axis=1))


def _with_normaliser(normaliser: Callable[[Array], Array]) -> Value:
    return lambda probe: normaliser(probe.scaled) - (targets.mass(probe) * probe.scaled).sum(axis=1)


_NORMALISERS: tuple[tuple[str, tuple[str, ...], Callable[[Array], Array]], ...] = (
    ("log2 sum exp z, minus z of the target", ("log-base",), lambda z: _lse(z) / np.log(2)),
    ("log10 sum exp z, minus z of the target", ("log-base",), lambda z: _lse(z) / np.log(10)),
    ("sum exp z, without ln, minus z of the target", ("no-log",), lambda z: np.exp(z).sum(axis=1)),
    ("ln mean exp z, minus z of the target", ("per-class-mean",), lambda z: _lse(z) - np.log(z.shape[1])),
)


def _of_cut_logits(least: float, most: float) -> Value:
    return lambda probe: -(targets.mass(probe) * np.log(np.clip(probe.scaled, least, most))).sum(axis=1)


def _raised(amount: float) -> Value:
    return lambda probe: -(targets.mass(probe) * np.log(probe.p + amount)).sum(axis=1)


def _crossed(probe: Probe) -> Array:
    share = probe.one_hot.mean(axis=0)
    return -(probe.log_p * share).sum(axis=1)


def _rows_of_targets(probe: Probe) -> Array | None:
    if probe.safe_targets.max() >= probe.examples:
        return None
    return -probe.log_p[probe.safe_targets].mean(axis=1)


def _by_row(probe: Probe) -> Array | None:
    rows = np.arange(probe.examples)
    return -probe.log_p[rows, rows % probe.classes]


def _global_normaliser(probe: Probe) -> Array:
    top = probe.scaled.max()
    normaliser = top + np.log(np.exp(probe.scaled - top).sum())
    return (targets.mass(probe) * (normaliser - probe.scaled)).sum(axis=1)
