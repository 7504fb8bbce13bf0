"""A CSV file read in pieces is the file read as a whole, whatever the pieces: values, types and refusals."""

import gc
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import csv_pieces
from chainrule.data.csv_pieces import spooled
from chainrule.data.delimited import read_delimited
from chainrule.errors import DataError, MissingFileError, OutputError

FIELDS = {
    "integers": ["1", "-2", " 30", "4 ", "NA", "", "none", "9223372036854775807"],
    "floats": ["1", "2.5", "1e3", "nan", "", "?"],
    "large": ["1", "99999999999999999999", ""],
    "codes": ["007", "12", "0", "null"],
    "coded floats": ["007", "1.5", "3"],
    "booleans": ["true", "False", "TRUE", "NA"],
    "dates": ["2024-02-29", "2023-01-01", "", "2024-02-29T10:30:00", "2024-03-01 11:00:00Z"],
    "days": ["2024-02-29", "2023-01-01", "NULL"],
    "times": ["10:30", "23:59:59.25", "NA"],
    "text": ["a", "none", "1", "None", "x y", '"a,b"', '"two\nlines"', '"a ""quoted"" word"', "true"],
    "mixed": ["true", "1", "2024-01-01", "", "10:30"],
    "empty": ["", "NA", "none"],
}


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=4))
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(
        st.lists(st.tuples(*(st.sampled_from(FIELDS[kind]) for kind in kinds)), min_size=1, max_size=30)
    )
    names = [f"{kind} {place}" for place, kind in enumerate(kinds)]
    lines = [names, *rows]
    if draw(st.booleans()) and len(kinds) > 1:
        lines.insert(draw(st.integers(1, len(lines))), [""])
    last = draw(st.sampled_from(["", ends]))
    start = draw(st.sampled_from(["", "\ufeff", "\n"]))
    return start + ends.join(",".join(line) for line in lines) + last, names


def pieces_of(path, size, *arguments, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_pieces, "PIECE_BYTES", size)
        blocks = spooled(path, "test", *arguments, **options)
        return blocks.read(0, blocks.n_rows, "test")


@settings(max_examples=300, deadline=None)
@given(tables(), st.integers(40, 200), st.sampled_from(["none", "target", "text"]))
def test_pieces_make_the_table_that_the_whole_file_makes(tmp_path_factory, table, size, special):
    text, names = table
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    path.write_bytes(text.encode())
    target = names[0] if special == "target" else None
    stays = frozenset(names[:1] if special == "text" else ())
    size = max(size, len(text.split("\n2")[0].encode()) and len(",".join(names).encode()) + 8)
    try:
        whole = read_delimited(path.read_bytes(), path, "test", stays, target)
    except DataError as refusal:
        with pytest.raises(DataError, match=re.escape(refusal.rule)):
            pieces_of(path, size, stays, target)
        return
    found = pieces_of(path, size, stays, target)
    assert found.schema == whole.schema
    assert found.equals(whole)


def csv(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


ROWS = b"".join(b"%d,word%d\n" % (k, k % 7) for k in range(500))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n" + ROWS + b"1,2,3\n" + ROWS, r"2 fields.*3 in row 500 \("),
        (b"a,b\n" + ROWS + b"7\n" + ROWS, r"2 fields.*1 in row 500 \("),
        (b"a,b\n" + ROWS + b"1,\xff\n" + ROWS, r"byte 0xff in line 502"),
        (
            b"a,b\n" + ROWS + b'1,"open\n' + ROWS,
            r"every quotation mark in table.csv .* line 502 is the first",
        ),
        (b"a,a\n" + ROWS, r"'a' 2 times"),
        (b"", "an empty file"),
        (b"a,b\n" + ROWS + b"\0", "bytes of zero"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_in_the_file(tmp_path, content, message):
    with pytest.raises(DataError, match=f"(?s)^test: .*{message}"):
        pieces_of(csv(tmp_path, content), 256)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="is a file that can be read"):
        spooled(tmp_path / "nothing.csv", "test")


def test_a_mark_that_is_never_closed_ends_the_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_pieces, "LONGEST_FIELD", 1000)
    with pytest.raises(DataError, match="every quotation mark"):
        pieces_of(csv(tmp_path, b'a,b\n1,"x\n' + ROWS), 256)


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    blocks = spooled(csv(tmp_path, b"a,b\n" + ROWS), "test")
    assert len(list((tmp_path / "spool").iterdir())) == 1
    assert blocks.read(499, 1, "test").row(0) == (499, "word2")
    del blocks
    gc.collect()
    assert not list((tmp_path / "spool").iterdir())


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    with pytest.raises(OutputError, match=r"No space left on device in .*TMPDIR"):
        spooled(csv(tmp_path, b"a,b\n" + ROWS), "test")
    assert not list((tmp_path / "spool").iterdir())


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    one = spooled(csv(tmp_path, b"a,b\n" + ROWS), "test").fingerprint
    assert spooled(csv(tmp_path, b"a,b\n" + ROWS), "test").fingerprint == one
    changed = ROWS.replace(b"250,word5", b"251,word5")
    assert spooled(csv(tmp_path, b"a,b\n" + changed), "test").fingerprint != one
