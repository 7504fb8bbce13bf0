"""What a function is: a loss, a gradient, a softmax ...; guessed from its name, its parameters and what it returns."""

from typing import Any

import numpy as np

from chainrule.check.arrays import to_numpy
from chainrule.check.probes import Probe
from chainrule.check.reply import LOSS_KEYS, are_probabilities, is_number_with_more
from chainrule.check.subject import TARGET_NAMES, Subject, looks_like_output, looks_like_upstream

BACKWARD_WORDS = frozenset(
    {"backward", "backwards", "bwd", "vjp", "pullback", "backprop", "grad", "gradient"}
)
LOSS_WORDS = frozenset(
    {"loss", "losses", "entropy", "ce", "xent", "nll", "cost", "crossentropy", "objective"}
)
DERIVATIVE_WORDS = frozenset(
    {"grad", "gradient", "grads", "delta", "derivative", "deriv", "prime", "dz", "dlogits", "backward"}
)
JACOBIAN_WORDS = frozenset({"jacobian", "jac", "jacobi"})
HESSIAN_WORDS = frozenset({"hessian", "hess", "hessians"})


def is_backward(subject: Subject) -> bool:
    """Tell whether name and parameters speak of a backward pass of the softmax: f(upstream, output)."""
    names = subject.array_names(2)
    words = subject.words
    if len(names) == 2:
        ordered = looks_like_upstream(names[0]) and looks_like_output(names[1])
        swapped = looks_like_upstream(names[1]) and looks_like_output(names[0])
        if ordered or (swapped and not words & LOSS_WORDS):
            return True
    speaks = bool(words & BACKWARD_WORDS) and "softmax" in subject.name.lower().replace("_", "")
    return speaks and not words & LOSS_WORDS and not (len(names) == 2 and _names_targets(names[1]))


def _names_targets(name: str) -> bool:
    return any(part in name.lower() for part in ("target", "label", "y_true", "onehot", "one_hot")) or (
        name.lower() in TARGET_NAMES
    )


def backward_kind(subject: Subject) -> str:
    """Return which of the two backward passes a function is by its name."""
    second = " ".join(subject.array_names(2)).lower()
    return "log-softmax-backward" if _is_logarithmic(subject) or "log" in second else "softmax-backward"


def _is_logarithmic(subject: Subject) -> bool:
    return bool({"log", "logsoftmax", "lsm"} & subject.words)


def kind_of_output(subject: Subject, value: Any, probe: Probe, single: bool) -> str:
    """Return the kind of a function of the logits alone, by name and by what it returned."""
    array = to_numpy(value)
    if subject.words & JACOBIAN_WORDS:
        return "softmax-jacobian"
    if array is not None and array.ndim == (2 if single else 3):
        return "softmax-jacobian"
    if _is_logarithmic(subject):
        return "log-softmax"
    if subject.words & (DERIVATIVE_WORDS | {"d", "dsoftmax"}) and "softmax" in subject.name.lower():
        return "softmax-jacobian"
    if "softmax" not in subject.name.lower() and array is not None and _are_logarithms(array, probe):
        return "log-softmax"
    return "softmax"


def _are_logarithms(array: Any, probe: Probe) -> bool:
    return array.size == probe.size and bool(np.all(np.asarray(array, float) <= 0))


def kind_of_value(subject: Subject, value: Any, probe: Probe, single: bool) -> str:
    """Return the kind of a function of logits and targets, by what it returned; the name where that leaves a choice."""
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        keys = {str(key).lower() for key in value}
        return "loss-and-gradient" if keys & set(LOSS_KEYS) and len(keys) > 1 else "gradient"
    if isinstance(value, list | tuple) and _is_pair(value, probe):
        return _kind_of_pair(subject, value, probe)
    array = to_numpy(value[0] if is_number_with_more(value) else value)
    if array is None and isinstance(value, list | tuple) and len(value):
        array = to_numpy(value[0])
    if array is None:
        return _kind_of_words(subject)
    if (
        (subject.words & HESSIAN_WORDS and array.size >= probe.size)
        or array.ndim >= 3
        or _is_square_of(array, probe, single)
    ):
        return "hessian"
    if array.size == 1 or array.shape in ((probe.examples,), (probe.examples, 1)):
        return "loss"
    if array.size == probe.size and array.ndim in (1, 2):
        return "gradient"
    return _kind_of_words(subject)


def _is_square_of(array: Any, probe: Probe, single: bool) -> bool:
    whole = probe.examples * probe.classes
    return bool(single and array.shape == (probe.classes, probe.classes)) or (
        not single and probe.examples > 1 and array.shape == (whole, whole)
    )


def _is_pair(value: list[Any] | tuple[Any, ...], probe: Probe) -> bool:
    arrays = [to_numpy(item) for item in value]
    if len(value) < 2 or any(array is None for array in arrays[:2]):
        return False
    sizes = [array.size for array in arrays if array is not None]
    numbers = isinstance(value, list) and all(size == 1 for size in sizes)
    return (
        not numbers
        and max(sizes) >= probe.classes
        and not (isinstance(value, list) and len(value) == probe.examples and len(set(sizes)) == 1)
    )


def _kind_of_pair(subject: Subject, value: list[Any] | tuple[Any, ...], probe: Probe) -> str:
    arrays = [array for array in (to_numpy(item) for item in value) if array is not None]
    tables = [array for array in arrays if array.size == probe.size and array.ndim == 2] or [
        array for array in arrays if array.size > 1
    ]
    only_loss = subject.words & LOSS_WORDS and not subject.words & DERIVATIVE_WORDS
    if only_loss and tables and all(are_probabilities(table) for table in tables):
        return "loss"
    return "loss-and-gradient"


def _kind_of_words(subject: Subject) -> str:
    if subject.words & HESSIAN_WORDS:
        return "hessian"
    if subject.words & DERIVATIVE_WORDS:
        return "loss-and-gradient" if subject.words & LOSS_WORDS and "and" in subject.words else "gradient"
    return "loss" if subject.words & LOSS_WORDS else "gradient"
