"""What a target came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """A target, what was measured, and whether that meets it (None where there is no target)."""

    what: str
    target: str
    measured: str
    met: bool | None
