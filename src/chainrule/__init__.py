"""Softmax networks with nothing hidden: train, derive and check.

The public names, and NumPy, are loaded on first use: the command line answers Ctrl-C before they are there.
"""

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = (
    False  # what type checkers take for True; the module typing takes longer to load than all of this
)

if TYPE_CHECKING:
    from chainrule.check import check
    from chainrule.derive import derive
    from chainrule.estimators import Model, SoftmaxClassifier, fit_table, load
    from chainrule.explain import explain
    from chainrule.functions import (
        binary_cross_entropy,
        binary_cross_entropy_with_gradient,
        cross_entropy,
        cross_entropy_hvp,
        cross_entropy_with_gradient,
        linear_cross_entropy,
        linear_cross_entropy_gauss_newton,
        linear_cross_entropy_with_gradient,
        log_softmax,
        logsumexp,
        softmax,
        softmax_vjp,
        squared_error,
        squared_error_with_gradient,
    )
    from chainrule.network import Network
    from chainrule.training import train

__version__ = "0.1.0"

_ROOM_OF_NAME = {
    "Model": "estimators",
    "Network": "network",
    "SoftmaxClassifier": "estimators",
    "binary_cross_entropy": "functions",
    "binary_cross_entropy_with_gradient": "functions",
    "check": "check",
    "cross_entropy": "functions",
    "cross_entropy_hvp": "functions",
    "cross_entropy_with_gradient": "functions",
    "derive": "derive",
    "explain": "explain",
    "fit_table": "estimators",
    "linear_cross_entropy": "functions",
    "linear_cross_entropy_gauss_newton": "functions",
    "linear_cross_entropy_with_gradient": "functions",
    "load": "estimators",
    "log_softmax": "functions",
    "logsumexp": "functions",
    "softmax": "functions",
    "softmax_vjp": "functions",
    "squared_error": "functions",
    "squared_error_with_gradient": "functions",
    "train": "training",
}

__all__ = [
    "Model",
    "Network",
    "SoftmaxClassifier",
    "binary_cross_entropy",
    "binary_cross_entropy_with_gradient",
    "check",
    "cross_entropy",
    "cross_entropy_hvp",
    "cross_entropy_with_gradient",
    "derive",
    "explain",
    "fit_table",
    "linear_cross_entropy",
    "linear_cross_entropy_gauss_newton",
    "linear_cross_entropy_with_gradient",
    "load",
    "log_softmax",
    "logsumexp",
    "softmax",
    "softmax_vjp",
    "squared_error",
    "squared_error_with_gradient",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF_NAME:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"chainrule.{_ROOM_OF_NAME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Package(ModuleType):
    """The package itself: a room with the name of a public function, once imported, does not take its place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _ROOM_OF_NAME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
