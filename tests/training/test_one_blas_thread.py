"""The limit to one BLAS thread: inside, after, nested, overlapping, with libraries to load, and across forks."""

import subprocess
import sys
import threading
from types import ModuleType

import numpy as np
import pytest
import threadpoolctl
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


def run(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_library_that_is_named_is_limited_although_it_was_not_loaded():
    run("""
import sys, threadpoolctl
import numpy as np
from chainrule.training.one_blas_thread import one_blas_thread

def threads():
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

with one_blas_thread():
    assert "scipy.linalg" not in sys.modules
    with one_blas_thread("scipy.linalg"):
        assert set(threads()) == {1}, threads()
import scipy.linalg
assert len(set(threads())) == 1, threads()
""")


def test_libraries_are_looked_for_again_only_where_modules_have_come(monkeypatch):
    looks = []

    class Counted(threadpoolctl.ThreadpoolController):
        def __init__(self):
            looks.append(True)
            super().__init__()

    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", Counted)
    monkeypatch.setitem(sys.modules, "a_module_that_came", ModuleType("a_module_that_came"))
    for _ in range(2):
        with one_blas_thread():
            assert len(looks) == 1
    monkeypatch.setitem(sys.modules, "another_that_came", ModuleType("another_that_came"))
    with one_blas_thread():
        assert len(looks) == 2


def test_the_first_newton_fit_of_a_process_has_the_bytes_of_the_second():
    run("""
import sys
import numpy as np
import chainrule as cr

random = np.random.default_rng(0)
X = random.normal(size=(3000, 60)) @ random.normal(size=(60, 60))
y = random.integers(0, 12, 3000)
assert "scipy.linalg" not in sys.modules
fits = []
for _ in range(2):
    network = cr.Network((60, 12), dtype=np.float64)
    cr.train(network, X, y, solver="newton-cholesky", max_epochs=3)
    fits.append(network.parameters.tobytes())
assert fits[0] == fits[1]
""")


FORKS = """
import os, signal, threading
import numpy as np
import threadpoolctl
from chainrule.network import Network
from chainrule.training import train
from chainrule.training.one_blas_thread import one_blas_thread

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(100, 4)), np.arange(100) % 3

def fitted(callback=None):
    network = Network((4, 3), dtype=np.float64)
    train(network, X, Y, solver="lbfgs", max_epochs=3, callback=callback)
    return network.parameters.tobytes()

def threads():
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

def in_a_child(check):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(30)
        os._exit(0 if check() else 1)
    return os.waitpid(child, 0)[1] == 0

free, whole = threads(), fitted()
"""


def test_children_forked_while_another_thread_trains_train_too():
    run(
        FORKS
        + """
stop = threading.Event()

def work():
    while not stop.is_set():
        fitted()

thread = threading.Thread(target=work)
thread.start()
try:
    done = [in_a_child(lambda: fitted() == whole and threads() == free) for _ in range(20)]
finally:
    stop.set()
    thread.join()
assert all(done), done
assert threads() == free
"""
    )


def test_a_child_forked_inside_a_block_keeps_its_own_and_not_those_of_other_threads():
    run(
        FORKS
        + """
inside, leave = threading.Event(), threading.Event()

def work():
    with one_blas_thread():
        inside.set()
        leave.wait()

def finish():
    return set(threads()) == {1}

thread = threading.Thread(target=work)
thread.start()
inside.wait()
assert in_a_child(lambda: threads() == free)
with one_blas_thread():
    assert in_a_child(finish)
child = None

def fork(progress):
    global child
    if progress.epoch == 2:
        child = os.fork()
        signal.alarm(0 if child else 30)

same = fitted(fork) == whole
if child == 0:
    os._exit(0 if same and threads() == free else 1)
assert os.waitpid(child, 0)[1] == 0
leave.set()
thread.join()
assert same and threads() == free
"""
    )
