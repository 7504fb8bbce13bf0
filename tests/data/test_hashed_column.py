"""Columns of very many categories, against scikit-learn's FeatureHasher."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction import FeatureHasher

from chainrule.data import CATEGORY_LIMIT, HASHED_FEATURES, Encoder, HashedColumn
from chainrule.data.hashed_column import hashed_texts


def test_the_frequent_have_a_feature_each_and_the_rest_share_some() -> None:
    column = HashedColumn.fit(pl.Series("c", ["a", "a", "b", "b", "rare"]), limit=2, hashed=4)
    assert column.feature_names == ("c=a", "c=b", "c #0", "c #1", "c #2", "c #3")
    assert column.n_features == 6
    rows = column.encode_sparse(pl.Series("c", ["a", "rare", "b"])).toarray()
    assert rows[[0, 2], :2].tolist() == [[1, 0], [0, 1]]
    assert np.abs(rows).sum(axis=1).tolist() == [1.0, 0.25, 1.0]
    assert np.abs(rows[1, 2:]).sum() == 0.25


@given(st.lists(st.text(), min_size=1, max_size=20), st.sampled_from([1, 2, 7, 64, HASHED_FEATURES]))
def test_hashing_is_that_of_the_feature_hasher(texts: list[str], n_features: int) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    expected = FeatureHasher(n_features, input_type="string").transform([[text] for text in texts]).toarray()
    column = HashedColumn("c", (), n_features, False)
    np.testing.assert_array_equal(column.encode_sparse(pl.Series("c", texts)).toarray(), expected / 4)


def test_the_hash_is_that_of_murmurhash3_in_32_bits() -> None:
    features, values = hashed_texts(pl.Series(["", "foo"]), 2**20)  # their hashes are 0 and -156908512
    assert features.tolist() == [0, 156908512 % 2**20]
    assert values.tolist() == [0.25, -0.25]


def test_an_unseen_value_hashes_as_a_rare_one_does() -> None:
    column = HashedColumn.fit(pl.Series("c", ["a", "a", "rare"]), limit=1)
    unseen = pl.Series("c", ["never seen"])
    expected = FeatureHasher(HASHED_FEATURES, input_type="string").transform([["never seen"]]).toarray()
    np.testing.assert_array_equal(column.encode_sparse(unseen).toarray()[:, 1:], expected / 4)


def test_a_missing_value_is_a_category_where_training_had_some_and_else_nothing() -> None:
    missing = pl.Series("c", [None], dtype=pl.String)
    with_some = HashedColumn.fit(pl.Series("c", ["a", "b", None]), limit=1, hashed=2)
    assert with_some.feature_names[-1] == "c is missing"
    assert with_some.encode_sparse(missing).toarray().tolist() == [[0, 0, 0, 1]]
    without = HashedColumn.fit(pl.Series("c", ["a", "b"]), limit=1, hashed=2)
    assert without.encode_sparse(missing).nnz == 0


def table(n: int = 3_000) -> pl.DataFrame:
    random = np.random.default_rng(3)
    return pl.DataFrame(
        {
            "zip": [f"{k:05}" for k in random.zipf(1.3, n) % 997],
            "size": random.normal(size=n),
            "colour": random.choice(["red", "blue"], n).tolist(),
            "city": [f"city {k}" for k in random.integers(0, 400, n)],
        }
    ).with_columns(city=pl.when(pl.int_range(pl.len()) % 11 == 0).then(None).otherwise("city"))


TABLE = table()


def test_a_table_with_a_hashed_column_becomes_compressed_rows() -> None:
    encoder = Encoder.fit(TABLE)
    assert encoder.is_sparse
    features = encoder.encode(TABLE)
    assert features.format == "csr"
    assert features.dtype == np.float32
    assert features.shape == (TABLE.height, encoder.n_features) == (TABLE.height, len(encoder.feature_names))
    assert features.has_sorted_indices
    assert np.all(features.data != 0.0)
    assert encoder.encode(TABLE.clear()).shape == (0, encoder.n_features)
    dense = Encoder.fit(TABLE.select("size", "colour"))
    places = [encoder.feature_names.index(name) for name in dense.feature_names]
    np.testing.assert_array_equal(features[:, places].toarray(), dense.encode(TABLE))


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_rows_encoded_in_parts_are_those_of_the_whole(block: int) -> None:
    from scipy.sparse import vstack

    encoder, some = Encoder.fit(TABLE), TABLE.head(1500) if block > 1 else TABLE.head(40)
    parts = [encoder.encode(some[first : first + block]) for first in range(0, some.height, block)]
    together, whole = vstack(parts, format="csr"), encoder.encode(some)
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(together, name), getattr(whole, name))


def test_the_order_of_rows_and_a_detour_through_json_change_nothing() -> None:
    encoder = Encoder.fit(TABLE)
    assert Encoder.fit(TABLE.sample(fraction=1.0, shuffle=True, seed=1)) == encoder
    assert Encoder.from_json_value(json.loads(json.dumps(encoder.to_json_value()))) == encoder


def test_a_column_is_hashed_beyond_the_limit_and_not_at_it() -> None:
    def kind(different: int) -> str:
        return Encoder.fit(pl.DataFrame({"c": [f"c{k}" for k in range(different)] * 2})).columns[0].kind

    assert (kind(CATEGORY_LIMIT), kind(CATEGORY_LIMIT + 1)) == ("category", "hashed")
