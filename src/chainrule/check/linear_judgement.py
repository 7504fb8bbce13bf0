"""The parts of a linear head's function: the loss with its penalty, dW and db."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import numpy as np

from chainrule._types import Array
from chainrule.check import reference
from chainrule.check.judgement import (
    Judgement,
    allowed_reductions,
    gradient_reductions,
    linear_value,
)
from chainrule.check.mistakes import gradients, linear, losses
from chainrule.check.mistakes.hypothesis import UNIT, Observation, Value, agrees
from chainrule.check.naming import Finding, Search, name_loss
from chainrule.check.options import Options
from chainrule.check.penalty import NO_PENALTY, NOTHING, Penalty, squares_of
from chainrule.check.probes import Probe


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
        penalty=penalty,
    )


def _judge_loss(judgement: Judgement) -> tuple[bool, str | None, Penalty, list[Finding]]:
    """Look for the cross-entropy, alone or with a penalty."""
    observations = judgement.observations("loss")
    table = allowed_reductions(judgement.options)
    for reduction in (name for name, brought in table.items() if not brought):
        value = losses.reduced_value(reference.row_losses, reduction, UNIT)
        if agrees(value, observations, judgement.precision):
            missing = bool(judgement.options.alpha)
            found = [Finding(("regulariser-factor",), "no penalty at all", "loss")] if missing else []
            return not missing, reduction, NO_PENALTY, found
        penalty = _fitted_penalty(judgement, value)
        if penalty is not None:
            wrong = _penalty_finding(penalty, judgement.options)
            return wrong is None, reduction, penalty, [wrong] if wrong else []
    finding = name_loss(observations, judgement.precision, table)
    return False, None, NO_PENALTY, [finding] if finding else []


def _fitted_penalty(judgement: Judgement, value: Value) -> Penalty | None:
    """Return the factors of the squares that make up what the loss has beyond the cross-entropy."""
    seen: list[tuple[Probe, float]] = []
    for probe, observed in judgement.observations("loss"):
        truth = value(probe)
        if observed is None or truth is None or observed.shape != truth.shape:
            continue
        if observed.ndim:
            return None
        seen.append((probe, float(observed - truth)))
    rest = np.array([beyond for _, beyond in seen])
    if len(seen) < 4 or not np.isfinite(rest).all():
        return None
    for over_n, columns in product((False, True), ([0], [0, 1])):
        shares = [Penalty(over_n=over_n).share(probe) for probe, _ in seen]
        squares = [np.array(squares_of(probe))[columns] for probe, _ in seen]
        matrix = np.array(squares) * np.array(shares)[:, None]
        factors, *_ = np.linalg.lstsq(matrix, rest, rcond=None)
        allowed = judgement.precision.absolute * 10 + judgement.precision.relative * np.abs(rest).max()
        if np.abs(matrix @ factors - rest).max() <= allowed:
            return Penalty(float(factors[0]), float(factors[1]) if len(factors) > 1 else 0.0, over_n)
    return None


def _penalty_finding(penalty: Penalty, options: Options) -> Finding | None:
    """Compare a penalty with alpha: alpha/2 and alpha times the squares, also over N, are all in use."""
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
    judgement: Judgement, table: dict[str, tuple[str, ...]], penalty: Penalty
) -> tuple[bool, Finding | None]:
    observations = judgement.observations("weight")
    first = judgement.convention.features_first
    plain = linear_value(reference.row_gradients, "weight", first)
    harmless = [name for name, brought in table.items() if not brought]
    for reduction in harmless:
        value = gradients.reduced_value(plain, reduction, UNIT)
        if agrees(penalty.added_to_gradient(value, "weight", first), observations, judgement.precision):
            return True, None
    finding = _penalty_slip(judgement, observations, plain, harmless, penalty)
    if finding is not None:
        return False, finding
    without = [(probe, _without_penalty(probe, seen, penalty, first)) for probe, seen in observations]
    search = Search("weight", without, judgement.precision, gradients.reduced_value, table, gradients.SCALES)
    return False, search.find(plain, linear.weight_hypotheses(first))


def _without_penalty(
    probe: Probe, observed: Array | None, penalty: Penalty, features_first: bool
) -> Array | None:
    share = penalty.of_gradient(probe, "weight", features_first)
    return observed - share if observed is not None and observed.shape == share.shape else observed


def _penalty_slip(
    judgement: Judgement,
    observations: list[Observation],
    plain: Value,
    reductions: Iterable[str],
    penalty: Penalty,
) -> Finding | None:
    """Look for dW = delta^T X + c W with another c than the loss asks for."""
    first = judgement.convention.features_first
    for reduction, over_n in product(reductions, (penalty.over_n, not penalty.over_n)):
        value = gradients.reduced_value(plain, reduction, UNIT)
        slipped = _penalty_of_weight(observations, value, over_n, first)
        if slipped is None:
            continue
        if agrees(slipped.added_to_gradient(value, "weight", first), observations, judgement.precision):
            asked, found = 2 * penalty.factor, 2 * slipped.factor
            opposite = found * asked < 0 or (found < -NOTHING and not penalty.is_there)
            name = "regulariser-sign" if opposite else "regulariser-factor"
            over = " / N" if over_n else ""
            told = f"delta^T X + {found:.4g} W{over} where the loss asks for {asked:.4g} W"
            return Finding((name,), told, "weight")
    return None


def _penalty_of_weight(
    observations: list[Observation], value: Value, over_n: bool, features_first: bool
) -> Penalty | None:
    """Return the penalty whose derivative is left at the largest probe beside a formula."""
    unit = Penalty(0.5, 0.0, over_n)
    for probe, observed in sorted(observations, key=lambda pair: -pair[0].size):
        truth = value(probe)
        if observed is None or truth is None or observed.shape != truth.shape:
            continue
        weight = unit.of_gradient(probe, "weight", features_first)
        if np.isfinite(observed).all() and (weight**2).sum() > 0:
            factor = float(((observed - truth) * weight).sum() / (weight**2).sum())
            return Penalty(factor / 2 if abs(factor) > NOTHING else 0.0, 0.0, over_n)
    return None


def _judge_bias(
    judgement: Judgement, table: dict[str, tuple[str, ...]], penalty: Penalty
) -> tuple[bool, Finding | None]:
    observations = judgement.observations("bias")
    summed = all(seen is None or seen.ndim == 1 for _, seen in observations)
    plain = linear_value(reference.row_gradients, "bias", judgement.convention.features_first)
    harmless = [name for name, brought in table.items() if not brought]
    for reduction in harmless:
        value = gradients.reduced_value(plain, reduction, UNIT)
        value = penalty.added_to_gradient(value, "bias", False)
        if summed and agrees(value, observations, judgement.precision):
            return True, None
    search = Search(
        "bias", observations, judgement.precision, gradients.reduced_value, table, gradients.SCALES
    )
    return False, search.find(plain, linear.bias_hypotheses())
