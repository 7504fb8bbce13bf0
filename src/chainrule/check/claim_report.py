"""A verdict on a claim, as lines for people."""

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.check.claim_verdict import ClaimVerdict, PartVerdict

INDENT = "    "


@dataclass(frozen=True)
class ReportLine:
    """A line and what it is: "right", "conditional", "undecided", "wrong", "label", "text" or "blank"."""

    text: str
    kind: str


def claim_text(verdict: ClaimVerdict) -> str:
    """Return the report as plain text.

    Examples
    --------
    >>> print(claim_text(ClaimVerdict("right", (PartVerdict("E = E", "right", "E = E"),), "E = E")))
    RIGHT  E = E
    """
    return "\n".join(line.text for line in claim_lines(verdict))


def claim_lines(verdict: ClaimVerdict) -> list[ReportLine]:
    """Return the report's lines: each part with its verdict, what was done, what is true, and an example.

    Examples
    --------
    >>> claim_lines(ClaimVerdict("right", (PartVerdict("E = E", "right", "E = E"),), "E = E"))[0].kind
    'right'
    """
    lines: list[ReportLine] = []
    for part in verdict.parts:
        lines += [ReportLine("", "blank")] if lines else []
        lines += _part(part)
    if len(verdict.parts) > 1 or verdict.remarks:
        lines.append(ReportLine("", "blank"))
    lines += [ReportLine(f"And {remark}", "text") for remark in verdict.remarks]
    if len(verdict.parts) > 1:
        lines.append(ReportLine(f"Altogether: {verdict.verdict}.", verdict.verdict))
    if verdict.not_tested:
        lines.append(ReportLine(f"Not tested: {'; '.join(verdict.not_tested)}.", "label"))
    return lines


def _part(part: PartVerdict) -> Iterator[ReportLine]:
    condition = f" (holds if {part.condition})" if part.condition else ""
    yield ReportLine(f"{part.verdict.upper()}  {part.claim}{condition}", part.verdict)
    for label, text in _paragraphs(part):
        yield ReportLine(f"  {label}", "label")
        yield from (ReportLine(f"{INDENT}{line}", "text") for line in text.split("\n"))


def _paragraphs(part: PartVerdict) -> Iterator[tuple[str, str]]:
    if part.read_as and part.read_as != part.claim:
        yield "read as", part.read_as
    if part.reason:
        yield "why", part.reason
    if part.diagnoses:
        yield "what was done", "\n".join(f"{each.name}: {each.text}" for each in part.diagnoses)
    if part.line:
        yield "where the derivation goes another way", part.line
    if part.truth and part.verdict != "right":
        yield "what is true", part.truth
    if part.truth_at_targets:
        yield "at these targets", part.truth_at_targets
    if part.counterexample is not None:
        yield "for example", str(part.counterexample)
    if part.remarks:
        yield "note", "\n".join(part.remarks)
