"""One reader for the dates of all formats: tolerant in the spelling, strict in the meaning."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.birth import Birth
from verify.dates import read_date, read_day, read_first_day, read_last_day

FULL, MONTH, YEAR = Birth(1980, 2, 1), Birth(1980, 2), Birth(1980)
SPELLINGS = {
    "01/02/1980": FULL,
    "1/2/1980": FULL,
    " 01/02/1980 ": FULL,
    "01-02-1980": FULL,
    "01–02–1980": FULL,
    "01.02.1980": FULL,
    "01 02 1980": FULL,
    "01\u00a0/\u00a002\u00a0/\u00a01980": FULL,
    "０１/０２/１９８０": FULL,
    "01021980": FULL,
    "1980-02-01": FULL,
    "1980/02/01": FULL,
    "19800201": FULL,
    "198002011230": FULL,
    "19800201123000": FULL,
    "01/02/1980 00:00:00": FULL,
    "01/02/1980 12:00:00 AM": FULL,
    "01/02/1980 12:00:00 SA": FULL,
    "01/02/1980T00:00": FULL,
    "1980-02-01T00:00:00": FULL,
    "1980-02-01 00:00:00.000": FULL,
    "1980-02-01T00:00:00+07:00": FULL,
    "1980-01-31T17:00:00Z": FULL,
    "1980-02-01T16:59:59.999Z": FULL,
    "02/1980": MONTH,
    "02-1980": MONTH,
    "021980": MONTH,
    "198002": MONTH,
    "1980-02": MONTH,
    "00/02/1980": MONTH,
    "XX/02/1980": MONTH,
    "00021980": MONTH,
    "1980-02-00": MONTH,
    "1980": YEAR,
    "00/00/1980": YEAR,
    "00/1980": YEAR,
    "xx/xx/1980": YEAR,
    "__/__/1980": YEAR,
    "05/00/1980": YEAR,
    "00001980": YEAR,
    "1980-00-00": YEAR,
    "01/01/0001 00:00:00": None,
    "0001-01-01T00:00:00": None,
    "0001-01-01T00:00:00Z": None,
    "00/00/0000": None,
    "00000000": None,
    "-": None,
    " ": None,
    "": None,
    "null": None,
    "31/12/9999": Birth(9999, 12, 31),
    "9999-12-31T23:59:59Z": Birth(9999, 12, 31),
}
NO_DATES = (
    "31/02/1980",
    "32/01/1980",
    "01/13/1980",
    "01/02/80",
    "1980-13",
    "000080",
    "123",
    "0",
    "123456789",
    "01/02/1980 and more",
    "01/02/1980/",
    "hết năm 2025",
    "99/99/9999",
    "01/02/1700",
    "1980-02-01T25:00:00Z",
    "²/2/1980",
)


@pytest.mark.parametrize(("text", "expected"), SPELLINGS.items())
def test_every_spelling_is_read_as_far_as_it_is_known(text: str, expected: Birth | None) -> None:
    assert read_date(text) == expected


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_not_a_date_is_an_error_and_never_no_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_date(text)


def test_a_period_of_a_month_or_a_year_begins_on_its_first_day_and_ends_on_its_last() -> None:
    assert read_first_day("02/2028") == date(2028, 2, 1)
    assert read_last_day("02/2028") == date(2028, 2, 29)
    assert read_first_day("2028") == date(2028, 1, 1)
    assert read_last_day("2028") == date(2028, 12, 31)
    assert read_last_day("05/02/2028") == date(2028, 2, 5)
    assert read_first_day("-") is read_last_day("00/00/0000") is None


def test_a_day_that_is_half_known_is_no_day() -> None:
    assert read_day("01/02/1980") == date(1980, 2, 1)
    assert read_day("01/01/0001") is None
    with pytest.raises(ValueError, match="not a full date"):
        read_day("02/1980")


@given(st.dates(date(1800, 1, 1), date(2399, 12, 31)))
def test_no_spelling_changes_the_day(day: date) -> None:
    forms = "%d/%m/%Y %d%m%Y %d-%m-%Y %d.%m.%Y %Y-%m-%d %Y%m%d %Y/%m/%d %Y%m%d0930".split()
    assert {read_day(day.strftime(form)) for form in forms} == {day}


@given(st.text(max_size=24))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_date(text)
    except ValueError:
        return
    assert found is None or Birth.from_iso(str(found)) == found
