"""Hold each room's ``__init__`` to be its whole public list, complete and the only way in from other rooms."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src/chainrule"


def main() -> int:
    """Print every list that does not match what its room offers, and every import that goes around one."""
    problems = [problem for room in sorted(PACKAGE.glob("*/__init__.py")) for problem in _list_problems(room)]
    problems += _package_problems()
    problems += [problem for path in sorted(PACKAGE.rglob("*.py")) for problem in _import_problems(path)]
    print("\n".join(problems) or "public lists: each is complete and the only way in")
    return bool(problems)


def _list_problems(room: Path) -> Iterator[str]:
    tree = ast.parse(room.read_text())
    imported = {name for names in _imports(tree).values() for name in names}
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    offered = {name for name in imported | defined if not name.startswith("_")}
    listed = _assigned(tree, "__all__")
    name = room.parent.name
    if missing := set(listed) - offered:
        yield f"{name}: __all__ names what is not there: {sorted(missing)}"


def _package_problems() -> Iterator[str]:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    listed, rooms = _assigned(tree, "__all__"), _assigned(tree, "_ROOM_OF_NAME")
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {name: module.split(".")[1] for module, names in _imports(guarded).items() for name in names}
    if set(listed) != set(rooms):
        yield "chainrule: __all__ and the table of rooms differ"
    if typed != rooms:
        yield "chainrule: the imports for type checkers and the table of rooms differ"
    for name, room in rooms.items():
        if name not in _assigned(ast.parse((PACKAGE / room / "__init__.py").read_text()), "__all__"):
            yield f"chainrule: {room} does not offer {name}"


def _import_problems(path: Path) -> Iterator[str]:
    room = path.relative_to(PACKAGE).parts[0]
    for module in _imports(ast.parse(path.read_text())):
        parts = module.split(".")
        inside = parts[0] == "chainrule" and len(parts) > 2 and parts[1] != room
        if inside and (PACKAGE / parts[1]).is_dir():
            yield f"{path.relative_to(ROOT)}: imports {module}; rooms are entered by their public list"


def _imports(tree: ast.AST) -> dict[str, list[str]]:
    return {
        node.module: [alias.asname or alias.name for alias in node.names]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    }


def _assigned(tree: ast.Module, name: str):
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return ast.literal_eval(node.value)
    return []


if __name__ == "__main__":
    sys.exit(main())
