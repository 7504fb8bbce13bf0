"""The limit to one BLAS thread: inside, after, nested, overlapping."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from chainrule.training.one_blas_thread import one_blas_thread


def blas_threads():
    np.ones((2, 2)) @ np.ones((2, 2))
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_one_thread_inside_and_the_former_number_after():
    before = blas_threads()
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


@pytest.mark.parametrize("first_to_leave", ["worker", "main"])
def test_overlapping_threads_share_the_limit_and_leave_none_behind(first_to_leave):
    before = blas_threads()
    both_inside, leave = threading.Barrier(2), threading.Event()

    def work():
        with one_blas_thread():
            both_inside.wait()
            leave.wait()

    thread = threading.Thread(target=work)
    thread.start()
    with one_blas_thread():
        both_inside.wait()
        assert set(blas_threads()) == {1}
        if first_to_leave == "worker":
            leave.set()
            thread.join()
            assert set(blas_threads()) == {1}
    if first_to_leave == "main":
        assert set(blas_threads()) == {1}
        leave.set()
        thread.join()
    assert blas_threads() == before


def test_a_thread_of_its_own_is_limited_too():
    seen = []

    def work():
        with one_blas_thread():
            seen.extend(blas_threads())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert set(seen) == {1}
