"""``chainrule derive QUANTITY``: the working behind a gradient."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from chainrule.app import context_options as options

if TYPE_CHECKING:
    from chainrule.derive import Derivation

CALL = "chainrule derive"
FORMATS = ("text", "latex", "html", "json")


def derive(
    quantity: Annotated[
        str,
        typer.Argument(
            metavar="QUANTITY",
            help="Such as dE/dZ_k, dE/dO_k, dE/dW2_kj, dE/db_k, dE/dX_j, d2E/dZ_k dZ_j, dO_i/dZ_k.",
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
    brief: Annotated[bool, typer.Option("--brief", help="Show the result and the rules alone.")] = False,
    detail: Annotated[bool, typer.Option("--detail", help="Show every rewriting, with its part.")] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, latex, html (a whole page) or json.")
    ] = "text",
) -> None:
    """Derive a gradient, in named steps; with probabilities or logits, in the numbers of one example too."""
    from chainrule.derive import derive as derived
    from chainrule.errors import ArgumentError

    if form not in FORMATS:
        raise ArgumentError(CALL, f"--format is one of {', '.join(FORMATS)}", repr(form), "Choose one.")
    if brief and detail:
        raise ArgumentError(CALL, "either --brief or --detail is given", "both", "Leave one of them out.")
    keywords = options.context_keywords(
        CALL, output=output, loss=loss, targets=targets, classes=classes, probabilities=probabilities, logits=logits,
        reduction=reduction, temperature=temperature, label_smoothing=label_smoothing, log_base=log_base,
        class_weight=class_weight, hidden=hidden,
    )  # fmt: skip
    print_derivation(derived(quantity, **keywords), form, brief=brief, detail=detail)


def print_derivation(found: "Derivation", form: str, *, brief: bool, detail: bool) -> None:
    """Print a derivation in one of FORMATS."""
    match form:
        case "latex":
            sys.stdout.write(f"{found.latex(brief=brief, detail=detail)}\n")
        case "html":
            sys.stdout.write(derivation_page(found, brief=brief, detail=detail))
        case "json":
            sys.stdout.write(f"{found.to_json()}\n")
        case _:
            print_text(found, brief=brief, detail=detail)


def print_text(found: "Derivation", *, brief: bool, detail: bool) -> None:
    """Print a derivation as text: wrapped and in colours on a terminal, plain and unwrapped elsewhere."""
    from chainrule.app.terminal import console, show
    from chainrule.derive import given_numbers, text_lines

    if not sys.stdout.isatty():
        sys.stdout.write(f"{found.text(brief=brief, detail=detail)}\n")
        return
    from rich.text import Text

    numbers = given_numbers(found.context)
    lines = text_lines(found, brief=brief, detail=detail, width=console().width, numbers=numbers)
    show(*(Text(line.text, style=STYLES[line.kind]) for line in lines))


STYLES = {
    "heading": "bold",
    "rule": "cyan",
    "formula": "",
    "reason": "dim",
    "part": "dim",
    "numbers": "green",
    "blank": "",
}
"""How each kind of line looks on a terminal."""


def derivation_page(found: "Derivation", *, brief: bool, detail: bool) -> str:
    """Return a derivation as a whole HTML page."""
    from markupsafe import Markup

    from chainrule.derive import context_words, quantity_words
    from chainrule.report import document_html

    words = quantity_words(found.quantity)
    return document_html(
        eyebrow=CALL,
        heading=f"{words[0].upper()}{words[1:]}",
        lead=f"Where {context_words(found.context)}.",
        body=Markup(found.html(brief=brief, detail=detail, heading_level=2, head=False)),
    )
