"""A case of the corpus of implementations: what it is, which verdicts are right, and the names of its mistake."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).resolve().parent / "implementations"
RIGHT, WRONG, CONDITIONAL, UNDECIDED = ("right",), ("wrong",), ("conditional",), ("undecided",)


@dataclass(frozen=True)
class Case:
    """One function of the corpus; any of the names will do, any of the verdicts too."""

    file: str
    function: str
    verdicts: tuple[str, ...]
    names: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.file}:{self.function}"

    def load(self) -> Callable[..., Any]:
        """Import the file once and return the function."""
        return getattr(_module(self.file), self.function)


def _module(file: str) -> ModuleType:
    name = f"implementations_of_corpus_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{file}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def right_ones(file: str, *functions: str) -> list[Case]:
    return [Case(file, function, RIGHT) for function in functions]


def wrong_ones(file: str, rows: dict[str, str], **options: Any) -> list[Case]:
    return [Case(file, function, WRONG, tuple(names.split()), options) for function, names in rows.items()]


def conditional_ones(file: str, rows: dict[str, str], **options: Any) -> list[Case]:
    return [
        Case(file, function, CONDITIONAL, tuple(names.split()), options) for function, names in rows.items()
    ]
