r"""Pasted LaTeX of formulas: ``\frac{\partial E}{\partial Z_k}`` is ``d(E)/(dZ_k)``, ``\hat{y}_k`` is ``O_k``."""

import re
from dataclasses import dataclass, field

from chainrule.derive.grammar_error import Source
from chainrule.derive.limits import DEEPEST_NESTING
from chainrule.derive.unicode_signs import HAT, SUBSCRIPTS, SUPERSCRIPTS, sign

_COMMAND = re.compile(r"\\([A-Za-z]+)\*?|\\(.)", re.DOTALL)
_SIGNS: dict[str, str | None] = {
    **dict.fromkeys(("cdot", "times", "ast", "odot", "otimes", "circ"), "*"),
    **dict.fromkeys(("neq", "ne"), "!="),
    **dict.fromkeys(("approx", "equiv", "coloneqq", "simeq"), "="),
    **dict.fromkeys(("quad", "qquad", "displaystyle", "textstyle", "nonumber", "notag"), " "),
    **dict.fromkeys(("limits", "nolimits", "left", "right", "big", "Big", "bigg", "Bigg"), ""),
    **dict.fromkeys(("bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr"), ""),
    **dict.fromkeys(tuple(",;:!>()[]/& "), " "),
    **dict.fromkeys(("Rightarrow", "implies", "newline", "\\", "\n"), "\n"),
    **dict.fromkeys(("exp", "ln", "log", "max", "tanh", "sum", "delta", "sigma"), None),
    **dict.fromkeys(("epsilon", "varepsilon"), " eps"),
    **dict.fromkeys(("top", "intercal"), "T"),
    **dict.fromkeys(("lbrack", "lparen", "{"), "("),
    **dict.fromkeys(("rbrack", "rparen", "}"), ")"),
    "div": "/",
    "partial": " d",
    "ell": " L",
}
"""What commands are in ASCII; None is the command's own name."""
_STYLES = (
    *(
        "mathrm",
        "mathbf",
        "mathit",
        "mathsf",
        "mathcal",
        "mathscr",
        "mathbb",
        "boldsymbol",
        "bm",
        "vec",
        "rm",
        "bf",
    ),
    *("operatorname", "text", "textrm", "textbf"),
)
_HATS = ("hat", "widehat")
_ENVIRONMENTS = (
    *("aligned", "align", "equation", "gather", "gathered", "split", "eqnarray", "multline"),
    *("math", "displaymath"),
)
_DROPPED = ("label", "tag", "hspace", "vspace")
_KNOWN = r"Write \frac, \partial, \sum_{i \neq k}, \cdot, \delta_{ik}, \hat{y}_k, \ln, \exp, or plain text."
_DIFFERENTIAL = re.compile(
    r"\s*(?:\\partial|∂|\\(?:mathrm|operatorname|text|rm)\s*\{\s*d\s*\}|d(?!elta))\s*(?:\^\s*\{?\s*(\d)\s*\}?|([²³]))?\s*"
)
_ORDERS = {"²": "2", "³": "3"}


@dataclass
class Writer:
    """What is written so far, and where each character comes from."""

    characters: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)

    def write(self, text: str, place: int) -> None:
        """Write characters that come from one place."""
        self.characters += text
        self.places += [place] * len(text)


def translate(source: Source, at: int, end: int, writer: Writer, depth: int) -> None:
    r"""Write a stretch of a text in ASCII; raises GrammarError for commands that are no part of a formula.

    Examples
    --------
    >>> writer = Writer()
    >>> translate(Source("check", r"\frac12 \cdot E"), 0, 15, writer, 0)
    >>> "".join(writer.characters)
    '((1)/(2)) * E'
    """
    if depth > DEEPEST_NESTING:
        raise source.error(
            f"braces are nested at most {DEEPEST_NESTING} deep", "more", "Write fewer of them.", at
        )
    while at < end:
        character = source.text[at]
        if character == "\\":
            at = _command(source, at, end, writer, depth)
        elif character in SUBSCRIPTS or character in SUPERSCRIPTS:
            at = _script(source.text, at, end, writer)
        elif source.text[at + 1 : at + 2] == HAT:
            writer.write(_hatted(character, source, at), at)
            at += 2
        else:
            writer.write(" " if character in "$&~" else sign(character), at)
            at += 1


def _script(text: str, at: int, end: int, writer: Writer) -> int:
    """Write a run of small characters, ``ₖⱼ`` or ``²``."""
    table, opening, closing = (SUBSCRIPTS, "_{", "}") if text[at] in SUBSCRIPTS else (SUPERSCRIPTS, "^(", ")")
    behind = at
    while behind < end and text[behind] in table:
        behind += 1
    if text[at] == "⁽":
        opening, closing = "^", ""
    writer.write(opening, at)
    for place in range(at, behind):
        writer.write(table[text[place]], place)
    writer.write(closing, behind - 1)
    return behind


def _hatted(letter: str, source: Source, at: int) -> str:
    letter = re.sub(r"\\[a-z]+\s*\{?\s*([A-Za-z])\s*\}?", r"\1", letter)
    if letter not in tuple("yYpPoO"):
        raise source.error("a hat stands above y or p, for the output", f"{letter!r} with a hat", _KNOWN, at)
    return "O"


def _command(source: Source, at: int, end: int, writer: Writer, depth: int) -> int:
    """Write the command that begins at a place, and return the place behind it and its arguments."""
    match = _COMMAND.match(source.text, at, end)
    name = (match.group(1) or match.group(2)) if match else ""
    behind = match.end() if match else end
    if name in _SIGNS:
        own = _SIGNS[name]
        writer.write(f" {name}" if own is None else own, at)
        return _behind_sign(source.text, name, behind, end, writer)
    if name in ("frac", "dfrac", "tfrac", "cfrac"):
        return _fraction(source, at, behind, end, writer, depth)
    if name in ("begin", "end"):
        return _environment(source, at, behind, end)
    if name in (*_STYLES, *_HATS, *_DROPPED, "sqrt", "substack"):
        return _with_argument(source, name, at, behind, end, writer, depth)
    raise source.error("a LaTeX command is one of formulas", f"\\{name}"[:40], _KNOWN, at)


def _behind_sign(text: str, name: str, behind: int, end: int, writer: Writer) -> int:
    r"""Return the place behind a command: ``\left[`` takes its bracket, ``\\[2pt]`` its distance."""
    if name == "\\" and (match := re.compile(r"\s*\[[\d.]+\w*\]").match(text, behind, end)):
        return match.end()
    if name in ("left", "right") or name.lower().startswith("big"):
        match = re.compile(r"\s*(\\[{}]|[\[\](){}.])").match(text, behind, end)
        if match:
            bracket = match.group(1)[-1]
            writer.write(
                {"[": "(", "{": "(", "]": ")", "}": ")", ".": " "}.get(bracket, bracket), match.start(1)
            )
            return match.end()
    return behind


def _argument(source: Source, at: int, end: int) -> tuple[int, int, int]:
    """Return where the argument of a command starts and ends, braces left out, and the place behind it."""
    text = source.text
    while at < end and text[at].isspace():
        at += 1
    if at >= end:
        raise source.error("a LaTeX command has its arguments", "none", _KNOWN, at)
    if text[at] != "{":
        match = _COMMAND.match(text, at, end)
        behind = match.end() if match else at + 1
        return at, behind, behind
    level = 0
    for place in range(at, end):
        level += (text[place] == "{") - (text[place] == "}")
        if level == 0:
            return at + 1, place, place + 1
    raise source.error("every { is closed by }", "none", "Close it.", at)


def _fraction(source: Source, at: int, behind: int, end: int, writer: Writer, depth: int) -> int:
    above, above_end, behind = _argument(source, behind, end)
    below, below_end, behind = _argument(source, behind, end)
    derived = _DIFFERENTIAL.match(source.text, above, above_end)
    by = _DIFFERENTIAL.match(source.text, below, below_end)
    if derived and by:
        order = derived.group(1) or _ORDERS.get(derived.group(2) or "")
        writer.write(f" d^{order}" if order else " d", at)
        if source.text[derived.end() : above_end].strip():
            _enclosed(source, derived.end(), above_end, writer, depth)
        writer.write("/", at)
        _enclosed(source, below, below_end, writer, depth)
        return behind
    writer.write("(", at)
    _enclosed(source, above, above_end, writer, depth)
    writer.write("/", at)
    _enclosed(source, below, below_end, writer, depth)
    writer.write(")", behind - 1)
    return behind


def _enclosed(source: Source, start: int, end: int, writer: Writer, depth: int) -> None:
    writer.write("(", start)
    translate(source, start, end, writer, depth + 1)
    writer.write(")", max(start, end - 1))


def _environment(source: Source, at: int, behind: int, end: int) -> int:
    start, stop, behind = _argument(source, behind, end)
    name = source.text[start:stop].strip().rstrip("*")
    if name not in _ENVIRONMENTS:
        remedy = "Write each case as an equation of its own: dO_i/dZ_k = -O_i*O_k if i != k."
        raise source.error("an environment is one of equations", f"{name[:40]}", remedy, at)
    return behind


def _with_argument(
    source: Source, name: str, at: int, behind: int, end: int, writer: Writer, depth: int
) -> int:
    start, stop, behind = _argument(source, behind, end)
    if name in _HATS:
        writer.write(" " + _hatted(source.text[start:stop].strip() or " ", source, at), at)
    elif name == "sqrt":
        writer.write(" sqrt", at)
        _enclosed(source, start, stop, writer, depth)
    elif name == "substack":
        _lines_below(source, start, stop, writer, depth)
    elif name not in _DROPPED:
        _styled(source, start, stop, writer, depth)
        if source.text[behind : behind + 1].isalnum():
            writer.write(" ", behind - 1)
    return behind


def _styled(source: Source, start: int, stop: int, writer: Writer, depth: int) -> None:
    while start < stop and source.text[start].isspace():
        start += 1
    while stop > start and source.text[stop - 1].isspace():
        stop -= 1
    writer.write(" ", start)
    translate(source, start, stop, writer, depth + 1)


def _lines_below(source: Source, start: int, stop: int, writer: Writer, depth: int) -> None:
    r"""Write the lines of ``\substack{i \\ i \neq k}`` with commas between them."""
    for place, line in enumerate(re.finditer(r"(?:(?!\\\\).)+", source.text[start:stop])):
        if place:
            writer.write(", ", start + line.start())
        translate(source, start + line.start(), start + line.end(), writer, depth + 1)
