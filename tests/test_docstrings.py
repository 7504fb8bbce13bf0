"""Every example runs, and every public name says what it takes, gives, refuses and shows an example."""

import doctest
import importlib
import inspect
import pkgutil
import re

import pytest

import chainrule as cr

MODULES = [
    module.name
    for module in pkgutil.walk_packages(cr.__path__, "chainrule.")
    if not module.name.endswith(("__main__", "_native"))
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    assert doctest.testmod(module, optionflags=flags).failed == 0


def _sections(text):
    return set(re.findall(r"^\s*([A-Z][A-Za-z]+)\n\s*-{3,}$", text or "", flags=re.MULTILINE))


@pytest.mark.parametrize("name", cr.__all__)
def test_a_public_name_is_documented_in_full(name):
    thing = getattr(cr, name)
    needed = {"Parameters", "Raises", "Examples"} | (set() if inspect.isclass(thing) else {"Returns"})
    assert needed <= _sections(thing.__doc__)
