"""The page in a browser: every section, no error, no request, in light and dark, on a narrow screen and on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chainrule.report import report_html
from report.browser import Browser, open_browser
from report.reports import whole_report
from report.test_page import HOSTILE, SECTIONS

HOSTILE_LABELS = (HOSTILE[0], HOSTILE[2], "x" * 500, "plain")
PAGES = {
    "two classes": whole_report(),
    "many classes": whole_report(tuple(f"a class with a rather long name {n}" for n in range(26))),
    "hostile labels": whole_report(HOSTILE_LABELS, name=HOSTILE[2]),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages")
    for name, report in PAGES.items():
        (path / f"{name}.html").write_bytes(report_html(report).encode())
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
def test_every_section_is_seen_without_an_error_or_a_request(
    browser: Browser, folder: Path, page: str, width: int, media: dict[str, str]
) -> None:
    file = folder / f"{page}.html"
    browser.show(file, width=width, media=media)
    assert (
        browser.run("[...document.querySelectorAll('main > section > h2')].map(h => h.innerText)") == SECTIONS
    )
    seen = "[...document.querySelectorAll('main > section')].every(s => s.checkVisibility() && s.clientHeight > 60)"
    assert browser.run(seen)
    assert browser.console() == []
    assert [place for place in browser.requests() if not place.startswith("data:,")] == [file.as_uri()]


def test_a_page_that_asks_for_something_or_fails_would_be_noticed(browser: Browser, folder: Path) -> None:
    file = folder / "bad.html"
    file.write_text('<img src="absent.png"><script>missing()</script>')
    browser.show(file, width=1280, media={})
    assert (folder / "absent.png").as_uri() in browser.requests()
    assert any("missing is not defined" in message for message in browser.console())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [320, 480, 1088, 1280])
def test_the_page_never_scrolls_sideways(browser: Browser, folder: Path, page: str, width: int) -> None:
    browser.show(folder / f"{page}.html", width=width, media={})
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_the_colours_follow_the_reader(browser: Browser, folder: Path) -> None:
    papers = []
    for scheme in ("light", "dark"):
        browser.show(folder / "two classes.html", width=1280, media={"prefers-color-scheme": scheme})
        papers.append(browser.run("getComputedStyle(document.documentElement).backgroundColor"))
    assert papers == ["rgb(253, 253, 251)", "rgb(19, 23, 27)"]


def test_the_keyboard_reaches_the_skip_link_first_and_is_seen(browser: Browser, folder: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.show(folder / "two classes.html", width=1280, media={})
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().top") >= 0.0
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.run("location.hash") == "#main"


def test_curves_are_drawn_where_the_numbers_say(browser: Browser, folder: Path) -> None:
    browser.show(folder / "two classes.html", width=1280, media={})
    place = (
        "(s => { const r = document.querySelector(s).getBoundingClientRect();"
        " return [r.left, r.right, r.top, r.bottom] })"
    )
    left, right, top, bottom = browser.run(f"{place}('[aria-labelledby^=loss-title]')")
    curve = browser.run(f"{place}('[aria-labelledby^=loss-title] path.curve')")
    assert curve[0] == pytest.approx(left, abs=2.0)
    assert curve[1] == pytest.approx(right, abs=2.0)
    # the losses 1.0 and 0.3 on an axis from 0 to 1.2 or so
    assert top <= curve[2] < curve[3] <= bottom
    assert (curve[3] - curve[2]) / (bottom - top) == pytest.approx(0.7 / 1.5, abs=0.15)


def test_hostile_labels_run_nothing(browser: Browser, folder: Path) -> None:
    browser.show(folder / "hostile labels.html", width=1280, media={})
    assert browser.run("document.title") == f"Report of {HOSTILE[2]}"
    assert browser.run("document.scripts.length + document.images.length") == 0


def test_the_page_can_be_printed(browser: Browser, folder: Path) -> None:
    browser.show(folder / "two classes.html", width=1280, media={"prefers-color-scheme": "dark"})
    assert browser.printed().startswith(b"%PDF")
