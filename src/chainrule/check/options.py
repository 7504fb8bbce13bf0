"""What a loss may be given beside logits and targets, and which parameter of a function takes it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.errors import ArgumentError

# The names under which people's functions take each option.
PARAMETER_NAMES = {
    "temperature": ("temperature", "temp", "tau", "t"),
    "label_smoothing": ("label_smoothing", "smoothing", "label_smooth", "smooth", "epsilon", "eps", "ls"),
    "class_weight": ("class_weight", "class_weights", "weights", "weight", "cw", "w"),
    "ignore_index": ("ignore_index", "ignore_label", "ignore", "ignored", "pad_index", "pad", "padding_idx"),
    "alpha": ("alpha", "reg", "l2", "lam", "lambda_", "lmbda", "lambd", "regularization", "regularisation",
              "weight_decay", "decay", "penalty", "reg_strength", "l2_reg"),
}  # fmt: skip
TELLING_NAMES = {
    "temperature": PARAMETER_NAMES["temperature"],
    "label_smoothing": PARAMETER_NAMES["label_smoothing"],
    "class_weight": (),
    "ignore_index": PARAMETER_NAMES["ignore_index"],
    "alpha": PARAMETER_NAMES["alpha"],
}  # a default under one of these names is part of what the function promises
LEAST_SMOOTHING = 0.01  # a smaller default named eps keeps a logarithm finite and smooths nothing
REQUIRED_VALUES = {
    "temperature": 2.0,
    "label_smoothing": 0.25,
    "class_weight": (0.5, 2.0, 1.25),
    "ignore_index": -100,
    "alpha": 0.5,
}  # taken where a function cannot be called without the option and check was given none


@dataclass(frozen=True)
class Options:
    """Temperature, label smoothing, class weights, ignored index and penalty; None where there is none.

    ``classes`` is the only number of classes that a function takes.
    """

    temperature: float | None = None
    label_smoothing: float | None = None
    class_weight: tuple[float, ...] | None = None
    ignore_index: int | None = None
    alpha: float | None = None
    classes: int | None = None

    def given(self) -> dict[str, Any]:
        """Return those that are not None, and that a function may take."""
        return {name: value for name, value in vars(self).items() if value is not None and name != "classes"}

    def weights_for(self, classes: int) -> Array:
        """Return a weight for each class; a shorter or longer list is repeated or cut."""
        if self.class_weight is None:
            return np.ones(classes)
        return np.resize(np.asarray(self.class_weight, float), classes)


NO_OPTIONS = Options()


def checked_options(
    temperature: float | None,
    label_smoothing: float | None,
    class_weight: Any,
    ignore_index: int | None,
    alpha: float | None,
) -> Options:
    """Return the options, or refuse one outside its domain."""
    if temperature is not None and not 0 < float(temperature) < np.inf:
        raise ArgumentError("check", "temperature is a finite number > 0", repr(temperature), "Give one.")
    if label_smoothing is not None and not 0 <= float(label_smoothing) <= 1:
        raise ArgumentError("check", "label_smoothing is from 0 to 1", repr(label_smoothing), "Give one.")
    if alpha is not None and not 0 <= float(alpha) < np.inf:
        raise ArgumentError("check", "alpha is a finite number >= 0", repr(alpha), "Give one.")
    weights = None if class_weight is None else tuple(float(value) for value in np.ravel(class_weight))
    if weights is not None and (len(weights) < 2 or not all(0 < value < np.inf for value in weights)):
        raise ArgumentError(
            "check", "class_weight holds a finite weight > 0 for each of at least 2 classes", repr(class_weight),
            "Give one number for each class.",
        )  # fmt: skip
    return Options(
        None if temperature is None else float(temperature),
        None if label_smoothing is None else float(label_smoothing),
        weights,
        None if ignore_index is None else int(ignore_index),
        None if alpha is None else float(alpha),
    )
