"""Write the pages on the mathematics, docs/mathematics/*.md, from their templates.

Each derivation, result, number and claim of a page is computed here. ``--check`` writes nothing, and names the pages
that are not what would be written.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mathematics import blocks
from mathematics.network_example import network_example
from mathematics.rules_table import rules_table, sources

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs/mathematics"
TEMPLATES = PAGES / "templates"
BLOCKS = {
    "derivation": blocks.derivation,
    "numbers": blocks.numbers,
    "result": blocks.result,
    "equation": blocks.equation,
    "formula": blocks.formula,
    "values": blocks.values,
    "jacobian": blocks.jacobian,
    "claim": blocks.claim,
    "mistake": blocks.mistake,
    "display": blocks.display,
    "try_it": blocks.try_it,
    "rules_table": rules_table,
    "sources": sources,
    "network_example": network_example,
}
"""What templates may call."""


def names() -> list[str]:
    """Return the names of the pages, without their endings."""
    return sorted(path.name.removesuffix(".md.jinja") for path in TEMPLATES.glob("*.md.jinja"))


def written(name: str) -> str:
    """Return a page as its template and the package make it."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # the text is Markdown, and the templates are ours
    )
    environment.globals |= BLOCKS
    note = f"<!-- Written by tools/write_mathematics.py: edit templates/{name}.md.jinja, then run make docs. -->\n\n"
    return note + environment.get_template(f"{name}.md.jinja").render()


def stale() -> Iterator[Path]:
    """Yield the pages that are not what would be written, and those without a template."""
    expected = {PAGES / f"{name}.md" for name in names()}
    yield from sorted(set(PAGES.glob("*.md")) - expected)
    for path in sorted(expected):
        if not path.exists() or path.read_text() != written(path.stem):
            yield path


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them."""
    if arguments == ["--check"]:
        found = [f"{path.relative_to(ROOT)} is stale: run make docs" for path in stale()]
        print("\n".join(found) or f"mathematics: {len(names())} pages, each as its derivations are")
        return bool(found)
    for name in arguments or names():
        (PAGES / f"{name}.md").write_text(written(name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
