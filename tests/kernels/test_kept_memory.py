"""The memory of a large result that was dropped is used again, and never while anything can see it."""

import gc
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import chainrule as cr

SHAPE = (96, 100_000)  # 38 MB of float32

pytestmark = [
    pytest.mark.usefixtures("compiled"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is kept on Linux alone"),
]


@pytest.fixture(scope="module")
def large():
    generator = np.random.default_rng(5)
    return generator.normal(size=SHAPE).astype(np.float32), generator.integers(SHAPE[1], size=SHAPE[0])


def gradient(large, rows=slice(None)):
    logits, targets = large
    return cr.cross_entropy_with_gradient(logits[rows], targets[rows])[1]


def address(array):
    return array.__array_interface__["data"][0]


def test_the_memory_of_a_dropped_gradient_is_used_again_with_the_same_result(large):
    first = gradient(large)
    expected, place = first.copy(), address(first)
    del first
    again = gradient(large)
    assert address(again) == place
    np.testing.assert_array_equal(again, expected)


def test_an_array_that_is_in_use_or_seen_through_a_view_is_never_given_out(large):
    dropped = gradient(large)
    del dropped
    first = gradient(large)
    view, expected = first[3:5, ::2], first[3:5, ::2].copy()
    second = gradient(large)
    assert not np.shares_memory(first, second)
    del first
    gc.collect()
    third = cr.softmax(large[0])
    assert not np.shares_memory(view, third)
    np.testing.assert_array_equal(view, expected)


def test_a_result_of_another_size_has_memory_of_its_own_size(large):
    kept = gradient(large)
    expected = kept[:90].copy() * np.float32(SHAPE[0] / 90)
    del kept
    smaller = gradient(large, slice(90))
    np.testing.assert_allclose(smaller, expected, rtol=1e-5, atol=0)
    del smaller
    assert gradient(large).shape == SHAPE


def test_results_are_ordinary_arrays(large):
    result = gradient(large)
    assert type(result) is np.ndarray
    assert result.flags.writeable
    assert result.flags.c_contiguous
    assert result.flags.aligned
    result *= 2  # and can be written to


def test_threads_that_take_and_drop_results_do_not_disturb_one_another(large):
    expected = gradient(large)

    def run(_):
        return all(np.array_equal(gradient(large), expected) for _ in range(4))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(4)))
