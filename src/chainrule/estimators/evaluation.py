"""How well a model does on rows with known classes, with what chance may have added: six scores and their intervals."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule._types import Array, FloatArray
from chainrule.errors import DataError
from chainrule.estimators.bootstrap import interval
from chainrule.estimators.prediction import blocks_of
from chainrule.estimators.raw_rows import encoded_rows, open_rows, require_target
from chainrule.estimators.tallies import Tallies
from chainrule.network import Network
from chainrule.training import one_blas_thread

if TYPE_CHECKING:
    from chainrule.estimators.model import Model

SCORES = ("loss", "accuracy", "balanced_accuracy", "macro_f1", "brier_score", "calibration_error")
HIGHEST = {"loss": math.inf, "brier_score": 2.0}
CLASSES_AT_ONCE = 1024


@dataclass(frozen=True)
class Score:
    """A score, and the ends of the interval that holds 95 of 100 of such intervals' true values, about."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """The scores of a model on a table.

    Parameters
    ----------
    examples : int
        Rows judged, all with weight 1.
    loss : Score
        Mean cross-entropy in nats; no penalty, weights or smoothing.
    accuracy : Score
        Share of right predictions.
    balanced_accuracy : Score
        Mean over the classes that occur of the share of their rows that are right.
    macro_f1 : Score
        Mean over the classes that occur or are predicted of 2 right / (rows of the class + rows predicted to be of it).
    brier_score : Score
        Mean of sum_k (p_k - y_k)^2, half of it for two classes.
    calibration_error : Score
        Confidence less accuracy in 15 bins of equal width of the confidence, absolute, averaged over the rows
        [Guo2017].
    counts : ndarray of int64, shape (classes, 3)
        Rows of each class, rows predicted to be of it, and rows where it is both.
    confusions : ndarray of int64, shape (classes, classes), or None
        Rows by class and predicted class; None for more than 2,048 classes.
    """

    examples: int
    loss: Score
    accuracy: Score
    balanced_accuracy: Score
    macro_f1: Score
    brier_score: Score
    calibration_error: Score
    counts: Array
    confusions: Array | None


def evaluate(
    model: "Model", data: object, target: str | None = None, *, call: str = "evaluate"
) -> Evaluation:
    """Judge a model on rows with known classes.

    Parameters
    ----------
    model : Model
    data : frame, mapping, path or str
        As :meth:`Model.predict_proba`; Parquet files are read some rows at a time.
    target : str or None
        The column of classes; None for the model's own.
    call : str
        Who asks, for messages.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        There is no such column, no row, a row without a class or with one that the model does not know, or a column
        is not as in training.

    Warns
    -----
    UnseenCategoryWarning
        A column of text has values that were not there in training.

    Notes
    -----
    Nothing of the size of the table is kept. The intervals are those of a bootstrap over rows, 200 replicates, with
    weights that a row's number decides: equal models and equal rows have equal scores and intervals, read from
    whatever file.

    Examples
    --------
    >>> from chainrule.estimators import fit_table
    >>> table = {"size": [1.0, 2.0, 8.0, 9.0] * 50, "kind": ["small", "small", "large", "large"] * 50}
    >>> evaluate(fit_table(table, "kind"), table).accuracy
    Score(value=1.0, low=1.0, high=1.0)
    """
    rows = open_rows(model, data, target, call=call)
    require_target(model, rows, call)
    if not rows.n_rows:
        raise DataError(call, "a table has at least one row", f"{rows.source} without rows", "Add rows.")
    tallies = Tallies(len(model.classes))
    with one_blas_thread():
        for _, features, targets in encoded_rows(model, rows, labelled=True, call=call):
            assert targets is not None, "asked for"
            for block, logits in blocks_of(model.network, features, Network.predict_logits):
                tallies.add(logits, targets[block], model.network.temperature)
    return evaluation(tallies)


def evaluation(tallies: Tallies) -> Evaluation:
    """Return the scores of tallies of at least one row."""
    values = scores_of(np.append(tallies.sums, tallies.examples)[None], tallies.counts[:, :, None])
    values["loss"] = np.array([tallies.mean_loss])
    replicates = scores_of(tallies.replicate_sums, tallies.replicate_counts)
    scores = {
        name: Score(
            float(values[name][0]),
            *interval(float(values[name][0]), replicates[name], high=HIGHEST.get(name, 1.0)),
        )
        for name in SCORES
    }
    return Evaluation(tallies.examples, **scores, counts=tallies.counts, confusions=tallies.confusions)


def scores_of(sums: FloatArray, counts: Array) -> dict[str, FloatArray]:
    """Return every score of each replicate, NaN for one without rows.

    Parameters
    ----------
    sums : ndarray of float64, shape (replicates, sums)
        As ``Tallies.replicate_sums``.
    counts : ndarray of integers, shape (classes, 3, replicates)

    Returns
    -------
    dict of ndarray of float64, shape (replicates,)

    Examples
    --------
    >>> counts = np.array([[[2], [1], [1]], [[1], [2], [1]]])
    >>> found = scores_of(np.array([[0.9, 0.6] + [0.0] * 14 + [0.3, 3.0]]), counts)
    >>> {name: round(float(values[0]), 3) for name, values in found.items()}  # doctest: +NORMALIZE_WHITESPACE
    {'loss': 0.3, 'brier_score': 0.1, 'calibration_error': 0.1, 'accuracy': 0.667, 'balanced_accuracy': 0.75,
     'macro_f1': 0.667}
    """
    rows = sums[:, -1]
    halves = 2.0 if len(counts) == 2 else 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "loss": sums[:, 0] / rows,
            "brier_score": sums[:, 1] / rows / halves,
            "calibration_error": np.abs(sums[:, 2:-1]).sum(axis=1) / rows,
            **class_scores(counts, rows),
        }


def class_scores(counts: Array, rows: FloatArray) -> dict[str, FloatArray]:
    """Return the scores that classes have one by one, and their share of right rows."""
    right, recalls, occurring, overlaps, named = np.zeros((5, counts.shape[2]))
    for first in range(0, len(counts), CLASSES_AT_ONCE):
        of_class, predicted, both = counts[first : first + CLASSES_AT_ONCE].astype(np.float64).swapaxes(0, 1)
        right += both.sum(axis=0)
        recalls += np.divide(both, of_class, out=np.zeros_like(both), where=of_class > 0).sum(axis=0)
        occurring += (of_class > 0).sum(axis=0)
        either = of_class + predicted
        overlaps += np.divide(2.0 * both, either, out=np.zeros_like(both), where=either > 0).sum(axis=0)
        named += (either > 0).sum(axis=0)
    return {"accuracy": right / rows, "balanced_accuracy": recalls / occurring, "macro_f1": overlaps / named}
