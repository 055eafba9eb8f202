"""A visit as the insurer's check-in record."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.insurer.arrival import ARRIVALS
from kiosk.insurer.errors import IncompleteVisit
from kiosk.insurer.xml0 import check_in_record
from kiosk.logbook import Arrival, CardOnVisit, Correction, NewVisit, VisitService
from kiosk.logbook.visit import corrected
from verify import CLINIC_ZONE, Birth, Outcome, Reason, Sex

EXPECTED = {"self": "1.12"}  # what the facility's profile gives
VISIT = NewVisit(
    attempt=1,
    verdict_of=1,
    facility="01999",
    arrived_at=datetime(2026, 11, 25, 10, 5, tzinfo=CLINIC_ZONE),
    outcome=Outcome.ADMITTED,
    reason=Reason.IN_FORCE,
    person="9999900001",
    card=CardOnVisit(
        number="9999900001",
        card_number="DN4019999900001",
        holder="Nguyễn Văn An",
        born=Birth(1980, 2, 1),
        sex=Sex.MALE,
        registered_at="01999",
        valid_from=date(2024, 1, 1),
        valid_until=date(2027, 12, 31),
    ),
    service=VisitService("KB", "Khám bệnh", "Phòng khám 1", "01"),
    arrival=Arrival("registered"),
)
ORDER = """MA_LK STT MA_BN HO_TEN SO_CCCD NGAY_SINH GIOI_TINH MA_THE_BHYT MA_DKBD GT_THE_TU
GT_THE_DEN MA_DOITUONG_KCB NGAY_VAO NGAY_VAO_NOI_TRU LY_DO_VNT MA_LY_DO_VNT MA_LOAI_KCB MA_CSKCB
MA_DICH_VU TEN_DICH_VU MA_THUOC TEN_THUOC MA_VAT_TU TEN_VAT_TU NGAY_YL DU_PHONG""".split()


def fields(visit: NewVisit) -> dict[str, str]:
    root = ET.fromstring(check_in_record("01999-1", visit, EXPECTED.get(visit.arrival.kind, "")))
    [row] = root.findall("DSACH_TRANG_THAI_KCB/TRANG_THAI_KCB")
    assert [child.tag for child in row] == ORDER
    assert [child.tag for child in root] == ["DSACH_TRANG_THAI_KCB", "CHUKYDONVI"]
    return {child.tag: child.text or "" for child in row}


def test_a_record_has_its_26_elements_in_order() -> None:
    assert len(ORDER) == 26
    assert {name: value for name, value in fields(VISIT).items() if value} == {
        "MA_LK": "01999-1",
        "STT": "1",
        "MA_BN": "9999900001",
        "HO_TEN": "Nguyễn Văn An",
        "NGAY_SINH": "198002010000",
        "GIOI_TINH": "1",
        "MA_THE_BHYT": "DN4019999900001",
        "MA_DKBD": "01999",
        "GT_THE_TU": "20240101",
        "GT_THE_DEN": "20271231",
        "MA_DOITUONG_KCB": "1.1",
        "NGAY_VAO": "202611251005",
        "MA_LOAI_KCB": "01",
        "MA_CSKCB": "01999",
        "MA_DICH_VU": "KB",
        "TEN_DICH_VU": "Khám bệnh",
        "NGAY_YL": "202611251005",
    }


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"born": Birth(1980)}, "NGAY_SINH", "198000000000"),
        ({"born": Birth(1980, 2)}, "NGAY_SINH", "198002000000"),
        ({"sex": Sex.FEMALE}, "GIOI_TINH", "2"),
        ({"sex": None}, "GIOI_TINH", "3"),
        ({"citizen_number": "001099999901"}, "SO_CCCD", "001099999901"),
        ({"card_number": None}, "MA_THE_BHYT", "9999900001"),
        ({"valid_until": None}, "GT_THE_DEN", ""),
        ({"arrival": "self"}, "MA_DOITUONG_KCB", "1.12"),
        ({"holder": "A <b> & ]]> 'c'"}, "HO_TEN", "A <b> & ]]> 'c'"),
    ],
)
def test_fields_are_written_in_the_form_that_the_insurer_requires(
    change: dict[str, Correction], name: str, value: str
) -> None:
    assert fields(corrected(VISIT, change))[name] == value


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"holder": None}, {"HO_TEN"}),
        ({"born": None}, {"NGAY_SINH"}),
        ({"holder": "Ă" * 256}, {"HO_TEN"}),
        ({"holder": "A\x00B"}, {"HO_TEN"}),
        ({"holder": "A\ud800"}, {"HO_TEN"}),
        ({"service_code": "", "service_name": ""}, {"MA_DICH_VU", "TEN_DICH_VU"}),
        ({"arrival": "nonsense"}, {"MA_DOITUONG_KCB"}),
    ],
)
def test_missing_and_unusable_elements_are_named(
    change: dict[str, Correction], named: set[str]
) -> None:
    with pytest.raises(IncompleteVisit) as raised:
        check_in_record("01999-1", corrected(VISIT, change), "")

    assert set(raised.value.fields) == named


def test_a_self_referred_visit_without_a_code_is_incomplete() -> None:
    with pytest.raises(IncompleteVisit, match="MA_DOITUONG_KCB"):
        check_in_record("01999-1", corrected(VISIT, {"arrival": "self"}), "")


@given(st.text(min_size=1, max_size=255).filter(str.isprintable))
def test_any_printable_name_is_sent_unchanged(name: str) -> None:
    assert fields(corrected(VISIT, {"holder": name}))["HO_TEN"] == name


def test_every_arrival_has_a_code_except_self_which_depends_on_the_facility() -> None:
    assert [arrival for arrival, code in ARRIVALS.items() if not code] == ["self"]


BORN = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("days_after", "birth_time", "expected"),
    [
        (0, time(8, 5), "202611200805"),
        (28, time(23, 59), "202611202359"),
        (28, None, "202611200000"),  # the time is sent if it is known
        (29, time(8, 5), "202611200000"),
        (-1, time(8, 5), "202611200000"),  # a birth after the arrival: one of them is wrong
    ],
)
def test_a_child_of_at_most_28_days_is_born_at_an_hour_and_a_minute(
    days_after: int, birth_time: time | None, expected: str
) -> None:
    arrived = datetime.combine(BORN, time(10, 5), CLINIC_ZONE) + timedelta(days=days_after)
    baby = corrected(VISIT, {"born": Birth.from_date(BORN), "birth_time": birth_time})

    assert fields(replace(baby, arrived_at=arrived))["NGAY_SINH"] == expected


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=60)
CODE = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2})?", fullmatch=True)
BIRTHS = st.one_of(
    st.builds(Birth, st.integers(1900, 2026)),
    st.builds(Birth, st.integers(1900, 2026), st.integers(1, 12)),
    st.dates(date(1900, 1, 1), date(2026, 12, 31)).map(Birth.from_date),
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
DATE_TIME = re.compile(r"\d{4}(?:0000|\d{2}(?:00|\d{2}))\d{4}\Z", re.ASCII)


@given(
    holder=TEXT.filter(bool),
    born=BIRTHS,
    birth_time=st.none() | st.times(),
    sex=st.sampled_from([None, *Sex]),
    days=st.tuples(st.none() | st.dates(), st.none() | st.dates()),
    arrived_at=MOMENTS,
    care=st.sampled_from([f"{code:02}" for code in range(1, 17)]),
    service=CODE,
    code=st.sampled_from(["1.1", "1.11", "01", "7.10"]),
)
def test_every_record_keeps_the_rules_of_its_fields(
    holder: str, born: Birth, birth_time: time | None, sex: Sex | None,
    days: tuple[date | None, date | None], arrived_at: datetime, care: str, service: str, code: str,
) -> None:  # fmt: skip
    """QĐ 130 and 4750: codes are text, dates have fixed forms, sex is 1, 2 or 3."""
    changes: dict[str, Correction] = {
        "holder": holder, "born": born, "birth_time": birth_time, "sex": sex, "care": care,
        "service_code": service, "valid_from": days[0], "valid_until": days[1],
    }  # fmt: skip
    visit = corrected(replace(VISIT, arrived_at=arrived_at), changes)

    root = ET.fromstring(check_in_record("01999-1", visit, code))
    row = {element.tag: element.text or "" for element in root.iter()}

    assert row["MA_LK"] == "01999-1"
    assert row["GIOI_TINH"] in {"1", "2", "3"}
    assert (row["MA_LOAI_KCB"], row["MA_DICH_VU"], row["MA_DOITUONG_KCB"]) == (care, service, code)
    assert row["NGAY_VAO"] == row["NGAY_YL"] == f"{arrived_at.astimezone(CLINIC_ZONE):%Y%m%d%H%M}"
    assert DATE_TIME.match(row["NGAY_SINH"])
    assert row["NGAY_SINH"].startswith(f"{born.year}{born.month or 0:02}{born.day or 0:02}")
    for name, day in zip(("GT_THE_TU", "GT_THE_DEN"), days, strict=True):
        assert row[name] == (f"{day:%Y%m%d}".rjust(8, "0") if day else "")
