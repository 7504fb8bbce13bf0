"""Derivations are proven before their steps are shown: at random numbers, to 50 digits."""

from functools import lru_cache

from chainrule.derive import Context, Derivative, Engine, Entry, Expression, Index


@lru_cache(maxsize=256)
def prove(quantity: Expression, context: Context) -> None:
    """Prove a derivation, once for all positions and all examples of networks of one kind."""
    found = Engine(context).derivation(quantity)
    assert not found.steps or found.verify(points=1), f"explain: the derivation of {quantity} fails"


def at_first_positions(quantity: Expression) -> Expression:
    """Return a quantity with its positions renumbered 1, 2, which exist in the small networks of proofs.

    Examples
    --------
    >>> from chainrule.derive import LOSS
    >>> print(at_first_positions(Derivative(LOSS, (Entry("W", 2, (401, 7)),))))
    dE/dW2_12
    """
    if not isinstance(quantity, Derivative):
        return quantity
    places = [index for entry in quantity.by for index in entry.indices if isinstance(index, int)]
    new: dict[Index, Index] = {place: number for number, place in enumerate(dict.fromkeys(places), start=1)}
    return Derivative(
        quantity.of,
        tuple(
            Entry(each.name, each.layer, tuple(new.get(i, i) for i in each.indices)) for each in quantity.by
        ),
    )
