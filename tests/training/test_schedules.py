"""Learning rates by hand, their limits, and refusals."""

import math

import pytest

from chainrule.errors import ArgumentError
from chainrule.training import ConstantSchedule, CosineSchedule


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


@pytest.mark.parametrize("total", [1, 2, 7, 100])
@pytest.mark.parametrize(
    "schedule", [CosineSchedule(0.3), CosineSchedule(0.3, 0.5, 0.1), ConstantSchedule(0.3, 0.9)]
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
    ],
)
def test_impossible_schedules_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
