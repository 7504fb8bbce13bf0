"""The page of an explanation in a browser: nothing is asked for, nothing runs over the edge, in light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.command_line import run
from report.browser import Browser, open_browser

PAGES = {
    "weight": ("--row", "5", "--of", "dE/dW1[3,20]"),
    "table": ("--row", "5", "--of", "dE/dX_j"),
    "not computed": ("--row", "5", "--of", "dE/dO_k"),
    "brief": ("--row", "5", "--of", "dE/dZ_k", "--brief"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages")
    model = path / "digits.safetensors"
    assert run("train", "digits", "--hidden", "16,12", "--max-epochs", 3, "--output", model).exit_code == 0
    for name, arguments in PAGES.items():
        result = run("why", model, "digits", *arguments, "--format", "html")
        assert (result.exit_code, result.stderr) == (0, "")
        (path / f"{name}.html").write_text(result.stdout, encoding="utf-8")
    report = run("report", model, "digits", "--output", path / "report.html")
    assert (report.exit_code, report.stderr) == (0, "")
    return path


@pytest.mark.parametrize("page", [*PAGES, "report"])
@pytest.mark.parametrize(
    ("width", "media"),
    [
        (1280, {"prefers-color-scheme": "light"}),
        (1280, {"prefers-color-scheme": "dark"}),
        (320, {"prefers-color-scheme": "light"}),
    ],
    ids=["light", "dark", "phone"],
)
def test_formulas_and_tables_are_seen_without_an_error_or_a_request(
    browser: Browser, folder: Path, page: str, width: int, media: dict[str, str]
) -> None:
    file = folder / f"{page}.html"
    browser.show(file, width=width, media=media)
    places = (
        "[...document.querySelectorAll('.chainrule-explanation math')].map(m => m.getBoundingClientRect())"
    )
    assert browser.run(f"{places}.length") > 0
    assert browser.run(f"{places}.every(r => r.width > 5 && r.height > 5)")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.console() == []
    assert [place for place in browser.requests() if not place.startswith("data:,")] == [file.as_uri()]


def test_the_reports_examples_say_that_their_numbers_agree(browser: Browser, folder: Path) -> None:
    browser.show(folder / "report.html", width=1280, media={})
    assert browser.run("document.querySelectorAll('.derivation .chainrule-explanation').length") == 5
    assert browser.run("document.querySelectorAll('.derivation .verdict li').length") == 10
    assert browser.run("document.querySelectorAll('.derivation style').length") == 1
    assert browser.run("document.querySelectorAll('.derivation .disagreement').length") == 0
