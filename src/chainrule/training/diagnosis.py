"""Why a run diverged or learned nothing, in words: each cause is measured on the network and the data.

The least loss of a prediction that is the same for every row, with M_k = sum_i s_i q'_ik the weight of class k ::

    (DG.1)  F_0 = -sum_k M_k log(M_k / sum_j M_j) / sum_i s_i c_i

is the entropy of the labels where nothing is weighted or smoothed. A run is stuck if it ends there.
"""

import numpy as np

from chainrule._types import Array
from chainrule.network import Network
from chainrule.training.conclusion import OF_LINEAR_MODELS
from chainrule.training.diagnosis_features import (
    badly_scaled_features,
    constant_features,
    feature_moments,
    labels_tell,
    sampled,
)
from chainrule.training.diagnosis_network import dead_shares, dead_units, learning_rate_at_fault
from chainrule.training.objective import Examples, Loss, Objective
from chainrule.training.outcome import Outcome, StopReason
from chainrule.training.solver import MinibatchSolver
from chainrule.training.watching import Watch

STUCK = 0.98
"""A run is stuck if its loss is above this many times (DG.1)."""
LEAST_EPOCHS = 5
"""A minibatch run of fewer epochs had no time to leave its start."""
LEAST_ROWS = 100
"""With fewer rows chance alone may look like anything."""
STRONG_PENALTY = 0.01
LITTLE_VARIATION = 0.1
"""Logits that vary less, under a penalty from the one above on, are held back by it."""
UNRELATED = (
    "the labels seem unrelated to the features: neither mean nor spread of any feature differs between the classes by "
    "more than chance. Look whether rows and labels are in the same order"
)
WENT_WRONG = (StopReason.DIVERGED, StopReason.NOT_IMPROVED, StopReason.STALLED, StopReason.MAX_EPOCHS)
OF_PEOPLE = (StopReason.CALLBACK_STOPPED, StopReason.INTERRUPTED)


def diagnose(
    objective: Objective,
    solver: object,
    watch: Watch,
    start: Array,
    outcome: Outcome,
    batch_size: int,
    seed: int,
) -> tuple[str, ...]:
    """Return sentences on what is wrong with a run, none if nothing is.

    Parameters
    ----------
    objective, solver, watch, batch_size, seed
        Of the run, whose network has the parameters that were kept.
    start : ndarray, shape (P,)
        The parameters it began at.
    outcome : Outcome
        How it ended.
    """
    if outcome.reason in OF_PEOPLE:
        return ()
    stuck = stuck_at(objective, solver, watch, outcome)
    if stuck is None and outcome.reason not in WENT_WRONG:
        return ()
    network, rows = objective.network, sampled(objective.examples)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        if stuck and outcome.reason not in WENT_WRONG and _held_by_penalty(objective, rows):
            return ()
        moments = feature_moments(network, rows)
        shares = dead_shares(network, rows)
        causes = [constant_features(moments), dead_units(network, shares)]
        if not isinstance(solver, OF_LINEAR_MODELS):
            causes.insert(1, badly_scaled_features(moments))
        cut_off = any(share == 1.0 for share in shares.values()) or bool(moments.constant.all())
        rate = None
        diverged = outcome.reason in (StopReason.DIVERGED, StopReason.NOT_IMPROVED)
        if isinstance(solver, MinibatchSolver) and (diverged or (stuck and not cut_off)):
            steps = watch.max_epochs * -(-watch.n_rows // batch_size)
            rate = learning_rate_at_fault(objective, solver, start, batch_size, seed, steps)
            causes.append(rate)
        if stuck and not cut_off and rate is None:
            causes.append(None if labels_tell(network, rows, moments) else UNRELATED)
    found = [cause for cause in causes if cause]
    if stuck and found and not diverged:
        found.insert(0, stuck)
    return tuple(_sentence(cause) for cause in found)


def stuck_at(objective: Objective, solver: object, watch: Watch, outcome: Outcome) -> str | None:
    """Return what to say if the loss never left that of a constant prediction, (DG.1)."""
    network = objective.network
    young = isinstance(solver, MinibatchSolver) and outcome.epochs < LEAST_EPOCHS
    if network.head != "softmax" or young or len(objective.examples) < LEAST_ROWS or not outcome.epochs:
        return None
    if watch.validation is not None and outcome.validation_curve:
        reached, name = min(outcome.validation_curve), "validation loss"
        constant = constant_loss(network, watch.validation, watch.loss)
    else:
        reached, name = outcome.loss, "loss"
        constant = constant_loss(network, objective.examples, objective.loss)
    if constant <= 1e-12 or reached < STUCK * constant:
        return None
    return (
        f"the {name} did not leave {constant:.4g}, which is that of predicting the share of each class for every row: "
        "nothing was learned that holds"
    )


def constant_loss(network: Network, examples: Examples, loss: Loss) -> float:
    """Return (DG.1) for rows under the weights and the smoothing of a loss.

    Examples
    --------
    >>> rows = Examples(np.zeros((4, 1)), np.array([0, 0, 1, 1]))
    >>> round(constant_loss(Network((1, 2)), rows, Loss()), 6)
    0.693147
    """
    n_classes = network.n_outputs
    weights = np.ones(len(examples)) if examples.sample_weight is None else examples.sample_weight
    if examples.y.ndim == 1:
        masses = np.bincount(examples.y, weights, minlength=n_classes)
    else:
        masses = (examples.y.astype(np.float64) * weights[:, None]).sum(axis=0)
    masses = (1.0 - loss.label_smoothing) * masses + loss.label_smoothing * masses.sum() / n_classes
    if loss.class_weight is not None:
        masses = masses * loss.class_weight
    present = masses[masses > 0.0]
    total = loss.total_weight(network, examples)
    return float(-(present * np.log(present / present.sum())).sum() / total)


def _held_by_penalty(objective: Objective, rows: Examples) -> bool:
    """Return whether the penalty alone keeps the logits from varying: somebody asked for that."""
    if objective.alpha < STRONG_PENALTY:
        return False
    network = objective.network
    low, high = np.full((2, network.n_outputs), np.inf, network.dtype) * [[1], [-1]]
    for block in rows.blocks(network):
        logits = network.predict_logits(block.X)
        low, high = np.minimum(low, logits.min(axis=0)), np.maximum(high, logits.max(axis=0))
    return bool((high - low).max() < LITTLE_VARIATION)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."
