"""The command line: parse, call, print."""

from chainrule.app.main import run

__all__ = ["run"]
