"""An explanation as plain text."""

import textwrap
from collections.abc import Iterator, Sequence

from chainrule.derive import Line, text_lines
from chainrule.explain.explanation import Explanation
from chainrule.explain.shown import (
    LEGEND,
    backward_rows,
    class_rows,
    entry_rows,
    forward_rows,
    three_numbers,
    verdict,
)
from chainrule.explain.words import example_words, heading, in_words, network_words

INDENT = "  "
LEAST_WIDTH = 40


def explanation_lines(found: Explanation, *, brief: bool = False, width: int | None = None) -> Iterator[Line]:
    """Yield the lines of an explanation: numbers, verdict, values forward and backward, and the steps.

    Parameters
    ----------
    found : Explanation
        What to show.
    brief : bool
        Leave out the steps.
    width : int, optional
        The number of columns.
    """
    for line in _head(found):
        yield from _wrapped(line, width)
    if brief:
        return
    yield Line("blank", "")
    yield Line("heading", "The derivation, with this example's numbers")
    yield from _wrapped(Line("reason", INDENT + LEGEND), width)
    yield Line("blank", "")
    yield from text_lines(found.proven, width=width, numbers=found.numbers)


def _head(found: Explanation) -> Iterator[Line]:
    yield Line("heading", heading(found))
    yield Line("reason", INDENT + in_words(found))
    yield Line("reason", INDENT + network_words(found))
    yield Line("reason", INDENT + example_words(found))
    yield Line("blank", "")
    if isinstance(found.derivation, float):
        yield from _columns("Three numbers for one quantity", three_numbers(found))
    else:
        rows = [
            (row.label, row.derivation, row.backward, row.central_difference) for row in entry_rows(found)
        ]
        names = ("", "derivation", "backward pass", "central difference")
        yield from _columns(f"Three numbers for each entry{_of_all(found, len(rows))}", [names, *rows])
    for sentence in verdict(found):
        yield Line("formula" if sentence.startswith("DISAGREEMENT") else "reason", INDENT + sentence)
    yield Line("blank", "")
    yield from _columns("Forward", [(vector.name, text) for vector, text in forward_rows(found)])
    yield Line("blank", "")
    yield from _classes(found)
    if backward_rows(found):
        yield Line("blank", "")
        yield from _columns("Backward", [(vector.name, text) for vector, text in backward_rows(found)])


def _of_all(found: Explanation, shown: int) -> str:
    count = 0 if isinstance(found.derivation, float) or found.derivation is None else found.derivation.size
    return f", {shown} of {count:,}" if shown < count else ""


def _classes(found: Explanation) -> Iterator[Line]:
    named = bool(found.names.classes)
    head = ("k", *(["name"] if named else []), "Z_k", "O_k", "Y_k", "dE/dZ_k")
    rows = [
        (str(row.position), *([row.name] if named else []), row.logit, row.output, row.target, row.slope)
        for row in class_rows(found)
    ]
    yield from _columns("Classes" if found.facts["head"] == "softmax" else "Outputs", [head, *rows])


def _columns(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    yield Line("heading", title)
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        yield Line("numbers", INDENT + "  ".join(cells).rstrip())


def _wrapped(line: Line, width: int | None) -> Iterator[Line]:
    if width is None or len(line.text) <= width:
        yield line
        return
    texts = textwrap.wrap(
        line.text, max(width, LEAST_WIDTH), subsequent_indent=INDENT * 2, break_on_hyphens=False
    )
    yield from (Line(line.kind, text) for text in texts)
