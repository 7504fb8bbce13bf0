"""An explanation as plain values."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from chainrule.derive import derivation_values
from chainrule.explain.explanation import Explanation
from chainrule.explain.shown import verdict
from chainrule.explain.words import example_words, in_words, network_words


def explanation_values(found: Explanation) -> dict[str, Any]:
    """Return an explanation as plain values, None for what is not computed or not finite.

    Examples
    --------
    >>> from chainrule.explain.explaining import explain
    >>> from chainrule.network import Network
    >>> values = explanation_values(explain(Network((2, 3)), [1.0, 2.0], 0, "dE/dO_1"))
    >>> values["backward"], values["not_computed"]["backward"][:9]
    (None, 'it starts')
    """
    symbolic = derivation_values(found.proven, numbers=found.numbers)
    return {
        "quantity": found.quantity,
        "quantity_latex": symbolic["quantity_latex"],
        "words": in_words(found),
        "derivation": _plain(found.derivation),
        "backward": _plain(found.backward),
        "central_difference": _plain(found.central_difference),
        "central_difference_step": _plain(found.central_difference_step),
        "central_difference_rounding": _plain(found.central_difference_rounding),
        "rounding": _plain(found.rounding),
        "agrees": found.agrees,
        "verdict": verdict(found),
        "not_computed": dict(found.not_computed),
        "kinks": [asdict(kink) for kink in found.kinks],
        "network": network_words(found),
        "example": example_words(found),
        "loss": _plain(found.facts["loss"]),
        "true_class": found.facts["true_class"],
        "classes": list(found.names.classes),
        "letters": list(found.facts["letters"]),
        "forward": {vector.name: _plain(vector.values) for vector in found.forward},
        "backward_vectors": {vector.name: _plain(vector.values) for vector in found.backward_vectors},
        "context": symbolic["context"],
        "result": symbolic["result"],
        "result_latex": symbolic["result_latex"],
        "rules": symbolic["rules"],
        "steps": symbolic["steps"],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or math.isfinite(value) else None
