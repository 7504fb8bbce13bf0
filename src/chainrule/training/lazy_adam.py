"""Lazy Adam: Adam whose steps leave alone what the rows of a minibatch do not have."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.training.adam import MomentSolver


@dataclass(frozen=True)
class LazyAdam(MomentSolver):
    """Adam for sparse features: weights of the first layer whose feature is 0 in the whole minibatch stay as they are.

    Every other parameter takes Adam's step, (AD.1) to (AD.3), with t the number of all steps. This is not Adam: there
    the moments of such a weight fade, and it goes on along them; here it waits, moments and all, and no penalty
    acts on it meanwhile. What Adam does over the steps that are left out has no closed form, as what SGD does has.

    Parameters
    ----------
    learning_rate : float or Schedule
        r; a number is constant over the run.
    beta1, beta2 : float
        b1 and b2, each in [0, 1).
    epsilon : float
        What keeps the quotient finite, > 0.

    Examples
    --------
    >>> LazyAdam(0.01).name
    'lazy-adam'
    """

    name: ClassVar[str] = "lazy-adam"
