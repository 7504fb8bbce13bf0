"""The page of mistakes holds the table of diagnoses, word for word."""

from pathlib import Path

from chainrule.check import DIAGNOSES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mistakes.md"


LETTERS = (
    "O and p are softmax outputs, Z and z its inputs, Y and y targets, E the loss, g what comes from above."
)


def _cell(text):
    return text.replace("|", "\\|")


def page():
    rows = [
        f"| `{row.name}` | {_cell(row.definition)} | `{_cell(row.wrong)}` | `{_cell(row.right)}` |"
        for row in DIAGNOSES.values()
    ]
    return "\n".join(
        [
            "# Mistakes that have a name",
            "",
            "`check` gives these names, to formulas and to functions. They are stable, also in its JSON.",
            LETTERS,
            "",
            "| name | what was done | wrong | right |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def test_the_page_of_mistakes_is_the_table():
    assert PAGE.read_text() == page()
