"""The report on an implementation, in rich text and in plain text."""

import io
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from chainrule.check.advice import ADVICE
from chainrule.check.diagnoses import DIAGNOSES
from chainrule.check.implementation_verdict import ImplementationVerdict, NamedMistake

WIDTH = 100
COLOURS = {"right": "green", "wrong": "red", "conditional": "yellow", "undecided": "cyan"}
KINDS = {
    "loss": "a loss of logits and targets",
    "gradient": "a gradient by the logits",
    "loss-and-gradient": "a loss with its gradient by the logits",
    "linear-gradient": "a linear head: loss, gradient of the weight, gradient of the biases",
    "softmax": "a softmax",
    "log-softmax": "a log-softmax",
    "softmax-jacobian": "the softmax's Jacobian",
    "hessian": "the second derivative of the loss by the logits",
    "softmax-backward": "the backward pass of a softmax",
    "log-softmax-backward": "the backward pass of a log-softmax",
}


def report(verdict: ImplementationVerdict) -> RenderableType:
    """Return the report for a terminal: the verdict, the mistakes with evidence, what was and was not tested."""
    return Group(*_parts(verdict))


def report_text(verdict: ImplementationVerdict) -> str:
    """Return the report as plain text of at most 100 columns."""
    stream = io.StringIO()
    console = Console(file=stream, width=WIDTH, no_color=True, highlight=False, emoji=False, markup=False)
    console.print(report(verdict))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def _parts(verdict: ImplementationVerdict) -> Iterator[RenderableType]:
    yield _headline(verdict)
    if verdict.reason:
        yield Text(verdict.reason)
    yield from _questions(verdict)
    for number, mistake in enumerate(verdict.diagnoses, 1):
        yield Text("")
        yield from _mistake(number, mistake)
    if verdict.evidence:
        yield Text("\nThe evidence")
        yield _evidence(verdict.evidence)
    if verdict.remarks:
        yield Text("\nRemarks")
        yield from (_item(remark) for remark in verdict.remarks)
    if verdict.tested:
        yield Text("\nTested")
        yield from (_item(line) for line in verdict.tested)
    if verdict.not_tested:
        yield Text("\nNot tested")
        yield from (_item(line) for line in verdict.not_tested)


def _headline(verdict: ImplementationVerdict) -> Text:
    line = Text.assemble(
        (f"{verdict.function}: ", "bold"), (verdict.verdict, f"bold {COLOURS[verdict.verdict]}")
    )
    if verdict.condition:
        line.append(f", right where {verdict.condition}")
    if verdict.kind:
        line.append(f"\nTaken as {verdict.kind}: {KINDS[verdict.kind]}.")
    return line


def _questions(verdict: ImplementationVerdict) -> Iterator[Text]:
    answers = {True: "yes", False: "no", None: "not asked"}
    if verdict.loss_matches is not None or verdict.gradient_matches_own_loss is not None:
        yield Text(f"Is the loss the intended loss?  {answers[verdict.loss_matches]}")
        yield Text(f"Is the gradient that of its own loss?  {answers[verdict.gradient_matches_own_loss]}")


def _mistake(number: int, mistake: NamedMistake) -> Iterator[RenderableType]:
    diagnosis, advice = DIAGNOSES[mistake.name], ADVICE[mistake.name]
    yield Text(f"{number}. {mistake.name}", "bold")
    found = mistake.text.removeprefix(diagnosis.definition).split(" Why: ")[0].strip()
    rows = (
        ("What", diagnosis.definition),
        ("Found", found.removeprefix("Found: ")),
        ("Why", advice.why),
        ("Mend", advice.mend),
        ("Wrong", diagnosis.wrong),
        ("Right", diagnosis.right),
    )
    table = Table.grid(padding=(0, 2))
    for name, text in rows:
        table.add_row(Text(name), Text(text))
    yield Padding(table, (0, 0, 0, 3))
    if mistake.evidence:
        yield Padding(_evidence(mistake.evidence), (0, 0, 0, 3))


def _evidence(evidence: Mapping[str, Any]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, value in dict(evidence.get("inputs", {})).items():
        table.add_row(Text(name), Text(_numbers(value)))
    part = evidence.get("part", "result")
    table.add_row(Text(f"your {part}"), Text(_numbers(evidence.get("yours"))))
    table.add_row(Text("reference"), Text(_numbers(evidence.get("reference"))))
    slope = evidence.get("own_slope")
    if slope:
        table.add_row(Text("slope of your own loss"), Text(_numbers(slope["difference_quotient"])))
        table.add_row(Text("your gradient there"), Text(_numbers(slope["yours"])))
    return table


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_numbers(item) for item in value) + "]"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _item(line: str) -> Text:
    wrapped = textwrap.wrap(line, WIDTH - 4) or [""]
    return Text("\n".join(("  - " if place == 0 else "    ") + part for place, part in enumerate(wrapped)))
