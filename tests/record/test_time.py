"""Instants: exact microseconds, widths of partial dates, zones as written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytwin.errors import InputError
from pytwin.record import NAIVE, NAT, iso, parse_time
from pytwin.record.time import DAY, MINUTE, SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc", "width", "offset"),
    [
        ("2024-03-01T08:00:00Z", datetime(2024, 3, 1, 8), 0, 0),
        ("2024-03-01T08:00:00+02:00", datetime(2024, 3, 1, 6), 0, 120),
        ("2024-03-01T23:30:00-05:30", datetime(2024, 3, 2, 5), 0, -330),
        ("2024-03-01T08:00:00.1234567Z", datetime(2024, 3, 1, 8, 0, 0, 123456), 0, 0),
        ("2024-03-01T08:00:00", datetime(2024, 3, 1, 8), 0, NAIVE),
        ("2024-03-01 08:00", datetime(2024, 3, 1, 8), MINUTE, NAIVE),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1), 0, 0),
        ("2024-03-01", datetime(2024, 3, 1), DAY, NAIVE),
        ("2024-02", datetime(2024, 2, 1), 29 * DAY, NAIVE),
        ("2023", datetime(2023, 1, 1), 365 * DAY, NAIVE),
        ("1899-07-01", datetime(1899, 7, 1), DAY, NAIVE),
    ],
)
def test_forms(text: str, utc: datetime, width: int, offset: int) -> None:
    us = (utc.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert parse_time(text) == (us, width, offset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-13-01",
        "2024-02-30",
        "2024-03-01T25:00:00Z",
        "2024-03-01T08:61:00Z",
        "0000-01-01",
        "2024-03-01T08:00:00+15:00",
        "2024-03-01T08:00:00+01:75",
        "01/02/2024",
        "2024-3-1",
        "\u0662\u0660\u0662\u0664",
        "9" * 10**6,
    ],
)
def test_what_is_no_time_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_time(text)
    assert caught.value.code == "time.invalid"
    assert not text or text not in str(caught.value)


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_is_written_is_read_back(moment: datetime, offset: int) -> None:
    us = (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) // SECOND * SECOND
    assert parse_time(iso(us, offset)) == (us, 0, offset)


def test_unknown_is_written_empty() -> None:
    assert iso(NAT) == ""
