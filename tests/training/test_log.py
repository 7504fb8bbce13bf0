"""The log: a line for every epoch, continued after a break, never in the way."""

import json
import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from chainrule.errors import ArgumentError, ChainruleWarning, OutputError
from chainrule.network import Network
from chainrule.training import SOLVERS, train
from chainrule.training import log as log_module
from chainrule.training.log import TrainingLog

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(120, 4)), RANDOM.integers(0, 3, 120)
NAMES = {
    "event", "time", "seconds", "epoch", "step", "loss", "validation_loss", "validation_accuracy", "gradient_norm",
    "rows_per_second", "learning_rate",
}  # fmt: skip


def fitted(path, solver="adamw", **options):
    network = Network((4, 3), dtype=np.float64)
    rows = csr_array(X) if solver in ("lazy-adam", "lbfgs-diagonal") else X
    outcome = train(network, rows, Y, solver=solver, max_epochs=4, batch_size=32, log=path, **options)
    return network, outcome


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("solver", list(SOLVERS))
def test_a_line_tells_all_of_an_epoch(solver, tmp_path):
    _, outcome = fitted(tmp_path / "log", solver, validation=(X[:40], Y[:40]))
    lines = lines_of(tmp_path / "log")
    epochs = [line for line in lines if line["event"] == "epoch"]
    assert [line["event"] for line in lines] == ["start", *["epoch"] * outcome.epochs, "end"]
    assert all(set(line) == NAMES for line in epochs)
    assert tuple(line["loss"] for line in epochs) == outcome.loss_curve
    assert tuple(line["validation_loss"] for line in epochs) == outcome.validation_curve
    assert [line["epoch"] for line in epochs] == list(range(1, outcome.epochs + 1))
    steps = 4 if solver in ("sgd", "adam", "adamw", "lazy-adam") else 1
    assert [line["step"] for line in epochs] == [steps * line["epoch"] for line in epochs]
    assert all(line["rows_per_second"] > 0 and line["gradient_norm"] >= 0 for line in epochs)
    if outcome.gradient_norm is not None:
        assert epochs[-1]["gradient_norm"] == outcome.gradient_norm
    assert lines[-1]["reason"] == outcome.reason.name
    assert lines[0]["settings"]["solver"]["name"] == solver
    assert lines[0]["host"] is not None
    assert lines[0]["rows"] == 120


def test_the_gradient_norm_is_that_of_the_last_minibatch(tmp_path):
    seen = []
    fitted(tmp_path / "log", callback=lambda progress: seen.append(progress.gradient_norm))
    assert [line["gradient_norm"] for line in lines_of(tmp_path / "log")[1:-1]] == seen
    assert all(norm > 0 for norm in seen)


def test_a_log_changes_no_bit(tmp_path):
    network, outcome = fitted(tmp_path / "log")
    without, same = fitted(None)
    assert network.parameters.tobytes() == without.parameters.tobytes()
    assert outcome == same


def test_lines_inside_a_long_epoch_tell_the_mean_loss_so_far(monkeypatch, tmp_path):
    monkeypatch.setattr(log_module, "STEP_EVERY", 0.0)
    _, outcome = fitted(tmp_path / "log")
    steps = [line for line in lines_of(tmp_path / "log") if line["event"] == "step"]
    assert [line["step"] for line in steps] == [k for k in range(16) if k % 4]
    assert all(line["epoch"] == line["step"] // 4 + 1 for line in steps)
    assert all(0.5 * outcome.loss < line["loss"] < 2 * outcome.loss for line in steps)


def test_a_log_is_continued_after_a_line_that_was_cut_short(tmp_path):
    path = tmp_path / "log"
    fitted(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    fitted(path)
    lines = path.read_bytes().split(b"\n")
    assert lines[5] == whole.split(b"\n")[5][:-6]
    assert [json.loads(line)["event"] for line in lines[6:-1]] == ["start", *["epoch"] * 4, "end"]


def test_another_file_is_left_alone(tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        ArgumentError, match="is a log of trainings or a new file; got a file of another kind"
    ):
        fitted(tmp_path / "data.csv")
    assert (tmp_path / "data.csv").read_text() == "a,b\n1,2\n"
    with pytest.raises(OutputError, match="can be written; got 'No such file or directory'"):
        fitted(tmp_path / "no" / "log")


def test_a_full_disk_loses_lines_and_nothing_else(monkeypatch, tmp_path):
    class Full:
        def write(self, _):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(log_module, "_opened", lambda *_: Full())
    with pytest.warns(ChainruleWarning, match="lines are lost, and the training goes on") as told:
        network, _ = fitted(tmp_path / "log")
    assert len(told) == 1
    assert network.parameters.tobytes() == fitted(None)[0].parameters.tobytes()


def test_numbers_that_are_not_finite_are_null(tmp_path):
    with TrainingLog(tmp_path / "log", "test") as log:
        log.write("epoch", loss=math.nan, rate=math.inf)
    (line,) = lines_of(tmp_path / "log")
    assert (line["loss"], line["rate"]) == (None, None)
