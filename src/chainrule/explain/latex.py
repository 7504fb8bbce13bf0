r"""An explanation as LaTeX for the body of a document that uses amsmath."""

from collections.abc import Sequence

from chainrule.derive import latex, latex_document, latex_escaped
from chainrule.explain.explanation import Explanation
from chainrule.explain.shown import LEGEND, backward_rows, entry_rows, forward_rows, three_numbers, verdict
from chainrule.explain.words import example_words, in_words, network_words


def explanation_latex(found: Explanation, *, brief: bool = False) -> str:
    """Return an explanation as paragraphs of LaTeX."""
    head = f"{in_words(found)}. {network_words(found)}. {example_words(found)}."
    parts = [f"\\paragraph{{${latex(found.facts['quantity'])}$}} {latex_escaped(head)}"]
    rows: list[tuple[str, ...]] = [*three_numbers(found)] if isinstance(found.derivation, float) else []
    if not rows:
        rows = [("", "derivation", "backward pass", "central difference")]
        rows += [
            (row.label, row.derivation, row.backward, row.central_difference) for row in entry_rows(found)
        ]
    parts += ["\\paragraph{Three numbers}", _tabular(rows)]
    parts += [latex_escaped(sentence) for sentence in verdict(found)]
    parts += ["\\paragraph{Forward}", _tabular([(vector.name, text) for vector, text in forward_rows(found)])]
    if backward_rows(found):
        parts += [
            "\\paragraph{Backward}",
            _tabular([(vector.name, text) for vector, text in backward_rows(found)]),
        ]
    if not brief:
        parts += [latex_escaped(LEGEND), latex_document(found.proven, numbers=found.numbers)]
    return "\n\n".join(parts)


def _tabular(rows: Sequence[tuple[str, ...]]) -> str:
    lines = " \\\\\n".join(" & ".join(latex_escaped(cell) for cell in row) for row in rows)
    return f"\\begin{{tabular}}{{{'l' * len(rows[0])}}}\n{lines}\n\\end{{tabular}}"
