"""Subscripts and brackets: ``W_{12,3}`` counts from 1, ``W[11,2]`` from 0, and ``W21`` has two of one digit each."""

import re
from dataclasses import replace

from chainrule.derive.expressions import Delta, Entry, Expression, Index, Symbol
from chainrule.derive.grammar_error import GrammarError, Source
from chainrule.derive.letters import ENTRIES, LAYERED, SYMBOLS, VECTORS, WHAT_EXISTS
from chainrule.derive.limits import LARGEST_POSITION
from chainrule.derive.tokens import Token

_ITEM = re.compile(r"[a-z]|\d+")
_NAMED = re.compile(r"[a-z]\d*|\d+")
_ALLOWED = (
    "Subscripts are lower-case letters, positions counted from 1, or c, the true class: O_k, Z_3, W_{12,3}."
)


def indices_of(token: Token, pair: bool, source: Source) -> tuple[Index, ...]:
    """Return the indices behind a word; ``pair`` says that two digits side by side are two positions.

    Examples
    --------
    >>> token = Token(1, "W", 0, 4, subscript="21")
    >>> indices_of(token, True, Source("check", "W_21"))
    (2, 1)
    """
    if token.brackets is not None:
        return tuple(_from_zero(item, token, source) for item in token.brackets.split(","))
    text = token.digits if token.subscript is None else token.subscript
    if not text:
        return ()
    items = _items(text, token, source)
    if pair and len(items) == 1 and items[0].isdigit():
        if len(items[0]) > 2:
            remedy = f"Write {token.text}_{{{items[0][:-1]},{items[0][-1]}}}."
            raise source.error(
                "two positions of several digits have a comma between them", items[0], remedy, token.start
            )
        items = list(items[0])
    return tuple(_from_one(item, token, source) for item in items)


def _items(text: str, token: Token, source: Source) -> list[str]:
    if "," in text:
        items = [item.strip() for item in text.split(",")]
        if all(_NAMED.fullmatch(item) for item in items):
            return items
    compact = re.sub(r"\s+", "", text)
    if compact in source.long_indices:
        return [compact]
    if "," in text or not re.fullmatch(r"[a-z0-9]+", compact):
        raise source.error("a subscript is made of letters and numbers", f"{text!r}", _ALLOWED, token.start)
    return _ITEM.findall(compact)


def _from_one(item: str, token: Token, source: Source) -> Index:
    if not item.isdigit():
        return item
    if set(item) == {"0"}:
        remedy = f"The first is {token.text}_1; in brackets, which count from 0, it is {token.text}[0]."
        raise source.error("subscripts count from 1", "0", remedy, token.start)
    return _position(item, 0, token, source)


def _from_zero(item: str, token: Token, source: Source) -> Index:
    item = item.strip()
    if re.fullmatch(r"[a-z]", item):
        return item
    if not item.isdigit():
        remedy = "Brackets hold positions counted from 0, with a comma between them: Z[0], W2[3,1]."
        raise source.error("brackets hold positions or letters", f"[{token.brackets}]", remedy, token.start)
    return _position(item, 1, token, source)


def _position(item: str, offset: int, token: Token, source: Source) -> int:
    if len(item) > 9 or int(item) + offset > LARGEST_POSITION:
        raise source.error(
            f"a position is at most {LARGEST_POSITION:,}", item[:20], "Write a smaller one.", token.start
        )
    return int(item) + offset


def entry_of(token: Token, source: Source, *, differential: bool = False) -> Expression:
    """Return what a letter with its subscript stands for; ``differential`` says that a derivative is taken by it.

    Examples
    --------
    >>> print(entry_of(Token(1, "y", 0, 3, subscript="k"), Source("check", "y_k")))
    Y_k
    """
    word = token.text
    if word == "delta":
        return _delta(token, source)
    bare = not token.digits and token.subscript is None and token.brackets is None
    if word == "T" and bare:
        return Symbol("T")
    if word in SYMBOLS:
        if not bare:
            raise source.error(
                f"{SYMBOLS[word]} has no index", f"{word} with one", f"Write {word}.", token.start
            )
        return Symbol(SYMBOLS[word])
    if word not in ENTRIES:
        remedy = f"Indices stand below a letter, such as O_{word}. {WHAT_EXISTS}"
        raise source.error(f"{word} is no letter of a formula", f"{word!r}", remedy, token.start)
    layer, indexed = _layer(token)
    name = _name(word, indexed, layer, differential)
    entry = Entry(name, layer, indices_of(indexed, name == "W", source))
    _check(entry, token, source)
    return entry


def _layer(token: Token) -> tuple[int | None, Token]:
    """Return the layer that digits before a subscript name, and the token without them."""
    if not token.digits or (token.subscript is None and token.brackets is None):
        return None, token
    return int(token.digits[:9]), replace(token, digits="")


def _name(word: str, indexed: Token, layer: int | None, differential: bool) -> str:
    """Return the name of an entry; a small w is a class weight where it has one index and nothing is derived by it."""
    if word != "w":
        return ENTRIES[word]
    behind = indexed.brackets or indexed.subscript or indexed.digits
    one = len(_ITEM.findall(behind)) == 1 and (indexed.braced or not re.fullmatch(r"\d\d", behind))
    return "w" if one and layer is None and not differential else "W"


def _check(entry: Entry, token: Token, source: Source) -> None:
    if entry.layer is not None:
        _check_layer(entry, token, source)
    count = len(entry.indices)
    if entry.name == "E" and count:
        remedy = "Write E, or e_i for the part -Y_i*ln(O_i) of class i."
        raise source.error("E is one number, the loss", f"{token.text} with an index", remedy, token.start)
    if entry.name == "W" and count not in (0, 2):
        raise source.error(
            "a weight has two indices", f"{token.text} with {count}", _two_indices(token), token.start
        )
    if entry.name in VECTORS and count > 2:
        remedy = f"Write {entry.name}_k, or {entry.name}_nk for example n of a batch."
        raise source.error(f"{entry.name} has one index, or two in a batch", f"{count}", remedy, token.start)


def _check_layer(entry: Entry, token: Token, source: Source) -> None:
    if entry.name not in LAYERED:
        remedy = "Layers have weights W2_kj, biases b2_k, pre-activations U2_k and activations A2_k."
        raise source.error(
            f"{entry.name} belongs to no layer", f"{token.text}{token.digits}", remedy, token.start
        )
    if entry.layer == 0 or len(token.digits) > 9:
        raise source.error("layers count from 1", token.digits[:20], "The first is layer 1.", token.start)


def _two_indices(token: Token) -> str:
    if token.digits and token.subscript is None and token.brackets is None:
        return (
            f"Layer {token.digits} is written W{token.digits}_kj, the weight of class 2 and feature 1 W_21."
        )
    return "Write W_kj, W_{12,3} or W[11,2]."


def _delta(token: Token, source: Source) -> Delta:
    indices = indices_of(token, True, source)
    if len(indices) != 2:
        raise source.error(
            "delta has two indices", f"{len(indices)}", "Write delta_ik or delta_{12,k}.", token.start
        )
    return Delta(*indices)


def not_an_index(token: Token, source: Source) -> GrammarError:
    """Return the error for a sum's subscript that cannot be read."""
    remedy = "Write sum_i, sum_{i != k}, sum_{i != k, i != j} or sum_{i=1}^K."
    return source.error("sum has an index below it", f"{token.subscript!r}", remedy, token.start)
