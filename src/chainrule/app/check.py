"""``chainrule check CLAIM`` and ``chainrule check FILE.py:FUNCTION``: whether it is right, or what was done."""

import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.app import context_options as options
from chainrule.app.exit_status import ExitStatus

if TYPE_CHECKING:
    from chainrule.check import ClaimVerdict, ImplementationVerdict

CALL = "chainrule check"
FUNCTION = re.compile(r"[^=\n]*\.py(:[^=\n]*)?")
"""What names a function in a file; anything else is a claim."""
STATUSES = {
    "right": ExitStatus.DONE,
    "wrong": ExitStatus.WRONG,
    "conditional": ExitStatus.CONDITIONAL,
    "undecided": ExitStatus.UNDECIDED,
}
STYLES = {
    "right": "bold green",
    "wrong": "bold red",
    "conditional": "bold yellow",
    "undecided": "bold cyan",
    "label": "dim",
    "text": "",
    "blank": "",
}
"""How each kind of line looks on a terminal."""


def check(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="CLAIM|FILE.py:FUNCTION",
            help='Equations such as "dE/dZ_k = O_k - Y_k; dE/dO_k = -Y_k/O_k", or a function in a file.',
        ),
    ],
    output: options.Output = "softmax",
    loss: options.Loss = None,
    targets: options.Targets = "one-hot",
    classes: options.Classes = None,
    probabilities: options.Probabilities = None,
    logits: options.Logits = None,
    reduction: options.Reduction = "none",
    temperature: options.Temperature = None,
    label_smoothing: options.LabelSmoothing = None,
    log_base: options.LogBase = None,
    class_weight: options.ClassWeight = False,
    hidden: options.Hidden = None,
    hint: Annotated[
        bool, typer.Option("--hint", help="Say what was done, and keep the true formula back.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="What a function is: loss, gradient, softmax, ...; guessed if left out.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Judge a formula or a function: exit 0 right, 1 wrong, 3 right under a condition, 4 undecided."""
    keywords = options.context_keywords(
        CALL, output=output, loss=loss, targets=targets, classes=classes, probabilities=probabilities, logits=logits,
        reduction=reduction, temperature=temperature, label_smoothing=label_smoothing, log_base=log_base,
        class_weight=class_weight, hidden=hidden,
    )  # fmt: skip
    if FUNCTION.fullmatch(subject.strip()):
        found: ClaimVerdict | ImplementationVerdict = _function(subject.strip(), kind, keywords, hint=hint)
    else:
        found = _claim(subject, kind, keywords, hint=hint)
    print_verdict(found, as_json=as_json)
    raise typer.Exit(STATUSES[found.verdict])


def _claim(claim: str, kind: str | None, keywords: dict[str, Any], *, hint: bool) -> "ClaimVerdict":
    from chainrule.check import check_claim
    from chainrule.errors import ArgumentError

    if kind is not None:
        raise ArgumentError(
            CALL, "--kind belongs to a function in a file", kind, "Leave it out, or name FILE.py:FUNCTION."
        )
    return check_claim(claim, hint=hint, **keywords)


def _function(
    place: str, kind: str | None, keywords: dict[str, Any], *, hint: bool
) -> "ImplementationVerdict":
    from chainrule.check import check_file
    from chainrule.errors import ArgumentError

    usual = {
        "output": "softmax",
        "targets": "one-hot",
        "reduction": "none",
        "class_weight": False,
        "hidden": [],
    }
    for_both = ("temperature", "label_smoothing")
    given = [name for name, value in keywords.items() if name not in for_both and value != usual.get(name)]
    if given or hint:
        name = "--hint" if hint else f"--{given[0].replace('_', '-')}"
        raise ArgumentError(
            CALL, f"{name} belongs to a claim", place, "Leave it out for a function in a file."
        )
    numbers = {name: _number(name, keywords[name]) for name in for_both if keywords[name] is not None}
    return check_file(place, kind=kind, **numbers)


def _number(name: str, text: str) -> float:
    from chainrule.errors import ArgumentError

    try:
        return float(text)
    except ValueError:
        option = f"--{name.replace('_', '-')}"
        raise ArgumentError(
            CALL, f"{option} is a number for a function in a file", repr(text), "Pass one such as 0.1."
        ) from None


def print_verdict(found: "ClaimVerdict | ImplementationVerdict", *, as_json: bool) -> None:
    """Print a verdict: as JSON, in colours on a terminal, plain elsewhere."""
    from chainrule.check import ClaimVerdict

    if as_json:
        sys.stdout.write(f"{found.to_json()}\n")
    elif isinstance(found, ClaimVerdict) and sys.stdout.isatty():
        _show(found)
    else:
        sys.stdout.write(f"{found}\n")


def _show(found: "ClaimVerdict") -> None:
    from rich.text import Text

    from chainrule.app.standard_streams import printable
    from chainrule.app.terminal import show
    from chainrule.check import claim_lines

    show(*(Text(printable(line.text), style=STYLES[line.kind]) for line in claim_lines(found)))
