"""Fixtures of the tests of JAX arrays: the two paths, and float64."""

from collections.abc import Iterator

import jax
import pytest

from chainrule.functions.jax import foreign

PATHS = ("compiled kernels", "jax.numpy formulas")


@pytest.fixture(params=PATHS)
def jax_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test by the kernels and by the formulas."""
    if request.param == PATHS[1]:
        monkeypatch.setattr(foreign, "formulas_reason", lambda: "the test wants the formulas")
    elif foreign.path() != request.param:
        pytest.skip(f"no kernels: {foreign.formulas_reason()}")
    return request.param


@pytest.fixture
def x64() -> Iterator[None]:
    """Let JAX have float64, for one test."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def kernels_for_jax() -> None:
    """Skip a test of the kernels where there are none."""
    if foreign.path() != PATHS[0]:
        pytest.skip(f"no kernels: {foreign.formulas_reason()}")
