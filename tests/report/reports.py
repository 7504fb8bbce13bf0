"""Reports for the tests of the page, and a reader of its HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import numpy as np

from chainrule.report import Column, Described, Example, Influence, Judged, Report, Trained

VOID = {"br", "link", "meta"}
VERSIONS = {"chainrule": "0.1.0", "numpy": "2.4.6", "python": "3.11.7"}


def described(classes: tuple[object, ...] = ("no", "yes"), name: str = "m.safetensors") -> Described:
    columns = (Column("size", "number", 2), Column("colour", "category", 3))
    rows = {"training": 70, "validation": 10, "test": 20}
    return Described(
        name, "kind", classes, (5, 8, len(classes)), ("relu",), 99, columns,
        (("unit", "it has one value only"),), rows, 1.25,
    )  # fmt: skip


def trained() -> Trained:
    return Trained(
        "adamw", "COMPLETED", "All planned epochs were run.", True, 4, 3, (1.0, 0.5, 0.4, 0.3),
        (1.1, 0.7, 0.6, 0.65), (0.01, 0.008, 0.005, 0.001),
    )  # fmt: skip


def judged(n_classes: int = 2, rows: int = 200, seed: int = 0) -> Judged:
    """Return rows judged at random, right in three of four, each class at least once where rows suffice."""
    rng = np.random.default_rng(seed)
    targets = np.arange(rows) % n_classes
    others = rng.integers(0, n_classes, rows)
    predictions = np.where(rng.random(rows) < 0.75, targets, others)
    confidences = rng.uniform(1.0 / n_classes, 1.0, rows)
    return Judged("held-out rows of t.csv", targets, predictions, rng.exponential(0.4, rows), confidences)


def example(n_classes: int = 2, row: int = 17) -> Example:
    probabilities = np.arange(1.0, n_classes + 1) / np.arange(1.0, n_classes + 1).sum()
    return Example(row, (("size", 2.5), ("colour", None)), 0, float(-np.log(probabilities[0])), probabilities)


def whole_report(classes: tuple[object, ...] = ("no", "yes"), name: str = "m.safetensors") -> Report:
    n_classes = len(classes)
    return Report(
        described(classes, name), trained(), judged(n_classes, max(200, 3 * n_classes)),
        Influence((("size", (0.2, 0.3)), ("colour", (-0.01, 0.01))), 200), (example(n_classes),),
        {"alpha": 1e-4, "solver": {"name": "adamw", "learning_rate": 0.01}}, VERSIONS,
    )  # fmt: skip


@dataclass
class Element:
    """An element of a page, with its text and that of everything in it."""

    tag: str
    attributes: dict[str, str | None]
    path: tuple[str, ...]
    text: str = ""
    children: list["Element"] = field(default_factory=list)


class Page(HTMLParser):
    """A page that was read: every element closed in order, or reading fails."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        element = Element(tag, dict(attrs), tuple(one.tag for one in self._open))
        self.elements.append(element)
        if self._open:
            self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def by_id(self, name: str) -> Element:
        (found,) = [element for element in self.elements if element.attributes.get("id") == name]
        return found

    def rows(self, caption: str) -> list[list[str]]:
        """Return the texts of the body of the table whose caption has an id."""
        (table,) = [one for one in self.all("table") if one.children[0].attributes.get("id") == caption]
        body = next(part for part in table.children if part.tag == "tbody")
        return [[" ".join(cell.text.split()) for cell in row.children] for row in body.children]


def section_text(page: Page, name: str) -> str:
    return " ".join(page.by_id(name).text.split())
