"""Dates and times in the form of ISO 8601: 2024-02-29, 2024-02-29T10:30:00.5+01:00, 10:30; and 2024/02/29.

With the year first a date is one date, whatever stands between its parts; 01/02/2024 is two.
"""

import polars as pl

CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
ZONE = r"(?P<zulu>Z)|(?P<sign>[+-])(?P<zone_hour>[0-9]{2}):?(?P<zone_minute>[0-9]{2})?"
TIME = f"^{CLOCK}$"
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}/[0-9]{2}/[0-9]{2}"
MOMENT = rf"^(?P<day>{DAY})(?:[T ]{CLOCK}(?:{ZONE})?)?$"
FIRST_ROWS = 1_000  # where these are no dates, the column is not looked at further
SECOND = 1_000_000_000  # nanoseconds


def as_dates(text: pl.Series) -> pl.Series:
    """Return a column of text as dates, or dates with time, if every value is one, else as it is.

    A column with dates both with and without a time has times; where one has an offset from UTC the times are UTC.

    Examples
    --------
    >>> as_dates(pl.Series("day", ["2024-02-29", None])).dtype, as_dates(pl.Series("day", ["2024-02-30"])).dtype
    (Date, String)
    >>> as_dates(pl.Series(["2024-02-29", "2024-02-29T10:30:00.5+01:00"]))[1].isoformat()
    '2024-02-29T09:30:00.500000+00:00'
    """
    if not text.head(FIRST_ROWS).str.contains(MOMENT).all():
        return text
    parts = text.str.extract_groups(MOMENT).struct.unnest()
    day = parts["day"].str.replace_all("/", "-").str.to_date("%Y-%m-%d", strict=False).alias(text.name)
    if parts["hour"].null_count() == len(parts):
        return day if day.null_count() == text.null_count() else text
    moment = parts.select(
        day.cast(pl.Datetime("us")).to_physical() + clock().fill_null(0) // 1_000 - zone()
    ).to_series()
    # Without a clock all parts of one are null, and its reading is; with an impossible one only the reading is.
    valid = parts.select(clock().is_not_null() | pl.col("hour").is_null()).to_series()
    if moment.null_count() != text.null_count() or not valid.all():
        return text
    in_utc = parts["zulu"].count() + parts["sign"].count() > 0
    return moment.cast(pl.Datetime("us", "UTC" if in_utc else None)).alias(text.name)


def as_times(text: pl.Series) -> pl.Series:
    """Return a column of text as times of day if every value is one, else as it is.

    Examples
    --------
    >>> as_times(pl.Series(["10:30", "23:59:59.25"])).dtype, as_times(pl.Series(["25:00"])).dtype
    (Time, String)
    """
    if not text.head(FIRST_ROWS).str.contains(TIME).all():
        return text
    read = text.str.extract_groups(TIME).struct.unnest().select(clock()).to_series()
    return read.cast(pl.Time).alias(text.name) if read.null_count() == text.null_count() else text


def clock() -> pl.Expr:
    """Return nanoseconds since midnight, null where the parts are no time of day."""
    hour, minute = pl.col("hour").cast(pl.Int64), pl.col("minute").cast(pl.Int64)
    second = pl.col("second").cast(pl.Int64).fill_null(0)
    fraction = pl.col("fraction").str.pad_end(9, "0").cast(pl.Int64).fill_null(0)
    read = ((hour * 60 + minute) * 60 + second) * SECOND + fraction
    return pl.when((hour < 24) & (minute < 60) & (second < 60)).then(read)


def zone() -> pl.Expr:
    """Return the offset from UTC in microseconds, 0 where none is said, null where it is impossible."""
    hour, minute = pl.col("zone_hour").cast(pl.Int64), pl.col("zone_minute").cast(pl.Int64).fill_null(0)
    sign = pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    offset = pl.when((hour < 24) & (minute < 60)).then(sign * (hour * 60 + minute) * 60_000_000)
    return pl.when(pl.col("sign").is_null()).then(0).otherwise(offset)
