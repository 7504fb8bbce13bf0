"""Arrays whose axes have letters: what an expression is worth at all positions of its free indices at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from chainrule._types import Array


@dataclass(frozen=True, eq=False)
class Labelled:
    """An array with one axis for each letter.

    Parameters
    ----------
    letters : tuple of str
        All different.
    values : ndarray
        Of as many axes.
    """

    letters: tuple[str, ...]
    values: Array

    def along(self, letters: Sequence[str]) -> Array:
        """Return the values with axes for other letters, of length 1 where they are not its own.

        Examples
        --------
        >>> Labelled(("k",), np.ones(3)).along(("j", "k")).shape
        (1, 3)
        """
        order = [self.letters.index(letter) for letter in letters if letter in self.letters]
        turned = self.values.transpose(order)
        return turned[tuple(slice(None) if letter in self.letters else None for letter in letters)]


def together(first: Labelled, *others: Labelled) -> tuple[tuple[str, ...], list[Array]]:
    """Return the letters of several arrays, and their values with an axis for each of them.

    Examples
    --------
    >>> letters, values = together(Labelled(("k",), np.ones(3)), Labelled(("j",), np.ones(2)))
    >>> letters, (values[0] + values[1]).shape
    (('k', 'j'), (3, 2))
    """
    items = (first, *others)
    letters = tuple(dict.fromkeys(letter for item in items for letter in item.letters))
    return letters, [item.along(letters) for item in items]


def total(items: Sequence[Labelled]) -> Labelled:
    """Return the sum of arrays, term by term.

    Examples
    --------
    >>> total([Labelled(("k",), np.ones(2)), Labelled((), np.array(1.0))]).values.tolist()
    [2.0, 2.0]
    """
    letters, values = together(*items)
    return Labelled(letters, np.asarray(reduce(np.add, values)))


def product(items: Sequence[Labelled]) -> Labelled:
    """Return the product of arrays, for all positions of all their letters.

    Examples
    --------
    >>> product([Labelled(("k",), np.ones(2)), Labelled(("j",), np.ones(3))]).values.shape
    (2, 3)
    """
    letters, values = together(*items)
    return Labelled(letters, np.asarray(reduce(np.multiply, values)))


def contracted(items: Sequence[Labelled], index: str) -> Labelled:
    """Return the sum of a product over one letter, without the product of all letters on the way.

    Examples
    --------
    >>> weights, inputs = Labelled(("k", "j"), np.ones((2, 3))), Labelled(("j",), np.arange(3.0))
    >>> contracted([weights, inputs], "j").values.tolist()
    [3.0, 3.0]
    """
    letters = tuple(dict.fromkeys(letter for item in items for letter in item.letters))
    number = {letter: place for place, letter in enumerate(letters)}
    kept = tuple(letter for letter in letters if letter != index)
    operands: list[object] = []
    for item in items:
        operands += [item.values, [number[letter] for letter in item.letters]]
    found = np.einsum(*operands, [number[letter] for letter in kept], optimize=len(items) > 1)  # type: ignore[call-overload]
    return Labelled(kept, np.asarray(found))
