"""After fork() the child computes, with a pool of its own; nothing hangs, in the child or at the end."""

import os

import pytest

from kernels import fresh_process

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system"),
    pytest.mark.usefixtures("compiled"),
]

PREPARE = """
import json, os, signal, threading, time, warnings
import numpy as np
from chainrule.kernels import native
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of fork() beside threads: the very test
compiled = native()
compiled.oversubscribe(True)
logits = np.random.default_rng(0).normal(size=(4000, 100))
targets = np.arange(4000) % 100

def compute(n_threads=3):
    return compiled.cross_entropy_index_rows(logits, targets, None, 1.0, 1.0, None, np.empty_like(logits), n_threads)

expected = compute(1)

def fork_and_compute():
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        right = all(compute(n) == expected for n in (1, 2, 3, 3))
        os._exit(0 if right else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def test_a_child_forked_beside_a_warm_pool_computes():
    program = """
compute()
results = [fork_and_compute() for _ in range(5)]
print(json.dumps([results, compute() == expected]))
"""
    assert fresh_process.run(PREPARE + program) == [[0] * 5, True]


def test_a_child_forked_while_another_thread_is_inside_a_region_computes():
    program = """
running = True
wrong = []
def keep_computing():
    while running:
        if compute() != expected:
            wrong.append(1)
thread = threading.Thread(target=keep_computing)
thread.start()
results = [fork_and_compute() for _ in range(20)]
running = False
thread.join()
print(json.dumps([results, wrong]))
"""
    assert fresh_process.run(PREPARE + program) == [[0] * 20, []]


def test_a_second_thread_may_fork_while_the_main_thread_computes():
    program = """
results = []
thread = threading.Thread(target=lambda: results.extend(fork_and_compute() for _ in range(20)))
thread.start()
wrong = []
while thread.is_alive():
    if compute() != expected:
        wrong.append(1)
print(json.dumps([results, wrong]))
"""
    assert fresh_process.run(PREPARE + program) == [[0] * 20, []]


def test_a_child_of_a_child_computes():
    program = """
compute()
child = os.fork()
if child == 0:
    signal.alarm(30)
    compute()
    os._exit(fork_and_compute())
print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"""
    assert fresh_process.run(PREPARE + program) == 0


def test_the_interpreter_ends_while_a_daemon_thread_computes():
    program = """
def forever():
    while True:
        compute()
threading.Thread(target=forever, daemon=True).start()
compute()
time.sleep(0.1)
print(json.dumps("ended"))
"""
    assert fresh_process.run(PREPARE + program) == "ended"
