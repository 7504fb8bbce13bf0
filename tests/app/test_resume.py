"""``chainrule train --checkpoint`` and ``--resume``, the log, and what is said of a training that learns nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import chainrule as cr
from app.command_line import refusal, run, run_json
from chainrule.errors import OutputError
from chainrule.training import checkpoint, read_checkpoint

QUICK = ("--hidden", "8", "--max-epochs", "6", "--solver", "adam", "--learning-rate", "0.01", "--balanced")
# The process presses Ctrl-C, or kills itself, from inside the report of the third epoch: no clock is involved.
ENDED = """
import os, signal, sys
import chainrule.app.training_progress as shown
from contextlib import contextmanager
@contextmanager
def ending(*, wanted):
    yield lambda progress: progress.epoch == 3 and os.kill(os.getpid(), signal.SIGNAL)
shown.training_progress = ending
from chainrule.app.main import run
run()
"""


def ended_by(name: str, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", ENDED.replace("SIGNAL", name), *map(str, arguments)]
    default = signal.default_int_handler
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, default),
    )  # fmt: skip


@pytest.fixture
def table(here: Path) -> Path:
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    kinds = np.where(X[:, 0] + 0.3 * random.normal(size=200) > 0, "a", "b")
    pl.DataFrame({**{f"x{k}": X[:, k] for k in range(3)}, "kind": kinds}).write_csv(here / "t.csv")
    return here / "t.csv"


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_training_that_was_ended_goes_on_to_the_same_file(name: str, here: Path) -> None:
    run_json("train", "t.csv", "--target", "kind", *QUICK, "--output", "whole.safetensors")
    arguments = ("train", "t.csv", "--target", "kind", *QUICK, "--checkpoint", "c", "--checkpoint-every", 0)
    result = ended_by(name, here, *arguments)
    if name == "SIGINT":
        assert result.returncode in (130, -signal.SIGINT)
        assert result.stderr == (
            "chainrule: interrupted; the best model so far is in t.safetensors; go on with "
            "chainrule train --resume c\n"
        )
    else:
        assert result.returncode == -signal.SIGKILL
        assert not (here / "t.safetensors").exists()
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    os.chdir(elsewhere)  # data and model keep their places
    told = run_json("train", "--resume", "../c")
    assert told["epochs"] == 6
    assert list(elsewhere.iterdir()) == []
    assert (here / "t.safetensors").read_bytes() == (here / "whole.safetensors").read_bytes()


def test_the_checkpoint_of_a_complete_training_says_so_and_gives_the_model(here: Path) -> None:
    run_json("train", "iris", *QUICK, "--checkpoint", "c")
    result = run("train", "--resume", "c", "--output", "again.safetensors", "--quiet")
    assert result.exit_code == 0
    assert "is complete; its result is given, and nothing was trained" in result.stderr
    assert (here / "again.safetensors").read_bytes() == (here / "iris.safetensors").read_bytes()


def test_a_complete_training_makes_room_for_another(here: Path) -> None:
    run_json("train", "iris", *QUICK, "--checkpoint", "c")
    run_json("train", "iris", *QUICK, "--checkpoint", "c", "--seed", 1)
    assert read_checkpoint(here / "c", "test").header.settings["random_state"] == 1


def test_an_unfinished_training_is_not_overwritten(here: Path) -> None:
    ended_by("SIGKILL", here, "train", "iris", *QUICK, "--checkpoint", "c", "--checkpoint-every", 0)
    content = (here / "c").read_bytes()
    message = refusal("train", "iris", "--checkpoint", "c")
    assert (
        "got an unfinished training in 'c'. Finish it with chainrule train --resume c, or remove" in message
    )
    assert (here / "c").read_bytes() == content


def test_changed_data_are_refused(table: Path, here: Path) -> None:
    options = ("--target", "kind", *QUICK, "--checkpoint", "c", "--checkpoint-every", 0)
    ended_by("SIGKILL", here, "train", "t.csv", *options)
    rows = table.read_text().splitlines()
    table.write_text("\n".join([*rows[:-1], rows[-1].replace(rows[-1].split(",")[0], "0.123")]) + "\n")
    message = refusal("train", "--resume", "c")
    assert "settings and data are those of the checkpoint" in message
    assert "encoder (was" in message or "X (was" in message
    table.unlink()
    assert "t.csv' is a file that can be read; got 'No such file" in refusal("train", "--resume", "c")


@pytest.mark.parametrize(
    ("options", "named"),
    [(("--alpha", 1), "--alpha"), (("iris",), "DATA"), (("--checkpoint", "d"), "--checkpoint")],
)
def test_settings_beside_resume_are_refused_by_name(options: tuple[object, ...], named: str) -> None:
    assert f"got {named} as well. Leave it out." in refusal("train", "--resume", "c", *options)


def test_what_is_no_checkpoint_is_refused(here: Path) -> None:
    (here / "notes").write_text("not a checkpoint\n")
    run_json("train", "iris", *QUICK)
    for name, came in (("notes", "a file of another kind"), ("iris.safetensors", "got a model")):
        for option in ("--resume", "--checkpoint"):
            arguments = (option, name) if option == "--resume" else ("wine", option, name)
            message = refusal("train", *arguments)
            assert message.startswith(f"chainrule train: '{name}' is a checkpoint of chainrule; ")
            assert came in message
    assert "got 'No such file or directory'" in refusal("train", "--resume", "absent")
    assert "--checkpoint is a file of its own; got the model, 'm'" in refusal(
        "train", "iris", "--checkpoint", "m", "--output", "m"
    )
    network = cr.Network((4, 3))
    X, y = np.eye(4), np.arange(4) % 3
    cr.train(network, X, y, checkpoint="python", max_epochs=1)
    assert "got one that was written from Python" in refusal("train", "--resume", "python")
    for command in ("predict", "evaluate"):
        assert "got the checkpoint of a training" in refusal(command, "python", "iris")


def test_data_or_a_checkpoint_are_needed() -> None:
    assert refusal("train", "--hidden", 3) == "chainrule train: Missing argument 'DATA'."


def test_a_full_disk_is_told_once_and_the_model_is_the_same(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_json("train", "iris", *QUICK, "--output", "whole")

    def full(*_: object) -> None:
        raise OutputError("train", "it can be written", "'No space left on device'", "Make room.")

    monkeypatch.setattr(checkpoint, "write_checkpoint", full)
    result = run("train", "iris", *QUICK, "--output", "m", "--checkpoint", "c", "--checkpoint-every", 0, "-q")
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 1
    assert "could not be written ('No space left on device'); the last good one stays" in result.stderr
    assert (here / "m").read_bytes() == (here / "whole").read_bytes()


def test_the_log_tells_every_epoch_and_models_know_nothing_of_it(here: Path) -> None:
    run_json("train", "iris", *QUICK, "--output", "without")
    run_json("train", "iris", *QUICK, "--output", "with", "--log", "log", "--checkpoint", "c")
    assert (here / "with").read_bytes() == (here / "without").read_bytes()
    lines = [json.loads(line) for line in (here / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["start", "checkpoint", *["epoch"] * 6, "checkpoint", "end"]
    assert [line["epoch"] for line in lines if line["event"] == "epoch"] == [1, 2, 3, 4, 5, 6]


def test_a_log_is_never_written_into_another_file(table: Path) -> None:
    content = table.read_bytes()
    message = refusal("train", "t.csv", "--target", "kind", "--log", "t.csv")
    assert "'t.csv' is a log of trainings or a new file; got a file of another kind" in message
    assert table.read_bytes() == content
    assert "'no/log' can be written" in refusal("train", "iris", "--log", "no/log")


@pytest.mark.usefixtures("here")
def test_a_training_that_learns_nothing_is_explained() -> None:
    random = np.random.default_rng(0)
    np.savez("noise.npz", X=random.normal(size=(900, 3)), y=random.integers(0, 3, 900))
    said = "The labels seem unrelated to the features"
    assert said in run_json("train", "noise.npz")["message"]
    assert said in " ".join(run("train", "noise.npz").stdout.split())
    quiet = run("train", "noise.npz", "--quiet")
    assert quiet.stderr.startswith(
        "chainrule: warning: chainrule train: The validation loss did not leave 1.09"
    )
    assert said in quiet.stderr
    diverging = ("--hidden", 4, "--solver", "sgd", "--learning-rate", "1e30")
    assert "The learning rate is too high: 30 steps from the start" in refusal("train", "iris", *diverging)
