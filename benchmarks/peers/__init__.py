"""The sides that are compared, one file each, all with one signature.

NAME : str
    What the tables call it.
available() : bool
    Whether its library is installed; nothing is imported to find out.
version() : str
    The versions of what does the work.
prepare(problem) : callable without arguments, or None
    Does what a person does once (wrapping arrays, compiling); the callable does what they do at every step, waits
    until it is done, and returns the loss and its gradients. None where the library does not have it.

Every peer is at the fastest setting that was found for it; where there were several, its file says what was tried.
"""

import importlib
from types import ModuleType

OURS = "ours_reused"
BOUNDS = ("bound_copy", "bound_matrix_products")


def load(name: str) -> ModuleType:
    """Return the module of a peer."""
    return importlib.import_module(f"peers.{name}")
