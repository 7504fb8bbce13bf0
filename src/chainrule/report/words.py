"""Numbers and text as the page shows them; nothing that comes from a file can become markup."""

import math
import unicodedata

from markupsafe import Markup

MOST_CHARACTERS = 120
MISSING = Markup('<em class="blank">missing</em>')
EMPTY = Markup('<em class="blank">empty text</em>')
MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
"""Where there is no number."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
UNWRITABLE = ("Cc", "Cs", "Co", "Cn")
"""Categories of characters that HTML forbids, UTF-8 cannot write, or nobody can see."""


def plain_text(value: object, most: int = MOST_CHARACTERS) -> str:
    """Return a value as text on one line without control characters, cut off where it is long.

    Examples
    --------
    >>> plain_text("a" + chr(0) + chr(10) + "b"), plain_text("abcdef", 4)
    ('a� b', 'abc…')
    """
    text = str(value)
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(_visible(character) for character in cut)


def word(value: object) -> Markup:
    """Return somebody else's text as HTML: escaped, and with a direction of writing of its own.

    Examples
    --------
    >>> word("<script>"), word(None)
    (Markup('<bdi>&lt;script&gt;</bdi>'), Markup('<em class="blank">missing</em>'))
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    text = plain_text(value)
    return Markup("<bdi>{}</bdi>").format(text) if text.strip() else EMPTY


def number(value: float, digits: int = 4) -> str:
    """Return a number with some significant digits, and a minus sign as long as a plus.

    Examples
    --------
    >>> number(0.068512), number(1234.5678), number(-2.0).replace(MINUS, "-"), number(1.5e-7).replace(MINUS, "-")
    ('0.06851', '1,235', '-2', '1.5e-7')
    """
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0.0 else f"{MINUS}∞"
    text = f"{value:,.0f}" if 1e3 <= abs(value) < 1e9 else f"{value:.{digits}g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", MINUS)


def signed(value: float, digits: int = 3) -> str:
    """Return a number with its sign; 0 has none.

    Examples
    --------
    >>> signed(0.25), signed(-0.25).replace(MINUS, "-"), signed(0.0)
    ('+0.25', '-0.25', '0')
    """
    text = number(value, digits)
    return f"+{text}" if value > 0.0 else text


def probability(value: float) -> str:
    """Return a probability with three digits after the point; with more where it, or 1 less it, is small.

    Examples
    --------
    >>> probability(0.98765), probability(0.00001234).replace(MINUS, "-"), probability(0.0), probability(0.99987)
    ('0.988', '1.2e-5', '0', '0.99987')
    """
    if value in (0.0, 1.0):
        return str(int(value))
    if value < 0.001:
        return number(value, 2)
    return f"{value:.{max(3, math.ceil(-math.log10(1.0 - value)) + 1)}f}" if value < 1.0 else number(value)


def difference(value: float) -> str:
    """Return the difference of two probabilities with its sign.

    Examples
    --------
    >>> difference(0.98765), difference(-0.99987).replace(MINUS, "-"), difference(0.0)
    ('+0.988', '-0.99987', '0')
    """
    sign = "" if value == 0.0 else "+" if value > 0.0 else MINUS
    return sign + probability(abs(value))


def percent(share: float) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.98765).split(), percent(1.0).split()
    (['98.8', '%'], ['100', '%'])
    """
    text = str(int(100 * share)) if share in (0.0, 1.0) else f"{100.0 * share:.1f}"
    return f"{text}\N{NO-BREAK SPACE}%"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "class", "classes"), counted(1797, "row")
    ('1 class', '1,797 rows')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(names: list[str], most: int = 5) -> str:
    """Return names in a sentence, the first few of many.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdefgh"), 3)
    ('a', 'a, b and c', 'a, b, c and 5 more')
    """
    shown = [plain_text(name, 40) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return REPLACEMENT if unicodedata.category(character) in UNWRITABLE else character
