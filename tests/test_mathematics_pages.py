"""The pages on the mathematics are what their templates and the package make them, and hold nothing that was pasted."""

import re
import sys
from pathlib import Path

import pytest

from chainrule.derive import RULES, read_claim

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs/mathematics").glob("*.md"))
TEMPLATES = sorted((ROOT / "docs/mathematics/templates").glob("*.md.jinja"))
BLOCKS = re.compile(r"```text\n(.*?)```", flags=re.DOTALL)
MARKER = re.compile(r"\{\{.*?\}\}", flags=re.DOTALL)
PASTED = re.compile(
    r"```|\$|rule:|\\frac|\bd2?[A-Z]\w*/d[A-Z]|[A-Z]\w* = |\b[a-z]+\([A-Z1]|[A-Z]_\w [-+*] |_[a-z]\*"
)


@pytest.fixture
def writer(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import write_mathematics

    yield write_mathematics
    for name in [
        name for name in sys.modules if name.partition(".")[0] in ("mathematics", "write_mathematics")
    ]:
        del sys.modules[name]


def _formulas(page):
    """Every line at the margin of a block that is a formula."""
    lines = [line for block in BLOCKS.findall(page.read_text()) for line in block.splitlines()]
    return [line for line in lines if " = " in line and not line.startswith((" ", "rule: ", "For "))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_what_its_template_and_the_package_make_it(writer, page):
    assert page.read_text() == writer.written(page.stem), "run make docs"


def test_there_is_a_page_for_every_template_and_a_template_for_every_page():
    assert [page.stem for page in PAGES] == [path.name.removesuffix(".md.jinja") for path in TEMPLATES]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_formula_outside_of_what_is_computed(template):
    prose = MARKER.sub("", template.read_text())
    assert PASTED.findall(prose) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "rules"], ids=lambda page: page.stem)
def test_every_formula_line_of_a_page_can_be_typed_back(page):
    formulas = _formulas(page)
    assert formulas
    for line in formulas:
        (part,) = read_claim(line)
        assert len(part.expressions) == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_display_of_a_page_can_be_typed_back(page):
    for shown in re.findall(r"^\$\$\n(.*?)\n\$\$$", page.read_text(), flags=re.DOTALL | re.MULTILINE):
        assert len(read_claim(shown)) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.stem != "README"], ids=lambda page: page.stem
)
def test_the_index_names_every_page(page):
    assert f"({page.name})" in (page.parent / "README.md").read_text()


def test_the_table_of_rules_has_a_row_for_every_rule():
    rows = re.findall(r"^\| (.*?) \|", (ROOT / "docs/mathematics/rules.md").read_text(), flags=re.MULTILINE)
    assert rows == ["rule", *(rule.name for rule in RULES)]


def test_a_page_that_was_changed_by_hand_is_named(writer, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(writer, "ROOT", tmp_path)
    monkeypatch.setattr(writer, "PAGES", tmp_path)
    monkeypatch.setattr(writer, "names", lambda: ["README", "targets"])
    (tmp_path / "README.md").write_text(writer.written("README"))
    (tmp_path / "targets.md").write_text(writer.written("targets").replace("- Y_k", "+ Y_k"))
    assert writer.main(["--check"]) == 1
    assert capsys.readouterr().out == "targets.md is stale: run make docs\n"


def test_a_claim_that_does_not_hold_is_not_written(writer):
    with pytest.raises(AssertionError, match="does not hold"):
        writer.BLOCKS["claim"]("dE/dZ2 = O1 - 1", targets=[1, 0])


def test_a_mistake_that_holds_is_not_written(writer):
    with pytest.raises(AssertionError, match="holds"):
        writer.BLOCKS["mistake"]("dE/dZ1 = O1 - 1", targets=[1, 0])


def test_a_command_that_fails_is_not_written(writer, capsys):
    with pytest.raises(AssertionError, match="status 2"):
        writer.BLOCKS["try_it"]('chainrule derive "dE/dQ_k"')
    assert "'dQ'" in capsys.readouterr().err
