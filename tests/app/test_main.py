"""The command line itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from app.command_line import refusal, run, run_process
from chainrule.app.confusion import ClassErrors, worst_classes
from chainrule.app.refusal import refusal_text
from chainrule.errors import ArgumentError, DataError


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"chainrule {cr.__version__}\n"


@pytest.mark.parametrize("command", [(), ("train",), ("predict",), ("evaluate",)])
def test_every_command_has_help_that_fits_eighty_columns(command: tuple[str, ...], tmp_path: Path) -> None:
    result = run_process(*command, "--help", folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_loads_neither_polars_nor_scikit_learn() -> None:
    program = (
        "import sys\nfrom chainrule.app.main import run\nsys.argv = ['chainrule', '--help']\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "assert not {'polars', 'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize("module", ["typer", "numpy", "polars"])
def test_ctrl_c_while_the_command_line_is_still_being_loaded_is_told(tmp_path: Path, module: str) -> None:
    # The process interrupts itself where a module is asked for, so that no clock is involved.
    program = (
        "import builtins, os, signal, sys\n"
        "from chainrule.app.main import run\n"
        "assert 'MODULE' not in sys.modules\n"
        "loading = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'MODULE':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return loading(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "run()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program.replace("MODULE", module), "train", "iris"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (result.returncode, result.stderr) == (130, "chainrule: interrupted; nothing was written.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("predict M D >&-", 2),
        ("predict M D 2>&-", 0),
        ("predict M absent.csv 2>&-", 2),
        ("train D --target plan --quiet -o m <&- >&- 2>&-", 0),
        ("--version >&-", 2),
    ],
)
def test_a_closed_stream_is_no_mistake_of_the_program(
    folder: Path, here: Path, command: str, status: int
) -> None:
    result = run_shell(command, folder, here)
    assert result.returncode == status
    assert "Traceback" not in result.stderr
    if "-o m" in command:
        assert cr.load(here / "m").classes == ("basic", "plus", "premium")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "command",
    ["--help >/dev/full", "--version >/dev/full", "evaluate M D >/dev/full", "train --help >/dev/full"],
)
def test_a_full_stdout_is_refused_in_one_line(folder: Path, here: Path, command: str) -> None:
    result = run_shell(command, folder, here)
    assert (result.returncode, result.stderr) == (
        2,
        "chainrule: the system refused: No space left on device.\n",
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_stderr_leaves_the_exit_status(folder: Path, here: Path) -> None:
    assert run_shell("train absent.csv --target y 2>/dev/full", folder, here).returncode == 2


@pytest.mark.parametrize(
    "command",
    ["--help", "--version", "train --help", "evaluate M D", "evaluate M D --json", "train D --target plan"],
)
def test_a_reader_that_is_gone_ends_every_command_with_141(folder: Path, here: Path, command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [
        {"M": str(folder / "people.safetensors"), "D": str(folder / "people.csv")}.get(w, w)
        for w in command.split()
    ]
    with os.fdopen(writing, "wb") as gone:
        result = run_process(*words, folder=here, capture_output=False, stdout=gone, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (141, "")


def test_a_terminal_without_columns_shows_everything(folder: Path, here: Path) -> None:
    shown = run_shell("evaluate M D", folder, here, COLUMNS="0").stdout
    assert "accuracy" in shown
    assert "400" in shown


def run_shell(command: str, folder: Path, here: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a shell; M is the model and D the data."""
    words = command.replace(" M", f" {folder / 'people.safetensors'}").replace(
        " D", f" {folder / 'people.csv'}"
    )
    line = f"{sys.executable} -m chainrule {words}"
    return subprocess.run(
        ["sh", "-c", line],
        cwd=here,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "iris", "--alpha", "x"), "chainrule train: Invalid value for '--alpha': "),
        (("train", "iris", "--max-epochs", "0"), "chainrule train: Invalid value for '--max-epochs': "),
        (("train",), "chainrule train: Missing argument 'DATA'."),
        (("learn",), "chainrule: No such command 'learn'."),
        (("--verbose",), "chainrule: No such option: --verbose"),
    ],
)
def test_a_wrong_use_is_refused_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    assert refusal(*arguments).startswith(message)


def test_no_argument_at_all_gets_the_help() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Usage: chainrule" in result.stdout + result.stderr


def test_errors_speak_of_options_and_name_the_command() -> None:
    error = ArgumentError("train", "max_epochs is an integer", "1.5", "Pass a positive integer, or 'auto'.")
    text = "chainrule train: --max-epochs is an integer; got 1.5. Pass a positive integer."
    assert refusal_text(error, "chainrule train") == text
    error = ArgumentError("train", "n_threads is at most 8", "9", "Pass None to use them all.")
    text = "chainrule train: --threads is at most 8; got 9. Leave it out."
    assert refusal_text(error, "chainrule train") == text


def test_columns_that_are_called_like_arguments_keep_their_names() -> None:
    error = DataError("chainrule predict", "column 'alpha' holds numbers", "max_epochs", "Look at n_threads.")
    assert refusal_text(error, "chainrule predict") == str(error)


def test_a_command_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    result = run_process("learn", folder=tmp_path)
    assert result.returncode == 2
    assert "No such command" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_worst_classes_come_first_and_right_ones_not_at_all() -> None:
    targets = np.array([0, 0, 1, 1, 1, 2, 2, 3])
    predictions = np.array([0, 0, 2, 3, 3, 2, 0, 3])
    assert worst_classes(targets, predictions, ["a", "b", "c", "d"]) == [
        ClassErrors("b", 3, 0, (("d", 2), ("c", 1))),
        ClassErrors("c", 2, 1, (("a", 1),)),
    ]


def test_no_class_is_worst_where_all_are_right() -> None:
    assert worst_classes(np.array([0, 1]), np.array([0, 1]), ["a", "b"]) == []
