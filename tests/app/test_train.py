"""``chainrule train``."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from app.command_line import refusal, run, run_json, run_process
from chainrule.errors import ChainruleError

QUICK = ("--hidden", "8", "--max-epochs", "3")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("hidden", "accuracy"), [((), 0.95), (("--hidden", "128"), 0.97)])
def test_digits_are_learned(here: Path, seed: int, hidden: tuple[str, ...], accuracy: float) -> None:
    result = run_json("train", "digits", *hidden, "--seed", seed)
    assert result["test_accuracy"] >= accuracy
    assert result["test_examples"] == 359
    assert [path.name for path in here.iterdir()] == ["digits.safetensors"]


def test_json_tells_sizes_scores_and_the_model(here: Path) -> None:
    result = run_json("train", "iris", "--output", "flowers.safetensors")
    assert result["model"] == "flowers.safetensors"
    assert (result["train_examples"], result["validation_examples"], result["test_examples"]) == (105, 15, 30)
    assert (result["features"], result["classes"], result["parameters"]) == (4, 3, 15)
    assert (result["solver"], result["reason"]) == ("newton-cholesky", "CONVERGED")
    model = cr.load(here / "flowers.safetensors")
    assert model.outcome is not None
    assert (result["epochs"], result["message"]) == (model.outcome.epochs, model.outcome.message)
    assert result["seconds"] > 0.0
    assert 0.0 < result["train_loss"] < 0.2
    assert 0.0 < result["test_loss"] < 0.5


def test_parts_without_rows_are_null(here: Path) -> None:
    result = run_json("train", "iris", "--test", 0, "--validation", 0)
    assert (result["test_examples"], result["test_loss"], result["validation_accuracy"]) == (0, None, None)
    assert [path.name for path in here.iterdir()] == ["iris.safetensors"]


def test_the_same_seed_gives_the_same_file_in_another_process_and_with_other_threads(tmp_path: Path) -> None:
    contents = []
    for threads in (1, 2):
        arguments = ("train", "digits", *QUICK, "--threads", threads, "--json")
        assert run_process(*arguments, folder=tmp_path).returncode == 0
        contents.append((tmp_path / "digits.safetensors").read_bytes())
    assert contents[0] == contents[1]


def test_another_seed_gives_another_file(here: Path) -> None:
    contents = []
    for seed in (0, 1):
        run_json("train", "iris", *QUICK, "--seed", seed)
        contents.append((here / "iris.safetensors").read_bytes())
    assert contents[0] != contents[1]


def test_a_mixed_table_is_learned(folder: Path, here: Path) -> None:
    result = run_json("train", folder / "people.csv", "--target", "plan")
    assert result["test_accuracy"] > 0.8
    assert result["model"] == "people.safetensors"
    model = cr.load(here / "people.safetensors")
    assert model.encoder is not None
    assert {column.kind.value for column in model.encoder.columns} == {
        "number",
        "category",
        "date",
        "boolean",
    }


def write_texts(folder: Path) -> None:
    rows = "".join(f"{k % 7 + 7 * (k % 2)},name {k},note {k},{'ab'[k % 2]}\n" for k in range(150))
    (folder / "t.csv").write_text(f"x,name,note,y\n{rows}")


def test_json_tells_which_columns_were_left_out_and_why(here: Path) -> None:
    write_texts(here)
    result = run_json("train", "t.csv", "--target", "y")
    assert (result["columns"], result["features"]) == (3, 1)
    assert [column["column"] for column in result["left_out"]] == ["name", "note"]
    assert all("never repeats" in column["reason"] for column in result["left_out"])


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_text_that_is_left_out_is_told_where_no_summary_tells_it(here: Path, option: str) -> None:
    write_texts(here)
    assert run("train", "t.csv", "--target", "y", option).stderr == (
        "chainrule: warning: chainrule train: columns of text that never repeats are left out: name, note.\n"
    )
    assert run("train", "t.csv", "--target", "y").stderr == ""


def test_parts_that_differ_from_the_shares_asked_for_are_told(here: Path) -> None:
    (here / "t.csv").write_text("x,y\n" + "".join(f"{k},{k % 8}\n" for k in range(12)))
    shown = run("train", "t.csv", "--target", "y", "--validation", 0.2, "--test", 0.5).stdout
    assert "\nsplit       validation 0 of 2.4, held out 4 of 6 rows; each class trains on one" in shown
    assert "split" not in run("train", "iris").stdout


def test_the_summary_says_how_many_classes_are_worse_than_those_it_shows(here: Path) -> None:
    rows = "".join(f"{k % 3},class {k % 12}\n" for k in range(240))
    (here / "t.csv").write_text(f"x,y\n{rows}")
    shown = run("train", "t.csv", "--target", "y").stdout
    assert "and 4 more classes" in shown
    assert "part         examples" in shown


def test_each_hidden_layer_may_have_an_activation_of_its_own(here: Path) -> None:
    run_json("train", "iris", "--hidden", "4,3", "--activation", "tanh, relu", "--max-epochs", 1)
    assert cr.load(here / "iris.safetensors").network.activations == ("tanh", "relu")


def test_a_training_that_only_diverged_is_refused_and_nothing_written(here: Path) -> None:
    options = ("--solver", "sgd", "--learning-rate", "1e30", "--hidden", 4)
    message = refusal("train", "iris", *options)
    assert message.startswith("chainrule train: sgd: objective")
    assert "Use a learning rate ten times smaller" in message
    assert message.endswith("Nothing was written.")
    assert list(here.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_results_that_cannot_be_printed_do_not_hide_that_the_model_is_written(
    here: Path, options: tuple[str, ...]
) -> None:
    with Path("/dev/full").open("w") as full:
        result = run_process(
            "train", "iris", *options, folder=here, capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert result.returncode == 2
    assert result.stderr == (
        "chainrule train: the model is written to 'iris.safetensors'; its results cannot be printed: "
        "No space left on device.\n"
    )
    assert cr.load(here / "iris.safetensors").predict("iris").shape == (150,)


def test_a_name_that_steers_a_terminal_is_shown_without_its_power(here: Path) -> None:
    name = "a\x1b[2Jb"
    (here / f"{name}.csv").write_text("x,y\n" + "".join(f"{k},{k % 2}\n" for k in range(40)))
    shown = run("train", f"{name}.csv", "--target", "y").stdout
    assert shown.endswith("Model: a?[2Jb.safetensors\n")
    assert "\x1b" not in run("evaluate", f"{name}.safetensors", f"{name}.csv").stdout
    assert "\x1b" not in refusal("train", f"{name}.csv", "--target", "z")


def test_an_archive_needs_no_target(here: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    np.savez("blobs.npz", X=X, y=X[:, 0] > 0)
    assert run_json("train", "blobs.npz")["test_accuracy"] > 0.8
    assert cr.load(here / "blobs.safetensors").classes == (False, True)


def test_the_summary_has_every_number_a_person_looks_for(here: Path) -> None:
    result = run("train", "digits", *QUICK)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert (here / "digits.safetensors").exists()
    assert [line.rstrip() for line in result.stdout.splitlines()[:6]] == [
        "examples    1,797",
        "features    60 from 64 columns",
        "left out    pixel_0_0, pixel_3_0, pixel_4_0, pixel_4_7: it has one value only",
        "classes     10",
        "hidden      8 relu",
        "parameters  578",
    ]
    for part in ("training        1,258", "validation        180", "held out          359"):
        assert part in result.stdout
    assert "worst classes" in result.stdout
    assert "adamw: objective" in result.stdout
    assert "after 3 epochs" in result.stdout
    assert result.stdout.endswith("Model: digits.safetensors\n")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_labels_in_square_brackets_are_shown_as_they_are(here: Path) -> None:
    rows = "".join(f"{k % 7},{'[red]' if k % 2 else ':smile:'}\n" for k in range(100))
    (here / "t.csv").write_text(f"x,y\n{rows}")
    shown = run("train", "t.csv", "--target", "y").stdout
    assert "[red]" in shown
    assert ":smile:" in shown


def test_a_reader_of_ascii_sees_labels_of_other_alphabets_escaped(tmp_path: Path) -> None:
    rows = "".join(f"{k % 7},{'да' if k % 2 else 'нет'}\n" for k in range(100))
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    command = [sys.executable, "-m", "chainrule", "train", "t.csv", "--target", "y"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert rb"\u043d\u0435\u0442" in result.stdout


@pytest.mark.parametrize("rate", [(), ("--learning-rate", "0.01")])
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw"])
def test_every_minibatch_solver_is_an_option(here: Path, solver: str, rate: tuple[str, ...]) -> None:
    options = (
        "--batch-size",
        16,
        "--alpha",
        0.001,
        "--label-smoothing",
        0.1,
        "--balanced",
        "--activation",
        "tanh",
    )
    result = run_json("train", "iris", *QUICK, "--solver", solver, *rate, *options, "--patience", 2)
    assert (result["solver"], result["epochs"]) == (solver, 3)
    assert (here / "iris.safetensors").exists()


def test_an_interrupted_training_saves_the_best_model_so_far(tmp_path: Path) -> None:
    # The process interrupts itself from inside the first epoch's report, so that no clock is involved.
    program = (
        "import os, signal, sys\n"
        "import chainrule.app.training_progress as shown\n"
        "from contextlib import contextmanager\n"
        "@contextmanager\n"
        "def interrupting(*, wanted):\n"
        "    yield lambda progress: progress.epoch == 3 and os.kill(os.getpid(), signal.SIGINT)\n"
        "shown.training_progress = interrupting\n"
        "from chainrule.app.main import run\n"
        "run()"
    )
    arguments = ["train", "digits", "--hidden", "8", "--json"]
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode in (130, -signal.SIGINT)
    told = json.loads(result.stdout)
    assert (told["reason"], told["epochs"], told["model"]) == ("INTERRUPTED", 3, "digits.safetensors")
    assert result.stderr == "chainrule: interrupted; the best model so far is in digits.safetensors.\n"
    assert cr.load(tmp_path / "digits.safetensors").predict_proba("digits").shape == (1797, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("absent.csv", "--target", "y"),
            "chainrule train: 'absent.csv' is a file that can be read; got 'No such file",
        ),
        (("empty.csv", "--target", "y"), "chainrule train: empty.csv holds a table; got an empty file."),
        (
            ("header.csv", "--target", "y"),
            "chainrule train: a table has at least one row; got header.csv without rows.",
        ),
        (
            ("good.csv",),
            "chainrule train: a target column is named; got none, and good.csv names none itself.",
        ),
        (
            ("good.csv", "--target", "why"),
            "got target 'why', which good.csv does not have. The columns are 'x', 'y'.",
        ),
        (
            ("one.csv", "--target", "y"),
            "a target has at least two classes; got 'a' in every row of column 'y' of one.csv",
        ),
        (
            ("infinite.csv", "--target", "y"),
            "got inf in column 'x', row 1 of infinite.csv (rows are counted from 0).",
        ),
        (
            ("good.csv", "--target", "y", "--hidden", "8,x"),
            "--hidden lists positive integers, as 256,128; got '8,x'.",
        ),
        (
            ("good.csv", "--target", "y", "--solver", "magic"),
            "solver is one of auto, sgd, adam, adamw, lazy-adam",
        ),
        (("good.csv", "--target", "y", "--learning-rate", "1"), "--learning-rate goes with sgd, adam, adamw"),
        (
            ("good.csv", "--target", "y", "--test", "1.5"),
            "chainrule train: --test is at least 0 and below 1; got 1.5.",
        ),
        (
            ("good.csv", "--target", "y", "--hidden", "9" * 5000),
            "--hidden has layers of at most 1,000,000 units; got '99",
        ),
        (
            ("good.csv", "--target", "y", "--hidden", "99999999999999999999"),
            "--hidden has layers of at most 1,000,000 units; got '99999999999999999999'.",
        ),
        (
            ("good.csv", "--target", "y", "--hidden", "1000000,1000000"),
            "the memory that a fit takes is there before it begins; got a need of 40,000 GB",
        ),
        (
            ("good.csv", "--target", "y", "--hidden", "3,3", "--activation", "tanh,tanh,relu"),
            "chainrule train: --activation is one name, or one for each of the 2 hidden layers",
        ),
        (("good.csv", "--target", "y", "--alpha", "-1"), "chainrule train: --alpha is finite and at least 0"),
        (
            ("good.csv", "--target", "y", "--hidden", "3", "--learning-rate", "-1"),
            "chainrule train: --learning-rate is a positive finite number; got -1.0.",
        ),
        (
            ("good.csv", "--target", "y", "--output", "model.Parquet"),
            "a model is a .safetensors file, and --output does not end in .csv, .tsv, .parquet, .arrow, .feather, .ipc",
        ),
        (
            ("good.csv", "--target", "y", "--output", "no/m"),
            "'no/m' can be written; got 'No such file or directory'",
        ),
        (
            ("good.csv", "--target", "y", "--output", "one.csv/m"),
            "'one.csv/m' can be written; got 'Not a directory'",
        ),
        (
            ("good.csv", "--target", "y", "--output", "."),
            "--output is a file; got the folder '.'. Name a file in it.",
        ),
        (("noext", "--target", "y", "--output", "noext"), "--output is another file than those read"),
        ((".", "--target", "y"), "chainrule train: "),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    here: Path, arguments: tuple[str, ...], message: str
) -> None:
    files = {
        "empty.csv": "",
        "noext": "x,y\n1,a\n2,b\n",
        "header.csv": "x,y\n",
        "good.csv": "x,y\n1,a\n2,b\n3,a\n4,b\n",
        "one.csv": "x,y\n1,a\n2,a\n",
        "infinite.csv": "x,y\n1,a\ninf,b\n2,a\n",
    }
    for name, content in files.items():
        (here / name).write_text(content)
    assert message in refusal("train", *arguments)
    assert {path.name: path.read_text() for path in here.iterdir()} == files


def test_an_option_that_does_not_exist_is_refused(here: Path) -> None:
    result = run("train", "digits", "--momentum", "x")
    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert list(here.iterdir()) == []


def test_the_output_is_tried_before_the_data_are_read(here: Path) -> None:
    assert "'no/m' can be written" in refusal("train", here / "absent.csv", "--output", "no/m")


def test_what_fails_while_saving_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in refusal("train", "iris")
    assert list(here.iterdir()) == []


def test_memory_that_does_not_suffice_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("chainrule.estimators.table_fit.Network", exhausted)
    assert refusal("train", "iris").startswith("chainrule: there is not enough memory")
    assert list(here.iterdir()) == []


def test_a_mistake_of_chainrules_own_is_not_dressed_up(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise AssertionError("a bug")

    monkeypatch.setattr("chainrule.estimators.table_fit.Network", broken)
    with pytest.raises(AssertionError, match="a bug") as bug:
        run("train", "iris")
    assert not isinstance(bug.value, ChainruleError)
    assert list(here.iterdir()) == []
