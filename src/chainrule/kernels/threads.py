"""How many threads a call may use."""

import operator
from typing import SupportsIndex

from chainrule.errors import ArgumentError, ArgumentTypeError
from chainrule.kernels.compiled import native


def thread_count(n_threads: SupportsIndex | None) -> int:
    """Return the number of threads that a call may use.

    Parameters
    ----------
    n_threads : int or None
        How many are wanted, at least 1; None for as many as there are.

    Returns
    -------
    int
        The least of: what is wanted; the processors that this process may run on; the quota of its control group,
        rounded up; ``OMP_NUM_THREADS`` as it was when the kernels were loaded; the limit set by threadpoolctl.
        At least 1, and 1 where NumPy serves in place of the kernels. No result depends on it.

    Raises
    ------
    ArgumentError
        If ``n_threads`` is below 1.
    ArgumentTypeError
        If ``n_threads`` is not a whole number.

    Examples
    --------
    >>> thread_count(1)
    1
    """
    wanted = None if n_threads is None else _checked(n_threads)
    module = native()
    if module is None:
        return 1
    count: int = module.available_threads() if wanted is None else module.thread_count(wanted)
    return count


_LARGEST = 2**31 - 1


def _checked(n_threads: SupportsIndex) -> int:
    rule, remedy = "n_threads is a whole number of at least 1, or None", "Pass None to use all processors."
    try:
        wanted = operator.index(n_threads)
    except TypeError:
        raise ArgumentTypeError("n_threads", rule, f"{n_threads!r}", remedy) from None
    if wanted < 1:
        raise ArgumentError("n_threads", rule, str(wanted), remedy)
    return min(wanted, _LARGEST)
