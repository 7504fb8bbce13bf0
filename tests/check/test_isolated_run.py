"""A function in a file is judged in an interpreter that can be stopped whatever it does."""

from pathlib import Path

import pytest

from chainrule.check import check_file
from chainrule.errors import ArgumentError, MissingFileError

FOLDER = Path(__file__).resolve().parent / "implementations"
HOSTILE = FOLDER / "hostile.py"


def test_a_function_in_a_file_is_judged():
    verdict = check_file(f"{FOLDER / 'wrong_losses.py'}:brier", seconds=60)
    assert verdict.verdict == "wrong"
    assert [mistake.name for mistake in verdict.diagnoses] == ["squared-error-for-cross-entropy"]


def test_options_reach_the_function():
    place = f"{FOLDER / 'right_numpy.py'}:tempered"
    assert check_file(place, temperature=2.5, seconds=60).verdict == "right"


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("raises", "not today"),
        ("loops", "did not return within"),
        ("exits", "SystemExit: 3"),
        ("interrupts", "KeyboardInterrupt"),
        ("ends_the_process", "The function ended the interpreter (exit status 7)"),
        ("returns_nothing", "returned None"),
        ("returns_text", "returned a str"),
        ("returns_the_wrong_shape", "returned shape"),
        ("draws_at_random", "answered differently"),
        ("wants_more", "'schedule'"),
        ("not_there", "AttributeError"),
    ],
)
def test_a_function_that_misbehaves_is_undecided_and_the_reason_is_told(function, told):
    verdict = check_file(f"{HOSTILE}:{function}", seconds=60)
    assert verdict.verdict == "undecided"
    assert told in verdict.reason


@pytest.mark.parametrize("function", ["catches_everything", "eats_memory"])
def test_a_function_that_cannot_be_interrupted_is_stopped(function):
    assert check_file(f"{HOSTILE}:{function}", seconds=5).verdict == "undecided"


def test_megabytes_of_output_do_no_harm():
    verdict = check_file(f"{HOSTILE}:prints_much", seconds=60)
    assert verdict.verdict == "right"
    assert any("prints" in remark for remark in verdict.remarks)


def test_a_file_that_cannot_be_imported_is_told(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def loss(logits, targets:\n")
    verdict = check_file(f"{broken}:loss", seconds=60)
    assert verdict.verdict == "undecided"
    assert "SyntaxError" in verdict.reason


def test_a_file_that_ends_its_interpreter_is_told(tmp_path):
    ending = tmp_path / "ending.py"
    ending.write_text("import os\nos._exit(5)\n")
    verdict = check_file(f"{ending}:loss", seconds=60)
    assert "while it was imported (exit status 5)" in verdict.reason


def test_places_that_name_no_function_of_a_file_are_refused():
    with pytest.raises(ArgumentError, match=r"FILE\.py:FUNCTION"):
        check_file("loss.py")
    with pytest.raises(MissingFileError, match=r"nowhere\.py"):
        check_file("nowhere.py:loss")
