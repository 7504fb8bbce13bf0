"""The benchmarks hold every side to the truth before its time counts; no time is judged here."""

import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("accuracy", "frame", "peers", "problems")
QUICK = ("ours", "ours_reused", "numpy_plain", "scikit_learn")


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ROOMS]:
        del sys.modules[name]


def _problems(dtype):
    from problems import LinearHead, LossFromLogits

    weights = ("weight", "bias")
    return [
        LossFromLogits(9, 5, dtype, 1),
        LinearHead(9, 4, 5, dtype, 1),
        LinearHead(9, 4, 5, dtype, 1, weights),
    ]


def test_the_truth_of_the_loss_agrees_with_mpmath(tmp_path):
    problem = _problems("float64")[0]
    truth = problem.truth(tmp_path)
    losses, gradient = [], np.empty((9, 5))
    for row, target in enumerate(problem.targets.tolist()):
        terms = [mpmath.exp(mpmath.mpf(value)) for value in problem.logits[row].tolist()]
        p = [term / mpmath.fsum(terms) for term in terms]
        losses.append(-mpmath.log(p[target]))
        gradient[row] = [float((pk - (k == target)) / 9) for k, pk in enumerate(p)]
    right, worst = truth.judge((float(mpmath.fsum(losses) / 9), {"logits": gradient}))
    assert right
    assert worst < 8


@pytest.mark.parametrize("name", ["training_ours", "training_scikit_learn"])
@pytest.mark.filterwarnings("ignore")
def test_a_side_that_trains_lowers_the_loss_that_it_tells(name, tmp_path):
    import peers
    from problems import TrainingEpoch

    problem = TrainingEpoch(12, 32, 3, 8, 2000, 1)
    loss, parameters = result = peers.load(name).prepare(problem)()
    assert problem.truth(tmp_path).judge(result)[0]
    assert problem.loss(parameters) == pytest.approx(loss, rel=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", QUICK)
def test_every_side_gives_the_truth_of_what_it_has(name, dtype, tmp_path):
    import peers

    peer = peers.load(name)
    for problem in _problems(dtype):
        call = peer.prepare(problem)
        if call is not None:
            folder = tmp_path / problem.case
            folder.mkdir()
            assert problem.truth(folder).judge(call())[0], problem


@pytest.mark.parametrize("change", [1e-3, float("nan")])
def test_a_wrong_entry_is_not_accepted(change, tmp_path):
    import peers

    problem = _problems("float32")[0]
    loss, gradients = peers.load("ours").prepare(problem)()
    gradients["logits"][3, 2] += change
    assert not problem.truth(tmp_path).judge((loss, gradients))[0]


def test_the_sides_take_turns_in_both_orders():
    from frame.alternate import alternate

    class Side:
        estimate = 1.0

        def __init__(self, name):
            self.name = name

        def block(self, number):
            visits.append(self.name)
            return float(number)

    visits = []
    timings = alternate({"a": Side("a"), "b": Side("b")}, repetitions=3)
    assert visits == ["a", "b", "b", "a", "a", "b"]
    assert timings["a"].seconds == (1.0, 1.0, 1.0)


def test_every_peer_has_the_one_signature():
    import peers

    for path in (ROOT / "benchmarks/peers").glob("*.py"):
        if path.stem not in ("__init__", "installed"):
            peer = peers.load(path.stem)
            assert isinstance(peer.NAME, str)
            assert all(callable(getattr(peer, name)) for name in ("available", "version", "prepare"))


@pytest.mark.parametrize("name", ["logistic_ours", "logistic_ours_to_target", "logistic_lbfgs"])
def test_a_fit_of_logistic_regression_reaches_the_target(name, tmp_path):
    import peers
    from problems import LogisticFit

    problem = LogisticFit("digits", "float32", 1)
    call = peers.load(name).prepare(problem)
    result = call()
    assert problem.truth(tmp_path).judge(result)[0]
    assert float(result[0]) <= problem.target * (1 + 1e-3)
    assert 0.0 < call.held_out < 0.5


@pytest.mark.parametrize("name", ["memory_ours", "memory_scikit_learn"])
@pytest.mark.parametrize("n_hidden", [0, 8])
def test_a_fit_whose_memory_is_looked_at_reaches_a_loss(name, n_hidden):
    from frame.once import looked_at_once
    from problems import LargeFit

    found = looked_at_once(name, LargeFit(2000, 5, 3, n_hidden, 1))
    assert found["loss"] < (0.8 if n_hidden == 0 else 1.3)
    assert found["peak_bytes"] is None or found["peak_bytes"] >= 2000 * 5 * 4
