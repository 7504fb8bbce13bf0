"""What a linear head's gradients compute where they are mistaken: dW = delta^T X, db = sum of delta."""

from collections.abc import Callable, Iterator

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes import gradients
from chainrule.check.mistakes.hypothesis import Hypothesis, Value
from chainrule.check.probes import Probe


def of_weight(delta: Value, features_first: bool) -> Value:
    """Return the weight's gradient that belongs to a gradient by the logits."""

    def value(probe: Probe) -> Array | None:
        rows = delta(probe)
        if rows is None or rows.shape != probe.logits.shape:
            return None
        assert probe.features is not None, "a linear probe has features"
        return laid_out(rows.T @ probe.features, features_first)

    return value


def of_bias(delta: Value) -> Value:
    """Return the biases' gradient that belongs to a gradient by the logits."""

    def value(probe: Probe) -> Array | None:
        rows = delta(probe)
        return None if rows is None or rows.shape != probe.logits.shape else rows.sum(axis=0)

    return value


def laid_out(matrix: Array, features_first: bool) -> Array:
    """Return a (classes, features) matrix in the person's own layout."""
    return matrix.T if features_first else matrix


def weight_hypotheses(features_first: bool) -> Iterator[Hypothesis]:
    """Yield what a mistaken gradient of the weight may be."""
    for names, told, formula in _OF_WEIGHT:
        yield Hypothesis(names, told, _matrix(formula, features_first))
    if features_first:
        yield Hypothesis(
            ("transposed",), "delta^T X with its numbers reshaped instead of transposed", _reshaped
        )
    for row in gradients.hypotheses():
        names = ("single-output", "diagonal-only") if row.names == gradients.DIAGONAL else row.names
        yield Hypothesis(names, f"delta^T X with delta = {row.told}", of_weight(row.value, features_first))


def bias_hypotheses() -> Iterator[Hypothesis]:
    """Yield what a mistaken gradient of the biases may be."""
    for names, told, formula in _OF_BIAS:
        yield Hypothesis(names, told, _vector(formula))
    for row in gradients.hypotheses():
        names = ("single-output", "diagonal-only") if row.names == gradients.DIAGONAL else row.names
        yield Hypothesis(names, f"sum of delta = {row.told}", of_bias(row.value))


def _reshaped(probe: Probe) -> Array:
    product = _product(gradients.right(probe), probe)
    return product.reshape(product.shape[::-1])


def _matrix(formula: Callable[[Array, Probe], Array | None], features_first: bool) -> Value:
    def value(probe: Probe) -> Array | None:
        made = formula(gradients.right(probe), probe)
        return None if made is None else laid_out(made, features_first)

    return value


def _vector(formula: Callable[[Array, Probe], Array]) -> Value:
    return lambda probe: formula(gradients.right(probe), probe)


def _product(delta: Array, probe: Probe) -> Array:
    assert probe.features is not None, "a linear probe has features"
    return delta.T @ probe.features


def _weight(probe: Probe) -> Array:
    assert probe.weight is not None, "a linear probe has a weight"
    return probe.weight


def _features(probe: Probe) -> Array:
    assert probe.features is not None, "a linear probe has features"
    return probe.features


def _same_feature(delta: Array, probe: Probe) -> Array | None:
    """X_k where X_j belongs: passes where there are as many features as classes."""
    features = _features(probe)
    if features.shape[1] < probe.classes:
        return None
    column = (delta * features[:, : probe.classes]).sum(axis=0)
    return np.repeat(column[:, None], features.shape[1], axis=1)


_OF_WEIGHT: tuple[tuple[tuple[str, ...], str, Callable[[Array, Probe], Array | None]], ...] = (
    (("transposed",), "dW with rows and columns exchanged", lambda d, a: _product(d, a).T),
    (
        ("transposed",),
        "X^T delta with its numbers reshaped instead of transposed",
        lambda d, a: _product(d, a).T.reshape(a.classes, -1),
    ),
    (("wrong-variable",), "the gradient of the features, delta W", lambda d, a: d @ _weight(a)),
    (("wrong-variable",), "delta itself, the gradient of the logits", lambda d, a: d),
    (
        ("single-output",),
        "the same row for every class",
        lambda d, a: np.repeat((d.sum(axis=1) @ _features(a))[None], a.classes, axis=0),
    ),
    (("index-slip",), "X_k where X_j belongs", _same_feature),
    (
        ("sample-leak", "index-slip"),
        "the sum of delta times the sum of X",
        lambda d, a: np.outer(d.sum(axis=0), _features(a).sum(axis=0)),
    ),
    (
        ("sample-leak", "index-slip"),
        "the sum of delta times the mean of X",
        lambda d, a: np.outer(d.sum(axis=0), _features(a).mean(axis=0)),
    ),
    (("single-output",), "the last example alone", lambda d, a: np.outer(d[-1], _features(a)[-1])),
    (("single-output",), "the first example alone", lambda d, a: np.outer(d[0], _features(a)[0])),
    (("input-for-output",), "the logits' own product, Z^T X", lambda d, a: _product(a.logits, a)),
)
_OF_BIAS: tuple[tuple[tuple[str, ...], str, Callable[[Array, Probe], Array]], ...] = (
    (("scalar-bias",), "delta summed over everything", lambda d, a: d.sum()),
    (("scalar-bias",), "that sum for every class", lambda d, a: np.full(a.classes, d.sum())),
    (("unsummed-bias",), "delta, not summed", lambda d, a: d),
    (("unsummed-bias", "wrong-axis"), "delta summed over the classes", lambda d, a: d.sum(axis=1)),
    (("wrong-variable",), "the sum of the features", lambda d, a: _features(a).sum(axis=0)),
    (("wrong-variable",), "delta^T X added up", lambda d, a: _product(d, a).sum(axis=1)),
    (("unsummed-bias",), "the first example's delta", lambda d, a: d[0]),
    (("unsummed-bias",), "the last example's delta", lambda d, a: d[-1]),
    (("scalar-bias", "per-class-mean"), "the mean of delta", lambda d, a: d.mean()),
    (("scalar-bias",), "the absolute sum", lambda d, a: np.abs(d).sum()),
)
