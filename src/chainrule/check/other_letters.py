"""Letters that stand for outputs, logits or inputs in some texts: a_k, where a network has no hidden layers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chainrule.check.cases import entries
from chainrule.derive import ClaimPart, Context, Derivative, Entry, Expression, Index, transform


def with_own_letters(parts: Sequence[ClaimPart], context: Context) -> tuple[ClaimPart, ...]:
    """Return the parts of a claim with A_k as what it can only be in a network without hidden layers.

    Parameters
    ----------
    parts : sequence of ClaimPart
        What was read.
    context : Context
        With hidden layers, A is an activation and stays one.

    Returns
    -------
    tuple of ClaimPart
        A with the index of the columns of W is the input, where no other stands: dE/dW_kj = (O_k - Y_k)*A_j. Else it is
        the output if there is no other letter for that, or the logit if outputs stand and no logits. Beside weights it
        is the output only where targets are subtracted from it; what else it may be is left open: A stays.

    Examples
    --------
    >>> from chainrule.derive import read_claim
    >>> with_own_letters(read_claim("dE/dz_k = a_k - t_k"), Context())[0].read_as
    'dE/dZ_k = O_k - Y_k'
    """
    every = [entry for part in parts for side in part.expressions for entry in entries(side)]
    if context.hidden or not any(_is_unlayered(entry) for entry in every):
        return tuple(parts)
    names = frozenset(entry.name for entry in every)
    meaning = _Meaning(names, frozenset(e.indices[-1] for e in every if e.name == "W" and e.indices))
    return tuple(
        replace(part, expressions=tuple(_renamed(side, meaning) for side in part.expressions))
        for part in parts
    )


@dataclass(frozen=True)
class _Meaning:
    """What the letters of a claim leave for A: their names, and the indices of the columns of W."""

    names: frozenset[str]
    columns: frozenset[Index]

    def of(self, entry: Entry) -> str:
        if entry.indices and entry.indices[-1] in self.columns and "X" not in self.names:
            return "X"
        if self.names & {"W", "b"}:
            return "O" if "Y" in self.names and "O" not in self.names else entry.name
        if "O" not in self.names:
            return "O"
        return entry.name if "Z" in self.names else "Z"


def _is_unlayered(entry: Entry) -> bool:
    return entry.name == "A" and entry.layer is None


def _renamed(side: Expression, meaning: _Meaning) -> Expression:
    def other(entry: Entry) -> Entry:
        return replace(entry, name=meaning.of(entry)) if _is_unlayered(entry) else entry

    def change(node: Expression) -> Expression | None:
        if isinstance(node, Entry):
            return other(node)
        return Derivative(node.of, tuple(map(other, node.by))) if isinstance(node, Derivative) else None

    return transform(side, change)
