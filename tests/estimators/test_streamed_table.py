"""A table that stays on the disk: encoder and parts are those of the table in memory; a fit can be broken off."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import vstack

import chainrule as cr
from chainrule.data import open_blocks, sampling, splits
from chainrule.errors import ArgumentError, DataError, MissingFileError
from chainrule.estimators import (
    PreparedStream,
    TableSettings,
    judge_table,
    prepare_table,
    streamed_rows,
    streamed_table,
    train_table,
)
from chainrule.training import available_memory

N_ROWS = 5_000
SETTINGS = TableSettings(
    hidden=(8,), max_epochs=3, validation_fraction=0.1, test_fraction=0.2, batch_size=64, random_state=3
)


def table(n_rows=N_ROWS):
    random = np.random.default_rng(1)
    size = random.normal(50.0, 20.0, n_rows)
    colour = np.array(["red", "green", "blue", "grey"])[random.integers(0, 4, n_rows)]
    kind = np.where(size + 15 * (colour == "red") + random.normal(0, 5, n_rows) > 55, "large", "small")
    kind[random.integers(0, n_rows, 40)] = "none"
    return pl.DataFrame(
        {
            "size": np.where(random.uniform(size=n_rows) < 0.01, np.nan, size),
            "colour": pl.Series(colour).set(pl.Series(random.uniform(size=n_rows) < 0.02), None),
            "paid": random.integers(0, 2, n_rows).astype(bool),
            "when": pl.Series(random.integers(0, 10**9, n_rows) * 1_000_000).cast(pl.Datetime("us")),
            "constant": np.ones(n_rows),
            "count": random.integers(0, 1000, n_rows),
            "kind": kind,
        }
    )


TABLE = table()


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 128 rows, four to a portion."""
    monkeypatch.setattr(streamed_rows, "MOST_BLOCK_ROWS", 128)
    monkeypatch.setattr(streamed_rows, "PORTION_BYTES", 4 * 128 * 4 * 12)
    monkeypatch.setattr(streamed_table, "ROWS_AT_ONCE", 1024)
    monkeypatch.setattr(streamed_table, "SAMPLE_ROWS", 1000)


@pytest.fixture
def many_rows(monkeypatch):
    """Rows count as many from 1,000 on."""
    monkeypatch.setattr(splits, "MANY_ROWS", 1000)
    monkeypatch.setattr(streamed_table, "MANY_ROWS", 1000)
    monkeypatch.setattr(splits, "STOPPING_ROWS", 300)
    monkeypatch.setattr(sampling, "SAMPLED_ROWS", 2000)


@pytest.fixture
def one_file(tmp_path):
    TABLE.write_parquet(tmp_path / "sales.parquet", row_group_size=700)
    return tmp_path / "sales.parquet"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parts").mkdir()
    for number, first in enumerate(range(0, N_ROWS, 600)):
        TABLE.slice(first, 600).write_parquet(tmp_path / "parts" / f"part-{number:02}.parquet")
    return tmp_path / "parts"


def both(path, settings=SETTINGS):
    return prepare_table(path, "kind", settings, stream=True), prepare_table(
        path, "kind", settings, stream=False
    )


def rows_read(prepared, epoch):
    return list(prepared.training.portions(epoch, 0))


def sorted_rows(features):
    return features[np.lexsort(features.T)]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", ["few", "many"])
def test_encoder_and_parts_are_those_of_the_table_in_memory(one_file, rows, request):
    if rows == "many":
        request.getfixturevalue("many_rows")
    streamed, whole = both(one_file)
    assert isinstance(streamed, PreparedStream)
    assert streamed.encoder == whole.encoder
    assert streamed.classes == whole.classes
    assert [len(part) for part in (streamed.training, streamed.validation, streamed.test)] == [
        len(part) for part in (whole.training, whole.validation, whole.test)
    ]
    np.testing.assert_array_equal(streamed.validation.features, whole.validation.features)
    np.testing.assert_array_equal(streamed.validation.targets, whole.validation.targets)
    parts = list(streamed.test)
    np.testing.assert_array_equal(np.concatenate([features for features, _ in parts]), whole.test.features)
    np.testing.assert_array_equal(np.concatenate([targets for _, targets in parts]), whole.test.targets)
    np.testing.assert_array_equal(
        streamed.training.class_mass, np.bincount(whole.training.targets, minlength=3)
    )
    for epoch in (1, 2):
        portions = rows_read(streamed, epoch)
        assert [len(portion) for portion in portions] == list(streamed.training.portion_rows(epoch))
        found = np.concatenate([portion.X for portion in portions])
        np.testing.assert_array_equal(sorted_rows(found), sorted_rows(whole.training.features))


@pytest.mark.usefixtures("small_blocks")
def test_rows_meet_others_in_every_epoch(one_file):
    training = prepare_table(one_file, "kind", SETTINGS, stream=True).training
    first, again, second = (list(training.portions(epoch, 0)) for epoch in (1, 1, 2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.X, other.X)
    assert any(
        one.X.shape != other.X.shape or (one.X != other.X).any()
        for one, other in zip(first, second, strict=False)
    )
    later = list(training.portions(2, 3))
    np.testing.assert_array_equal(later[0].X, second[3].X)


@pytest.mark.usefixtures("small_blocks", "many_rows")
def test_a_sample_that_misses_the_missing_values_still_has_their_indicator(tmp_path):
    rare = TABLE.with_columns(rare=pl.int_range(pl.len()).cast(pl.Float64))
    chosen = np.flatnonzero(~sampling.sampled(0, N_ROWS, N_ROWS))
    parts = prepare_table({**TABLE.to_dict(as_series=False)}, "kind", SETTINGS).split.training
    row = int(np.intersect1d(chosen, parts)[0])
    rare = rare.with_columns(rare=pl.when(pl.int_range(pl.len()) == row).then(None).otherwise(pl.col("rare")))
    rare.write_parquet(tmp_path / "rare.parquet")
    streamed, whole = both(tmp_path / "rare.parquet")
    assert "rare is missing" in streamed.encoder.feature_names
    assert streamed.encoder == whole.encoder


@pytest.mark.usefixtures("small_blocks")
def test_one_file_and_several_are_one_table(one_file, folder):
    settings = SETTINGS
    expected = train_table(prepare_table(one_file, "kind", settings, stream=True), settings)
    for several in (folder, folder / "part-*.parquet"):
        prepared = prepare_table(several, "kind", settings, stream=True)
        found = train_table(prepared, settings)
        assert found.network.parameters.tobytes() == expected.network.parameters.tobytes()
        whole = prepare_table(several, "kind", settings, stream=False)
        assert whole.encoder == prepared.encoder


@pytest.mark.usefixtures("small_blocks")
def test_a_csv_file_is_streamed_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.data.csv_pieces.PIECE_BYTES", 10_000)
    table().with_columns(when=pl.col("when").dt.strftime("%Y-%m-%dT%H:%M:%S")).write_csv(
        tmp_path / "sales.csv"
    )
    streamed, whole = both(tmp_path / "sales.csv")
    assert isinstance(streamed, PreparedStream)
    assert streamed.encoder == whole.encoder
    np.testing.assert_array_equal(streamed.validation.features, whole.validation.features)
    assert train_table(streamed, SETTINGS).outcome.epochs == 3


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("threads", [1, 3])
def test_equal_calls_give_equal_models(one_file, threads):
    models = [
        cr.fit_table(one_file, "kind", hidden=8, max_epochs=2, stream=True, n_threads=n) for n in (1, threads)
    ]
    assert models[0].network.parameters.tobytes() == models[1].network.parameters.tobytes()


@pytest.mark.usefixtures("small_blocks")
def test_the_fit_learns_and_is_judged_as_one_in_memory(one_file):
    settings = TableSettings(hidden=(16,), max_epochs=20, test_fraction=0.2, validation_fraction=0.1)
    streamed, whole = both(one_file, settings)
    model = train_table(streamed, settings)
    fit, in_memory = judge_table(model, streamed), judge_table(model, whole)
    # Logits of 128 rows and of all of them differ in their last bits.
    assert fit.test.accuracy == in_memory.test.accuracy
    assert fit.test.loss == pytest.approx(in_memory.test.loss, rel=1e-6)
    assert fit.validation == in_memory.validation
    np.testing.assert_array_equal(fit.test_predictions, in_memory.test_predictions)
    assert fit.training.loss == pytest.approx(in_memory.training.loss, abs=0.05)
    assert fit.test.accuracy > 0.85


@pytest.mark.usefixtures("small_blocks")
def test_class_weights_count_the_rows_of_training(one_file):
    settings = TableSettings(hidden=(4,), max_epochs=2, class_weight="balanced", test_fraction=0.2)
    streamed, whole = both(one_file, settings)
    curves = [train_table(prepared, settings).outcome.loss_curve for prepared in (streamed, whole)]
    assert curves[0] == pytest.approx(curves[1], rel=0.2)


class BreakError(Exception):
    """Ends a run at a moment of the test's choosing."""


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("reads", [1, 4, 12, 23])
def test_a_fit_goes_on_in_the_middle_of_the_file(one_file, tmp_path, monkeypatch, reads):
    options = {"hidden": 8, "max_epochs": 3, "stream": True, "checkpoint_every": 0.0}
    whole = cr.fit_table(one_file, "kind", **options)
    right, asked = streamed_rows.StreamedRows._portion, []

    def failing(self, blocks):
        asked.append(blocks)
        if len(asked) > reads:
            raise BreakError
        return right(self, blocks)

    with monkeypatch.context() as broken:
        broken.setattr(streamed_rows.StreamedRows, "_portion", failing)
        with pytest.raises(BreakError):
            cr.fit_table(one_file, "kind", **options, checkpoint=tmp_path / "run")
    resumed = cr.fit_table(one_file, "kind", **options, checkpoint=tmp_path / "run")
    assert resumed.network.parameters.tobytes() == whole.network.parameters.tobytes()


def test_a_table_that_would_not_fit_stays_on_the_disk(one_file, monkeypatch):
    assert not isinstance(prepare_table(one_file, "kind", SETTINGS), PreparedStream)
    monkeypatch.setattr(streamed_table, "available_memory", lambda: (100_000, "a limit"))
    assert isinstance(prepare_table(one_file, "kind", SETTINGS), PreparedStream)
    assert available_memory() is None or available_memory()[0] > 0


def test_an_infinite_value_is_refused_with_its_row(tmp_path, monkeypatch):
    monkeypatch.setattr(streamed_table, "ROWS_AT_ONCE", 1024)
    wrong = TABLE.with_columns(size=pl.when(pl.int_range(pl.len()) == 3333).then(np.inf).otherwise(1.0))
    wrong.write_parquet(tmp_path / "wrong.parquet")
    with pytest.raises(DataError, match=r"inf in column 'size', row 3333 of wrong\.parquet"):
        prepare_table(tmp_path / "wrong.parquet", "kind", SETTINGS, stream=True)


def test_a_missing_label_is_refused_with_its_row(tmp_path, monkeypatch):
    monkeypatch.setattr(streamed_table, "ROWS_AT_ONCE", 1024)
    wrong = TABLE.with_columns(
        kind=pl.when(pl.int_range(pl.len()).is_in([2000, 4000])).then(None).otherwise(pl.col("kind"))
    )
    wrong.write_parquet(tmp_path / "wrong.parquet")
    with pytest.raises(
        DataError, match=r"got 2 of 5000 rows .* without one in .*'kind', the first in row 2000"
    ):
        prepare_table(tmp_path / "wrong.parquet", "kind", SETTINGS, stream=True)


def test_files_that_are_cut_short_empty_or_different_are_refused(one_file, folder, tmp_path):
    content = one_file.read_bytes()
    for name, part in {"cut": content[: len(content) // 2], "empty": b"", "no_end": content[:-4]}.items():
        (tmp_path / f"{name}.parquet").write_bytes(part)
        with pytest.raises(DataError, match=f"{name}.parquet"):
            prepare_table(tmp_path / f"{name}.parquet", "kind", SETTINGS, stream=True)
    TABLE.drop("paid").write_parquet(folder / "part-99.parquet")
    with pytest.raises(DataError, match="the same in every file"):
        prepare_table(folder, "kind", SETTINGS, stream=True)


def test_damage_inside_a_file_is_refused(one_file):
    content = bytearray(one_file.read_bytes())
    content[200 : len(content) // 2] = bytes(len(content) // 2 - 200)
    one_file.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        prepare_table(one_file, "kind", SETTINGS, stream=True)


def test_a_file_that_changes_meanwhile_is_refused(one_file):
    blocks = open_blocks(one_file, "test")
    TABLE.head(100).write_parquet(one_file)
    with pytest.raises(DataError, match=r"does not change while it is read|cannot be read"):
        blocks.read(50, 512, "test")


@pytest.mark.parametrize(
    ("data", "stream", "error", "message"),
    [
        ("iris", True, ArgumentError, "a stream reads CSV, Parquet or Arrow files; got 'iris'"),
        (
            {"a": [1, 2], "kind": ["x", "y"]},
            True,
            ArgumentError,
            "a stream reads CSV, Parquet or Arrow files; got dict",
        ),
        ("nothing/*.parquet", True, MissingFileError, "names Parquet or Arrow files; got none"),
        ("iris", "often", ArgumentError, "stream is True, False or 'auto'; got 'often'"),
    ],
)
def test_what_cannot_be_streamed(data, stream, error, message):
    with pytest.raises(error, match=f"fit_table: .*{message.replace('*', '[*]')}"):
        cr.fit_table(data, "kind", stream=stream)


def test_full_batch_solvers_sample_weights_and_unknown_targets_are_refused(one_file):
    with pytest.raises(ArgumentError, match="a stream of rows goes with a minibatch solver; got 'lbfgs'"):
        cr.fit_table(one_file, "kind", stream=True, solver="lbfgs")
    with pytest.raises(ArgumentError, match="has no sample_weight beside it"):
        cr.fit_table(one_file, "kind", stream=True, sample_weight=np.ones(N_ROWS))
    with pytest.raises(DataError, match="Did you mean 'kind'"):
        cr.fit_table(one_file, "kinds", stream=True)
    with pytest.raises(DataError, match="a target column is named"):
        cr.fit_table(one_file, stream=True)


def words_table(n_rows=4_000):
    """Return a table with free text, hashed categories, codes and prices as text."""
    random = np.random.default_rng(5)
    words = np.array(["red", "green", "old", "new", "small", "large", "quiet", "loud", "wooden", "open"])
    chosen = random.integers(0, len(words), (n_rows, 5))
    return pl.DataFrame(
        {
            "note": [" ".join(words[row]) for row in chosen],
            "city": [f"city {k}" for k in random.zipf(1.3, n_rows) % 700],
            "code": [f"{k:03}" for k in random.integers(0, 1000, n_rows)],
            "rank": random.integers(0, 4, n_rows),
            "size": random.normal(size=n_rows),
            "kind": np.where((chosen < 3).sum(axis=1) > 1, "warm", "cold"),
        }
    ).with_columns(
        note=pl.when(pl.int_range(pl.len()) % 50 == 7).then(None).otherwise("note"),
        code=pl.when(pl.int_range(pl.len()) % 90 == 3).then(pl.lit("NA")).otherwise("code"),
    )


WORDS = words_table()
KINDS = {"code": "number", "rank": "category", "note": "text"}


@pytest.fixture
def words_file(tmp_path):
    WORDS.write_parquet(tmp_path / "words.parquet", row_group_size=512)
    return tmp_path / "words.parquet"


def same_rows(streamed, whole):
    for name in ("indptr", "indices", "data"):
        np.testing.assert_array_equal(getattr(streamed, name), getattr(whole, name))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", ["few", "many"])
def test_compressed_rows_of_a_stream_are_those_of_the_table_in_memory(words_file, rows, request):
    if rows == "many":
        request.getfixturevalue("many_rows")
    settings = TableSettings(test_fraction=0.2, random_state=3, columns=KINDS)
    streamed, whole = both(words_file, settings)
    assert streamed.encoder == whole.encoder
    assert [str(column.kind) for column in streamed.encoder.columns] == [
        *("text", "hashed", "number", "category", "number"),
    ]
    assert "code is missing" in streamed.encoder.feature_names
    same_rows(streamed.validation.features, whole.validation.features)
    same_rows(vstack([features for features, _ in streamed.test], format="csr"), whole.test.features)
    portions = rows_read(streamed, 1)
    assert len(portions) > 1
    assert sum(len(portion) for portion in portions) == len(whole.training)
    total = sum(
        np.bincount(portion.X.indices, portion.X.values, portion.X.n_features) for portion in portions
    )
    np.testing.assert_allclose(
        total, np.asarray(whole.training.features.sum(axis=0)).ravel(), rtol=1e-4, atol=1e-4
    )


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("hidden", [(), (8,)])
def test_a_stream_of_words_is_learned_goes_on_and_predicts_after_a_round_trip(words_file, tmp_path, hidden):
    settings = TableSettings(hidden=hidden, max_epochs=4, test_fraction=0.2, random_state=3, columns=KINDS)
    prepared = prepare_table(words_file, "kind", settings, stream=True)
    model = train_table(prepared, settings)
    assert judge_table(model, prepared).test.accuracy > 0.9
    model.save(tmp_path / "model.safetensors")
    loaded = cr.load(tmp_path / "model.safetensors")
    expected = model.predict_proba(WORDS)
    np.testing.assert_array_equal(loaded.predict_proba(words_file), expected)
    np.testing.assert_allclose(loaded.predict_proba(WORDS[17:90]), expected[17:90], rtol=1e-5)
    again = train_table(prepare_table(words_file, "kind", settings, stream=True), settings, n_threads=1)
    assert again.network.parameters.tobytes() == model.network.parameters.tobytes()


@pytest.mark.usefixtures("small_blocks")
def test_a_value_that_does_not_fit_is_named_in_a_stream_too(tmp_path):
    at = 3_333
    broken = WORDS.with_columns(
        code=pl.when(pl.int_range(pl.len()) == at).then(pl.lit("12 kg")).otherwise("code")
    )
    broken.write_parquet(tmp_path / "broken.parquet")
    with pytest.raises(DataError, match=f"'12 kg' in row {at} of broken.parquet"):
        prepare_table(tmp_path / "broken.parquet", "kind", TableSettings(columns=KINDS), stream=True)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("columns", "came"),
    [
        ({"absent": "text"}, "got words.parquet without 'absent'. It has 'note', 'city'"),
        ({"kind": "text"}, "got a kind for it, 'kind'"),
    ],
)
def test_kinds_are_of_columns_that_are_there_and_no_target(words_file, stream, columns, came):
    with pytest.raises(DataError) as refusal:
        prepare_table(words_file, "kind", TableSettings(columns=columns), stream=stream)
    assert came in str(refusal.value)
