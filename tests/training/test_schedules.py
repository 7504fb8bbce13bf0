"""Learning rates by hand, their limits, and refusals."""

import math

import pytest

from chainrule.errors import ArgumentError
from chainrule.training import SCHEDULES, ConstantSchedule, CosineSchedule, OneCycleSchedule


def test_a_constant_schedule_is_constant_after_its_warm_up():
    schedule = ConstantSchedule(0.4, warm_up=0.25)
    assert [schedule.at(t, 16) for t in range(16)] == pytest.approx([0.1, 0.2, 0.3, 0.4] + [0.4] * 12)


def test_a_cosine_schedule_by_hand():
    schedule = CosineSchedule(1.0, warm_up=0.2, final=0.2)
    root = math.sqrt(0.5)
    expected = [
        0.5,
        1.0,
        1.0,
        0.6 + 0.4 * math.cos(math.pi / 8),
        0.6 + 0.4 * root,
        0.6 + 0.4 * math.cos(3 * math.pi / 8),
    ]
    assert [schedule.at(t, 10) for t in range(6)] == pytest.approx(expected)
    assert schedule.at(6, 10) == pytest.approx(0.6)


def test_a_one_cycle_schedule_by_hand():
    schedule = OneCycleSchedule(1.0, warm_up=0.4, first_divisor=10.0, final_divisor=100.0)
    root = math.sqrt(0.5)
    rise = [0.1 + 0.9 * (1 - root) / 2, 0.1 + 0.9 / 2, 0.1 + 0.9 * (1 + root) / 2, 1.0]
    fall = [0.01 + 0.99 * (1 + math.cos(math.pi * step / 6)) / 2 for step in range(6)]
    assert [schedule.at(t, 10) for t in range(10)] == pytest.approx(rise + fall)


def test_schedules_by_name_have_the_rate_as_their_highest():
    for name in SCHEDULES:
        assert max(SCHEDULES[name](0.3).at(t, 1000) for t in range(1000)) == pytest.approx(0.3)


@pytest.mark.parametrize("total", [1, 2, 7, 100])
@pytest.mark.parametrize(
    "schedule",
    [CosineSchedule(0.3), CosineSchedule(0.3, 0.5, 0.1), ConstantSchedule(0.3, 0.9), OneCycleSchedule(0.3)],
)
def test_every_rate_is_positive_and_at_most_the_peak(schedule, total):
    rates = [schedule.at(t, total) for t in range(total)]
    assert all(0.0 < rate <= 0.3 for rate in rates)
    assert max(rates) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ConstantSchedule(0.0), r"learning_rate is a positive finite number; got 0\.0"),
        (lambda: CosineSchedule(float("nan")), "learning_rate is a positive finite number; got nan"),
        (lambda: CosineSchedule(0.1, warm_up=1.0), r"warm_up is a fraction of the run in \[0, 1\); got 1\.0"),
        (lambda: CosineSchedule(0.1, final=0.2), r"final lies between 0 and learning_rate; got 0\.2"),
        (
            lambda: OneCycleSchedule(0.1, first_divisor=0.5),
            r"first_divisor is finite and at least 1; got 0\.5",
        ),
        (lambda: OneCycleSchedule(0.1, final_divisor=float("inf")), "final_divisor is finite .* got inf"),
    ],
)
def test_impossible_schedules_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
