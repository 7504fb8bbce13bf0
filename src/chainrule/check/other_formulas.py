"""Right formulas of something else, and signs to go by: what can be said where no mistake has a name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.check.judgement import Judgement, linear_value
from chainrule.check.mistakes import gradients, losses
from chainrule.check.mistakes.hypothesis import UNIT, Observation, Value, agrees, constant_factor, trimmed
from chainrule.check.mistakes.probabilities import sigmoid
from chainrule.check.probes import Probe

FOCAL_POWERS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
REDUCTIONS = ("mean", "sum", "none")
ANOTHER_LOSS = (
    "That is another loss. If it is meant, only a comparison with its own differences can check it."
)


@dataclass(frozen=True)
class OtherFormula:
    """A formula that people use, and that is not what was asked for.

    Parameters
    ----------
    told : str
        What it is.
    advice : str
        What to do about it.
    rows : callable
        Probe to what it gives for each row.
    """

    told: str
    advice: str
    rows: Value


def recognised(judgement: Judgement) -> str | None:
    """Return two sentences on the formula that a function computes instead, where it is a known one."""
    kind = judgement.convention.kind
    if kind == "linear-gradient":
        return _without_bias(judgement)
    for part, formulas in _formulas_of(kind):
        observations = judgement.observations(part)
        if judgement.right.get(part, True) or all(observed is None for _, observed in observations):
            continue
        for formula in formulas:
            if _computes(formula, part, observations, judgement):
                return f"They are those of {formula.told}. {formula.advice}"
    return None


def signs(judgement: Judgement) -> Iterator[str]:
    """Yield what every right function has and this one has not, with its own numbers."""
    for part, told, look in _SIGNS.get(judgement.convention.kind, ()):
        for probe, observed in judgement.observations(part):
            if observed is None or judgement.right.get(part, True):
                continue
            sign = look(probe, trimmed(observed, probe))
            if sign is not None:
                yield f"{told}; at {probe.name} {sign}."
                break


def _formulas_of(kind: str) -> Iterator[tuple[str, tuple[OtherFormula, ...]]]:
    if kind in ("loss", "loss-and-gradient"):
        yield "loss", _LOSSES
    if kind in ("gradient", "loss-and-gradient"):
        yield "gradient", _GRADIENTS
    if kind in _OUTPUTS:
        yield "output", _OUTPUTS[kind]


def _computes(
    formula: OtherFormula, part: str, observations: list[Observation], judgement: Judgement
) -> bool:
    if part == "output":
        return agrees(formula.rows, observations, judgement.precision)
    reduce = losses.reduced_value if part == "loss" else gradients.reduced_value
    values = [reduce(formula.rows, reduction, UNIT) for reduction in REDUCTIONS]
    return any(
        agrees(value, observations, judgement.precision)
        or constant_factor(value, observations, judgement.precision) is not None
        for value in values
    )


def _without_bias(judgement: Judgement) -> str | None:
    """Compare a linear head with one whose logits are X W^T alone."""
    told = []
    for part in ("loss", "weight", "bias"):
        values = (_bare(part, reduction, judgement) for reduction in ("mean", "sum"))
        if any(agrees(value, judgement.observations(part), judgement.precision) for value in values):
            told.append({"loss": "the loss", "weight": "dW", "bias": "db"}[part])
    if not told:
        return None
    return (
        f"Those of {' and '.join(told)} are right for logits X W^T, without the bias."
        " Add it before the softmax: Z = X W^T + b."
    )


def _bare(part: str, reduction: str, judgement: Judgement) -> Value:
    if part == "loss":
        value = losses.reduced_value(losses.right, reduction, UNIT)
    else:
        delta = gradients.reduced_value(gradients.right, reduction, UNIT)
        value = linear_value(delta, part, judgement.convention.features_first)

    def without(probe: Probe) -> Array | None:
        assert probe.bias is not None, "a linear probe has a bias"
        return value(replace(probe, logits=probe.logits - probe.bias))

    return without


def _target(values: Array, probe: Probe) -> Array:
    return (values * probe.one_hot).sum(axis=1, keepdims=True)


def _margins(probe: Probe) -> Array:
    """1 + z_j - z_c for j != c, 0 for the target itself."""
    return (1 + probe.scaled - _target(probe.scaled, probe)) * (1 - probe.one_hot)


def _hinge(probe: Probe) -> Array:
    return np.maximum(_margins(probe), 0)


def _hinge_slope(probe: Probe) -> Array:
    over = (_margins(probe) > 0).astype(float)
    return over - probe.one_hot * over.sum(axis=1, keepdims=True)


def _largest_slope(probe: Probe) -> Array:
    margins = np.where(probe.one_hot > 0, -np.inf, _margins(probe))
    over = np.eye(probe.classes)[margins.argmax(axis=1)] * (margins.max(axis=1, keepdims=True) > 0)
    return over - probe.one_hot * over.sum(axis=1, keepdims=True)


def _focal(power: float) -> Value:
    return lambda probe: (-((1 - probe.target_p) ** power) * np.log(probe.target_p))[:, 0]


def _focal_slope(power: float) -> Value:
    def value(probe: Probe) -> Array:
        p = probe.target_p
        share = (1 - p) ** power - power * p * (1 - p) ** (power - 1) * np.log(p)
        return share * (probe.p - probe.one_hot)

    return value


def _exponentials(probe: Probe) -> Array:
    return np.exp(probe.scaled - probe.scaled.max(axis=1, keepdims=True))


def _row_sums(probe: Probe, observed: Array) -> str | None:
    if observed.shape[-1:] != (probe.classes,) or not np.isfinite(observed).all():
        return None
    sums = np.atleast_1d(observed.sum(axis=-1))
    worst = float(sums[np.abs(sums - 1).argmax()])
    return f"one of yours has {worst:.4g}" if abs(worst - 1) > 1e-4 else None


def _row_sums_of_gradient(probe: Probe, observed: Array) -> str | None:
    if observed.shape[-1:] != (probe.classes,) or not np.isfinite(observed).all():
        return None
    sums = np.atleast_1d(observed.sum(axis=-1))
    worst = float(sums[np.abs(sums).argmax()])
    return f"one of yours has {worst:.4g}" if abs(worst) > 1e-4 else None


def _loss_at_0(probe: Probe, observed: Array) -> str | None:
    if np.any(probe.logits != 0) or observed.ndim or probe.options.class_weight is not None:
        return None
    truth, given = float(np.log(probe.classes)), float(observed)
    if any(abs(given - factor * truth) <= 1e-4 for factor in (1, probe.examples)):
        return None
    return f"(ln {probe.classes} = {truth:.4g}) yours is {given:.4g}"


_Look = Callable[[Probe, Array], str | None]
_LOSS_SIGN = ("loss", "Where all logits are equal the loss of a row is ln K", _loss_at_0)
_GRADIENT_SIGN = ("gradient", "Each row of the gradient adds up to 0", _row_sums_of_gradient)
_SIGNS: dict[str, tuple[tuple[str, str, _Look], ...]] = {
    "softmax": (("output", "Each row of a softmax adds up to 1", _row_sums),),
    "log-softmax": (
        (
            "output",
            "Each row of exp(log-softmax) adds up to 1",
            lambda probe, observed: _row_sums(probe, np.exp(observed)),
        ),
    ),
    "loss": (_LOSS_SIGN,),
    "gradient": (_GRADIENT_SIGN,),
    "loss-and-gradient": (_LOSS_SIGN, _GRADIENT_SIGN),
}
_LOSSES = (
    *(OtherFormula(f"the focal loss, -(1 - p)^{g:g} ln p", ANOTHER_LOSS, _focal(g)) for g in FOCAL_POWERS),
    OtherFormula(
        "a hinge loss, the sum of max(0, 1 + z_j - z_c)", ANOTHER_LOSS, lambda p: _hinge(p).sum(axis=1)
    ),
    OtherFormula(
        "a hinge loss, the mean over the classes of max(0, 1 + z_j - z_c)",
        ANOTHER_LOSS,
        lambda p: _hinge(p).mean(axis=1),
    ),
    OtherFormula(
        "a hinge loss, the largest max(0, 1 + z_j - z_c)", ANOTHER_LOSS, lambda p: _hinge(p).max(axis=1)
    ),
    OtherFormula(
        "a squared hinge loss, the sum of max(0, 1 + z_j - z_c)^2",
        ANOTHER_LOSS,
        lambda p: (_hinge(p) ** 2).sum(axis=1),
    ),
    OtherFormula(
        "the perceptron's loss, max z - z_c",
        ANOTHER_LOSS,
        lambda p: p.scaled.max(axis=1) - _target(p.scaled, p)[:, 0],
    ),
    OtherFormula(
        "the entropy of the probabilities, -sum p ln p",
        "The target has no part in it. Take -ln p of the target.",
        lambda p: -(p.p * p.log_p).sum(axis=1),
    ),
    OtherFormula(
        "-ln(1 + p) of the target",
        "log1p(p) is ln(1 + p). Take log(p), or better z_c - logsumexp(z).",
        lambda p: -np.log1p(p.target_p)[:, 0],
    ),
)
_GRADIENTS = (
    *(
        OtherFormula(f"the focal loss, -(1 - p)^{g:g} ln p", ANOTHER_LOSS, _focal_slope(g))
        for g in FOCAL_POWERS
    ),
    OtherFormula("a hinge loss, the sum of max(0, 1 + z_j - z_c)", ANOTHER_LOSS, _hinge_slope),
    OtherFormula("a hinge loss, the largest max(0, 1 + z_j - z_c)", ANOTHER_LOSS, _largest_slope),
    OtherFormula(
        "exp(z) - y",
        "The exponentials were not divided by their sum: p = exp(z) / sum exp(z).",
        lambda p: np.exp(p.scaled) - p.one_hot,
    ),
    OtherFormula(
        "exp(z - max z) - y",
        "The exponentials were not divided by their sum: p = exp(z) / sum exp(z).",
        lambda p: _exponentials(p) - p.one_hot,
    ),
)
_NOT_DIVIDED = "They were not divided by the sum of their row: p = e / e.sum(axis=1, keepdims=True)."
_OUTPUTS = {
    "softmax": (
        OtherFormula("exp(z)", _NOT_DIVIDED, lambda p: np.exp(p.scaled)),
        OtherFormula("exp(z - max z)", _NOT_DIVIDED, _exponentials),
        OtherFormula(
            "exp(z) divided by the root of its sum of squares",
            "A softmax divides by the sum, not by the norm.",
            lambda p: p.p / np.sqrt((p.p**2).sum(axis=1, keepdims=True)),
        ),
        OtherFormula(
            "z divided by its sum",
            "A softmax takes exp(z) first, which makes every share positive.",
            lambda p: p.scaled / p.scaled.sum(axis=1, keepdims=True),
        ),
        OtherFormula(
            "z^2 divided by its sum",
            "A softmax takes exp(z) instead of squares.",
            lambda p: p.scaled**2 / (p.scaled**2).sum(axis=1, keepdims=True),
        ),
        OtherFormula(
            "1 for the largest logit and 0 elsewhere",
            "That is the argmax; the softmax shares 1 among all classes.",
            lambda p: np.eye(p.classes)[p.scaled.argmax(axis=1)],
        ),
        OtherFormula(
            "a sigmoid for each class divided by their sum",
            "A softmax takes exp(z) instead of a sigmoid.",
            lambda p: sigmoid(p.scaled) / sigmoid(p.scaled).sum(axis=1, keepdims=True),
        ),
    ),
    "log-softmax": (
        OtherFormula(
            "z - max z",
            "That is only the shift: ln sum exp(z - max z) is still to be subtracted.",
            lambda p: p.scaled - p.scaled.max(axis=1, keepdims=True),
        ),
        OtherFormula("z itself", "ln sum exp(z) of the row is still to be subtracted.", lambda p: p.scaled),
    ),
}
