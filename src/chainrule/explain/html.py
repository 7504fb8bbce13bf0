"""An explanation as HTML: tables of its numbers, and the derivation in MathML."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from chainrule.derive import derivation_html, derivation_style, equation_mathml, numeral, with_numbers
from chainrule.explain.explanation import Explanation
from chainrule.explain.shown import (
    LEGEND,
    backward_rows,
    class_rows,
    entry_rows,
    forward_rows,
    short_rows,
    three_numbers,
    verdict,
)
from chainrule.explain.words import example_words, heading, in_words, network_words

TEMPLATES = Path(__file__).parent / "templates"


def explanation_html(
    found: Explanation, *, brief: bool = False, heading_level: int = 3, style: bool = True, head: bool = True
) -> Markup:
    """Return an explanation as a fragment of HTML that needs nothing else.

    Parameters
    ----------
    found : Explanation
        What to show.
    brief : bool
        Show the result and the agreement alone.
    heading_level : int
        The level of its headings, 2 to 5.
    style, head : bool
        Whether it has its style; whether it begins with the quantity in words.
    """
    one = isinstance(found.derivation, float)
    level = min(max(heading_level, 2), 5)
    return Markup(
        environment()
        .get_template("explanation.html")
        .render(
            heading=heading(found),
            words=(in_words(found), network_words(found), example_words(found)),
            three=three_numbers(found) if one else (),
            entries=() if one else entry_rows(found),
            verdict=verdict(found),
            agrees=found.agrees,
            forward=forward_rows(found),
            classes=class_rows(found),
            named=bool(found.names.classes),
            softmax=found.facts["head"] == "softmax",
            backward=backward_rows(found),
            legend=LEGEND,
            derivation=None if brief else steps_html(found, level=level + 1, style=style),
            short=short_lines(found) if brief else (),
            brief=brief,
            level=level,
            style=explanation_style() if style else None,
            head=head,
        )
    )


def steps_html(found: Explanation, *, level: int, style: bool) -> Markup:
    """Return the derivation with numbers."""
    return derivation_html(found.proven, numbers=found.numbers, heading_level=level, style=style, head=False)


def short_lines(found: Explanation) -> list[tuple[str, Markup]]:
    """Return the result in symbols, and in numbers at a few positions of its letters, each with what it is about."""
    quantity, result = found.facts["quantity"], found.symbolic.result
    lines = [
        ("for every " + " and ".join(found.facts["letters"]), equation_mathml(quantity, result, block=False))
    ]
    if not found.facts["letters"]:
        lines = [("in symbols", equation_mathml(quantity, result, block=False))]
    for row, positions in short_rows(found):
        written = with_numbers(result, found.numbers, positions)
        lines.append((row.label, equation_mathml(written, numeral(row.value), block=False)))
    return lines


def explanation_style(*, with_derivation: bool = False) -> Markup:
    """Return the style of the fragments; it speaks of nothing but them, and takes over colours and fonts."""
    own = (TEMPLATES / "explanation.css").read_text(encoding="utf-8")
    return Markup(own) + (derivation_style() if with_derivation else Markup(""))


@cache
def environment() -> Environment:
    """Return what renders the template: every value is escaped, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
