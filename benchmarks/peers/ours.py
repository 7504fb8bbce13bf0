"""chainrule, with a new gradient at each call."""

from collections.abc import Callable

from peers.installed import installed
from problems import LinearHead, LossFromLogits, Result

NAME = "chainrule"


def available() -> bool:
    """Tell whether the package can be imported."""
    return installed("chainrule")


def version() -> str:
    """Return the version, with the instruction set in use."""
    import chainrule
    from chainrule.kernels import native

    compiled = native()
    return f"chainrule {chainrule.__version__} ({compiled.instruction_set() if compiled else 'NumPy path'})"


def prepare(problem: LossFromLogits | LinearHead) -> Callable[[], Result] | None:
    """See :mod:`peers`."""
    import chainrule as cr

    if isinstance(problem, LossFromLogits):
        logits, targets, threads = problem.logits, problem.targets, problem.n_threads

        def from_logits() -> Result:
            loss, gradient = cr.cross_entropy_with_gradient(logits, targets, n_threads=threads)
            return loss, {"logits": gradient}

        return from_logits
    if "linear_cross_entropy_with_gradient" not in cr.__all__:
        return None

    def linear() -> Result:
        return cr.linear_cross_entropy_with_gradient(
            problem.features,
            problem.weight,
            problem.targets,
            bias=problem.bias,
            wrt=problem.wrt,
            n_threads=problem.n_threads,
        )

    return linear
