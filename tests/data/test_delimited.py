"""The shape of comma-separated text: names, separators, quotation marks and rows."""

from pathlib import Path

import pytest

from chainrule.data.csv_fields import field_counts
from chainrule.data.delimited import read_delimited
from chainrule.data.table import require_column
from chainrule.errors import DataError


def rows(text: str) -> list[tuple[object, ...]]:
    return read_delimited(text.encode(), Path("t.csv"), "train").rows()


def refusal(text: str) -> str:
    with pytest.raises(DataError) as caught:
        read_delimited(text.encode(), Path("t.csv"), "train")
    return str(caught.value)


def test_blanks_around_names_and_values_do_not_count() -> None:
    frame = read_delimited(b"x, size ,c\n3, 5.123, no\n4, 6, yes \n", Path("t.csv"), "train")
    assert frame.columns == ["x", "size", "c"]
    assert frame.rows() == [(3, 5.123, "no"), (4, 6.0, "yes")]
    assert require_column(frame.columns, " size", "t.csv", "train") == "size"


def test_a_separator_within_quotation_marks_does_not_count() -> None:
    assert rows('"x;z;t;r",c,y\n1,2,3\n') == [(1, 2, 3)]
    assert rows('"x,z,t,r";c\n1;2\n') == [(1, 2)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_to_end_a_line_is_read(end: str) -> None:
    assert rows(end.join(["a,b", "1,2", "3,4", ""])) == [(1, 2), (3, 4)]


def test_lines_of_blanks_are_passed_over() -> None:
    assert rows("  \n\na,b\n   \n1,2\n\n3,\n") == [(1, 2), (3, None)]


def test_a_column_may_be_without_a_name() -> None:
    assert read_delimited(b",a\n1,2\n", Path("t.csv"), "train").columns == ["", "a"]


def test_a_long_field_does_not_hide_short_rows() -> None:
    message = refusal(f"a,b\n{'x' * 200_000},\n1\n")
    assert "got 1 in row 1" in message


def test_fields_are_counted_outside_quotation_marks() -> None:
    assert field_counts(b'1,"a,""\n",2\r\n\r\n , \n3\n,', ",").tolist() == [3, 0, 2, 1, 2]
    assert field_counts(b"", ",").tolist() == [0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'a,b\n1,"x\n2,y\n',
            (
                "train: every quotation mark in t.csv is closed; got 1 of them, line 2 is the first "
                "with an odd number. "
                "Close it; a quotation mark that belongs to the text is written twice, in a field "
                'between two: "5"" pipe".'
            ),
        ),
        (
            "# made by me\na,b\n1,2\n",
            (
                "train: every row of t.csv has 1 field, as its first line; got 2 in row 0 (rows are "
                "counted from 0 below "
                "the column names). Check the first line: it names the columns, and is no title, "
                "comment or 'sep=' line; text "
                'that holds a separator stands between two marks ".'
            ),
        ),
        (
            "a,b,c\n1,2\n3,4\n",
            (
                "train: every row of t.csv has 3 fields, as its first line; got 2 in row 0 (rows "
                "are counted from 0 below "
                "the column names). Check the first line: it has more names than the rows have fields."
            ),
        ),
        (
            f"a,b\n1,2\n3,4\0{'x' * 5000}\n",
            "train: t.csv holds text in UTF-8; got bytes of zero. Save the table as CSV in UTF-8.",
        ),
        (
            f"{'x' * 200_000},y\n1,2\n",
            (
                "train: the first line of t.csv names its columns; got one that cannot be read: "
                "field larger than field "
                "limit (131072). Shorten the names, end lines in the same way throughout, and close "
                "every quotation mark."
            ),
        ),
        (
            'a,b\n"re"d,1\n',
            (
                "train: t.csv is a table of comma-separated text; got one that cannot be parsed: "
                'could not parse `"re"d` '
                "as dtype `str` at column '0' (column number 1). Put text that holds a quotation "
                "mark between two, and "
                'write the mark itself twice: "5"" pipe".'
            ),
        ),
        (
            "a, a\n1,2\n",
            (
                "train: the columns of t.csv have different names; got 'a' 2 times. Rename the "
                "columns in the file's first "
                "line."
            ),
        ),
    ],
    ids=range(7),
)
def test_text_that_is_no_table_is_refused_with_the_likely_cause(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_long_name_is_shortened_in_messages() -> None:
    assert len(refusal(f"{'x' * 1000},{'x' * 1000}\n1,2\n")) < 250
