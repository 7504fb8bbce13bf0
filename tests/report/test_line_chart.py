"""Curves over epochs, and their axes."""

import math

import numpy as np
import pytest

from chainrule.report.axis import Axis, tick_step, ticks, value_axis
from chainrule.report.line_chart import MOST_POINTS, MOST_TABLE_ROWS, line_chart, thinned


def test_a_curve_by_hand() -> None:
    chart = line_chart(
        "Loss", "epoch", "loss", [("training loss", [1.0, 0.25]), ("other", [0.5, 0.5])], marked=2
    )
    assert [curve.path for curve in chart.curves] == ["M0 0L100 75", "M0 50L100 50"]
    assert [curve.dashed for curve in chart.curves] == [False, True]
    assert (chart.marked, chart.marked_text) == (100.0, "epoch 2 kept")
    assert chart.rows == ((1, ("1", "0.5")), (2, ("0.25", "0.5")))
    assert [(tick.place, tick.text) for tick in chart.vertical][:2] == [(100.0, "0"), (80.0, "0.2")]
    assert chart.description.startswith("Training loss: from 1 at epoch 1 to 0.25 at epoch 2; lowest 0.25")


def test_one_epoch_is_a_point_in_the_middle() -> None:
    chart = line_chart("Loss", "epoch", "loss", [("loss", [0.4])])
    assert chart.curves[0].path.startswith("M50 ")
    assert chart.curves[0].path.endswith("h0")
    assert [tick.text for tick in chart.horizontal] == ["1"]


def test_what_is_no_number_leaves_a_gap() -> None:
    chart = line_chart("Loss", "epoch", "loss", [("loss", [math.nan, 1.0, math.inf, 0.5, 0.0])])
    assert chart.curves[0].path == "M25 0h0M75 50L100 100"
    assert [entries for _, entries in chart.rows] == [("–",), ("1",), ("–",), ("0.5",), ("0",)]  # noqa: RUF001


def test_a_curve_without_a_number_is_empty() -> None:
    chart = line_chart("Loss", "epoch", "loss", [("loss", [math.nan, math.nan])])
    assert (chart.curves[0].path, chart.description) == ("", "")


def test_a_shorter_curve_has_dashes_in_the_table() -> None:
    chart = line_chart("Loss", "epoch", "loss", [("a", [1.0, 2.0]), ("b", [1.0])])
    assert chart.rows[1] == (2, ("2", "–"))  # noqa: RUF001


def test_many_epochs_are_thinned_with_both_ends() -> None:
    chart = line_chart("Loss", "epoch", "loss", [("loss", np.linspace(1.0, 0.0, 5000).tolist())])
    assert chart.curves[0].path.count("L") == MOST_POINTS - 1
    assert chart.curves[0].path.endswith("L100 100")
    assert [epoch for epoch, _ in chart.rows][:: MOST_TABLE_ROWS - 1] == [1, 5000]
    assert chart.left_out == 5000 - MOST_TABLE_ROWS
    assert thinned(5000, 100) == sorted(set(thinned(5000, 100)))


def test_magnitudes_get_a_logarithmic_scale_where_that_is_allowed() -> None:
    curve = ("loss", [10.0, 1.0, 0.1])
    assert (
        line_chart("Loss", "epoch", "loss", [curve], logarithmic=True).curves[0].path == "M0 0L50 50L100 100"
    )
    chart = line_chart("Rate", "epoch", "rate", [curve])
    assert chart.vertical_name == "rate"
    assert chart.curves[0].path == "M0 0L50 90L100 99"


@pytest.mark.parametrize("low", [-1e6, -3.0, 0.0])
@pytest.mark.parametrize("high", [1e-9, 0.37, 1.0, 99.0, 1e8])
def test_an_axis_holds_its_values_and_a_few_round_numbers(low: float, high: float) -> None:
    axis = value_axis([low, high])
    assert axis.low <= low <= high <= axis.high * (1 + 1e-9)
    assert 2 <= len(ticks(axis)) <= 8
    step = tick_step(low, high)
    assert f"{step:e}"[0] in "125"


def test_equal_values_have_an_axis_too() -> None:
    for value in (0.0, 1.0, -1.0):
        axis = value_axis([value])
        assert axis.low < axis.high
        assert 0.0 <= axis.share(value) <= 1.0


@pytest.mark.parametrize("span", [(0.011, 0.9), (1e-30, 1.0), (3e-5, 2.0)])
def test_a_logarithmic_axis_has_round_numbers_between_its_ends(span: tuple[float, float]) -> None:
    axis = value_axis(span, logarithmic=True)
    found = ticks(axis)
    assert axis.logarithmic
    assert 2 <= len(found) <= 10
    assert span[0] <= min(found) < max(found) <= span[1] * (1 + 1e-9)
    assert axis.share(math.sqrt(span[0] * span[1])) == pytest.approx(0.5)
    assert Axis(*span).share(span[0]) == 0.0
