"""When a function's values are too coarse to show any decrease that is still promised."""

from chainrule.training.outcome import StopReason

RESOLUTION = 1e-9
"""Decrease, relative to |F|, below which values of F cannot judge a step."""
FINISHED = 1e-26
"""Decrease, relative to 1 + |F|, below which a further step only moves rounding errors about."""


def reason_to_give_up(promised: float, value: float) -> StopReason:
    """Return what it means that no lower point was found.

    Parameters
    ----------
    promised : float
        The decrease that a quadratic model of the function promises; its sign is rounding, NaN is no promise.
    value : float
        F there.

    Returns
    -------
    StopReason
        PRECISION_REACHED if F cannot show such a decrease, else STALLED.

    Examples
    --------
    >>> reason_to_give_up(1e-17, 0.5).name, reason_to_give_up(1e-3, 0.5).name
    ('PRECISION_REACHED', 'STALLED')
    """
    invisible = abs(promised) <= max(RESOLUTION * abs(value), FINISHED * (1.0 + abs(value)))
    return StopReason.PRECISION_REACHED if invisible else StopReason.STALLED
