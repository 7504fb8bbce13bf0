"""Ctrl-C as a real signal, in a process of its own: at many moments, twice, in other threads, with other handlers."""

import subprocess
import sys

import pytest

BEGINNING = """
import os, signal, sys, threading
import numpy as np
from chainrule.network import Network
from chainrule.training import StopReason, train

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(90, 4)), RANDOM.integers(0, 3, 90)

def fitted(solver="adamw", callback=None):
    network = Network((4, 3), dtype=np.float64)
    outcome = train(network, X, Y, solver=solver, max_epochs=4, callback=callback)
    return network.parameters.tobytes(), outcome

def press(*_):
    os.kill(os.getpid(), signal.SIGINT)
"""


def run(program):
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


# A profiler counts calls and returns, of C functions too, from the handler's installation until it is removed. Ctrl-C
# is pressed at one of them: some 60 from first to last, and each of the last 30, which come after the last epoch.
AT_MANY_MOMENTS = """
class Counter:
    def __init__(self, press_at):
        self.count, self.press_at, self.inside = 0, press_at, False

    def __call__(self, frame, event, argument):
        where = frame.f_code.co_qualname
        if event == "return" and where == "DeferredInterrupt.__enter__":
            self.inside = True
        elif event == "return" and where == "DeferredInterrupt._restore":
            self.inside = False
        elif self.inside:
            self.count += 1
            if self.count == self.press_at:
                press()

def interrupted(press_at, solver):
    counter, seen = Counter(press_at), [start]
    sys.setprofile(counter)
    try:
        fit = fitted(solver, lambda progress: seen.append(progress.network.parameters.tobytes()))
    finally:
        sys.setprofile(None)
    return counter.count, seen, *fit

solver = SOLVER
start = Network((4, 3), dtype=np.float64).parameters.tobytes()
interrupted(0, solver)
moments, _, whole, ending = interrupted(0, solver)
reasons = set()
for moment in [*range(1, moments, max(moments // 60, 1)), *range(moments - 30, moments + 1)]:
    _, seen, parameters, outcome = interrupted(moment, solver)
    reasons.add(outcome.reason)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if outcome.reason is StopReason.INTERRUPTED:
        assert parameters == seen[outcome.best_epoch], moment
    else:
        assert outcome == ending and parameters == whole, moment
assert reasons == {StopReason.INTERRUPTED, ending.reason}, reasons
"""


@pytest.mark.parametrize("solver", ["adamw", "lbfgs", "newton-cg", "newton-cholesky"])
def test_no_moment_of_a_fit_lets_the_first_ctrl_c_escape(solver):
    run(AT_MANY_MOMENTS.replace("SOLVER", repr(solver)))


def test_the_second_ctrl_c_does_not_wait():
    run("""
reached = []
def callback(progress):
    press()
    reached.append("first")
    press()
    reached.append("second")

_, outcome = fitted(callback=callback)
assert outcome.reason is StopReason.INTERRUPTED
assert reached == ["first"], reached
""")


def test_ctrl_c_during_the_last_epochs_callback_cuts_nothing():
    run("""
_, whole = fitted()
_, outcome = fitted(callback=lambda progress: press() if progress.epoch == 4 else None)
assert outcome == whole and outcome.reason is StopReason.COMPLETED
""")


def test_another_handler_is_left_in_place():
    run("""
pressed = []
def handler(number, frame):
    pressed.append(number)

signal.signal(signal.SIGINT, handler)
_, outcome = fitted(callback=press)
assert outcome.reason is StopReason.COMPLETED
assert len(pressed) == 4
assert signal.getsignal(signal.SIGINT) is handler
""")


def test_a_handler_that_a_callback_installs_stays():
    run("""
_, outcome = fitted(callback=lambda progress: signal.signal(signal.SIGINT, signal.SIG_IGN))
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
""")


def test_a_fit_in_another_thread_leaves_ctrl_c_alone():
    run("""
handlers, outcomes = set(), []
look = lambda progress: handlers.add(signal.getsignal(signal.SIGINT))
thread = threading.Thread(target=lambda: outcomes.append(fitted(callback=look)[1]))
thread.start()
thread.join()
assert handlers == {signal.default_int_handler}
assert outcomes[0].reason is StopReason.COMPLETED
""")
