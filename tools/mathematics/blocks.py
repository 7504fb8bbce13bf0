"""Derivations, results, numbers and claims for a page: each is computed and proven when the page is written."""

import io
import shlex
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from functools import cache
from itertools import pairwise

from chainrule.app.commands import main
from chainrule.derive import (
    ClaimPart,
    Context,
    Derivation,
    Proof,
    Section,
    Step,
    check_names,
    context_of,
    derive,
    equation_latex,
    formula_text,
    read_claim,
    read_expression,
)
from chainrule.derive.evaluation import State, value_of
from chainrule.derive.points import given_point
from chainrule.derive.proof import prove
from chainrule.derive.rewriting import Relation


def derived(quantity: str, **options: object) -> Derivation:
    """Return a derivation; what several places show is derived once."""
    return _derived(quantity, tuple((name, _hashable(value)) for name, value in options.items()))


@cache
def _derived(quantity: str, options: tuple[tuple[str, object], ...]) -> Derivation:
    return derive(quantity, **dict(options))


def _hashable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def derivation(quantity: str, *, only: Sequence[str] = (), **options: object) -> str:
    """Return a derivation as a block of text, or of its sections those whose titles begin as ``only`` says."""
    found = derived(quantity, **options)
    sections = [each for each in found.sections if not only or each.title.startswith(tuple(only))]
    matched = [start for start in only if any(each.title.startswith(start) for each in sections)]
    assert len(matched) == len(only), f"{quantity}: of {only} there is {matched}"
    block = fenced(replace(found, sections=tuple(sections)).text())
    left_out = [each.title for each in found.sections if each not in sections]
    if not left_out:
        return block
    titles = "; ".join(f"`{title}`" for title in left_out)
    return f"{block}\n\nLeft out here, and printed by `{command_line(quantity, **options)}`: {titles}."


def numbers(quantity: str, **options: object) -> str:
    """Return what a quantity equals, in symbols and in the numbers of the example, as a block of text."""
    return fenced(derived(quantity, **options).text(brief=True).partition("\n\nrules used:")[0])


def result(quantity: str, **options: object) -> str:
    """Return what a quantity equals as a display of LaTeX."""
    found = derived(quantity, **options)
    return f"$$\n{equation_latex(found.quantity, found.result)}\n$$"


def equation(quantity: str, **options: object) -> str:
    """Return what a quantity equals as code within a sentence."""
    found = derived(quantity, **options)
    return f"`{formula_text(found.quantity, found.result)}`"


def formula(text: str) -> str:
    """Return an expression as code within a sentence, after it was read."""
    read_expression(text)
    return f"`{text}`"


def values(*quantities: str, **options: object) -> str:
    """Return a table of quantities in the numbers of the example, to four decimals."""
    rows = [(quantity, derived(quantity, **options)) for quantity in quantities]
    lines = [f"| `{quantity}` | `{found.result}` | {value(found)} |" for quantity, found in rows]
    return "\n".join(["| | its derivation says | in numbers |", "|---|---|---|", *lines])


def jacobian(probabilities: Sequence[float]) -> str:
    """Return the derivatives of all outputs by all logits as a table with the sum of each column."""
    places = range(1, len(probabilities) + 1)

    def row(head: str, quantities: Sequence[str]) -> str:
        found = [value(derived(quantity, probabilities=list(probabilities))) for quantity in quantities]
        return f"| {' | '.join([head, *found])} |"

    head = [f"| | {' | '.join(f'by Z_{k}' for k in places)} |", f"|---{'|---' * len(places)}|"]
    rows = [row(f"O_{i}", [f"dO_{i}/dZ_{k}" for k in places]) for i in places]
    return "\n".join([*head, *rows, row("sum", [f"sum_i dO_i/dZ_{k}" for k in places])])


def value(found: Derivation) -> str:
    """Return the value of a result in the numbers of its example, to four decimals without zeros at the end."""
    text = f"{float(value_of(found.result, State(given_point(found.context, 0)), {})):.4f}".rstrip(
        "0"
    ).rstrip(".")
    return "0" if text == "-0" else text


def claim(text: str, **options: object) -> str:
    """Return a claim as code within a sentence, after it was proven at random points."""
    failed = [part for part in read_claim(text) if not holds(part, context_of(**options))]
    assert not failed, f"{text} does not hold with {options}"
    return f"`{text}`"


def mistake(text: str, **options: object) -> str:
    """Return a claim that does not hold as code within a sentence, after it was refuted at a random point."""
    assert not any(holds(part, context_of(**options)) for part in read_claim(text)), f"{text} holds"
    return f"`{text}`"


def display(text: str, **options: object) -> str:
    """Return a claim as a display of LaTeX, after it was proven at random points."""
    claim(text, **options)
    (part,) = read_claim(text)
    left, right = part.expressions
    return f"$$\n{equation_latex(left, right, _case(part))}\n$$"


def holds(part: ClaimPart, context: Context) -> bool:
    """Return whether every pair of neighbours in a chain is equal, to 50 digits with 2, 3 and 5 classes."""
    sides = [check_names(expression, context) for expression in part.expressions]
    return all(_proof(left, right, _case(part), context) for left, right in pairwise(sides))


def _proof(left: object, right: object, case: Relation | None, context: Context) -> Proof:
    step = Step("claim", left, right, right, left, right, None, case)
    return prove(Derivation(left, context, (Section("", (step,)),), right))


def _case(part: ClaimPart) -> Relation | None:
    if part.condition is None:
        return None
    (case,) = part.condition.requirements
    assert isinstance(case, Relation)
    return case


ENDS = {"derive": {0}, "check": {0, 1, 3}}
"""The statuses with which a command that did its work ends: a claim may be right, wrong or conditional."""


def try_it(*lines: str) -> str:
    """Return command lines and how what they print ends, after they were run."""
    return fenced("\n\n".join(_session(line) for line in lines), "console")


def _session(line: str) -> str:
    program, *arguments = shlex.split(line)
    assert program == "chainrule", line
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(stream):
        status = main(arguments)
    assert status in ENDS[arguments[0]], f"{line}: status {status}"
    printed = stream.buffer.getvalue().decode().rstrip("\n")
    return f"$ {line}\n{SHOWN[arguments[0]](printed)}"


def _ending(printed: str) -> str:
    """Return the result that a derivation ends with."""
    _, mark, end = printed.rpartition("result:\n")
    assert mark, printed
    return f"[...]\n{mark}{end}"


def _verdicts(printed: str) -> str:
    """Return the verdict of each part and what is true; the diagnoses are not for these pages."""
    kept, inside = [], False
    for line in printed.splitlines():
        inside = line == "  what is true" or (inside and line.startswith("    "))
        if inside or line.startswith(("RIGHT ", "WRONG ", "CONDITIONAL ")):
            kept.append(line)
    return "\n".join([*kept, "[...]"])


SHOWN = {"derive": _ending, "check": _verdicts}
"""What a page shows of what a command prints."""


def fenced(text: str, language: str = "text") -> str:
    """Return a block of text as Markdown shows it unchanged."""
    return f"```{language}\n{text}\n```"


def command_line(quantity: str, **options: object) -> str:
    """Return the command that prints a derivation.

    Examples
    --------
    >>> command_line("dE/dZ_k", targets=[1, 0], log_base=2)
    'chainrule derive "dE/dZ_k" --targets 1,0 --log-base 2'
    """
    return " ".join([f'chainrule derive "{quantity}"', *_flags(options)])


def _flags(options: dict[str, object]) -> Iterator[str]:
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            yield flag
        elif isinstance(value, list | tuple):
            yield f"{flag} {','.join(map(str, value))}"
        else:
            yield f"{flag} {value}"
