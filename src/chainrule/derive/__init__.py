"""Formulas of networks: read, derived by named rules, proved by numbers."""

from chainrule.derive.ascii_text import ascii_text
from chainrule.derive.context import Context, context_of
from chainrule.derive.definitions import (
    EXAMPLES,
    FEATURES,
    ROW_VARIABLES,
    axes,
    definition,
    row_loss,
    stage,
    target_of,
)
from chainrule.derive.derivation import Derivation, Relation, Section, Step
from chainrule.derive.evaluation import (
    ARITHMETIC,
    Key,
    Point,
    Real,
    State,
    Undefined,
    axes_of,
    value_of,
)
from chainrule.derive.expressions import (
    FUNCTIONS,
    LETTERS,
    LOSS,
    MINUS_ONE,
    ONE,
    TRUE_CLASS,
    ZERO,
    Add,
    Call,
    Delta,
    Derivative,
    Divide,
    Entry,
    Expression,
    Index,
    Multiply,
    Number,
    Power,
    Sum,
    Symbol,
    add,
    all_letters,
    divide,
    free_letters,
    fresh_letter,
    multiply,
    negate,
    nodes,
    number,
    own_indices,
    parts,
    rename,
    replace,
    subtract,
    transform,
    with_parts,
)
from chainrule.derive.points import given_point, random_point

__all__ = [name for name in dir() if not name.startswith("_")]
