"""Encoders from the plain values of a model file that somebody changed."""

import copy
from datetime import date
from typing import Any

import polars as pl
import pytest

from chainrule.data import Encoder, HashedColumn, TextColumn
from chainrule.data.hashed_column import MOST_HASHED

ENCODER = Encoder.fit(
    pl.DataFrame(
        {"size": [1.0, 2.0, 3.0], "c": ["a", "b", "a"], "paid": [True, False, None], "unit": ["m", "m", "m"]}
    )
)
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]


def changed(*path: Any) -> dict[str, Any]:
    """Return the encoder's plain values with the last of ``path`` at the place that the others lead to."""
    value = copy.deepcopy(ENCODER.to_json_value())
    place: Any = value
    for step in path[:-2]:
        place = place[step]
    place[path[-2]] = path[-1]
    return value


def test_unchanged_values_make_an_equal_encoder() -> None:
    assert Encoder.from_json_value(changed("columns", 0, "name", "size")) == ENCODER


@pytest.mark.parametrize(
    "path",
    [
        *[
            ("columns", 0, "spread", wrong)
            for wrong in (-1.0, float("nan"), float("inf"), 10**400, "1", None, True)
        ],
        *[("columns", 0, "center", wrong) for wrong in (float("nan"), float("-inf"), 10**400, [1], "1.5")],
        *[("columns", 0, "kind", wrong) for wrong in ("fruit", [], None, DEEP)],
        *[("columns", 0, "name", wrong) for wrong in (5, None, "c", "unit", "\ud800")],
        *[("columns", 0, "indicator", wrong) for wrong in ("no", 1, None)],
        *[("columns", 0, wrong) for wrong in ("x", None, {}, DEEP)],
        *[
            ("columns", 1, "categories", wrong)
            for wrong in (["a", "a"], "ab", None, [1, 2], {"a": 1}, ["\ud800"])
        ],
        ("columns", 1, "other", 1),
        ("columns", 2, "varies", "yes"),
        *[("columns", wrong) for wrong in (None, [], "x", 5)],
        *[("dropped", wrong) for wrong in (None, ["x"], [{"name": "q"}], [{"name": 1, "reason": "x"}])],
    ],
    ids=lambda path: "-".join(str(step)[:20] for step in path if step is not DEEP),
)
def test_values_outside_their_domain_are_refused_with_a_plain_error(path: tuple[Any, ...]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Encoder.from_json_value(changed(*path))


NOTES = pl.Series("note", ["red door", "green door", "red wall", None])
CITIES = pl.Series("city", ["Bonn", "Ulm", "Hof", "Ulm"])
DAYS = pl.Series("day", [date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 29), None])
WORDS = Encoder(
    (
        HashedColumn.fit(CITIES, limit=1, hashed=8),
        TextColumn.fit(NOTES, 16),
        *Encoder.fit(pl.DataFrame([DAYS])).columns,
    ),
    chosen=("city",),
)


def words_changed(*path: Any) -> dict[str, Any]:
    """Return the plain values of the encoder of words as :func:`changed`."""
    value = copy.deepcopy(WORDS.to_json_value())
    place: Any = value
    for step in path[:-2]:
        place = place[step]
    place[path[-2]] = path[-1]
    return value


def test_unchanged_words_make_an_equal_encoder() -> None:
    assert Encoder.from_json_value(words_changed("columns", 0, "name", "city")) == WORDS


@pytest.mark.parametrize(
    "path",
    [
        *[
            ("columns", 0, "hashed", wrong)
            for wrong in (0, -1, 1.5, "8", None, True, MOST_HASHED + 1, 10**40)
        ],
        *[
            ("columns", 0, "categories", wrong)
            for wrong in (["a", "a"], None, [1], ["\ud800"], {"a": 1}, DEEP)
        ],
        *[("columns", 0, "indicator", wrong) for wrong in (0, None)],
        *[("columns", 1, "texts", wrong) for wrong in (0, -1, 0.5, None, True, 2**60)],
        *[
            ("columns", 1, "counts", wrong)
            for wrong in ([], [-1], [4], [1.5], [True], "16", None, {"0": 1}, DEEP)
        ],
        ("columns", 1, "indicator", "no"),
        *[
            ("columns", 2, "circles", wrong)
            for wrong in (["day", "month"], ["day", "day"], ["year"], "day", [1], None)
        ],
        *[("columns", 2, "circles", wrong) for wrong in ([None], DEEP, {"day": 1})],
        ("columns", 2, "spread", -1.0),
        *[("columns", 2, "kind", wrong) for wrong in ("hashed", "text", "category", "drop")],
        *[("chosen", wrong) for wrong in (["other"], [1], 5, [None], ["\ud800"], [DEEP])],
    ],
    ids=lambda path: "-".join(str(step)[:20] for step in path if step is not DEEP and step != [DEEP]),
)
def test_words_outside_their_domain_are_refused_with_a_plain_error(path: tuple[Any, ...]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Encoder.from_json_value(words_changed(*path))


def test_a_kind_that_nobody_can_choose_is_not_chosen_in_a_file() -> None:
    value = ENCODER.to_json_value()
    value["columns"][0]["kind"] = "duration"
    assert Encoder.from_json_value(value).columns[0].kind == "duration"
    with pytest.raises(ValueError, match="of a kind that can be"):
        Encoder.from_json_value({**value, "chosen": ["size"]})
