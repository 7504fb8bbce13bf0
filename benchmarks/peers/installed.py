"""Whether a library is installed, without importing it."""

from importlib.metadata import version
from importlib.util import find_spec


def installed(module: str) -> bool:
    """Tell whether a module could be imported."""
    return find_spec(module) is not None


def versions(*distributions: str) -> str:
    """Return "name version, name version"."""
    return ", ".join(f"{name} {version(name)}" for name in distributions)
