"""Which quantities an explanation has, and whether one exists in a network."""

from dataclasses import replace
from math import prod

from chainrule.derive import LOSS, TRUE_CLASS, Derivative, Entry, Expression, check_names, read_quantity
from chainrule.errors import ArgumentError
from chainrule.explain.example import Example

LETTERS = "ZOWbUAX"
MOST_ENTRIES = 2_000_000
"""A quantity with letters has no more numbers than this: three arrays of them, and their roundings, are kept."""


def quantity_of(text: str, example: Example, call: str) -> Expression:
    """Read a quantity, and refuse one that the network does not have.

    Parameters
    ----------
    text : str
        Such as ``dE/dZ_3``, ``dE/dW2[3,1]``, ``d2E/dZ_k dZ_j`` or ``E``.
    example : Example
        Whose network it is about.
    call : str
        What error messages call the caller.

    Raises
    ------
    ArgumentError
        If it cannot be read, is of another kind, or names a layer or a position that does not exist.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> print(quantity_of("dE/dW[2,0]", example_of(Network((2, 3)), [1.0, 2.0], 0), "explain"))
    dE/dW_31
    """
    quantity = check_names(read_quantity(text, call), example.context, call)
    if not _is_explained(quantity):
        rule = "a quantity is E, its derivative by one number of the network, or its second derivative by two logits"
        raise ArgumentError(call, rule, repr(text), f"Choose among {what_exists(example)}.")
    for entry in quantity.by if isinstance(quantity, Derivative) else ():
        _check_positions(entry, example, call)
    _check_size(quantity, example, call)
    return quantity


def what_exists(example: Example) -> str:
    """Return the quantities that a network has, in words.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> what_exists(example_of(Network((2, 3)), [1.0, 2.0], 0))
    'dE/dZ_k, dE/dO_k, dE/dW_kj, dE/db_k, dE/dX_j, d2E/dZ_k dZ_j and E'
    """
    last = example.context.layers
    layered = ["dE/dW_kj", "dE/db_k"]
    if last > 1:
        hidden = (
            "dE/dU1_k, dE/dA1_k"
            if last == 2
            else f"dE/dU1_k to dE/dU{last - 1}_k, dE/dA1_k to dE/dA{last - 1}_k"
        )
        layered = [f"dE/dW1_kj to dE/dW{last}_kj", f"dE/db1_k to dE/db{last}_k", hidden]
    return ", ".join(["dE/dZ_k", "dE/dO_k", *layered, "dE/dX_j", "d2E/dZ_k dZ_j and E"])


def _is_explained(quantity: Expression) -> bool:
    if quantity == LOSS:
        return True
    if not isinstance(quantity, Derivative) or quantity.of != LOSS:
        return False
    names = [entry.name for entry in quantity.by]
    plain = all(len(entry.indices) == (2 if entry.name == "W" else 1) for entry in quantity.by)
    return plain and (names == ["Z", "Z"] or (len(names) == 1 and names[0] in LETTERS))


def axes_of_entry(entry: Entry, example: Example) -> tuple[tuple[str, int], ...]:
    """Return for each index of an entry what it counts, in words, and how many there are.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> example = example_of(Network((2, 4, 3)), [1.0, 2.0], 0)
    >>> axes_of_entry(Entry("W", 2, ("k", "j")), example)
    (('the last layer has units', 3), ('layer 1 has units', 4))
    """
    sizes = example.network.layer_sizes
    last = len(sizes) - 1
    layer = last if entry.layer is None else entry.layer

    def units(number: int) -> tuple[str, int]:
        if number == 0:
            return "the input has features", sizes[0]
        return ("the last layer has units" if number == last else f"layer {number} has units"), sizes[number]

    match entry.name:
        case "X":
            return (units(0),)
        case "W":
            return units(layer), units(layer - 1)
        case "Z" | "O":
            return (
                (
                    "there are classes" if example.network.head == "softmax" else "there are outputs",
                    sizes[-1],
                ),
            )
    return (units(layer),)


def _check_positions(entry: Entry, example: Example, call: str) -> None:
    for index, (words, count) in zip(entry.indices, axes_of_entry(entry, example), strict=True):
        if isinstance(index, int) and not 1 <= index <= count:
            bracketed = replace(entry, indices=())
            places = ",".join(str(each - 1) if isinstance(each, int) else each for each in entry.indices)
            rule = f"{words} 0 to {count - 1} in brackets, 1 to {count} as subscripts"
            came = f"{bracketed}[{places}], which is {entry}"
            raise ArgumentError(call, rule, came, "Choose one of them.")


def _check_size(quantity: Expression, example: Example, call: str) -> None:
    count = prod(lengths_of(quantity, example).values())
    if count > MOST_ENTRIES:
        rule = f"a quantity has at most {MOST_ENTRIES:,} numbers"
        raise ArgumentError(
            call, rule, f"{quantity}, which has {count:,}", "Write positions in place of letters."
        )


def lengths_of(quantity: Expression, example: Example) -> dict[str, int]:
    """Return how many positions each letter has that a quantity leaves open, in the order in which they stand in it.

    Examples
    --------
    >>> from chainrule.explain.example import example_of
    >>> from chainrule.network import Network
    >>> example = example_of(Network((2, 4, 3)), [1.0, 2.0], 0)
    >>> lengths_of(Derivative(LOSS, (Entry("W", 1, ("k", "j")),)), example)
    {'k': 4, 'j': 2}
    """
    entries = quantity.by if isinstance(quantity, Derivative) else ()
    pairs = [
        pair for entry in entries for pair in zip(entry.indices, axes_of_entry(entry, example), strict=True)
    ]
    return {index: count for index, (_, count) in pairs if isinstance(index, str) and index != TRUE_CLASS}
