"""One entry for both: a claim is text, an implementation is a function."""

from collections.abc import Callable
from typing import Any, overload

from chainrule.check.claim import check_claim
from chainrule.check.claim_verdict import ClaimVerdict
from chainrule.check.implementation import check_implementation
from chainrule.check.implementation_verdict import ImplementationVerdict
from chainrule.errors import ArgumentTypeError


@overload
def check(subject: str, **options: Any) -> ClaimVerdict: ...


@overload
def check(subject: Callable[..., Any], **options: Any) -> ImplementationVerdict: ...


def check(subject: str | Callable[..., Any], **options: Any) -> ClaimVerdict | ImplementationVerdict:
    """Judge a formula or a function, and name the mistake.

    Parameters
    ----------
    subject : str or callable
        A claim such as ``"dE/dZ_k = O_k - Y_k"``, or a loss, gradient or softmax of NumPy arrays, PyTorch tensors or
        JAX arrays.
    **options
        For a claim those of ``chainrule.check.check_claim`` (output, loss, targets, ...), for a function those of
        ``chainrule.check.check_implementation`` (kind, temperature, ...).

    Returns
    -------
    ClaimVerdict or ImplementationVerdict
        The verdict, with ``to_json()``.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        If an option is outside its domain, or the subject is neither text nor a function.

    Examples
    --------
    >>> check("dE/dZ_k = O_k - Y_k").verdict
    'right'
    """
    judge = check_claim if isinstance(subject, str) else check_implementation
    if not isinstance(subject, str) and not callable(subject):
        rule = "what is checked is a claim, which is text, or a function"
        raise ArgumentTypeError(
            "check", rule, type(subject).__name__, "Pass a string or the function itself."
        )
    try:
        return judge(subject, **options)  # type: ignore[arg-type]
    except TypeError as error:
        if (
            "unexpected keyword argument" not in str(error)
            or error.__traceback__ is None
            or error.__traceback__.tb_next
        ):
            raise
        name = str(error).rpartition("argument ")[2].strip("'")
        what = "a claim" if isinstance(subject, str) else "a function"
        raise ArgumentTypeError("check", f"the options are those of {what}", name, "Leave it out.") from None
