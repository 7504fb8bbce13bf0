"""What stands for the target rows where the targets went wrong."""

import numpy as np

from chainrule._types import Array
from chainrule.check.mistakes.hypothesis import Hypothesis
from chainrule.check.probes import Probe


def mass(probe: Probe) -> Array:
    """Return the right target: smoothed, times the class weights."""
    return probe.smoothed * probe.class_weights


def _smoothed(probe: Probe, on: float, off: float) -> Array:
    """Return ``on`` at the target and ``off`` elsewhere, nothing in ignored rows, times the class weights."""
    rows = (on * probe.one_hot + off * (1 - probe.one_hot)) * probe.kept[:, None]
    return rows * probe.class_weights


def _smoothing(probe: Probe, convention: str) -> Array | None:
    e = probe.options.label_smoothing
    if e is None:
        return None
    classes = probe.classes
    on, off = {
        "others": (1 - e, e / (classes - 1)),
        "no share": (1 - e, 0.0),
        "others of K": (1 - e, e / classes),
        "whole": (1.0, e),
        "whole kept": (1 - e + e, e),
        "added": (1 + e / classes, e / classes),
        "target kept": (1.0, e / classes),
        "target kept, others": (1.0, e / (classes - 1)),
        "of K - 1": (1 - e + e / (classes - 1), e / (classes - 1)),
        "none": (1.0, 0.0),
        "exchanged": (e + (1 - e) / classes, (1 - e) / classes),
    }[convention]
    return _smoothed(probe, on, off)


def _moved(probe: Probe, step: int) -> Array:
    return np.roll(probe.one_hot, step, axis=1) * probe.row_weights[:, None]


def _any_row(probe: Probe) -> Array:
    """Every row has the targets of all rows, as p[:, targets] -= 1 makes it."""
    return np.broadcast_to(probe.one_hot.max(axis=0), probe.logits.shape)


def _all_rows(probe: Probe) -> Array:
    return np.broadcast_to(probe.one_hot.sum(axis=0), probe.logits.shape)


def _target_rows(probe: Probe) -> Array | None:
    """Whole rows are taken for targets, as p[targets] -= 1 makes it."""
    if probe.safe_targets.max() >= probe.examples:
        return None
    rows = np.zeros(probe.logits.shape)
    rows[probe.safe_targets] = 1
    return rows


def _last_class_for_ignored(probe: Probe) -> Array | None:
    """Return the last class where an ignored index of -1 is taken for it."""
    ignored = probe.options.ignore_index
    if ignored is None or not -probe.classes <= ignored < probe.classes:
        return None
    return np.eye(probe.classes)[probe.targets]


def _first_class_for_ignored(probe: Probe) -> Array | None:
    if probe.options.ignore_index is None:
        return None
    return np.eye(probe.classes)[probe.safe_targets]


def _transposed(probe: Probe) -> Array | None:
    return probe.one_hot.T if probe.examples in (1, probe.classes) and probe.classes > 1 else None


def _predicted(probe: Probe) -> Array:
    return np.eye(probe.classes)[probe.logits.argmax(axis=1)]


def _unweighted(probe: Probe) -> Array | None:
    """Return the smoothed target where there are class weights; beside right probabilities it is no mistake's name."""
    return probe.smoothed if probe.options.class_weight is not None else None


def _class_numbers(probe: Probe) -> Array:
    return np.broadcast_to(probe.safe_targets[:, None].astype(float), probe.logits.shape)


def _class_numbers_along_columns(probe: Probe) -> Array | None:
    if probe.examples not in (1, probe.classes):
        return None
    return np.broadcast_to(probe.safe_targets.astype(float), probe.logits.shape)


def _one_class(probe: Probe, place: int) -> Array:
    rows = np.zeros(probe.logits.shape)
    rows[:, place] = 1
    return rows


def _exchanged(probe: Probe) -> Array | None:
    """Return what p[targets, rows] picks instead of p[rows, targets]."""
    if probe.safe_targets.max() >= probe.examples or probe.examples > probe.classes:
        return None
    rows = np.zeros(probe.logits.shape)
    np.add.at(rows, (probe.safe_targets, np.arange(probe.examples)), 1.0)
    return rows


def _of_rows(probe: Probe, step: int | None) -> Array:
    rows = probe.one_hot
    return rows[::-1] if step is None else np.roll(rows, step, axis=0)


def _of_one_row(probe: Probe, row: int) -> Array:
    return np.broadcast_to(probe.one_hot[row], probe.logits.shape)


RIGHT = Hypothesis((), "the targets", mass)
TARGETS = (
    RIGHT,
    Hypothesis((), "the targets without class weights", _unweighted),
    Hypothesis(("smoothing-convention",), "(1 - e) y + e/(K - 1) (1 - y)", lambda p: _smoothing(p, "others")),
    Hypothesis(("smoothing-convention",), "(1 - e) y + e/(K - 1)", lambda p: _smoothing(p, "of K - 1")),
    Hypothesis(("smoothing-mass",), "(1 - e) y", lambda p: _smoothing(p, "no share")),
    Hypothesis(("smoothing-mass",), "(1 - e) y + e/K (1 - y)", lambda p: _smoothing(p, "others of K")),
    Hypothesis(("smoothing-mass",), "(1 - e) y + e", lambda p: _smoothing(p, "whole kept")),
    Hypothesis(("smoothing-mass",), "y + e/K", lambda p: _smoothing(p, "added")),
    Hypothesis(("smoothing-mass",), "y + e/K (1 - y)", lambda p: _smoothing(p, "target kept")),
    Hypothesis(("smoothing-mass",), "y + e/(K - 1) (1 - y)", lambda p: _smoothing(p, "target kept, others")),
    Hypothesis(("smoothing-mass",), "y, unsmoothed", lambda p: _smoothing(p, "none")),
    Hypothesis(("smoothing-mass",), "e y + (1 - e)/K", lambda p: _smoothing(p, "exchanged")),
    Hypothesis(("target-index", "index-slip"), "the class after the target", lambda probe: _moved(probe, 1)),
    Hypothesis(
        ("target-index", "index-slip"), "the class before the target", lambda probe: _moved(probe, -1)
    ),
    Hypothesis(("target-index",), "1 for every class", lambda probe: np.ones(probe.logits.shape)),
    Hypothesis(
        ("target-index", "targets-do-not-sum-to-one"),
        "0 for every class",
        lambda probe: np.zeros(probe.logits.shape),
    ),
    Hypothesis(("target-index", "sample-leak"), "the targets of all rows in every row", _any_row),
    Hypothesis(("target-index", "sample-leak"), "the sum of all rows' targets in every row", _all_rows),
    Hypothesis(("target-index", "index-slip"), "the targets taken for numbers of rows", _target_rows),
    Hypothesis(("target-index",), "the class of the largest logit", _predicted),
    Hypothesis(
        ("target-index", "sample-leak"),
        "the targets in the opposite order",
        lambda probe: _of_rows(probe, None),
    ),
    Hypothesis(("target-index", "sample-leak"), "the next row's targets", lambda probe: _of_rows(probe, -1)),
    Hypothesis(("target-index", "sample-leak"), "the row before's targets", lambda probe: _of_rows(probe, 1)),
    Hypothesis(
        ("target-index", "sample-leak"), "the first row's targets", lambda probe: _of_one_row(probe, 0)
    ),
    Hypothesis(
        ("target-index", "sample-leak"), "the last row's targets", lambda probe: _of_one_row(probe, -1)
    ),
    Hypothesis(("target-index", "broadcast"), "the number of the class in place of its row", _class_numbers),
    Hypothesis(
        ("target-index", "broadcast"),
        "the numbers of the classes along the columns",
        _class_numbers_along_columns,
    ),
    Hypothesis(("target-index",), "always the first class", lambda probe: _one_class(probe, 0)),
    Hypothesis(("target-index",), "always the last class", lambda probe: _one_class(probe, -1)),
    Hypothesis(("target-index", "transposed"), "rows and targets exchanged in the index", _exchanged),
    Hypothesis(("transposed",), "the targets with rows and columns exchanged", _transposed),
    Hypothesis(("ignored-rows-counted",), "the ignored index taken for a class", _last_class_for_ignored),
    Hypothesis(("ignored-rows-counted",), "class 0 for ignored rows", _first_class_for_ignored),
)
