"""The command line as ``python -m chainrule``."""

from chainrule.app import run

run()
