"""What a Jacobian of the softmax, or a second derivative of the loss, computes where it is mistaken.

A value has an entry for each example and pair of classes; the diagonals alone have one for each class.
"""

from collections.abc import Callable, Iterator

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes.hypothesis import Hypothesis, Scale, Value
from chainrule.check.mistakes.probabilities import PROBABILITIES, sigmoid
from chainrule.check.probes import Probe

SCALES = (
    Scale(("sign",), "times -1", lambda probe: -1.0),
    Scale(("temperature",), "without its 1/T", lambda probe: probe.temperature),
    Scale(("temperature",), "without its 1/T^2", lambda probe: probe.temperature**2),
    Scale(("temperature",), "with 1/T once too often", lambda probe: 1 / probe.temperature),
    Scale(("per-class-mean",), "times 1/K", lambda probe: 1 / probe.classes),
    Scale(("batch-mean",), "times 1/N^2", lambda probe: 1 / probe.examples**2),
)


def hypotheses(kind: str) -> Iterator[Hypothesis]:
    """Yield what a mistaken softmax-jacobian or hessian may hold."""
    power = 1 if kind == "softmax-jacobian" else 2
    made = [*_matrices(power), *_other_probabilities(power), *_diagonals(power)]
    if kind == "hessian":
        made += [*_of_hessians(power)]
    yield from sorted(made, key=lambda row: len(row.names))


def _diagonal(p: Array) -> Array:
    return p[:, :, None] * np.eye(p.shape[1])


def _outer(a: Array, b: Array) -> Array:
    return a[:, :, None] * b[:, None, :]


def jacobian(p: Array) -> Array:
    """diag(p) - p p^T."""
    return _diagonal(p) - _outer(p, p)


def _of(formula: Callable[[Array], Array], power: int) -> Value:
    return lambda probe: formula(probe.p) * _weights(probe, power) / probe.temperature**power


def _weights(probe: Probe, power: int) -> Array:
    if power == 1:
        return np.ones((probe.examples, 1, 1))
    return (probe.smoothed * probe.class_weights).sum(axis=1)[:, None, None]


def _of_sigmoids(probe: Probe) -> Array:
    s = sigmoid(probe.scaled)
    return _diagonal(s * (1 - s)) / probe.temperature


def _matrices(power: int) -> Iterator[Hypothesis]:
    for names, told, formula in _FORMULAS:
        yield Hypothesis(names, told, _of(formula, power))
    yield Hypothesis(
        ("bernoulli-for-categorical", "diagonal-only"),
        "s (1 - s) on the diagonal with s = sigmoid(z)",
        _of_sigmoids,
    )
    yield Hypothesis(
        ("input-for-output",),
        "diag(z) - z z^T",
        lambda probe: jacobian(probe.scaled) / probe.temperature**power,
    )


def _other_probabilities(power: int) -> Iterator[Hypothesis]:
    for maker in PROBABILITIES:
        if maker.names:
            yield Hypothesis(
                maker.names, f"diag(p) - p p^T with p = {maker.told}", _jacobian_of(maker.value, power)
            )


def _jacobian_of(value: Value, power: int) -> Value:
    def made(probe: Probe) -> Array | None:
        p = value(probe)
        return None if p is None else jacobian(p) * _weights(probe, power) / probe.temperature**power

    return made


def _diagonals(power: int) -> Iterator[Hypothesis]:
    """Yield shapes (examples, classes): one number for each class."""

    def flat(formula: Callable[[Array], Array]) -> Value:
        return lambda probe: formula(probe.p) * _weights(probe, power)[:, :, 0] / probe.temperature**power

    yield Hypothesis(("diagonal-only", "missing-cross-term"), "p (1 - p)", flat(lambda p: p * (1 - p)))
    yield Hypothesis(("diagonal-only", "sign"), "-p (1 - p)", flat(lambda p: -p * (1 - p)))
    yield Hypothesis(("missing-outer-derivative",), "0, the sums of rows", flat(lambda p: 0 * p))
    if power == 2:
        yield Hypothesis(("hessian-bound",), "2 p (1 - p)", flat(lambda p: 2 * p * (1 - p)))
        yield Hypothesis(
            ("hessian-bound",),
            "K/(K - 1) p (1 - p)",
            flat(lambda p: p * (1 - p) * p.shape[1] / (p.shape[1] - 1)),
        )
        yield Hypothesis(("hessian-bound",), "1/4 for each class", flat(lambda p: 0 * p + 0.25))
        yield Hypothesis(("hessian-bound",), "1/2 for each class", flat(lambda p: 0 * p + 0.5))
        yield Hypothesis(
            ("hessian-bound",), "(1 - 1/K)/2 for each class", flat(lambda p: 0 * p + (1 - 1 / p.shape[1]) / 2)
        )
        yield Hypothesis(("output-for-input",), "p, the first derivative", flat(lambda p: p))


def _bound(p: Array) -> Array:
    classes = p.shape[1]
    return np.broadcast_to((np.eye(classes) - 1 / classes) / 2, (p.shape[0], classes, classes))


def _of_hessians(power: int) -> Iterator[Hypothesis]:
    for told, formula in _BOUNDS:
        yield Hypothesis(("hessian-bound",), told, _of(formula, power))
    yield Hypothesis(
        ("output-for-input",),
        "y/p^2 on the diagonal, the second derivative by the outputs",
        lambda probe: _diagonal(probe.one_hot / probe.p**2),
    )
    yield Hypothesis(
        ("squared-error-for-cross-entropy",), "J J^T", _of(lambda p: jacobian(p) @ jacobian(p), power)
    )
    yield Hypothesis(
        ("diagonal-only", "missing-cross-term"),
        "(p - y)(p - y)^T, the gradient's outer product",
        lambda probe: _outer(probe.p - probe.one_hot, probe.p - probe.one_hot),
    )


_BOUNDS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("(I - 1/K)/2", _bound),
    ("2 p (1 - p) on the diagonal", lambda p: _diagonal(2 * p * (1 - p))),
    ("K/(K - 1) p (1 - p) on the diagonal", lambda p: _diagonal(p * (1 - p)) * p.shape[1] / (p.shape[1] - 1)),
    ("2 p (1 - p) on the diagonal, -p p^T elsewhere", lambda p: jacobian(p) + _diagonal(p * (1 - p))),
    ("1/4 on the diagonal", lambda p: _diagonal(0 * p + 0.25)),
    ("1/2 on the diagonal", lambda p: _diagonal(0 * p + 0.5)),
    ("diag(p)", lambda p: _diagonal(p)),
)
_DIAGONAL = ("diagonal-only", "missing-cross-term")
_FORMULAS: tuple[tuple[tuple[str, ...], str, Callable[[Array], Array]], ...] = (
    (_DIAGONAL, "p (1 - p) on the diagonal, 0 elsewhere", lambda p: _diagonal(p * (1 - p))),
    (("missing-cross-term", "diagonal-only"), "p on the diagonal, 0 elsewhere", _diagonal),
    (("sign",), "diag(p) + p p^T", lambda p: _diagonal(p) + _outer(p, p)),
    (
        ("sign",),
        "p (1 - p) on the diagonal, +p p^T elsewhere",
        lambda p: _diagonal(p * (1 - p)) + _outer(p, p) * (1 - np.eye(p.shape[1])),
    ),
    (("sign",), "p (1 + p) on the diagonal, -p p^T elsewhere", lambda p: jacobian(p) + 2 * _diagonal(p * p)),
    (("missing-cross-term",), "-p p^T, without diag(p)", lambda p: -_outer(p, p)),
    (("sign", "missing-cross-term"), "p p^T, without diag(p)", lambda p: _outer(p, p)),
    (("index-slip",), "p_i (delta_ik - p_i)", lambda p: p[:, :, None] * (np.eye(p.shape[1]) - p[:, :, None])),
    (("index-slip",), "p_k (delta_ik - p_k)", lambda p: p[:, None, :] * (np.eye(p.shape[1]) - p[:, None, :])),
    (("index-slip",), "p_i (1 - p_k) everywhere", lambda p: _outer(p, 1 - p)),
    (("index-slip",), "p_k (1 - p_i) everywhere", lambda p: _outer(1 - p, p)),
    (("index-slip",), "p_i (1 - p_i) in every column", lambda p: _outer(p * (1 - p), np.ones_like(p))),
    (("index-slip",), "p_i (1 - p_i) in every row", lambda p: _outer(np.ones_like(p), p * (1 - p))),
    (
        ("index-slip",),
        "diag(p) - p_i^2 in every column",
        lambda p: _diagonal(p) - _outer(p * p, np.ones_like(p)),
    ),
    (
        ("output-for-input", "missing-activation-derivative"),
        "delta_ik - p_k, the derivative of ln p",
        lambda p: np.eye(p.shape[1]) - _outer(np.ones_like(p), p),
    ),
    (
        ("output-for-input", "missing-activation-derivative"),
        "delta_ik - p_i",
        lambda p: np.eye(p.shape[1]) - _outer(p, np.ones_like(p)),
    ),
    (("missing-outer-derivative",), "I - p p^T", lambda p: np.eye(p.shape[1]) - _outer(p, p)),
    (
        ("extra-activation-derivative",),
        "(diag(p) - p p^T) p (1 - p)",
        lambda p: jacobian(p) * (p * (1 - p))[:, None],
    ),
    (("extra-activation-derivative",), "J J", lambda p: jacobian(p) @ jacobian(p)),
)
