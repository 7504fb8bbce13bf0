"""The page of measured errors has the form that its script writes; its numbers are not judged."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/numerics.md").read_text()
OURS = ("chainrule, AVX-512", "chainrule, AVX2", "chainrule, generic", "chainrule, NumPy")
PEERS = ("PyTorch", "JAX", "optax", "scikit-learn", "SciPy")
ENTRY = re.compile(r"NaN|inf|0|\d+(\.\d+)?|\de-?\d+")


@pytest.fixture
def accuracy(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import accuracy

    yield accuracy
    for name in [name for name in sys.modules if name.partition(".")[0] == "accuracy"]:
        del sys.modules[name]


def _made_up(accuracy):
    from accuracy.measure import QUANTITIES
    from accuracy.page import DTYPES
    from accuracy.regimes import REGIMES

    cell = accuracy.Cell(None, 1.5, 0.1)
    cells = {
        (dtype, quantity, name, regime.heading): cell
        for dtype in DTYPES for quantity in QUANTITIES for name in OURS for regime in REGIMES
    }  # fmt: skip
    return accuracy.Measured(cells, {(dtype, name): 0.6 for dtype in DTYPES for name in OURS})


def _region(accuracy):
    return PAGE.split(accuracy.BEGIN)[1].split(accuracy.END)[0]


def _cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def _form(region):
    """Headings, headers, and for each row of ours its name and its number of entries."""
    lines = [line for line in region.splitlines() if line.startswith(("#", "| "))]
    headings = [line for line in lines if not line.startswith("| ") or _cells(line)[0] in ("", "---")]
    ours = [(_cells(line)[0], len(_cells(line))) for line in lines if line.startswith("| chainrule")]
    return headings, ours


def test_the_page_has_the_tables_that_the_script_writes(accuracy):
    written = accuracy.render(_made_up(accuracy), "none")
    assert _form(_region(accuracy)) == _form(written)


def test_every_entry_is_an_error_or_the_name_of_a_failure(accuracy):
    rows = [_cells(line) for line in _region(accuracy).splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0] not in ("", "---")]
    assert {row[0] for row in rows} == {*OURS, *PEERS}
    for row in rows:
        assert all(ENTRY.fullmatch(entry) for entry in row[1:]), row


def test_writing_replaces_the_region_and_nothing_else(accuracy):
    written = accuracy.render(_made_up(accuracy), "none")
    page = accuracy.replaced(PAGE, written)
    assert page.split(accuracy.BEGIN)[0] == PAGE.split(accuracy.BEGIN)[0]
    assert page.split(accuracy.END)[1] == PAGE.split(accuracy.END)[1]
    assert accuracy.replaced(page, PAGE[PAGE.index(accuracy.BEGIN) :]) == PAGE


def test_a_failure_is_named_in_place_of_a_number(accuracy):
    from accuracy.page import in_words

    assert in_words(accuracy.Cell("NaN", 1.0, 1.0).worse(accuracy.Cell("0", 2e14, 3.0))) == "NaN"
    assert in_words(accuracy.Cell(None, 2.4e14, 3.0)) == "2e14"
