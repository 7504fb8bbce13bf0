"""``chainrule derive``."""

import json
import os
import pty
import re
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.main import get_command

from app.command_line import refusal, run, run_process
from chainrule.app.commands import app
from chainrule.app.leading_minus import formulas_apart
from chainrule.derive import derive, read_claim

EXAMPLE = ("--probabilities", "0.2,0.6,0.2", "--targets", "1,0,0")
MATH = "{http://www.w3.org/1998/Math/MathML}"


def printed(*arguments: object) -> str:
    result = run("derive", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def formulas(text: str) -> list[str]:
    """Return the lines that can be typed back: those behind a line that ends a heading."""
    lines = text.splitlines()
    return [line for above, line in pairwise(lines) if above.startswith(("rule: ", "beginning:", "result:"))]


def test_the_gradient_of_the_cross_entropy_ends_in_outputs_less_targets() -> None:
    lines = printed("dE/dZ_k").splitlines()
    assert lines[-2:] == ["result:", "dE/dZ_k = O_k - Y_k"]
    assert lines[0] == "The derivative of the loss E by the logit Z_k"
    assert "rule: chain rule" in lines


def test_the_worked_example_has_its_numbers() -> None:
    lines = printed("dE/dZ_k", *EXAMPLE).splitlines()
    assert lines[-3:] == [
        "  in numbers, k = 1: 0.2 - 1 = -0.8",
        "  in numbers, k = 2: 0.6 - 0 = 0.6",
        "  in numbers, k = 3: 0.2 - 0 = 0.2",
    ]
    assert printed("E", *EXAMPLE).splitlines()[-1].endswith("1.6094")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dE/dZ_k",),
        ("dE/dO_k",),
        ("dE/dW_kj",),
        ("dE/db_k",),
        ("dE/dX_j",),
        ("d2E/dZ_k dZ_j",),
        ("dO_i/dZ_k", "--loss", "none"),
        ("dE/dZ_3", "--classes", "5"),
        ("dE/dZ_k", "--targets", "any", "--temperature", "T", "--label-smoothing", "eps", "--class-weight"),
        ("dE/dZ_k", "--log-base", "2", "--targets", "soft"),
        ("dE/dZ_k", "--output", "sigmoid"),
        ("dE/dZ_k", "--output", "sigmoid", "--loss", "squared-error"),
        ("dE/dZ_k", "--output", "identity"),
        ("dE/dZ_k", "--loss", "squared-error"),
        ("dE/dW1_kj", "--hidden", "relu"),
        ("E",),
    ],
    ids=" ".join,
)
def test_every_printed_line_can_be_typed_back(arguments: tuple[str, ...]) -> None:
    found = formulas(printed(*arguments))
    assert found
    for line in found:
        (part,) = read_claim(line)
        assert " = ".join(map(str, part.expressions)) == line.split(" if ")[0]


def test_a_formula_is_one_line_where_there_is_no_terminal() -> None:
    assert max(map(len, formulas(printed("dE/dW1_kj", "--hidden", "tanh")))) > 100


def test_brief_is_the_result_and_the_rules() -> None:
    text = printed("dE/dZ_k", "--brief")
    assert formulas(text) == ["dE/dZ_k = O_k - Y_k"]
    assert "  the targets sum to 1\n" in text
    assert "rule: " not in text


def test_detail_shows_every_rewriting() -> None:
    derivation = derive("dE/dZ_k")
    assert printed("dE/dZ_k", "--detail").count("  rewriting ") == len(derivation.steps)


def test_json_is_one_object() -> None:
    text = printed("dE/dZ_k", "--format", "json", "--targets", "any")
    assert text.count("\n") == 1
    value = json.loads(text)
    assert value["quantity"] == "dE/dZ_k"
    assert value["context"] == "softmax output; cross-entropy loss; any targets; any number of classes K"
    assert {"rule", "before", "after", "condition", "case", "reason", "after_latex"} <= set(value["steps"][0])
    assert value["steps"][-1]["after"] == value["result"]


def test_latex_is_for_the_body_of_a_document() -> None:
    text = printed("dE/dZ_k", "--format", "latex")
    assert text.startswith("\\paragraph{")
    assert r"\frac{\partial E}{\partial Z_{k}} &= O_{k} - Y_{k}" in text


def test_html_is_a_whole_page() -> None:
    text = printed("dE/dZ_k", "--format", "html", *EXAMPLE)
    assert text.startswith("<!DOCTYPE html>")
    assert "<title>The derivative of the loss E by the logit Z_k</title>" in text
    body = text[text.index("<main") : text.index("</main>") + len("</main>")]
    readings = [element.get("alttext") for element in ElementTree.fromstring(body).iter(f"{MATH}math")]
    assert readings.count("dE/dZ_k = O_k - Y_k") == 2
    assert "0.2 - 1 = -0.8" in readings


@pytest.mark.parametrize("place", [(0,), (-1,)])
def test_a_formula_may_begin_with_a_minus_sign(place: tuple[int]) -> None:
    arguments = ["--loss", "none", "--brief"]
    arguments.insert(place[0] if place[0] == 0 else len(arguments), "-tanh(O_k)")
    assert "\n-tanh(O_k) = " in printed(*arguments)
    assert printed("--loss", "none", "--brief", "--", "-tanh(O_k)") == printed(*arguments)


def test_options_keep_values_that_begin_with_a_minus_sign() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    line = ["derive", "--logits", "-1,2", "-O_k", "--brief"]
    assert formulas_apart(line, commands) == ["derive", "--logits", "-1,2", "--brief", "--", "-O_k"]
    assert formulas_apart(["derive", "-h"], commands) == ["derive", "-h"]
    assert formulas_apart(["derive", "--", "-h"], commands) == ["derive", "--", "-h"]
    assert formulas_apart(["train", "-x"], commands) == ["train", "-x"]
    assert "logits -1, 2" in printed("dE/dZ_k", "--logits", "-1,2")


def test_a_terminal_sees_wrapped_lines_and_colours(tmp_path: Path) -> None:
    text = on_a_terminal(tmp_path, "derive", "dE/dZ_k", columns=50)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "\x1b[" in text
    assert max(map(len, plain.splitlines())) <= 50
    joined = "".join(plain.split())
    assert joined == "".join(printed("dE/dZ_k").split())


def on_a_terminal(folder: Path, *arguments: str, columns: int) -> str:
    """Run in a process of its own whose stdout is a terminal, and return what came out of it."""
    near, far = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    done = run_process(
        *arguments, folder=folder, stdout=far, stderr=None, capture_output=False, env=environment
    )
    os.close(far)
    parts = []
    while part := _read(near):
        parts.append(part)
    os.close(near)
    assert done.returncode == 0
    return b"".join(parts).decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed and everything was read
        return b""


def test_nothing_steers_the_terminal_when_it_is_piped(tmp_path: Path) -> None:
    done = run_process("derive", "dE/dZ_k", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dE/dQ_k",), "got 'dQ' at position 3"),
        (("dE/dZ_k = O_k",), "a quantity is no equation"),
        (("dE/dU1_k",), "the network has no hidden layers"),
        (("dE/dW3_kj", "--hidden", "relu"), "The network has layers 1 to 2."),
        (("dE/dZ_9", "--classes", "3"), "There are classes 1 to 3"),
        (("E", "--loss", "none"), "E is the loss; got loss none"),
        (("T*dE/dZ_k",), "got no temperature"),
        (("dE/dZ_k", "--output", "sigmoid", "--loss", "cross-entropy"), "got sigmoid with cross-entropy"),
        (("dE/dZ_k", "--targets", "1,x"), "--targets is numbers with commas between them; got '1,x'"),
        (("dE/dZ_k", "--targets", "hot"), "targets is one of one-hot, soft, any, zeros"),
        (("dE/dZ_k", "--probabilities", "0.5,0.6"), "probabilities sum to 1; got 1.1"),
        (("dE/dZ_k", "--temperature", "cold"), "temperature is a number; got 'cold'"),
        (("dE/dZ_k", "--hidden", "relu,gelu"), "relu, tanh, sigmoid, identity; got 'gelu'"),
        (("dE/dZ_k", "--format", "pdf"), "--format is one of text, latex, html, json; got 'pdf'"),
        (("dE/dZ_k", "--brief", "--detail"), "either --brief or --detail is given; got both"),
        (("dE/dZ_k", "--log-base", "1"), "--log-base is greater than 0 and not 1"),
        (("dE/dZ_k", "--brif"), "No such option: --brif"),
        ((), "Missing argument 'QUANTITY'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_derived_is_refused_in_one_message(arguments: tuple[str, ...], message: str) -> None:
    said = refusal("derive", *arguments)
    assert said.startswith("chainrule derive: ")
    assert message in said


def test_deriving_loads_no_arrays(tmp_path: Path) -> None:
    code = (
        "import sys; from chainrule.app.commands import main; main(['derive', 'dE/dZ_k']);"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'jax', 'sklearn', 'polars')))"
    )
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
