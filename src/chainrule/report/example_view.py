"""One row that the model does badly on: its values, and p - y for the classes that matter.

With Z the input of the softmax (the logits divided by the temperature), O its output, Y the target and E the loss,
dE/dZ = O - Y: what the page writes as p - y.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from chainrule.report.values import Example

MOST_CLASSES = 10
MOST_VALUES = 12


@dataclass(frozen=True)
class ClassOfExample:
    """A class with its probability, its target (1 or 0), their difference, and the difference's bar in percent."""

    label: object
    probability: float
    target: int
    difference: float
    start: float
    width: float


@dataclass(frozen=True)
class ExampleView:
    """What the page shows of an example; ``others`` are the classes left out, their number and probability."""

    row: int
    label: object
    predicted: object
    right: bool
    loss: float
    classes: tuple[ClassOfExample, ...]
    others: tuple[int, float]
    values: tuple[tuple[str, object], ...]
    more_values: tuple[tuple[str, object], ...]
    derivation: Markup | None


def example_view(example: Example, classes: Sequence[object], order: Sequence[int]) -> ExampleView:
    """Return what the page shows of an example.

    Parameters
    ----------
    example : Example
        A row with its probabilities.
    classes : sequence
        Labels by index.
    order : sequence of int
        In which order its values are shown.

    Examples
    --------
    >>> example = Example(7, (("size", 2.5),), 0, 1.6, np.array([0.2, 0.7, 0.1]))
    >>> view = example_view(example, ["a", "b", "c"], [0])
    >>> [(entry.label, round(entry.difference, 6)) for entry in view.classes]
    [('b', 0.7), ('a', -0.8), ('c', 0.1)]
    """
    probabilities = np.asarray(example.probabilities, dtype=np.float64)
    by_probability = np.argsort(-probabilities, kind="stable")
    shown = [int(k) for k in by_probability[:MOST_CLASSES]]
    if example.target not in shown:
        shown[-1] = example.target
    rows = tuple(_class(classes[k], float(probabilities[k]), int(k == example.target)) for k in shown)
    rest = max(1.0 - sum(row.probability for row in rows), 0.0)
    values = tuple(example.values[place] for place in order)
    predicted = int(by_probability[0])
    return ExampleView(
        example.row, classes[example.target], classes[predicted], predicted == example.target, example.loss,
        rows, (len(classes) - len(rows), rest), values[:MOST_VALUES], values[MOST_VALUES:], example.derivation,
    )  # fmt: skip


def _class(label: object, probability: float, target: int) -> ClassOfExample:
    difference = probability - target
    start = 50.0 + 50.0 * min(difference, 0.0)
    return ClassOfExample(
        label, probability, target, difference, round(start, 2), round(50.0 * abs(difference), 2)
    )
