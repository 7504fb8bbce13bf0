"""Time of a step of Adam on a minibatch of a network with one hidden layer, and the loss that is reached."""

from collections.abc import Sequence
from typing import Any

from frame import Question, Verdict, main
from problems import TrainingEpoch

# Features, hidden units, classes, batch, examples.
SIZES = (
    (784, 1024, 100, 256, 10240),
    (784, 256, 10, 128, 12800),
    (784, 256, 10, 32, 6400),
    (100, 100, 3, 200, 20000),
    (64, 32, 10, 32, 1792),
)
SIDES = ("training_ours", "training_pytorch", "training_jax", "training_scikit_learn")
LARGEST = (784, 1024, 100, 256)
SMALL = ((100, 100, 3, 200), (64, 32, 10, 32))


def cases(n_threads: int) -> Sequence[TrainingEpoch]:
    """Return every size."""
    return [TrainingEpoch(*sizes, n_threads) for sizes in SIZES]


def target_ratios(problem: TrainingEpoch) -> dict[str, float]:
    """Return how many times faster than each side it should be."""
    sizes = (problem.n_features, problem.n_hidden, problem.n_classes, problem.batch_size)
    return {
        "training_jax": 1.2 if sizes == LARGEST else 1.5,
        "training_pytorch": 1.3 if sizes == LARGEST else 2.0,
        "training_scikit_learn": 10.0 if sizes in SMALL else 3.0,
    }


def judge(problem: TrainingEpoch, sides: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Say the time of a step and the loss of every side, and hold ours to the others."""
    verdicts = []
    for name, side in sides.items():
        if "median" not in side:
            continue
        step = f"{side['median'] / problem.n_steps * 1e6:.1f} us a step, loss {side['loss']:.4f}"
        if name == "training_ours":
            verdicts.append(Verdict(side["name"], "none", step, None))
        elif "median" in sides.get("training_ours", {}):
            wanted, ratio = target_ratios(problem)[name], side["median"] / sides["training_ours"]["median"]
            what = f"chainrule against {side['name']} ({step})"
            verdicts.append(Verdict(what, f">= {wanted:g}x", f"{ratio:.2f}x", ratio >= wanted))
    return verdicts


if __name__ == "__main__":
    main(Question("training_step", "An epoch of training steps", cases, SIDES, judge, ("float32",)))
