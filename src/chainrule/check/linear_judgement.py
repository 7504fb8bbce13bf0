"""The parts of a linear head's function: the loss with its penalty, dW and db."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from chainrule._types import Array
from chainrule.check import reference
from chainrule.check.judgement import (
    Judgement,
    allowed_reductions,
    gradient_reductions,
    linear_value,
    penalised,
)
from chainrule.check.mistakes import gradients, linear, losses
from chainrule.check.mistakes.hypothesis import UNIT, Observation, Scale, Value, agrees
from chainrule.check.naming import Finding, Search, name_loss
from chainrule.check.options import Options
from chainrule.check.probes import Probe

NOTHING = 1e-9  # a penalty's factor below this is none


@dataclass(frozen=True)
class _Penalty:
    """loss = cross-entropy + factor * sum W^2 (+ bias_factor * sum b^2)."""

    factor: float
    bias_factor: float

    @property
    def there(self) -> bool:
        return abs(self.factor) > NOTHING or abs(self.bias_factor) > NOTHING


def judge_linear(judgement: Judgement) -> Judgement:
    """Return the judgement with the loss, dW and db right or not, and what explains them."""
    right, reduction, penalty, findings = _judge_loss(judgement)
    table = gradient_reductions(judgement.options, reduction)
    weight_right, weight_finding = _judge_weight(judgement, table, penalty)
    bias_right, bias_finding = _judge_bias(judgement, table, penalty)
    findings += [found for found in (weight_finding, bias_finding) if found is not None]
    return replace(
        judgement,
        right={"loss": right, "weight": weight_right, "bias": bias_right},
        reduction=reduction,
        findings=tuple(findings),
        penalty=(penalty.factor, penalty.bias_factor),
    )


def _judge_loss(judgement: Judgement) -> tuple[bool, str | None, _Penalty, list[Finding]]:
    """Look for the cross-entropy, alone or with a penalty."""
    observations = judgement.observations("loss")
    table = allowed_reductions(judgement.options)
    none = _Penalty(0.0, 0.0)
    for reduction in (name for name, brought in table.items() if not brought):
        value = losses.reduced_value(reference.row_losses, reduction, UNIT)
        if agrees(value, observations, judgement.precision):
            missing = bool(judgement.options.alpha)
            found = [_missing_penalty("loss")] if missing else []
            return not missing, reduction, none, found
        penalty = _fitted_penalty(judgement, value)
        if penalty is not None:
            wrong = _penalty_finding(penalty, judgement.options)
            return wrong is None, reduction, penalty, [wrong] if wrong else []
    finding = name_loss(observations, judgement.precision, table)
    return False, None, none, [finding] if finding else []


def _missing_penalty(part: str) -> Finding:
    return Finding(("regulariser-factor",), "no penalty at all", part)


def _fitted_penalty(judgement: Judgement, value: Value) -> _Penalty | None:
    """Return the factors of the squares that make up what the loss has beyond the cross-entropy."""
    rows, rest = [], []
    for probe, observed in judgement.observations("loss"):
        truth = value(probe)
        if observed is None or truth is None or observed.shape != truth.shape:
            continue
        if observed.ndim:
            return None
        rows.append(_squares(probe))
        rest.append(float(observed - truth))
    if len(rows) < 4 or not np.isfinite(rest).all():
        return None
    matrix = np.array(rows)
    for columns in ([0], [0, 1]):
        factors, *_ = np.linalg.lstsq(matrix[:, columns], np.array(rest), rcond=None)
        allowed = judgement.precision.absolute * 10 + judgement.precision.relative * np.abs(rest).max()
        if np.abs(matrix[:, columns] @ factors - rest).max() <= allowed:
            return _Penalty(float(factors[0]), float(factors[1]) if len(factors) > 1 else 0.0)
    return None


def _squares(probe: Probe) -> tuple[float, float]:
    assert probe.weight is not None, "a linear probe has a weight"
    assert probe.bias is not None, "a linear probe has a bias"
    return float((probe.weight**2).sum()), float((probe.bias**2).sum())


def _penalty_finding(penalty: _Penalty, options: Options) -> Finding | None:
    """Compare a penalty with alpha: alpha/2 or alpha times the squares are both in use."""
    told = f"cross-entropy + {penalty.factor:.4g} * sum W^2"
    if penalty.factor < -NOTHING:
        return Finding(("regulariser-sign",), told, "loss")
    if options.alpha is None:
        return None
    usual = (options.alpha / 2, options.alpha)
    if any(abs(penalty.factor - factor) <= 1e-6 * options.alpha for factor in usual):
        return None
    return Finding(("regulariser-factor",), told, "loss")


def _judge_weight(
    judgement: Judgement, table: dict[str, tuple[str, ...]], penalty: _Penalty
) -> tuple[bool, Finding | None]:
    observations = judgement.observations("weight")
    first = judgement.convention.features_first
    plain = linear_value(reference.row_gradients, "weight", first)
    harmless = [name for name, brought in table.items() if not brought]
    for reduction in harmless:
        value = penalised(gradients.reduced_value(plain, reduction, UNIT), "weight", penalty.factor, first)
        if agrees(value, observations, judgement.precision):
            return True, None
    finding = _penalty_slip(judgement, observations, plain, harmless, penalty)
    if finding is not None:
        return False, finding
    without = [(probe, _without_penalty(probe, seen, penalty, first)) for probe, seen in observations]
    search = Search("weight", without, judgement.precision, gradients.reduced_value, table, gradients.SCALES)
    return False, search.find(plain, linear.weight_hypotheses(first))


def _without_penalty(
    probe: Probe, observed: Array | None, penalty: _Penalty, features_first: bool
) -> Array | None:
    assert probe.weight is not None, "a linear probe has a weight"
    share = 2 * penalty.factor * linear.laid_out(probe.weight, features_first)
    if observed is None or observed.shape != share.shape:
        return observed
    return observed - share


def _penalty_slip(
    judgement: Judgement,
    observations: list[Observation],
    plain: Value,
    reductions: Iterable[str],
    penalty: _Penalty,
) -> Finding | None:
    """Look for dW = delta^T X + c W with another c than the loss asks for."""
    first = judgement.convention.features_first
    for reduction in reductions:
        value = gradients.reduced_value(plain, reduction, UNIT)
        factor = _factor_of_weight(observations, value, first)
        if factor is None or abs(factor - 2 * penalty.factor) <= NOTHING:
            continue
        slipped = penalised(value, "weight", factor / 2, first)
        if agrees(slipped, observations, judgement.precision):
            opposite = penalty.there and abs(factor + 2 * penalty.factor) <= 1e-6 * abs(factor)
            opposite = opposite or (factor < 0 <= penalty.factor)
            name = "regulariser-sign" if opposite else "regulariser-factor"
            told = f"delta^T X + {factor:.4g} W where the loss asks for {2 * penalty.factor:.4g} W"
            return Finding((name,), told, "weight")
    return None


def _factor_of_weight(observations: list[Observation], value: Value, features_first: bool) -> float | None:
    """Return c of the largest probe, where observed = value + c W."""
    for probe, observed in sorted(observations, key=lambda pair: -pair[0].size):
        truth = value(probe)
        if observed is None or truth is None or observed.shape != truth.shape or probe.weight is None:
            continue
        weight = linear.laid_out(probe.weight, features_first)
        if np.isfinite(observed).all() and (weight**2).sum() > 0:
            return float(((observed - truth) * weight).sum() / (weight**2).sum())
    return None


def _judge_bias(
    judgement: Judgement, table: dict[str, tuple[str, ...]], penalty: _Penalty
) -> tuple[bool, Finding | None]:
    observations = judgement.observations("bias")
    summed = all(seen is None or seen.ndim == 1 for _, seen in observations)
    plain = linear_value(reference.row_gradients, "bias", judgement.convention.features_first)
    harmless = [name for name, brought in table.items() if not brought]
    for reduction in harmless:
        value = penalised(gradients.reduced_value(plain, reduction, UNIT), "bias", penalty.bias_factor, False)
        if summed and agrees(value, observations, judgement.precision):
            return True, None
    search = Search(
        "bias",
        observations,
        judgement.precision,
        gradients.reduced_value,
        table,
        (*gradients.SCALES, _NEVER_SUMMED),
    )
    return False, search.find(plain, linear.bias_hypotheses())


_NEVER_SUMMED = Scale(("scalar-bias", "per-class-mean"), "times 1/K^2", lambda probe: 1 / probe.classes**2)
