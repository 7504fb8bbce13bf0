"""The command line itself."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import chainrule
from app.command_line import run, run_process
from chainrule.app.confusion import ClassErrors, worst_classes


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"chainrule {chainrule.__version__}\n"


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
