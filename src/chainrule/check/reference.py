"""The truth at a probe: chainrule's own functions in float64, each loss confirmed by mpmath."""

from functools import lru_cache

import mpmath
import numpy as np

from chainrule._types import Array
from chainrule.check.probes import Probe
from chainrule.functions import cross_entropy_with_gradient, log_softmax, softmax, softmax_vjp

AGREEMENT = 1e-12  # between float64 and 50 digits, relative


def row_losses(probe: Probe) -> Array:
    """Return each row's loss; rows that are ignored have 0."""
    return _loss_and_gradient(probe)[0]


def row_gradients(probe: Probe) -> Array:
    """Return the derivative of each row's loss by its logits."""
    return _loss_and_gradient(probe)[1]


def probabilities(probe: Probe) -> Array:
    """Return softmax(Z / T)."""
    return softmax(probe.scaled)


def log_probabilities(probe: Probe) -> Array:
    """Return log_softmax(Z / T)."""
    return log_softmax(probe.scaled)


def jacobians(probe: Probe) -> Array:
    """Return dp_i/dz_k of each row, (examples, classes, classes), (SM.2)."""
    rows = [softmax_vjp(np.repeat(row[None], row.size, axis=0), np.eye(row.size)) for row in probe.scaled]
    return np.stack(rows) / probe.temperature


def hessians(probe: Probe) -> Array:
    """Return the second derivative of each row's loss, (examples, classes, classes), (CE.4)."""
    mass = (probe.smoothed * probe.class_weights).sum(axis=1)
    return mass[:, None, None] * jacobians(probe) / probe.temperature


def softmax_backward(probe: Probe) -> Array:
    """Return the vector-Jacobian product of the softmax."""
    assert probe.upstream is not None, "a backward probe has an upstream"
    return softmax_vjp(probe.scaled, probe.upstream)


def log_softmax_backward(probe: Probe) -> Array:
    """Return the vector-Jacobian product of the log-softmax: g - p sum(g)."""
    assert probe.upstream is not None, "a backward probe has an upstream"
    return probe.upstream - probabilities(probe) * probe.upstream.sum(axis=1, keepdims=True)


def _loss_and_gradient(probe: Probe) -> tuple[Array, Array]:
    targets = probe.targets if probe.soft is None else probe.soft
    options = probe.options.given()
    options.pop("alpha", None)
    options.pop("class_weight", None)
    if probe.soft is not None:
        options.pop("ignore_index", None)
    weights = probe.class_weights if probe.options.class_weight is not None else None
    loss, gradient = cross_entropy_with_gradient(
        probe.logits, targets, class_weight=weights, reduction="none", **options
    )
    _confirm(probe, np.asarray(loss))
    return np.asarray(loss), np.asarray(gradient)


def _confirm(probe: Probe, losses: Array) -> None:
    """Compare the losses with 50 digits; a difference is a mistake of chainrule's, never the person's."""
    masses = probe.smoothed * probe.class_weights
    for logits, mass, loss in zip(probe.scaled, masses, losses, strict=True):
        truth = _loss_in_50_digits(tuple(logits.tolist()), tuple(mass.tolist()))
        assert abs(loss - truth) <= AGREEMENT * (1 + abs(truth)), (
            f"the reference of {probe.name} is {loss}, in 50 digits {truth}"
        )


@lru_cache(maxsize=512)
def _loss_in_50_digits(logits: tuple[float, ...], masses: tuple[float, ...]) -> float:
    with mpmath.workdps(50):
        normaliser = mpmath.log(mpmath.fsum(mpmath.exp(value) for value in logits))
        return float(
            mpmath.fsum(mass * (normaliser - value) for mass, value in zip(masses, logits, strict=True))
        )
