"""Fixtures shared by all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

import faults

faults.install()
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # or scikit-learn skips one of its checks

from chainrule import kernels  # noqa: E402  (after the fault, if one is seeded)
from chainrule.functions import dispatch  # noqa: E402

# No deadline: a test never judges time. The path fixture holds for all examples of a test alike.
settings.register_profile(
    "tests",
    deadline=None,
    max_examples=30,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("tests")


def _paths() -> list[str]:
    compiled = kernels.native()
    return ["numpy", *(compiled.instruction_sets() if compiled else [])]


@pytest.fixture(params=_paths())
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test on the NumPy path and on the kernels of every instruction set of this machine."""
    compiled = kernels.native()
    if request.param == "numpy":
        monkeypatch.setattr(dispatch, "native", lambda: None)
        yield request.param
        return
    before = compiled.instruction_set()
    compiled.use_instruction_set(request.param)
    yield request.param
    compiled.use_instruction_set(before)
