"""For a person's own test suite: one assertion about a loss, a gradient or a softmax.

Examples
--------
>>> import numpy as np
>>> def softmax(z):
...     e = np.exp(z - z.max(axis=1, keepdims=True))
...     return e / e.sum(axis=1, keepdims=True)
>>> assert_correct(softmax)
"""

from collections.abc import Callable
from typing import Any

from chainrule._types import ArrayLike
from chainrule.check import check_implementation


def assert_correct(
    function: Callable[..., Any],
    *,
    kind: str | None = None,
    temperature: float | None = None,
    label_smoothing: float | None = None,
    class_weight: ArrayLike | None = None,
    ignore_index: int | None = None,
    alpha: float | None = None,
    allow_conditional: bool = False,
) -> None:
    """Raise AssertionError with the report, unless the function is right.

    Parameters
    ----------
    function : callable
        A loss, gradient or softmax of NumPy arrays, PyTorch tensors or JAX arrays.
    kind : str or None
        What it is; None: guessed. ``chainrule.check.check_implementation`` lists the kinds.
    temperature, label_smoothing, class_weight, ignore_index, alpha : number, array_like or None
        Change what is right, and are passed on where the function accepts them.
    allow_conditional : bool
        True lets pass what is right except under a condition, such as for logits beyond 709.

    Raises
    ------
    AssertionError
        If the verdict is wrong, undecided, or conditional where that is not allowed; the message is the report.
    ArgumentError, ArgumentTypeError
        If ``function`` cannot be called, or an option is outside its domain.

    Examples
    --------
    >>> import numpy as np
    >>> def gradient(logits, targets):
    ...     e = np.exp(logits - logits.max(axis=1, keepdims=True))
    ...     p = e / e.sum(axis=1, keepdims=True)
    ...     p[np.arange(len(p)), targets] -= 1
    ...     return p / len(p)
    >>> assert_correct(gradient)
    """
    __tracebackhide__ = True  # pytest shows the person's line, not this one
    verdict = check_implementation(
        function,
        kind=kind,
        temperature=temperature,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        ignore_index=ignore_index,
        alpha=alpha,
    )
    allowed = ("right", "conditional") if allow_conditional else ("right",)
    if verdict.verdict not in allowed:
        raise AssertionError(f"chainrule judges {verdict.function!r} {verdict.verdict}\n\n{verdict.text()}")
