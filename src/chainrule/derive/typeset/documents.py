r"""A derivation as LaTeX: one display for notebooks, or paragraphs for a document that uses amsmath."""

from collections.abc import Iterator

from chainrule.derive.derivation import Derivation
from chainrule.derive.expressions import Expression
from chainrule.derive.rewriting import Relation
from chainrule.derive.typeset.arrangement import box, condition_boxes
from chainrule.derive.typeset.latex import escaped, latex, latex_of_boxes
from chainrule.derive.typeset.numbers import Numbers
from chainrule.derive.typeset.shown import ShownNumbers, ShownStep, numbers_at, rules_used, shown_sections
from chainrule.derive.typeset.words import context_words, quantity_words


def latex_document(
    derivation: Derivation, *, detail: bool = False, brief: bool = False, numbers: Numbers | None = None
) -> str:
    """Return a derivation as paragraphs of LaTeX for the body of a document that uses amsmath.

    Each line is one row of an ``align*``, its rule beside it, with its ASCII reading in a comment before it.
    """
    words = quantity_words(derivation.quantity)
    head = f"{words[0].upper()}{words[1:]}, where {context_words(derivation.context)}."
    parts = [f"\\paragraph{{{escaped(head)}}}"]
    if brief:
        parts += [f"\\paragraph{{Rules used:}} {escaped(', '.join(rules_used(derivation)))}."]
    for section in () if brief else shown_sections(derivation, detail=detail, numbers=numbers):
        rows = (
            []
            if section.begins is None
            else [(_reading(*section.begins), _row(*section.begins, None, "beginning"))]
        )
        rows += [row for step in section.steps for row in _rows(step, detail=detail)]
        parts += [f"\\paragraph{{{escaped(section.title)}}}", _align(rows)]
    rows = [
        (
            _reading(derivation.quantity, derivation.result),
            _row(derivation.quantity, derivation.result, None, ""),
        )
    ]
    rows += [
        _numbers_row(found) for found in numbers_at(derivation.quantity, derivation.result, None, numbers)
    ]
    stuck = [] if derivation.stuck is None else [f"Stuck: {escaped(derivation.stuck)}."]
    return "\n".join([*parts, "\\paragraph{Result}", _align(rows), *stuck])


def latex_display(derivation: Derivation, *, numbers: Numbers | None = None) -> str:
    """Return a derivation as one display that MathJax and KaTeX read, for notebooks."""
    rows = []
    for section in shown_sections(derivation, numbers=numbers):
        rows.append(f"&\\textbf{{{escaped(section.title)}}}")
        if section.begins is not None:
            rows.append(_row(*section.begins, None, "beginning"))
        rows += [row for step in section.steps for _, row in _rows(step, detail=False)]
    rows.append("&\\textbf{Result}")
    rows.append(_row(derivation.quantity, derivation.result, None, ""))
    rows += [
        _numbers_row(found)[1] for found in numbers_at(derivation.quantity, derivation.result, None, numbers)
    ]
    inner = " \\\\\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{inner}\n\\end{{aligned}}\n$$"


def equation_latex(quantity: Expression, after: Expression, case: Relation | None = None) -> str:
    r"""Return a line as LaTeX for math mode.

    Examples
    --------
    >>> from chainrule.derive.expressions import Entry
    >>> print(equation_latex(Entry("O", None, ("i",)), Entry("O", None, ("k",)), Relation("i", "k", True)))
    O_{i} = O_{k}\quad \text{if}\ i = k
    """
    return f"{latex(quantity)} = {latex(after)}{_case(case)}"


def _case(case: Relation | None) -> str:
    return "" if case is None else latex_of_boxes(condition_boxes(case.first, case.second, equal=case.equal))


def _row(quantity: Expression, after: Expression, case: Relation | None, rule: str) -> str:
    side = f" && \\text{{{escaped(rule)}}}" if rule else ""
    return f"{latex(quantity)} &= {latex(after)}{_case(case)}{side}"


def _rows(step: ShownStep, *, detail: bool) -> Iterator[tuple[str, str]]:
    text = "; ".join([step.rule, *(f"needs {condition}" for condition in step.conditions)])
    yield _reading(step.quantity, step.after, step.case), _row(step.quantity, step.after, step.case, text)
    for before, after in step.parts if detail else ():
        yield (
            f"rewriting {before} = {after}",
            f"&\\quad\\text{{rewriting}}\\ {latex(before)} = {latex(after)}",
        )
    for found in step.numbers:
        yield _numbers_row(found)


def _numbers_row(found: ShownNumbers) -> tuple[str, str]:
    end = "" if found.value is None else f" = {found.value}"
    latex_end = "" if found.value is None else f" = {latex_of_boxes(box(found.value))}"
    at = "".join(f", {letter} = {place}" for letter, place in found.positions.items())
    return (
        f"in numbers{at}: {found.formula}{end}",
        f"&\\quad\\text{{in numbers}}{at}\\colon\\ {latex(found.formula)}{latex_end}",
    )


def _reading(quantity: Expression, after: Expression, case: Relation | None = None) -> str:
    return f"{quantity} = {after}{'' if case is None else f' if {case}'}"


def _align(rows: list[tuple[str, str]]) -> str:
    lines = [f"% {reading}\n{row}" for reading, row in rows]
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"
