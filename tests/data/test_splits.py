"""The split into training, validation and held-out rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chainrule.data import TEST, TRAINING, VALIDATION, ManyRowsSplit, split_rows, splits, stratified_split
from chainrule.errors import ArgumentError

TARGETS = arrays(np.int64, st.integers(1, 200), elements=st.integers(0, 5))
SHARES = st.floats(0.0, 0.45)


@given(TARGETS, SHARES, SHARES, st.integers(0, 2**64 - 1))
def test_every_row_is_in_one_part_and_every_class_in_training(
    targets: np.ndarray, validation: float, test: float, seed: int
) -> None:
    split = stratified_split(targets, validation_fraction=validation, test_fraction=test, seed=seed)
    together = np.concatenate([split.training, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(together), np.arange(len(targets)))
    np.testing.assert_array_equal(np.unique(targets[split.training]), np.unique(targets))
    for part in (split.training, split.validation, split.test):
        assert np.all(np.diff(part) > 0)


def test_sizes_are_the_shares_and_classes_keep_their_proportions() -> None:
    targets = np.repeat([0, 1, 2], [500, 300, 200])
    split = stratified_split(targets, validation_fraction=0.1, test_fraction=0.2, seed=3)
    assert [len(part) for part in (split.training, split.validation, split.test)] == [700, 100, 200]
    np.testing.assert_allclose(np.bincount(targets[split.test]), [100, 60, 40], atol=1)
    np.testing.assert_allclose(np.bincount(targets[split.validation]), [50, 30, 20], atol=1)


def test_the_seed_decides() -> None:
    targets = np.arange(100) % 3
    first, again, other = (stratified_split(targets, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.test, again.test)
    assert set(first.test) != set(other.test)


def test_the_split_is_the_same_on_every_machine() -> None:
    split = stratified_split(np.arange(20) % 2, validation_fraction=0.2, test_fraction=0.2, seed=5)
    assert (split.validation.tolist(), split.test.tolist()) == ([0, 15, 16, 19], [1, 3, 4, 14])


def test_every_row_is_held_out_by_some_seed() -> None:
    targets = np.arange(40) % 2
    held_out = {row for seed in range(60) for row in stratified_split(targets, seed=seed).test.tolist()}
    assert held_out == set(range(40))


def test_a_row_alone_in_its_class_is_trained_on() -> None:
    targets = np.array([0] * 50 + [1])
    assert all(50 in stratified_split(targets, test_fraction=0.8, seed=seed).training for seed in range(20))


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (
            -0.1,
            0.2,
            "fit: validation_fraction is at least 0 and below 1; got -0.1. Give a share such as 0.2.",
        ),
        (0.1, 1.0, "fit: test_fraction is at least 0 and below 1; got 1.0. Give a share such as 0.2."),
        (
            0.1,
            float("nan"),
            "fit: test_fraction is at least 0 and below 1; got nan. Give a share such as 0.2.",
        ),
        (
            0.5,
            0.5,
            (
                "fit: validation_fraction and test_fraction together are below 1; got 0.5 and 0.5. Leave "
                "rows to train on."
            ),
        ),
    ],
)
def test_fractions_that_are_no_shares_are_refused(validation: float, test: float, message: str) -> None:
    with pytest.raises(ArgumentError) as refusal:
        stratified_split(np.array([0, 1]), validation_fraction=validation, test_fraction=test, call="fit")
    assert str(refusal.value) == message


def test_many_rows_are_split_by_their_numbers_in_whatever_pieces() -> None:
    split = ManyRowsSplit(300_000, 0.1, 0.2, 5, kept=())
    whole = split.parts(0, 300_000)
    pieces = [split.parts(first, min(70_001, 300_000 - first)) for first in range(0, 300_000, 70_001)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    shares = np.bincount(whole) / len(whole)
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.005)
    assert (ManyRowsSplit(300_000, 0.1, 0.2, 6, kept=()).parts(0, 300_000) != whole).any()


def test_of_many_rows_few_decide_when_to_stop() -> None:
    split = ManyRowsSplit(100_000_000, 0.1, 0.2, 0, kept=())
    found = np.bincount(split.parts(0, 1_000_000), minlength=3) / 1_000_000
    np.testing.assert_allclose(found[[VALIDATION, TEST]], [2**17 / 1e8, 0.2], atol=0.002)


def test_of_many_rows_the_first_of_each_class_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "MANY_ROWS", 100)
    targets = np.random.default_rng(0).integers(0, 400, 1000)
    for seed in range(5):
        split = split_rows(targets, validation_fraction=0.3, test_fraction=0.6, seed=seed)
        np.testing.assert_array_equal(np.unique(targets[split.training]), np.unique(targets))
        together = np.sort(np.concatenate([split.training, split.validation, split.test]))
        np.testing.assert_array_equal(together, np.arange(1000))
    assert ManyRowsSplit(1000, 0.0, 0.999, 0, kept=(7,)).parts(5, 4)[2] == TRAINING
