"""A verdict on a claim as text for people."""

from collections.abc import Iterator

from chainrule.check.claim_verdict import ClaimVerdict, PartVerdict


def claim_text(verdict: ClaimVerdict) -> str:
    """Return the report: how the claim was read, what holds, what was done, and the truth.

    Examples
    --------
    >>> print(claim_text(ClaimVerdict("right", (PartVerdict("E = E", "right", "E = E"),), "E = E")))
    right: E = E
    """
    lines = [line for part in verdict.parts for line in _part(part)]
    lines += [f"Also: {remark}" for remark in verdict.remarks]
    if len(verdict.parts) > 1:
        lines.append(f"Altogether: {verdict.verdict}.")
    return "\n".join(lines + [f"Not tested: {'; '.join(verdict.not_tested)}."] * bool(verdict.not_tested))


def _part(part: PartVerdict) -> Iterator[str]:
    condition = f", only if {part.condition}" if part.condition else ""
    yield f"{part.verdict}{condition}: {part.claim}"
    told = {
        "read as": part.read_as if part.read_as != part.claim else None,
        "why": part.reason,
        "truth": part.truth,
        "at these targets": part.truth_at_targets,
        "what happened": "; ".join(f"{each.name}: {each.text}" for each in part.diagnoses) or None,
        "where it parts": part.line,
        "for example": None if part.counterexample is None else str(part.counterexample),
    }
    for name, text in told.items():
        if text:
            yield f"  {name}: " + text.replace("\n", "\n    ")
    yield from (f"  note: {remark}" for remark in part.remarks)
