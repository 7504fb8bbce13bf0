"""Fixtures of the kernels' tests: without the compiled module they fail, unless it was left out on purpose."""

import os
from collections.abc import Iterator
from types import ModuleType

import pytest

from chainrule import kernels


@pytest.fixture
def compiled() -> Iterator[ModuleType]:
    """The compiled module, left in the instruction set that it was found in."""
    module = kernels.native()
    if os.environ.get("CHAINRULE_INSTRUCTION_SET") == "numpy":
        pytest.skip("CHAINRULE_INSTRUCTION_SET=numpy leaves the kernels out")
    assert module is not None, kernels.unavailable_reason()
    before = module.instruction_set()
    yield module
    module.use_instruction_set(before)


@pytest.fixture
def many_threads(compiled: ModuleType) -> Iterator[ModuleType]:
    """The compiled module, running as many threads as it is asked for, however few processors there are."""
    compiled.oversubscribe(True)
    yield compiled
    compiled.oversubscribe(False)
