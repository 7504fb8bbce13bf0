"""What the scores of a classifier are made of: sums over rows that come block by block, and over bootstrap replicates.

For each row, its loss l (CE.1), the residual r = p - y of its probabilities, its class y and the predicted class c ::

    (TL.1)  the Brier score of a row is sum_k r_k^2 [Brier1950]
    (TL.2)  its confidence less whether it is right is p_c - [c = y] = r_c

Both are taken from the gradient of the loss, which has r without cancellation also where p_y is nearly 1.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from chainrule._types import Array, FloatArray
from chainrule.estimators.bootstrap import REPLICATES, bootstrap_weights
from chainrule.functions import cross_entropy_with_gradient

BINS = 15
CONFUSIONS_UP_TO = 2048
"""Classes up to which it is counted which are mistaken for which others: 32 MB."""
SUMS = 2 + BINS  # loss, Brier score, and the gap of each bin of confidence


@dataclass
class Tallies:
    """Sums over the rows seen so far; none is kept itself.

    Parameters
    ----------
    n_classes : int
    replicates : bool
        Whether the sums of bootstrap replicates are wanted too.

    Attributes
    ----------
    examples : int
    losses : list of float
        The sum of each block.
    sums : ndarray of float64, shape (SUMS,)
        Of losses, Brier scores, and confidence less rightness by bin of confidence.
    counts : ndarray of int64, shape (classes, 3)
        Rows of the class, rows predicted to be of it, and rows where it is both.
    confusions : ndarray of int64, shape (classes, classes), or None
        Rows by class and predicted class; None for more than ``CONFUSIONS_UP_TO`` classes.
    replicate_sums : ndarray of float64, shape (REPLICATES, SUMS + 1)
        The same sums weighted, and the total weight.
    replicate_counts : ndarray of uint32, shape (classes, 3, REPLICATES)
        The same counts weighted: 2,400 bytes for a class that occurs, and nothing for one that does not.
    """

    n_classes: int
    replicates: bool = True
    examples: int = 0
    losses: list[float] = field(default_factory=list)
    sums: FloatArray = field(default_factory=lambda: np.zeros(SUMS))
    counts: Array = field(init=False)
    confusions: Array | None = field(init=False)
    replicate_sums: FloatArray = field(default_factory=lambda: np.zeros((REPLICATES, SUMS + 1)))
    replicate_counts: Array = field(init=False)

    def __post_init__(self) -> None:
        few = self.n_classes <= CONFUSIONS_UP_TO
        self.counts = np.zeros((self.n_classes, 3), np.int64)
        self.confusions = np.zeros((self.n_classes, self.n_classes), np.int64) if few else None
        self.replicate_counts = np.zeros((self.n_classes if self.replicates else 0, 3, REPLICATES), np.uint32)

    def add(self, logits: Array, targets: Array, temperature: float) -> None:
        """Take the next rows.

        Parameters
        ----------
        logits : ndarray, shape (rows, classes)
            Overwritten.
        targets : ndarray of int64, shape (rows,)
        temperature : float
            Of the probabilities.
        """
        predictions = logits.argmax(axis=1)
        loss, residuals = cross_entropy_with_gradient(
            logits, targets, temperature=temperature, reduction="none", out=logits
        )
        residuals *= residuals.dtype.type(temperature)
        values = row_values(np.asarray(loss, np.float64), residuals, targets, predictions)
        first, self.examples = self.examples, self.examples + len(targets)
        self.losses.append(float(np.sum(loss, dtype=np.float64)))
        self.sums += values.sum(axis=0)
        right = targets[targets == predictions]
        for place, classes in enumerate((targets, predictions, right)):
            self.counts[:, place] += np.bincount(classes, minlength=self.n_classes)
        if self.confusions is not None:
            np.add.at(self.confusions, (targets, predictions), 1)
        if self.replicates:
            self._add_replicates(first, values, targets, predictions)

    def _add_replicates(self, first: int, values: FloatArray, targets: Array, predictions: Array) -> None:
        weights = bootstrap_weights(first, len(targets))
        self.replicate_sums[:, :-1] += (values.T @ weights.astype(np.float64)).T
        self.replicate_sums[:, -1] += weights.sum(axis=0, dtype=np.float64)
        right = targets == predictions
        for place, (classes, of_rows) in enumerate(
            ((targets, weights), (predictions, weights), (targets[right], weights[right]))
        ):
            if not len(classes):
                continue
            order = np.argsort(classes, kind="stable")
            present, starts = np.unique(classes[order], return_index=True)
            self.replicate_counts[present, place] += np.add.reduceat(
                of_rows[order], starts, axis=0, dtype=np.uint32
            )

    @property
    def mean_loss(self) -> float:
        """The mean loss of all rows."""
        return math.fsum(self.losses) / self.examples


def row_values(loss: FloatArray, residuals: Array, targets: Array, predictions: Array) -> FloatArray:
    """Return for each row its loss, (TL.1), and (TL.2) in the column of its bin of confidence, shape (rows, SUMS).

    Bins are of equal width and closed above: the first holds confidences from 0 to 1/15.

    Examples
    --------
    >>> residuals = np.array([[-0.25, 0.25], [0.625, -0.625]])
    >>> values = row_values(np.array([0.3, 1.0]), residuals, np.array([0, 1]), np.array([0, 0]))
    >>> values[:, :2].tolist(), values[0, 2 + 11].item(), values[1, 2 + 9].item()
    ([[0.3, 0.125], [1.0, 0.78125]], -0.25, 0.625)
    """
    rows = np.arange(len(targets))
    gaps = residuals[rows, predictions].astype(np.float64)
    confidence = gaps + (targets == predictions)
    values = np.zeros((len(targets), SUMS))
    values[:, 0] = loss
    values[:, 1] = np.einsum("ij,ij->i", residuals, residuals, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        bins = np.clip(np.nan_to_num(np.ceil(confidence * BINS)) - 1, 0, BINS - 1).astype(np.int64)
    values[rows, 2 + bins] = gaps
    return values
