"""What a report shows, as plain values: whoever has the model and the data gathers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup

from chainrule._types import Array


@dataclass(frozen=True)
class Column:
    """A column that the model reads: its name, the kind of its values, and how many features it becomes."""

    name: str
    kind: str
    features: int


@dataclass(frozen=True)
class Described:
    """A model without data.

    Parameters
    ----------
    name : str
        What the page calls the model; no path.
    target : str or None
        Name of the target column.
    classes : tuple of object
        The label of each class, in the order of the network's outputs.
    layer_sizes : tuple of int
        Features, units of each hidden layer, classes.
    activations : tuple of str
        One for each hidden layer.
    parameters : int
        How many weights and biases.
    columns : tuple of Column
        What is read; none for a model of arrays.
    left_out : tuple of (str, str)
        Columns that training left out, and why.
    rows : mapping of str to int
        Rows of training, validation and test, as far as they are known.
    temperature : float
        What divides the logits before the softmax.
    """

    name: str
    target: str | None
    classes: tuple[object, ...]
    layer_sizes: tuple[int, ...]
    activations: tuple[str, ...]
    parameters: int
    columns: tuple[Column, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    temperature: float = 1.0


@dataclass(frozen=True)
class Trained:
    """How training went.

    Parameters
    ----------
    solver, reason, message : str
        Its name, why it ended in one word, and in a sentence or two with advice.
    ended_well : bool
        Whether nothing is left to do.
    epochs, best_epoch : int
        How many were done, and whose parameters were kept; 0 is the start. Iterations of a full-batch solver.
    loss_curve, validation_curve : tuple of float
        A value for each epoch; NaN where there is none. The second may be empty.
    learning_rates : tuple of float or None
        A value for each epoch; None where there is none, or none is known.
    full_batch : bool
        Whether the solver chose the lengths of its steps itself, so that there is no learning rate.
    penalised : bool
        Whether the training loss holds more than the mean loss (a penalty, label smoothing or weights).
    diagnosis : tuple of str
        What was found to be wrong with the run, in sentences.
    """

    solver: str
    reason: str
    message: str
    ended_well: bool
    epochs: int
    best_epoch: int
    loss_curve: tuple[float, ...]
    validation_curve: tuple[float, ...] = ()
    learning_rates: tuple[float, ...] | None = None
    full_batch: bool = False
    penalised: bool = False
    diagnosis: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What one entry of the curves stands for."""
        return "iteration" if self.full_batch else "epoch"


@dataclass(frozen=True, eq=False)
class Judged:
    """One entry for each row that was judged, of which there is at least one.

    Parameters
    ----------
    source : str
        What the page calls the rows, such as "held-out rows of people.csv"; no path.
    targets, predictions : ndarray of int64, shape (examples,)
        Class indices, as they are and as predicted.
    losses, confidences : ndarray of float64, shape (examples,)
        Cross-entropy in nats, and the probability of the predicted class.
    """

    source: str
    targets: Array
    predictions: Array
    losses: Array
    confidences: Array

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return float(np.mean(self.targets == self.predictions))

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return float(np.mean(self.losses))


@dataclass(frozen=True)
class Influence:
    """How the log-loss rose, in nats, each time a column's values changed places among the rows.

    Parameters
    ----------
    rises : tuple of (str, tuple of float)
        Each column with the rise of each repetition.
    rows : int
        How many rows it was measured on.
    """

    rises: tuple[tuple[str, tuple[float, ...]], ...]
    rows: int


@dataclass(frozen=True, eq=False)
class Example:
    """A row that the model does badly on.

    Parameters
    ----------
    row : int
        Its place in the data, counted from 0.
    values : tuple of (str, object)
        The raw value of each column; None where it is missing.
    target : int
        Class index.
    loss : float
        Cross-entropy in nats.
    probabilities : ndarray, shape (classes,)
        As predicted.
    derivation : Markup or None
        Trusted HTML that shows how the gradient of this example comes about; plain text would be shown as text.
    """

    row: int
    values: tuple[tuple[str, object], ...]
    target: int
    loss: float
    probabilities: Array
    derivation: Markup | None = None


@dataclass(frozen=True)
class Report:
    """Everything that a page shows; parts that are None are said to be absent, and why.

    Parameters
    ----------
    model : Described
        What was trained.
    training : Trained or None
        How; None if the model does not say.
    judged : Judged or None
        Rows with known classes.
    influence : Influence or None
        Measured on some of them.
    examples : tuple of Example
        Those with the largest loss, the largest first.
    settings : mapping of str to object
        Plain values: text, numbers, lists and mappings of them.
    versions : mapping of str to str
        Of what made the page.
    notes : tuple of str
        Sentences on the data that stand among the warnings.
    """

    model: Described
    training: Trained | None = None
    judged: Judged | None = None
    influence: Influence | None = None
    examples: tuple[Example, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
