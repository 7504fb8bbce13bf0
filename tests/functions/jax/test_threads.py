"""The kernels on threads of XLA: many calls at once, any number of threads, no waiting for each other."""

from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import chainrule as cr
from chainrule import kernels

pytestmark = pytest.mark.usefixtures("kernels_for_jax")


@pytest.fixture
def many_threads():
    compiled = kernels.native()
    compiled.oversubscribe(True)
    yield
    compiled.oversubscribe(False)


@pytest.mark.usefixtures("many_threads")
def test_the_number_of_threads_changes_no_bit():
    logits = jnp.array(np.random.default_rng(0).normal(size=(5000, 40)).astype(np.float32))
    y = jnp.arange(5000) % 40
    one = cr.cross_entropy_with_gradient(logits, y, n_threads=1)
    for n_threads in (2, 3, 5):
        for a, b in zip(one, cr.cross_entropy_with_gradient(logits, y, n_threads=n_threads), strict=True):
            np.testing.assert_array_equal(a, b)


def test_calls_of_jax_and_numpy_on_many_threads_at_once_all_end_with_the_same_bits():
    logits = np.random.default_rng(0).normal(size=(20_000, 30)).astype(np.float32)
    y = np.arange(len(logits)) % 30
    on_jax = jnp.array(logits), jnp.array(y)
    # Two calls in one program may run on two threads of XLA at the same time.
    program = jax.jit(
        lambda z: (cr.cross_entropy(z, on_jax[1]), cr.softmax(z).max(), cr.cross_entropy(2 * z, on_jax[1]))
    )
    expected, expected_by_numpy = [float(value) for value in program(on_jax[0])], cr.cross_entropy(logits, y)

    def call(number):
        if number % 2:
            return cr.cross_entropy(logits, y) == expected_by_numpy
        return [float(value) for value in program(on_jax[0])] == expected

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(call, range(60)))
