"""Whether a library is installed, without importing it."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec


def installed(module: str) -> bool:
    """Tell whether a module could be imported."""
    return find_spec(module) is not None


def versions(*distributions: str) -> str:
    """Return "name version, name version"."""
    return ", ".join(f"{name} {_version(name)}" for name in distributions)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # imported from its sources
        return "from source"
