"""Columns of free text, against scikit-learn's HashingVectorizer and TfidfTransformer."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

from chainrule.data import Encoder, TextColumn
from chainrule.data.text_column import TEXT_BUCKETS, TEXTS_AT_ONCE

WORDS = ("Red", "door", "green", "house", "naïve", "42", "on", "the", "hill", "éclair", "a", "l'été")


def texts(n: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(1, 12))) for _ in range(n)]


def peer(training: list[str], rows: list[str], buckets: int) -> np.ndarray:
    """Return what scikit-learn makes of the rows: features with a text of training alone."""
    hashing = HashingVectorizer(n_features=buckets, ngram_range=(1, 2), norm=None, alternate_sign=False)
    counts = hashing.transform(training)
    used = np.flatnonzero(counts.getnnz(axis=0))
    return TfidfTransformer().fit(counts[:, used]).transform(hashing.transform(rows)[:, used]).toarray()


@pytest.mark.parametrize("buckets", [2**4, 2**10, TEXT_BUCKETS])
def test_features_are_those_of_scikit_learn(buckets: int) -> None:
    training, rows = texts(300), [*texts(50, seed=1), "unknown words only", "", "red unknown door"]
    column = TextColumn.fit(pl.Series("note", training), buckets)
    assert column is not None
    found = column.encode_sparse(pl.Series("note", rows))
    assert found.shape == (len(rows), column.n_features) == (len(rows), len(column.feature_names))
    np.testing.assert_allclose(found.toarray(), peer(training, rows, buckets), rtol=1e-6, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(), min_size=2, max_size=8))
def test_any_text_is_encoded_as_scikit_learn_does(rows: list[str]) -> None:
    rows = [row.encode("utf-8", "ignore").decode() for row in rows]
    training = ["some red words", "others of them", *rows]
    column = TextColumn.fit(pl.Series("note", training), 2**8)
    assert column is not None
    found = column.encode_sparse(pl.Series("note", rows)).toarray()
    np.testing.assert_allclose(found, peer(training, rows, 2**8), rtol=1e-6, atol=1e-7)


def test_a_rare_word_weighs_more_than_a_frequent_one_by_hand() -> None:
    column = TextColumn.fit(pl.Series("note", ["red", "red", "red door"]))
    assert column is not None
    row = np.sort(column.encode_sparse(pl.Series("note", ["red door"])).toarray()[0])
    red, door = 1.0, np.log(4 / 2) + 1.0  # in all three texts, in one; the pair in one as well
    np.testing.assert_allclose(row, np.array([red, door, door]) / np.sqrt(red**2 + 2 * door**2), rtol=1e-6)


def test_rows_have_length_one_or_none() -> None:
    column = TextColumn.fit(pl.Series("note", texts(100)))
    assert column is not None
    rows = column.encode_sparse(
        pl.Series("note", [*("red " + text for text in texts(40, seed=2)), "unseen", "", None])
    )
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1))
    np.testing.assert_allclose(lengths[:40], 1.0, rtol=1e-6)
    assert lengths[40:].tolist() == [0.0, 0.0, 0.0]


def test_a_missing_text_is_a_feature_where_training_had_some() -> None:
    column = TextColumn.fit(pl.Series("note", ["red door", None, "green door"]))
    assert column is not None
    rows = column.encode_sparse(pl.Series("note", [None, "red door"])).toarray()
    assert rows[0].tolist() == [0.0] * (column.n_features - 1) + [1.0]
    assert rows[1, -1] == 0.0
    assert column.feature_names[-1] == "note is missing"


@pytest.mark.parametrize("block", [1, 13, TEXTS_AT_ONCE - 1])
def test_rows_encoded_in_parts_are_those_of_the_whole_to_the_bit(block: int) -> None:
    from scipy.sparse import vstack

    frame = pl.DataFrame({"note": texts(60 if block == 1 else TEXTS_AT_ONCE + 100), "size": 1.5})
    frame = frame.with_columns(size=pl.int_range(pl.len()) % 17)
    encoder = Encoder.fit(frame, kinds={"note": "text"})
    parts = [encoder.encode(frame[first : first + block]) for first in range(0, frame.height, block)]
    together, whole = vstack(parts, format="csr"), encoder.encode(frame)
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(together, name), getattr(whole, name))


def test_the_order_of_rows_and_a_detour_through_json_change_nothing() -> None:
    frame = pl.DataFrame({"note": texts(400)})
    encoder = Encoder.fit(frame, kinds={"note": "text"})
    assert Encoder.fit(frame.sample(fraction=1.0, shuffle=True, seed=1), kinds={"note": "text"}) == encoder
    restored = Encoder.from_json_value(json.loads(json.dumps(encoder.to_json_value())))
    assert restored == encoder
    assert (restored.encode(frame) != encoder.encode(frame)).nnz == 0


def test_only_texts_of_training_are_counted() -> None:
    frame = pl.DataFrame({"note": texts(100)})
    rows = np.arange(0, 100, 3)
    kinds = {"note": "text"}
    assert Encoder.fit(frame, rows=rows, kinds=kinds) == Encoder.fit(frame[rows], kinds=kinds)


def test_text_without_a_word_is_left_out() -> None:
    encoder = Encoder.fit(pl.DataFrame({"x": ["a", "b", "!"], "y": [1, 2, 3]}), kinds={"x": "text"})
    assert [(column.name, column.reason) for column in encoder.dropped] == [("x", "it has no words")]
