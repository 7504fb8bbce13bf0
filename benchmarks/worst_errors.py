"""Worst errors of every path of this package, and of others, against mpmath; with --write, into a page."""

import argparse
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import chainrule
from accuracy import measure, render, replaced

PACKAGES = ("numpy", "torch", "jax", "optax", "scikit-learn", "scipy", "mpmath")


def versions() -> str:
    """Return the versions of what was measured."""
    found = [f"chainrule {chainrule.__version__}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def main() -> None:
    """Print the tables, or write them into the page between its markers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="replace the region between the page's markers"
    )
    page = parser.parse_args().write
    region = render(measure(), versions())
    if page is None:
        print(region)
    else:
        page.write_text(replaced(page.read_text(), region))


if __name__ == "__main__":
    main()
