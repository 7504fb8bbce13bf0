"""One call is held in, whatever the function does."""

import signal
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from chainrule.check.calling import KEPT_OUTPUT, call_within


def _loop():
    while True:
        pass


def test_a_loop_ends_at_the_time_limit():
    call = call_within(_loop, [], {}, 0.1)
    assert call.timed_out
    assert call.failure == "did not return within 0.1 seconds"


def test_a_loop_ends_at_the_time_limit_outside_the_main_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(call_within(_loop, [], {}, 0.1)))
    thread.start()
    thread.join(20)
    assert found[0].timed_out


def test_a_call_that_ends_in_time_outside_the_main_thread_meets_no_exception_later():
    found = []

    def run():
        found.append(call_within(lambda: 3, [], {}, 0.05))
        time.sleep(0.15)
        found.append("went on")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert found[0].value == 3
    assert found[1] == "went on"


def test_an_alarm_of_the_caller_is_put_back():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        call_within(lambda: None, [], {}, 5.0)
        time.sleep(0.3)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [True]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no"), "raised ValueError: no"),
        (SystemExit(3), "tried to end the interpreter (SystemExit: 3)"),
        (KeyboardInterrupt(), "raised KeyboardInterrupt"),
        (MemoryError(), "raised MemoryError"),
    ],
)
def test_every_exception_is_told(error, told):
    def raises():
        raise error

    assert call_within(raises, [], {}, 1.0).failure.startswith(told)


def test_what_is_printed_is_kept_in_part_and_not_shown(capsys):
    def prints():
        sys.stdout.write("x" * 100_000)
        sys.stderr.write("error")
        return 1

    call = call_within(prints, [], {}, 5.0)
    assert call.value == 1
    assert len(call.printed) == KEPT_OUTPUT
    assert capsys.readouterr() == ("", "")


def test_warnings_and_floating_point_settings_stay_inside():
    def warns():
        warnings.warn("careful", stacklevel=1)
        np.seterr(all="raise")
        return 1

    before = np.geterr()
    assert call_within(warns, [], {}, 1.0).value == 1
    assert np.geterr() == before
