"""The page as a whole: sections, structure, words of others, equal bytes."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

import chainrule.report
from chainrule.report import Influence, Judged, Report, report_html
from chainrule.report.words import MINUS
from report.reports import VERSIONS, Page, described, example, judged, section_text, trained, whole_report

SECTIONS = [
    "Summary",
    "Warnings and notes",
    "Training",
    "Confusion matrix",
    "Reliability",
    "Classes",
    "Influential columns",
    "Largest losses",
    "Settings",
    "Versions",
]
HOSTILE = [
    "<script>alert(1)</script>",
    "\" onmouseover='alert(1)",
    "</style></title></svg><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;",
    "\u202egnp.exe\x00\x1b[2J",
]
STYLE = (Path(chainrule.report.__file__).parent / "templates/style.css").read_text()


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(report_html(whole_report()))


def test_every_section_is_there_and_in_the_contents(page: Page) -> None:
    assert [heading.text for heading in page.all("h2")] == SECTIONS
    (nav,) = page.all("nav")
    links = [link for link in page.all("a") if "nav" in link.path]
    assert [link.text for link in links] == SECTIONS
    for link in links:
        assert page.by_id((link.attributes["href"] or "")[1:]).tag == "section"
    assert nav.attributes["aria-label"] == "Sections"


def test_the_numbers_of_a_page_by_hand() -> None:
    found = Judged(
        "rows of t.csv",
        np.array([0, 0, 0, 1, 1]),
        np.array([0, 0, 1, 1, 1]),
        np.array([0.1, 0.2, 1.5, 0.1, 0.1]),
        np.array([0.9, 0.8, 0.7, 0.95, 0.9]),
    )
    page = Page(report_html(replace(whole_report(), judged=found)))
    assert page.rows("confusion-caption") == [["no", "2", "1", "3"], ["yes", "0", "2", "2"]]
    assert page.rows("pairs-caption") == [["no", "yes", "1", "33.3 %"]]
    assert page.rows("classes-caption") == [
        ["no", "3", "2", "1.000", "0.667", "0.800", "0.6"],
        ["yes", "2", "3", "0.667", "1.000", "0.800", "0.1"],
    ]
    summary = section_text(page, "summary")
    assert "Accuracy80.0 %4 of 5 rows right" in summary
    assert "Log-loss0.4nats; 0.673 without looking at the columns" in summary
    assert "Macro F10.8" in summary
    # bins of 1/15: 0.1 and 0.2 off for one row each, 0.7 for the wrong one, 0.05 and 0.1 for two
    assert "Calibration error23.0 %" in summary


def test_an_example_shows_its_values_and_p_minus_y(page: Page) -> None:
    assert page.rows("example-1-classes") == [
        ["yes", "0.667", "0", "+0.667", ""],
        ["no", "0.333", "1", f"{MINUS}0.667", ""],
    ]
    assert page.rows("example-1-values") == [["size", "2.5"], ["colour", "missing"]]
    assert "Row 17: no, taken for yes" in section_text(page, "examples")
    assert "(the logits divided by the temperature)" in section_text(page, "examples")


def test_columns_settings_and_versions_are_tables(page: Page) -> None:
    assert [row[:3] for row in page.rows("columns-caption")] == [
        ["size", "+0.25", "0.071"],
        ["colour", "0", "0.014"],
    ]
    assert page.rows("settings-caption") == [
        ["alpha", "0.0001"],
        ["solver", "adamw"],
        ["solver: learning_rate", "0.01"],
    ]
    assert page.rows("versions-caption") == [[name, version] for name, version in VERSIONS.items()]


def test_the_curves_have_their_numbers_beside_them(page: Page) -> None:
    assert page.rows("loss-caption")[2] == ["3", "0.4", "0.6"]
    assert page.rows("rate-caption")[3] == ["4", "0.001"]
    description = page.by_id("loss-description").text
    assert "Training loss: from 1 at epoch 1 to 0.3 at epoch 4" in description
    assert "epoch 3 kept" in description


@pytest.mark.parametrize("count", [2, 26, 300])
def test_pages_of_few_and_many_classes_are_well_formed(count: int) -> None:
    labels = ("no", "yes") if count == 2 else tuple(f"class {n}" for n in range(count))
    page = Page(report_html(whole_report(labels)))
    assert len(page.rows("classes-caption")) == count
    matrix = page.rows("confusion-caption")
    assert len(matrix) == (2 if count == 2 else 12)
    assert all(len(row) == (4 if count == 2 else 15) for row in matrix)
    assert len(page.rows("example-1-classes")) == (2 if count == 2 else 11)
    check_structure(page)


def test_of_a_thousand_classes_those_with_the_lowest_f1_are_shown() -> None:
    page = Page(report_html(whole_report(tuple(range(1000)))))
    rows = page.rows("classes-caption")
    assert len(rows) == 300
    assert [row[5] for row in rows] == sorted(row[5] for row in rows)
    assert "of 1,000" in page.by_id("classes-caption").text


def test_without_data_the_sections_that_need_it_say_so_in_one_sentence() -> None:
    page = Page(report_html(Report(described(), trained(), settings={"alpha": 1.0}, versions=VERSIONS)))
    assert [heading.text for heading in page.all("h2")] == SECTIONS
    for name in ("confusion", "reliability", "classes", "columns", "examples"):
        text = section_text(page, name)
        assert text.endswith("needs rows with known classes: chainrule report MODEL DATA shows it.")
    assert page.rows("loss-caption")
    check_structure(page)


def test_a_model_that_says_nothing_has_a_page() -> None:
    bare = replace(described(), columns=(), left_out=(), rows={}, target=None, temperature=1.0)
    page = Page(report_html(Report(bare)))
    assert "The model does not say how it was trained." in section_text(page, "training")
    assert "does not say with which settings" in section_text(page, "settings")
    check_structure(page)


def test_a_full_batch_solver_has_no_learning_rate() -> None:
    run = replace(trained(), solver="newton-cg", full_batch=True, learning_rates=None)
    text = section_text(Page(report_html(Report(described(), run))), "training")
    assert "newton-cg has none: it finds the length of each step itself." in text
    assert "Loss by iteration" in text
    unknown = replace(trained(), learning_rates=None)
    assert "It cannot be told" in section_text(Page(report_html(Report(described(), unknown))), "training")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_appear_as_text_and_nothing_else(text: str) -> None:
    calm = Counter(element.tag for element in Page(report_html(whole_report())).elements)
    model = replace(
        described((text, "yes"), text), target=text, left_out=((text, text),), activations=(text,)
    )
    run = replace(trained(), solver=text, message=text, diagnosis=(text,))
    rows = replace(judged(), source=text)
    one = replace(example(), values=((text, text), ("colour", text)))
    influence = Influence(((text, (0.2,)), ("colour", (0.1,))), 200)
    report = Report(model, run, rows, influence, (one,), {text: text}, {text: text}, (text,))
    html = report_html(report)
    page = Page(html)
    found = Counter(element.tag for element in page.elements)
    assert set(found) <= set(calm)
    assert found["script"] == found["img"] == 0
    assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", html)
    visible = re.sub(r"[\x00\x1b]", "\ufffd", text)
    assert page.rows("example-1-values") == [[visible, visible], ["colour", visible]]
    assert page.all("h1")[0].text == visible
    assert page.rows("classes-caption")[0][0] == visible


def test_a_derivation_is_put_in_as_html_and_plain_text_as_text() -> None:
    report = whole_report()
    derived = replace(report.examples[0], derivation=Markup("<math><mi>Z</mi></math>"))
    page = Page(report_html(replace(report, examples=(derived,))))
    assert page.all("math")[0].text == "Z"
    assert "How the gradient comes about" in section_text(page, "examples")
    unsafe = replace(report.examples[0], derivation="<math></math>")
    assert not Page(report_html(replace(report, examples=(unsafe,)))).all("math")


@pytest.mark.parametrize("label", ["Köln", "日本語", "עברית", "👩\u200d🔬"])
def test_labels_of_any_script_are_shown(label: str) -> None:
    page = Page(report_html(whole_report((label, "yes"))))
    assert page.rows("confusion-caption")[0][0] == label
    assert page.rows("classes-caption")[0][0] == label


@pytest.mark.parametrize("labels", [(0, 1), (False, True), (0.5, 1.5), ("", " ")])
def test_labels_of_any_kind_are_shown(labels: tuple[object, ...]) -> None:
    rows = Page(report_html(whole_report(labels))).rows("classes-caption")
    assert [row[0] for row in rows] == [str(label).strip() or "empty text" for label in labels]


def test_equal_reports_give_equal_bytes() -> None:
    assert report_html(whole_report()).encode() == report_html(whole_report()).encode()


def test_the_page_holds_no_script_and_names_no_other_file(page: Page) -> None:
    html = report_html(whole_report())
    assert not page.all("script")
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html
    assert "@import" not in html
    loaded = [
        element.attributes.get(name)
        for element in page.elements
        for name in ("src", "href", "data", "action")
        if name in element.attributes
    ]
    assert {place for place in loaded if place and not place.startswith("#")} == {"data:,"}


def test_the_structure_of_a_page_serves_those_who_cannot_see_it(page: Page) -> None:
    check_structure(page)


def check_structure(page: Page) -> None:
    """Hold a page to landmarks, headings in order, captions, scopes, names, and references that exist."""
    assert page.all("html")[0].attributes["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer", "h1", "title"):
        assert len([one for one in page.all(landmark) if "svg" not in one.path]) == 1, landmark
    skip = page.all("a")[0]
    assert skip.attributes["href"] == "#main"
    levels = [int(one.tag[1]) for one in page.elements if re.fullmatch(r"h[1-6]", one.tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in page.elements:
        for name in (element.attributes.get("aria-labelledby") or "").split():
            assert page.by_id(name).text.strip(), name
    for table in page.all("table"):
        assert table.children[0].tag == "caption"
    for cell in page.all("th"):
        assert cell.attributes.get("scope") in ("col", "row")
    for drawing in page.all("svg"):
        names = [child.tag for child in drawing.children[:2]]
        hidden = drawing.attributes.get("aria-hidden") == "true"
        assert (
            hidden
            or "svg" in drawing.path
            or (drawing.attributes.get("role"), names) == ("img", ["title", "desc"])
        )
    for region in (one for one in page.all("div") if one.attributes.get("role") == "region"):
        assert region.attributes["tabindex"] == "0"


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})", block))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", ["light", "dark", "print"])
def test_colours_stand_apart(kind: str) -> None:
    light, dark = (
        STYLE.split("@media (prefers-color-scheme: dark)")[0],
        STYLE.split("scheme: dark)")[1].split("*,")[0],
    )
    blocks = {"light": light, "dark": dark, "print": STYLE.split("@media print")[1]}
    colours = tokens(light) | tokens(blocks[kind])
    for paper in ("paper", "panel"):
        for ink in ("ink", "quiet", "first"):
            assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
    assert contrast(colours["warning"], colours["warning-panel"]) >= 4.5
    assert contrast(colours["ink"], colours["warning-panel"]) >= 4.5
    for shade in range(1, 5):
        for side in ("right", "wrong"):
            assert contrast(colours["cell-ink"], colours[f"{side}-{shade}"]) >= 4.5, (side, shade)
    for drawn in ("first", "second", "quiet", "strong-rule", "focus"):
        assert contrast(colours[drawn], colours["paper"]) >= 3.0, drawn
