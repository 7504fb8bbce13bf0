"""Hold every source key, such as [KingmaBa2015], to an entry of docs/sources.bib, and every entry to a use."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEYS = re.compile(r"\[([A-Z][A-Za-z]+\d{4}(?:, [^\]]*)?)\]")


def main() -> int:
    """Print every key without an entry, and every entry without a use."""
    entries = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "docs/sources.bib").read_text(), flags=re.MULTILINE))
    used = set()
    for path in (path for folder in ("src", "native", "docs") for path in (ROOT / folder).rglob("*")):
        if path.suffix in (".py", ".cpp", ".hpp", ".md"):
            for group in KEYS.findall(path.read_text()):
                used |= set(re.findall(r"[A-Z][A-Za-z]+\d{4}", group))
    problems = [f"[{key}] has no entry in docs/sources.bib" for key in sorted(used - entries)]
    problems += [f"{key} in docs/sources.bib is never cited" for key in sorted(entries - used)]
    print("\n".join(problems) or f"sources: {len(entries)}, each cited")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
