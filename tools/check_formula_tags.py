"""Hold every formula tag, such as (CE.2), to one statement; a tag that is used must be stated.

A statement is a line that begins with the tag, followed by two spaces and the formula.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "native", "tests", "docs", "benchmarks")
TAG = re.compile(r"\(([A-Z]{2,3}\.\d+)\)")
STATEMENT = re.compile(r"^[\s/*#]*\(([A-Z]{2,3}\.\d+)\)\s{2,}\S")


def main() -> int:
    """Print every tag that is stated twice, or used and never stated."""
    stated, used = defaultdict(list), defaultdict(list)
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        if path.suffix not in (".py", ".pyi", ".cpp", ".hpp", ".md"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            place = f"{path.relative_to(ROOT).as_posix()}:{number}"
            if statement := STATEMENT.match(line):
                stated[statement[1]].append(place)
            for tag in TAG.findall(line):
                used[tag].append(place)
    problems = [f"({tag}) is stated {len(places)} times: {', '.join(places)}"
                for tag, places in sorted(stated.items()) if len(places) > 1]  # fmt: skip
    problems += [f"({tag}) is used and never stated: {places[0]}"
                 for tag, places in sorted(used.items()) if tag not in stated]  # fmt: skip
    print("\n".join(problems) or f"formula tags: {len(stated)}, each stated once")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
