"""Columns in the order of their influence."""

import numpy as np
import pytest

from chainrule.report import Influence
from chainrule.report.influence_bars import MOST_COLUMNS, column_order, influence_bars


def test_bars_by_hand() -> None:
    found = influence_bars(Influence((("a", (-0.1, 0.1)), ("b", (0.3, 0.5)), ("c", (0.1, 0.1))), 50))
    assert [bar.column for bar in found.bars] == ["b", "c", "a"]
    b, c, a = found.bars
    spread = np.std([0.0, 0.2], ddof=1)
    width = 0.4 + 2 * spread
    assert found.zero == pytest.approx(100 * spread / width, abs=0.01)
    assert (b.mean, b.spread) == (pytest.approx(0.4), pytest.approx(spread))
    assert (b.high, a.low) == (100.0, 0.0)
    assert c.width == pytest.approx(100 * 0.1 / width, abs=0.02)
    assert (c.low, c.high) == (pytest.approx(c.high, abs=0.02), pytest.approx(c.low, abs=0.02))


def test_a_column_that_misleads_has_a_bar_to_the_left() -> None:
    bar = influence_bars(Influence((("a", (-0.2,)), ("b", (0.2,))), 50)).bars[1]
    assert (bar.column, bar.start, bar.width, bar.spread) == ("a", 0.0, 50.0, 0.0)


def test_of_many_columns_the_most_influential_are_shown() -> None:
    found = influence_bars(Influence(tuple((f"c{n}", (float(n),)) for n in range(50)), 10))
    assert [bar.column for bar in found.bars] == [f"c{n}" for n in range(49, 49 - MOST_COLUMNS, -1)]
    assert found.more == 50 - MOST_COLUMNS


def test_columns_without_any_influence_have_no_bars() -> None:
    found = influence_bars(Influence((("a", (0.0, 0.0)),), 10))
    assert (found.bars[0].width, found.zero) == (0.0, 0.0)


def test_columns_stay_as_they_are_where_nothing_is_known() -> None:
    assert column_order(None, ["x", "y"]) == [0, 1]
