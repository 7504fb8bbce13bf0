"""The page of a derivation in a browser: formulas are drawn, nothing is asked for, nothing runs over the edge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.command_line import run
from report.browser import Browser, open_browser

PAGES = {
    "worked example": ("dE/dZ_k", "--probabilities", "0.2,0.6,0.2", "--targets", "1,0,0"),
    "every option": (
        "dE/dZ_k", "--targets", "any", "--temperature", "T", "--label-smoothing", "eps", "--class-weight",
        "--log-base", "2", "--reduction", "sum", "--detail",
    ),
    "layers": ("dE/dW1_kj", "--hidden", "relu,tanh,sigmoid"),
    "brief": ("d2E/dZ_k dZ_j", "--brief"),
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages")
    for name, arguments in PAGES.items():
        result = run("derive", *arguments, "--format", "html")
        assert (result.exit_code, result.stderr) == (0, "")
        (path / f"{name}.html").write_text(result.stdout, encoding="utf-8")
    return path


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("width", "media"),
    [
        (1280, {"prefers-color-scheme": "light"}),
        (1280, {"prefers-color-scheme": "dark"}),
        (320, {"prefers-color-scheme": "light"}),
        (780, {"type": "print"}),
    ],
    ids=["light", "dark", "phone", "print"],
)
def test_every_formula_is_drawn_without_an_error_or_a_request(
    browser: Browser, folder: Path, page: str, width: int, media: dict[str, str]
) -> None:
    file = folder / f"{page}.html"
    browser.show(file, width=width, media=media)
    places = "[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect())"
    assert browser.run("document.querySelectorAll('math').length") > 0
    assert browser.run(f"{places}.every(r => r.width > 5 && r.height > 5)")
    assert browser.console() == []
    assert [place for place in browser.requests() if not place.startswith("data:,")] == [file.as_uri()]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [320, 480, 1280])
def test_the_page_never_scrolls_sideways(browser: Browser, folder: Path, page: str, width: int) -> None:
    browser.show(folder / f"{page}.html", width=width, media={})
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_the_browser_knows_every_element_of_a_formula(browser: Browser, folder: Path) -> None:
    for page in PAGES:
        browser.show(folder / f"{page}.html", width=1280, media={})
        strange = "[...document.querySelectorAll('math *')].filter(e => !(e instanceof MathMLElement))"
        assert browser.run(f"{strange}.map(e => e.tagName)") == []


def test_fractions_sums_and_indices_are_drawn_as_such(browser: Browser, folder: Path) -> None:
    browser.show(folder / "worked example.html", width=1280, media={})
    place = "(s => { const r = document.querySelector(s).getBoundingClientRect(); return [r.top, r.bottom, r.left] })"
    above = browser.run(f"{place}('math mfrac > :first-child')")
    below = browser.run(f"{place}('math mfrac > :last-child')")
    assert above[1] <= below[0] + 1.0
    sign, under = (
        browser.run(f"{place}('math munder > mo')"),
        browser.run(f"{place}('math munder > :last-child')"),
    )
    assert sign[1] <= under[0] + 2.0
    letter, index = (
        browser.run(f"{place}('math msub > :first-child')"),
        browser.run(f"{place}('math msub > :last-child')"),
    )
    assert index[1] > letter[1] - 1.0
    assert index[2] > letter[2]


def test_the_colours_of_formulas_are_those_of_the_page(browser: Browser, folder: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        browser.show(folder / "brief.html", width=1280, media={"prefers-color-scheme": scheme})
        colours.append(browser.run("getComputedStyle(document.querySelector('math')).color"))
        assert colours[-1] == browser.run("getComputedStyle(document.documentElement).color")
    assert colours[0] != colours[1]


def test_the_page_can_be_printed(browser: Browser, folder: Path) -> None:
    browser.show(folder / "worked example.html", width=1280, media={})
    assert browser.printed().startswith(b"%PDF")
