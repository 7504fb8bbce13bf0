"""How one function wants its arguments: whose arrays, which form of targets, one example or a batch, which order."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule._types import Array
from chainrule.check.arrays import to_library
from chainrule.check.probes import Probe
from chainrule.check.subject import (
    LINEAR_ROLES,
    LOGIT_NAMES,
    TARGET_NAMES,
    Subject,
    looks_like_output,
    looks_like_upstream,
)

ROLES = {
    "loss": ("logits", "targets"),
    "gradient": ("logits", "targets"),
    "loss-and-gradient": ("logits", "targets"),
    "hessian": ("logits", "targets"),
    "linear-gradient": ("features", "weight", "bias", "targets"),
    "softmax": ("logits",),
    "log-softmax": ("logits",),
    "softmax-jacobian": ("logits",),
    "softmax-backward": ("upstream", "output"),
    "log-softmax-backward": ("upstream", "output"),
}
KINDS = tuple(ROLES)


@dataclass(frozen=True)
class Convention:
    """A way of calling a function.

    Parameters
    ----------
    kind : str
    library : str
        "numpy", "torch", "jax" or "list".
    targets : str
        "index", "rows" (one-hot) or "column" (indices of shape (examples, 1)).
    single : bool
        True: one example at a time, without the axis of the examples.
    features_first : bool
        True: the weight has shape (features, classes).
    diagonal : bool
        True: of a matrix the diagonal alone is wanted, as the function's name says.
    floats : str
        "float64", or "float32" for functions that refuse it.
    """

    kind: str
    library: str = "numpy"
    targets: str = "index"
    single: bool = False
    features_first: bool = False
    diagonal: bool = False
    floats: str = "float64"

    def in_words(self) -> str:
        """Return what the function was given, for the report."""
        arrays = {"numpy": "NumPy arrays", "torch": "PyTorch tensors", "jax": "JAX arrays", "list": "lists"}
        words = [f"{arrays[self.library]}, {self.floats}"]
        if "targets" in ROLES[self.kind]:
            forms = {"index": "integer targets", "rows": "one-hot targets", "column": "a column of targets"}
            words.append(forms[self.targets])
        if self.single:
            words.append("one example at a time")
        if self.kind == "linear-gradient":
            layout = "(features, classes)" if self.features_first else "(classes, features)"
            words.append(f"weight of shape {layout}")
        return ", ".join(words)


def arguments_for(
    subject: Subject, convention: Convention, probe: Probe
) -> tuple[list[Any], dict[str, Any], int, dict[str, Array]]:
    """Return the arguments of one call.

    Returns
    -------
    positional : list
        In the function's own order.
    keyword : dict
        What can only be passed by name, and the options.
    place : int
        Where in ``positional`` the logits stand; -1 where they do not.
    given : dict
        The same values as NumPy arrays, by role, to compare with afterwards.
    """
    roles = role_order(subject, convention.kind)
    given = {role: _value(role, convention, probe) for role in roles}
    made = {role: to_library(_cast(array, convention), convention.library) for role, array in given.items()}
    parameters = (subject.parameters or ())[: len(roles)]
    by_keyword = {
        parameter.name: made[role]
        for parameter, role in zip(parameters, roles, strict=False)
        if parameter.by_keyword
    }
    positional = [
        made[role]
        for place, role in enumerate(roles)
        if not (place < len(parameters) and parameters[place].by_keyword)
    ]
    options = _options(subject, convention, probe, len(roles))
    place = roles.index("logits") if "logits" in roles and not by_keyword else -1
    return positional, {**by_keyword, **options}, place, given


def _cast(array: Array, convention: Convention) -> Array:
    """Return floats in the convention's dtype; every number of the probes is exact in both."""
    return array.astype(convention.floats) if array.dtype.kind == "f" else array


def role_order(subject: Subject, kind: str) -> tuple[str, ...]:
    """Return the roles of the first parameters; another order than the usual one only where all names say so."""
    roles = ROLES[kind]
    names = subject.array_names(len(roles))
    if len(names) < len(roles):
        return roles
    if kind == "linear-gradient":
        return _linear_order(names)
    if roles == ("logits", "targets"):
        first, second = (name.lower() for name in names)
        swapped = first in TARGET_NAMES and second not in TARGET_NAMES and second in LOGIT_NAMES
        return ("targets", "logits") if swapped else roles
    if roles == ("upstream", "output"):
        first, second = names
        told = looks_like_upstream(second) and not looks_like_upstream(first) and looks_like_output(first)
        return ("output", "upstream") if told else roles
    return roles


def _linear_order(names: list[str]) -> tuple[str, ...]:
    found = []
    for name in names:
        role = next((role for role, known in LINEAR_ROLES.items() if name.lower() in known), None)
        if role is None or role in found:
            return ROLES["linear-gradient"]
        found.append(role)
    return tuple(found)


def _value(role: str, convention: Convention, probe: Probe) -> Array:
    single = convention.single
    if role == "targets":
        return _targets(convention, probe)
    if role == "weight":
        assert probe.weight is not None, "a linear probe has a weight"
        return probe.weight.T.copy() if convention.features_first else probe.weight
    if role == "bias":
        assert probe.bias is not None, "a linear probe has a bias"
        return probe.bias
    rows = output_of(convention.kind, probe) if role == "output" else getattr(probe, role)
    return rows[0] if single else rows


def output_of(kind: str, probe: Probe) -> Array:
    """Return the forward pass's output that a backward function is given."""
    return probe.log_p if kind.startswith("log") else probe.p


def _targets(convention: Convention, probe: Probe) -> Array:
    if probe.soft is not None:
        rows = probe.soft
    elif convention.targets == "rows":
        rows = probe.one_hot
    else:
        rows = probe.targets[:, None] if convention.targets == "column" else probe.targets
    return np.asarray(rows[0]) if convention.single else rows


def _options(subject: Subject, convention: Convention, probe: Probe, arity: int) -> dict[str, Any]:
    """Return the options that the function accepts, by the names of its own parameters."""
    given = probe.options.given()
    if "class_weight" in given:
        given["class_weight"] = to_library(probe.class_weights, convention.library)
    parameters = subject.option_parameters(arity)
    return {parameter.name: given[option] for option, parameter in parameters.items() if option in given}


def rows_alone(probes: list[Probe]) -> list[Probe]:
    """Return a probe for each row of the given ones."""
    return [
        replace(
            probe,
            name=f"{probe.name}, row {row}" if probe.examples > 1 else probe.name,
            logits=probe.logits[row : row + 1],
            targets=probe.targets[row : row + 1],
            features=None if probe.features is None else probe.features[row : row + 1],
            upstream=None if probe.upstream is None else probe.upstream[row : row + 1],
        )
        for probe in probes
        for row in range(probe.examples)
    ]
