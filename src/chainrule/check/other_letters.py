"""Letters that stand for outputs or logits in some texts: a_k, where a network has no hidden layers."""

from collections.abc import Sequence
from dataclasses import replace

from chainrule.check.cases import entries
from chainrule.derive import ClaimPart, Context, Derivative, Entry, Expression, transform


def with_own_letters(parts: Sequence[ClaimPart], context: Context) -> tuple[ClaimPart, ...]:
    """Return the parts of a claim with A_k as the output or the logit that it is called without hidden layers.

    Parameters
    ----------
    parts : sequence of ClaimPart
        What was read.
    context : Context
        With hidden layers, A is an activation and stays one.

    Returns
    -------
    tuple of ClaimPart
        A claim without another letter for the output has A for it; one that has outputs and no logits has A for those.

    Examples
    --------
    >>> from chainrule.derive import read_claim
    >>> with_own_letters(read_claim("dE/dz_k = a_k - t_k"), Context())[0].read_as
    'dE/dZ_k = O_k - Y_k'
    """
    every = [entry for part in parts for side in part.expressions for entry in entries(side)]
    names = {entry.name for entry in every}
    if context.hidden or not any(_is_unlayered(entry) for entry in every) or {"O", "Z"} <= names:
        return tuple(parts)
    name = "Z" if "O" in names else "O"
    return tuple(
        replace(part, expressions=tuple(_renamed(side, name) for side in part.expressions)) for part in parts
    )


def _is_unlayered(entry: Entry) -> bool:
    return entry.name == "A" and entry.layer is None


def _renamed(side: Expression, name: str) -> Expression:
    def other(entry: Entry) -> Entry:
        return replace(entry, name=name) if _is_unlayered(entry) else entry

    def change(node: Expression) -> Expression | None:
        if isinstance(node, Entry):
            return other(node)
        return Derivative(node.of, tuple(map(other, node.by))) if isinstance(node, Derivative) else None

    return transform(side, change)
