"""The measured errors as tables in Markdown, between two markers of a page."""

from math import isfinite

from accuracy.measure import QUANTITIES, Cell, Measured
from accuracy.regimes import REGIMES

BEGIN = "<!-- worst errors: written by benchmarks/worst_errors.py --write docs/numerics.md -->"
END = "<!-- worst errors: end -->"
DTYPES = ("float32", "float64")
TITLES = {
    "loss": "Loss of a row, index target",
    "gradient": "Entry of its gradient",
    "softmax": "Entry of softmax",
    "log_softmax": "Entry of log_softmax",
    "logsumexp": "logsumexp",
}
HEADINGS = ("", *(regime.heading for regime in REGIMES), "of the bound")


def render(measured: Measured, versions: str) -> str:
    """Return the region, markers included."""
    parts = [BEGIN, "", f"Versions: {versions}.", ""]
    for dtype in DTYPES:
        for quantity in QUANTITIES:
            parts += [f"### {TITLES[quantity]}, {dtype}", "", *_table(measured, dtype, quantity), ""]
    parts += ["### exp, in ulp", "", *_exp_table(measured), "", END]
    return "\n".join(parts) + "\n"


def replaced(page: str, region: str) -> str:
    """Return the page with its region replaced."""
    before, rest = page.split(BEGIN)
    return before + region + rest.split(END)[1].lstrip("\n")


def in_words(cell: Cell) -> str:
    """Return the error in units of roundoff, or what is returned in place of the truth."""
    return cell.failure or number(cell.error)


def number(value: float) -> str:
    """Return two digits, three from 100 to 1000."""
    if value < 1000:
        return f"{value:.0f}" if value >= 100 else f"{value:.2g}"
    digit, exponent = f"{value:.0e}".split("e")
    return f"{digit}e{int(exponent)}"


def _table(measured: Measured, dtype: str, quantity: str) -> list[str]:
    names = dict.fromkeys(key[2] for key in measured.cells if key[:2] == (dtype, quantity))
    lines = [_line(*HEADINGS), _line(*["---", *["---:"] * (len(HEADINGS) - 1)])]
    for name in names:
        cells = [measured.cells[dtype, quantity, name, regime.heading] for regime in REGIMES]
        share = max(cell.share for cell in cells)
        lines.append(_line(name, *map(in_words, cells), number(share) if isfinite(share) else "inf"))
    return lines


def _exp_table(measured: Measured) -> list[str]:
    names = dict.fromkeys(name for _, name in measured.exponentials)
    lines = [_line("", *DTYPES), _line("---", "---:", "---:")]
    return lines + [
        _line(name, *(f"{measured.exponentials[dtype, name]:.2f}" for dtype in DTYPES)) for name in names
    ]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
