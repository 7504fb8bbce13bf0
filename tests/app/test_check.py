"""``chainrule check`` of claims."""

import json
import os
import pty
from pathlib import Path

import pytest

from app.command_line import refusal, run, run_process


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ("dE/dZ_k = O_k - Y_k", 0),
        ("dE/dZ_k = Y_k - O_k", 1),
        ("dE/dZ_k = O_k - 1", 3),
        ("dE/dZ_k = (O_k - Y_k)/T", 4),
        ("dE/dZ_k = (O_k", 4),
        ("", 4),
    ],
)
def test_the_exit_status_is_the_verdict(claim: str, status: int) -> None:
    result = run("check", claim)
    assert (result.exit_code, result.stderr) == (status, "")
    assert result.stdout


@pytest.mark.parametrize("arguments", [("--targets", "1,0"), ("--json",), ("--hint", "--classes", "3")])
def test_a_claim_may_begin_with_a_minus_sign(arguments: tuple[str, ...]) -> None:
    assert run("check", "-O_k = -exp(Z_k)/sum_j exp(Z_j)", *arguments).exit_code == 0
    assert run("check", *arguments, "-dE/dZ_i = O_i - Y_i").exit_code == 1


def test_the_question_of_the_two_neurons_is_settled() -> None:
    result = run("check", "dE/dZ1 = dE/dZ2 = O1 - 1", "--targets", "1,0")
    assert result.exit_code == 1
    for line in (
        "WRONG  dE/dZ1 = dE/dZ2",
        "    dE/dZ_1 = -dE/dZ_2; dE/dZ_1 = O_1 - Y_1; dE/dZ_2 = O_2 - Y_2",
        "    dE/dZ_2 = O_2 = 1 - O_1",
        "And dE/dZ1 = O1 - 1 holds.",
        "Altogether: wrong.",
    ):
        assert line in result.stdout.splitlines()


def test_json_is_one_object_and_nothing_else() -> None:
    result = run("check", "dE/dZ1 = O1 - 1; dE/dZ2 = O1 - 1", "--targets", "1,0", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["verdict"]) == (1, "wrong")
    assert [part["verdict"] for part in found["parts"]] == ["right", "wrong"]
    assert found["parts"][1]["diagnosis"]["name"] == "target-index"


def test_a_hint_does_not_give_the_answer() -> None:
    result = run("check", "dE/dZ_k = Y_k - O_k", "--hint")
    assert result.exit_code == 1
    assert "sign" in result.stdout
    assert "O_k - Y_k" not in result.stdout


def test_every_option_reaches_the_context() -> None:
    softmax = ("--temperature", "2", "--label-smoothing", "0.1", "--log-base", "10", "--reduction", "mean")
    claim = "dE/dZ_k = (O_k - 0.9*Y_k - 0.1/K)/(2*N*ln(10))"
    assert run("check", claim, *softmax).exit_code == 0
    sigmoid = ("--output", "sigmoid", "--loss", "squared-error", "--targets", "any", "--hidden", "tanh,relu")
    assert run("check", "dE/dW3_kj = (O_k - Y_k)*O_k*(1 - O_k)*A2_j", *sigmoid).exit_code == 0
    assert run("check", "dE/dZ_k = w_c*(O_k - Y_k)", "--class-weight").exit_code == 0
    assert run("check", "E = 1.6094", "--probabilities", "0.2,0.6,0.2", "--targets", "1,0,0").exit_code == 0
    assert run("check", "E = 0.3133", "--logits", "1,0", "--targets", "1,0").exit_code == 0


def test_a_function_in_a_file_is_no_claim(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import numpy as np\ndef softmax(logits):\n    e = np.exp(logits - logits.max(1, keepdims=True))\n"
        "    return e / e.sum(axis=1, keepdims=True)\n"
    )
    result = run("check", f"{file}:softmax", "--json")
    assert (result.exit_code, json.loads(result.stdout)["kind"]) == (0, "softmax")


def test_options_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    assert "--kind belongs to a function" in refusal("check", "E = E", "--kind", "loss")
    assert "--output belongs to a claim" in refusal("check", "mine.py:f", "--output", "sigmoid")
    assert "--hint belongs to a claim" in refusal("check", "mine.py:f", "--hint")
    assert "targets is one of one-hot" in refusal("check", "E = E", "--targets", "some")
    assert "--temperature is a number" in refusal("check", "mine.py:f", "--temperature", "T")
    assert "there.py" in refusal("check", f"{tmp_path}/not/there.py:f")


def test_on_a_terminal_there_are_colours_and_no_characters_that_steer_it() -> None:
    ours, theirs = pty.openpty()
    process = run_process(
        "check", "dE/dZ_k = \x1b[2J", folder=Path.cwd(), capture_output=False, stdout=theirs
    )
    os.close(theirs)
    text = os.read(ours, 100_000).decode()
    os.close(ours)
    assert process.returncode == 4
    assert "UNDECIDED" in text
    assert "\x1b[2J" not in text
