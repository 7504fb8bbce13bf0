"""The options that give the letters of a formula their meaning, the same for every command that takes formulas."""

from typing import Annotated, Any

import typer

from chainrule.errors import ArgumentError

Output = Annotated[
    str,
    typer.Option(
        "--output", metavar="NAME", help="What makes O of Z: softmax, log-softmax, sigmoid, identity."
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        "--loss",
        metavar="NAME",
        help="cross-entropy, binary-cross-entropy, squared-error or none; that which goes with the output if left out.",
    ),
]
Targets = Annotated[
    str,
    typer.Option(
        "--targets",
        metavar="KIND|1,0,0",
        help="one-hot, soft, any, zeros, or one example's targets, one for each class.",
    ),
]
Classes = Annotated[
    int | None, typer.Option("--classes", metavar="K", help="The number of classes; a letter if left out.")
]
Probabilities = Annotated[
    str | None, typer.Option("--probabilities", metavar="0.2,0.6,0.2", help="One example's outputs O.")
]
Logits = Annotated[str | None, typer.Option("--logits", metavar="1,2,1", help="One example's logits Z.")]
Reduction = Annotated[
    str, typer.Option("--reduction", metavar="NAME", help="none, or sum or mean over a batch of N examples.")
]
Temperature = Annotated[
    str | None,
    typer.Option("--temperature", metavar="T|2", help="What the softmax divides logits by: T or a number."),
]
LabelSmoothing = Annotated[
    str | None, typer.Option("--label-smoothing", metavar="eps|0.1", help="Label smoothing: eps or a number.")
]
LogBase = Annotated[
    str | None,
    typer.Option("--log-base", metavar="2", help="The base of the loss's logarithm, in place of e."),
]
ClassWeight = Annotated[bool, typer.Option("--class-weight", help="Classes have weights w_k.")]
Hidden = Annotated[
    str | None,
    typer.Option(
        "--hidden", metavar="relu,tanh", help="Activations of hidden layers: relu, tanh, sigmoid, identity."
    ),
]


def context_keywords(
    call: str,
    *,
    output: str,
    loss: str | None,
    targets: str,
    classes: int | None,
    probabilities: str | None,
    logits: str | None,
    reduction: str,
    temperature: str | None,
    label_smoothing: str | None,
    log_base: str | None,
    class_weight: bool,
    hidden: str | None,
) -> dict[str, Any]:
    """Return the options as the keyword arguments of ``derive`` and ``check``, lists of numbers as lists.

    Raises
    ------
    ArgumentError
        If a list holds something else than numbers; what numbers mean is checked where they are used.

    Examples
    --------
    >>> numbers_or_word("chainrule derive", "--targets", "1,0,0"), numbers_or_word("", "--targets", "soft")
    ([1, 0, 0], 'soft')
    """
    return {
        "output": output,
        "loss": loss,
        "targets": numbers_or_word(call, "--targets", targets),
        "classes": classes,
        "probabilities": _numbers(call, "--probabilities", probabilities),
        "logits": _numbers(call, "--logits", logits),
        "reduction": reduction,
        "temperature": temperature,
        "label_smoothing": label_smoothing,
        "log_base": log_base,
        "class_weight": class_weight,
        "hidden": [] if hidden is None else [name.strip() for name in hidden.split(",") if name.strip()],
    }


def numbers_or_word(call: str, option: str, text: str) -> list[Any] | str:
    """Return a list of numbers where there are commas or digits, otherwise the word."""
    is_word = "," not in text and not any(character.isdigit() for character in text)
    return text.strip() if is_word else _numbers(call, option, text) or text


def _numbers(call: str, option: str, text: str | None) -> list[Any] | None:
    """Return comma-separated numbers, whole ones as integers and the others as they were typed."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    for part in parts:
        try:
            float(part)
        except ValueError:
            raise ArgumentError(
                call,
                f"{option} is numbers with commas between them",
                repr(text),
                "Write them as 0.2,0.6,0.2.",
            ) from None
    return [int(part) if part.lstrip("+-").isdigit() else part for part in parts]
