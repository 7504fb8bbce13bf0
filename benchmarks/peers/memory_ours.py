"""chainrule: SoftmaxClassifier at its defaults, a network for one epoch, a linear model to its certificate."""

from collections.abc import Callable

from peers.ours import available, version
from problems import LargeFit

__all__ = ["NAME", "available", "prepare", "version"]
NAME = "chainrule"


def prepare(problem: LargeFit) -> Callable[[], Callable[[], float]]:
    """Return a fit, which returns what gives its loss once the memory has been looked at."""
    import chainrule as cr

    options = {"hidden_layer_sizes": (problem.n_hidden,), "max_epochs": 1} if problem.n_hidden else {}
    model = cr.SoftmaxClassifier(**options, random_state=0, n_threads=problem.n_threads)

    def call() -> Callable[[], float]:
        model.fit(*problem.arrays)
        scaling = model.network_.input_scaling
        layers = list(zip(model.coefs_, model.intercepts_, strict=True))
        return lambda: problem.loss(layers, None if scaling is None else scaling.apply)

    return call
