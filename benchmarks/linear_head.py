"""Time, error and memory of the loss of a linear head with its gradients."""

from collections.abc import Sequence
from typing import Any

from frame import Question, Verdict, main
from problems import LinearHead

MOST_EXTRA = 0.05  # of one N x K array
SIDES = (
    "ours",
    "pytorch",
    "pytorch_compiled",
    "jax_compiled",
    "optax_compiled",
    "scikit_learn",
    "numpy_plain",
    "bound_matrix_products",
)


def cases(n_threads: int) -> Sequence[LinearHead]:
    """Return a language model's head, a smaller one in both precisions, and a classifier's weights alone."""
    weights = ("weight", "bias")
    return [
        LinearHead(2048, 768, 32000, "float32", n_threads),
        LinearHead(512, 256, 4000, "float32", n_threads),
        LinearHead(512, 256, 4000, "float64", n_threads),
        LinearHead(10000, 784, 10, "float32", n_threads, weights),
        LinearHead(10000, 784, 10, "float64", n_threads, weights),
    ]


def judge(problem: LinearHead, sides: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Hold ours to PyTorch's time, and to little memory, on the large head."""
    ours = sides.get("ours", {})
    verdicts = []
    if "median" in ours and "median" in sides.get("pytorch", {}):
        ratio = sides["pytorch"]["median"] / ours["median"]
        verdicts.append(Verdict("against PyTorch, eager", ">= 1x", f"{ratio:.2f}x", ratio >= 1))
    if "extra_share" in ours and problem.n_classes >= 32000:
        share = ours["extra_share"]
        what = "memory beyond inputs and outputs, of one N x K array"
        verdicts.append(Verdict(what, f"< {MOST_EXTRA:.0%}", f"{share:.2%}", share < MOST_EXTRA))
    return verdicts


if __name__ == "__main__":
    main(Question("linear_head", "Loss and gradients of a linear head", cases, SIDES, judge))
