"""Hold files under 500 lines and functions under 60; each exception stands in size_reasons.toml with its reason."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

FILE_CEILING = 500
FUNCTION_CEILING = 60
ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "native", "tests", "tools", "benchmarks")


def main() -> int:
    """Print every file or function over its ceiling without a reason, and every reason without need."""
    reasons = tomllib.loads((ROOT / "tools/size_reasons.toml").read_text())
    over = dict(_over_ceiling())
    problems = [f"{place}: {size}" for place, size in over.items() if place not in reasons]
    problems += [f"{place}: has a reason and needs none" for place in reasons if place not in over]
    print("\n".join(problems) or "sizes: every file and function is under its ceiling or has a reason")
    return bool(problems)


def _over_ceiling() -> Iterator[tuple[str, str]]:
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        if path.suffix not in (".py", ".cpp", ".hpp"):
            continue
        text, name = path.read_text(), path.relative_to(ROOT).as_posix()
        if (lines := text.count("\n")) > FILE_CEILING:
            yield name, f"{lines} lines, ceiling {FILE_CEILING}"
        if path.suffix == ".py":
            for function, lines in _functions(ast.parse(text)):
                if lines > FUNCTION_CEILING:
                    yield f"{name}:{function}", f"{lines} lines of code, ceiling {FUNCTION_CEILING}"


def _functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each function with its lines, docstring not counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - docstring


if __name__ == "__main__":
    sys.exit(main())
