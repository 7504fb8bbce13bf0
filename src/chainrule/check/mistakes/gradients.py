"""What a gradient by the logits computes where it is not p - y."""

from collections.abc import Callable, Iterator

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes import probabilities, targets
from chainrule.check.mistakes.hypothesis import Hypothesis, Scale, Value
from chainrule.check.mistakes.losses import UNASKED_TEMPERATURES
from chainrule.check.probes import Probe

SCALES = (
    Scale(("sign",), "times -1", lambda probe: -1.0),
    Scale(("temperature",), "without its 1/T", lambda probe: probe.temperature),
    Scale(("temperature",), "with 1/T twice", lambda probe: 1 / probe.temperature),
    Scale(("temperature",), "times T instead of 1/T", lambda probe: probe.temperature**2),
    Scale(("per-class-mean",), "times 1/K", lambda probe: 1 / probe.classes),
    Scale(("log-base",), "divided by ln 2", lambda probe: 1 / np.log(2)),
    Scale(("log-base",), "divided by ln 10", lambda probe: 1 / np.log(10)),
    Scale(("log-base",), "times ln 2", lambda probe: np.log(2)),
    Scale(("log-base",), "times ln 10", lambda probe: np.log(10)),
    Scale(("batch-mean",), "times 1/N twice", lambda probe: 1 / probe.examples**2),
    Scale(("batch-mean",), "times N", lambda probe: float(probe.examples)),
    Scale(("per-class-mean",), "times K", lambda probe: float(probe.classes)),
    Scale(("sign", "temperature"), "times -1, without its 1/T", lambda probe: -probe.temperature),
    Scale(("sign", "per-class-mean"), "times -1/K", lambda probe: -1 / probe.classes),
)


def right(probe: Probe) -> Array:
    """Return the derivative of each row's loss."""
    return _kept_together(probe.p, targets.mass(probe)) / probe.temperature


def divisor(probe: Probe, reduction: str) -> np.float64:
    """Return what the gradient of a reduced loss is divided by; weights may add up to 0, and 0/0 is nan."""
    if reduction == "mean":
        return np.float64(probe.examples)
    return np.float64(probe.row_weights.sum() if reduction == "weighted mean" else 1.0)


def reduced_value(value: Value, reduction: str, scale: Scale) -> Value:
    """Return a formula for the rows' own gradients divided as the reduction asks for, times a factor."""

    def made(probe: Probe) -> Array | None:
        rows = value(probe)
        return None if rows is None else rows * (scale.factor(probe) / divisor(probe, reduction))

    return made


def hypotheses() -> Iterator[Hypothesis]:
    """Yield every gradient that a mistake may compute, one mistake before two."""
    made = [*_differences(), *_unasked_temperatures(), *_others()]
    yield from sorted(made, key=lambda row: len(row.names))


def _kept_together(p: Array, q: Array) -> Array:
    """P sum(q) - q, (CE.3)."""
    return p * q.sum(axis=1, keepdims=True) - q


def _differences() -> Iterator[Hypothesis]:
    """Yield p - y with something else for p, for y or for both."""
    makers = (*probabilities.PROBABILITIES, _LOGITS)
    for maker in makers:
        for target in targets.TARGETS:
            names = tuple(dict.fromkeys((*maker.names, *target.names)))
            if 0 < len(names) <= 2 and (maker.names == () or target.names == ()):
                told = f"p - y with p = {maker.told} and y = {target.told}"
                yield Hypothesis(names, told, _difference(maker, target))
                if target.names != ("target-index",):
                    yield Hypothesis(names, f"p sum(y) - y, {told}", _whole_difference(maker, target))


def _unasked_temperatures() -> Iterator[Hypothesis]:
    """Yield p - y at a temperature that nobody asked for, with its 1/T and without."""
    for temperature in UNASKED_TEMPERATURES:
        maker = probabilities.at_temperature(temperature)
        difference = _difference(maker, targets.RIGHT)
        yield Hypothesis(("temperature",), f"p - y with p = {maker.told}", difference)
        yield Hypothesis(
            ("temperature",), f"(p - y)/T with p = {maker.told}", _divided(difference, temperature)
        )


def _divided(value: Value, divisor: float) -> Value:
    def divided(probe: Probe) -> Array | None:
        found = value(probe)
        return None if found is None else found / divisor

    return divided


_LOGITS = Hypothesis(("input-for-output",), "z itself", lambda probe: probe.scaled)


def _difference(maker: Hypothesis, target: Hypothesis) -> Value:
    def value(probe: Probe) -> Array | None:
        p, q = maker.value(probe), target.value(probe)
        return None if p is None or q is None else (p - q) * _counted(target, probe) / probe.temperature

    return value


def _whole_difference(maker: Hypothesis, target: Hypothesis) -> Value:
    def value(probe: Probe) -> Array | None:
        p, q = maker.value(probe), target.value(probe)
        return None if p is None or q is None else _kept_together(p, q) / probe.temperature

    return value


def _counted(target: Hypothesis, probe: Probe) -> Array:
    """Rows that are ignored have no gradient, unless the mistake is that they have."""
    if target.names == ("ignored-rows-counted",):
        return np.ones((probe.examples, 1))
    return probe.kept[:, None]


def _through_softmax(p: Array, upstream: Array) -> Array:
    """Return the vector-Jacobian product of the softmax, (SM.2)."""
    return p * (upstream - (upstream * p).sum(axis=1, keepdims=True))


def _bernoulli_through_softmax(probe: Probe) -> Array:
    p, y = probe.p, probe.one_hot
    return _through_softmax(p, (p - y) / (p * (1 - p)))


def _plain(value: Callable[[Array, Array, Probe], Array]) -> Value:
    return lambda probe: value(probe.p, probe.one_hot, probe) * probe.row_weights[:, None] / probe.temperature


def _counted_all(probe: Probe) -> Array | None:
    """Ignored rows keep their p."""
    if probe.options.ignore_index is None:
        return None
    return probe.p - probe.smoothed


def _unweighted_mass(probe: Probe) -> Array | None:
    """W y in the place of y, and no weight at p: the weighted targets do not sum to 1."""
    if probe.options.class_weight is None:
        return None
    return (probe.p * probe.kept[:, None] - targets.mass(probe)) / probe.temperature


def _weights_by_class(probe: Probe) -> Array | None:
    """Return p - y times the weight of each output's own class in the place of the target's."""
    if probe.options.class_weight is None:
        return None
    return (probe.p - probe.smoothed) * probe.class_weights * probe.kept[:, None] / probe.temperature


def _weights_left_out(probe: Probe) -> Array | None:
    if probe.options.class_weight is None:
        return None
    return (probe.p - probe.smoothed) * probe.kept[:, None] / probe.temperature


def _columns(probe: Probe) -> Array:
    p = probabilities.softmax_over(probe.scaled, 0)
    return p * probe.one_hot.sum(axis=0) - probe.one_hot


def _whole_batch(probe: Probe) -> Array:
    return probe.examples * probabilities.softmax_over(probe.scaled, (0, 1)) - probe.one_hot


def _without_class(place: int) -> Value:
    def value(probe: Probe) -> Array:
        rows = right(probe)
        rows[:, place] = 0
        return rows

    return value


def _without_row(place: int) -> Value:
    def value(probe: Probe) -> Array:
        rows = right(probe)
        rows[place] = 0
        return rows

    return value


def _weighted_inside(probe: Probe) -> Array | None:
    """Return the derivative of -ln softmax(w z) of the target."""
    if probe.options.class_weight is None:
        return None
    p = probabilities.softmax_over(probe.class_weights * probe.scaled)
    return (p - probe.smoothed) * probe.class_weights * probe.kept[:, None] / probe.temperature


def _of_raised(amount: float) -> Value:
    """Return the derivative where a small number is added before the logarithm: p_c/(p_c + a) is less than 1."""

    def value(probe: Probe) -> Array:
        upstream = -targets.mass(probe) / (probe.p + amount)
        return _through_softmax(probe.p, upstream) / probe.temperature

    return value


def _others() -> Iterator[Hypothesis]:
    yield Hypothesis(
        ("missing-outer-derivative",), "0: sum_i dp_i/dz_k", lambda probe: np.zeros(probe.logits.shape)
    )
    for names, told, formula in _FORMULAS:
        yield Hypothesis(names, told, _plain(formula))
    yield Hypothesis(("wrong-axis",), "the gradient of a softmax over the examples", _columns)
    for place, told in ((0, "first"), (-1, "last")):
        yield Hypothesis(("index-slip",), f"p - y without the {told} class", _without_class(place))
        yield Hypothesis(("index-slip",), f"p - y without the {told} row", _without_row(place))
    yield Hypothesis(("weights-inside-softmax",), "w (p - y) with p = softmax(w z)", _weighted_inside)
    yield Hypothesis(("global-sum",), "the gradient of a softmax over everything", _whole_batch)
    yield Hypothesis(("ignored-rows-counted",), "p - y, and p in ignored rows", _counted_all)
    yield Hypothesis(("targets-do-not-sum-to-one",), "p - w y", _unweighted_mass)
    yield Hypothesis(
        ("index-slip",), "w_k (p_k - y_k) with the weight of the output's own class", _weights_by_class
    )
    yield Hypothesis(("factor",), "p - y without the class weight of the row", _weights_left_out)
    yield Hypothesis(
        ("wrong-variable",),
        "the derivative by a weight: z transposed times (p - y)",
        lambda probe: probe.logits.T @ right(probe),
    )
    yield Hypothesis(
        ("wrong-variable",),
        "(p - y) transposed times z",
        lambda probe: right(probe).T @ probe.logits,
    )
    yield Hypothesis(
        ("wrong-variable",), "the derivative by the biases", lambda probe: right(probe).sum(axis=0)
    )
    for exponent in range(1, 10):
        told = f"the derivative of -sum y ln(p + 1e-{exponent})"
        yield Hypothesis(("clipped",), told, _of_raised(10.0**-exponent))
    yield Hypothesis(
        ("single-output", "diagonal-only"),
        "p_c - 1, one number for each example",
        lambda probe: probe.target_p[:, 0] - 1,
    )
    yield Hypothesis(("transposed",), "p - y with rows and columns exchanged", lambda probe: right(probe).T)
    yield Hypothesis(
        ("sample-leak",),
        "p minus the mean of all rows' targets",
        lambda probe: probe.p - probe.one_hot.mean(axis=0),
    )


DIAGONAL = ("diagonal-only", "missing-cross-term")
_EXTRA = ("extra-activation-derivative", "squared-error-for-cross-entropy")
_FORMULAS: tuple[tuple[tuple[str, ...], str, Callable[[Array, Array, Probe], Array]], ...] = (
    (DIAGONAL, "-y (1 - p)", lambda p, y, _: -y * (1 - p)),
    (("missing-outer-derivative", "diagonal-only"), "p (1 - p)", lambda p, y, _: p * (1 - p)),
    (("missing-outer-derivative", "no-log"), "p_c (y - p)", lambda p, y, a: a.target_p * (y - p)),
    (("no-log", "missing-outer-derivative"), "p_c (p - y)", lambda p, y, a: a.target_p * (p - y)),
    (("diagonal-only", "no-log"), "-y p (1 - p)", lambda p, y, _: -y * p * (1 - p)),
    (("missing-outer-derivative", "diagonal-only"), "y p (1 - p)", lambda p, y, _: y * p * (1 - p)),
    (("sign",), "p_c - 1 at the target and -p elsewhere", lambda p, y, _: y * (p - 1) - (1 - y) * p),
    (("sign",), "the absolute value of p - y", lambda p, y, _: np.abs(p - y)),
    (("sign",), "p + y", lambda p, y, _: p + y),
    (_EXTRA, "(p - y) p (1 - p)", lambda p, y, _: (p - y) * p * (1 - p)),
    (_EXTRA, "the softmax's Jacobian times p - y", lambda p, y, _: _through_softmax(p, p - y)),
    (("missing-outer-derivative", "sign"), "2 p (1 - p)", lambda p, y, _: 2 * p * (1 - p)),
    (
        ("extra-activation-derivative", "input-for-output"),
        "(p - y) z (1 - z)",
        lambda p, y, a: (p - y) * a.scaled * (1 - a.scaled),
    ),
    (_EXTRA, "2 (p - y) p (1 - p)", lambda p, y, _: 2 * (p - y) * p * (1 - p)),
    (_EXTRA, "2/K (p - y) p (1 - p)", lambda p, y, _: 2 * (p - y) * p * (1 - p) / p.shape[1]),
    (_EXTRA, "1/K (p - y) p (1 - p)", lambda p, y, _: (p - y) * p * (1 - p) / p.shape[1]),
    (_EXTRA, "2 J (p - y)", lambda p, y, _: 2 * _through_softmax(p, p - y)),
    (_EXTRA, "2/K J (p - y)", lambda p, y, _: 2 * _through_softmax(p, p - y) / p.shape[1]),
    (_EXTRA, "1/K J (p - y)", lambda p, y, _: _through_softmax(p, p - y) / p.shape[1]),
    (
        ("squared-error-for-cross-entropy", "missing-activation-derivative"),
        "2/K (p - y), the squared error's derivative by the outputs",
        lambda p, y, _: 2 * (p - y) / p.shape[1],
    ),
    (("extra-activation-derivative",), "(p - y) p", lambda p, y, _: (p - y) * p),
    (("extra-activation-derivative",), "(p - y) (1 - p)", lambda p, y, _: (p - y) * (1 - p)),
    (
        ("extra-activation-derivative",),
        "(p - y) times the sigmoid's derivative at z",
        lambda p, y, a: (p - y) * probabilities.sigmoid(a.scaled) * (1 - probabilities.sigmoid(a.scaled)),
    ),
    (
        ("extra-activation-derivative",),
        "(p - y) times the derivative of tanh at z",
        lambda p, y, a: (p - y) * (1 - np.tanh(a.scaled) ** 2),
    ),
    (("extra-activation-derivative",), "(p - y) (1 - p^2)", lambda p, y, _: (p - y) * (1 - p * p)),
    (
        ("extra-activation-derivative",),
        "(p - y) times the derivative of ReLU at z",
        lambda p, y, a: (p - y) * (a.scaled > 0),
    ),
    (
        ("output-for-input", "missing-activation-derivative"),
        "-y/p, the derivative by the output",
        lambda p, y, _: -y / p,
    ),
    (
        ("output-for-input", "bernoulli-for-categorical"),
        "(p - y)/(p (1 - p)), the derivative by the output",
        lambda p, y, _: (p - y) / (p * (1 - p)),
    ),
    (("output-for-input", "missing-activation-derivative"), "1 - y/p", lambda p, y, _: 1 - y / p),
    (("output-for-input",), "p - y/p", lambda p, y, _: p - y / p),
    (("wrong-variable",), "-ln p, the derivative by the target", lambda p, y, _: -np.log(p)),
    (("wrong-variable",), "(p - y) z, the derivative by a weight", lambda p, y, a: (p - y) * a.logits),
    (("softmax-twice",), "the gradient through a second softmax", lambda p, y, _: _twice(p, y)),
    (
        ("bernoulli-for-categorical",),
        "the gradient of binary cross-entropy of p",
        lambda p, y, a: _bernoulli_through_softmax(a),
    ),
    (("bernoulli-for-categorical",), "(p - y)/(1 - p)", lambda p, y, _: (p - y) / (1 - p)),
    (("index-slip",), "p_c - y", lambda p, y, a: a.target_p - y),
    (("index-slip",), "p of the next class minus y", lambda p, y, _: np.roll(p, -1, axis=1) - y),
    (("index-slip",), "p of the class before minus y", lambda p, y, _: np.roll(p, 1, axis=1) - y),
    (("missing-cross-term",), "-1 at the target and p elsewhere", lambda p, y, _: p * (1 - y) - y),
)


def _twice(p: Array, y: Array) -> Array:
    return _through_softmax(p, probabilities.softmax_over(p) - y)
