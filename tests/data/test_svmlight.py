"""svmlight files: scikit-learn's own matrix, as a column of the table, through a fit and back from the model file."""

import io
import re

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import dump_svmlight_file, load_digits

import chainrule as cr
from chainrule.data import Encoder, read_table
from chainrule.data.sparse_column import SparseColumn, compressed
from chainrule.errors import DataError

DIGITS = load_digits()
X = DIGITS.data[:600] * (DIGITS.data[:600] > 4)
Y = DIGITS.target[:600]


@pytest.fixture
def path(tmp_path):
    dump_svmlight_file(X, Y, str(tmp_path / "digits.svmlight"))
    return tmp_path / "digits.svmlight"


def test_rows_and_labels_are_those_of_the_file(path):
    table = read_table(path)
    begin, features, values = compressed(table.frame["x"])
    dense = np.zeros_like(X)
    dense[np.repeat(np.arange(600), np.diff(begin)), features] = values
    np.testing.assert_array_equal(dense, X)
    assert table.frame["y"].to_list() == Y.tolist()
    assert table.target == "y"


def test_features_are_divided_by_their_largest_size_where_that_is_above_one(path):
    table = read_table(path)
    encoder = Encoder.fit(table.features)
    features = encoder.encode(table.frame)
    n = encoder.n_features
    scale = np.maximum(np.abs(X).max(axis=0)[:n], 1.0)
    np.testing.assert_allclose(features.toarray(), X[:, :n] / scale, rtol=1e-7)
    assert features.dtype == np.float32
    assert Encoder.from_json_value(encoder.to_json_value()) == encoder
    parts = [encoder.encode(table.frame[first : first + 70]).toarray() for first in range(0, 600, 70)]
    np.testing.assert_array_equal(np.concatenate(parts), features.toarray())


@pytest.mark.parametrize("hidden", [(), (16,)])
def test_a_model_of_sparse_rows_predicts_them_after_a_round_trip(path, tmp_path, hidden):
    model = cr.fit_table(path, hidden=hidden, random_state=1)
    assert np.mean(model.predict(path) == Y) > 0.95
    model.save(tmp_path / "m.safetensors")
    again = cr.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict_proba(path), model.predict_proba(path))


def test_features_that_training_did_not_have_are_left_out(path, tmp_path):
    model = cr.fit_table(path)
    text = path.read_text().splitlines()
    (tmp_path / "more.svmlight").write_text("\n".join(line + " 5000:3" for line in text))
    np.testing.assert_array_equal(model.predict_proba(tmp_path / "more.svmlight"), model.predict_proba(path))


def test_rows_without_entries_are_rows(tmp_path):
    (tmp_path / "t.libsvm").write_text("0 1:1\n1\n0 1:1\n1\n# a remark\n1 # another\n")
    table = read_table(tmp_path / "t.libsvm")
    assert table.frame.height == 5
    assert Encoder.fit(table.features).encode(table.frame).toarray()[:, 1].tolist() == [1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0 1:a\n", "each line of t.svm is a label and features that are not 0"),
        ("zero 1:1\n", "each line of t.svm is a label and features that are not 0"),
        ("0 2:1 1:1\n", "each line of t.svm is a label and features that are not 0"),
        ("0 1:1\n1 2:nan\n", "the values of t.svm are finite; got nan in row 1"),
        ("0 1:1\ninf 2:1\n", "the labels of t.svm are finite; got inf in row 1"),
        ("", "t.svm holds a table; got an empty file"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path, content, message):
    (tmp_path / "t.svm").write_text(content)
    with pytest.raises(DataError, match=re.escape(message)):
        read_table(tmp_path / "t.svm")


def test_a_file_without_any_entry_is_refused(tmp_path):
    (tmp_path / "t.svm").write_text("0\n1\n0\n1\n")
    with pytest.raises(DataError, match=r"no row has an entry|it has no values"):
        cr.fit_table(tmp_path / "t.svm")


@pytest.mark.parametrize(
    "change",
    [{"n_features": -1}, {"scales": [[3, 2.0], [1, 2.0]]}, {"scales": [[0, 0.5]]}, {"scales": [[9, 2.0]]}],
)
def test_plain_values_that_describe_no_column_are_refused(change):
    value = SparseColumn("x", 5, ((1, 2.0),), 3).to_json_value()
    assert SparseColumn.from_json_value(value) == SparseColumn("x", 5, ((1, 2.0),), 3)
    with pytest.raises((KeyError, TypeError, ValueError)):
        SparseColumn.from_json_value({**value, **change})


def test_compressed_rows_are_kept_by_parquet(path, tmp_path):
    buffer = io.BytesIO()
    frame = read_table(path).frame
    frame.write_parquet(buffer)
    (tmp_path / "t.parquet").write_bytes(buffer.getvalue())
    assert read_table(tmp_path / "t.parquet", "y").frame.equals(frame)
    streamed = cr.fit_table(tmp_path / "t.parquet", "y", hidden=8, stream=True, max_epochs=2)
    assert isinstance(streamed.encoder.columns[0], SparseColumn)
    assert pl.read_parquet(tmp_path / "t.parquet").height == 600
