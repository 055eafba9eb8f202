"""The pretend insurer's card book: which code answers a question, and with which fields.

Codes: CV 1923/BHXH-CNTT of 20/06/2024, Phụ lục 03 §4. As in production, the fields about the
holder stay empty if the question did not name the holder correctly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from kiosk.sandbox.calls import VIETNAM
from kiosk.sandbox.people import FACILITY, PEOPLE, STAFF_CCCD, STAFF_NAME, PretendPerson
from kiosk.sandbox.registry import first_day, last_day
from verify import same_name

DATE_FORMAT = "%d/%m/%Y"
TIME_FORMAT = "%Y%m%d%H%M"
ANSWER_FIELDS = (
    "maThe hoTen ngaySinh gioiTinh diaChi maDKBD cqBHXH gtTheTu gtTheDen maKV ngayDu5Nam "
    "maSoBHXH maTheCu maTheMoi gtTheTuMoi gtTheDenMoi maDKBDMoi tenDKBDMoi "
    "dsLichSuKCB2018 dsLichSuKT2018"
).split()


def answer_about(question: Mapping[str, str], today: date) -> dict[str, Any]:
    """Return the gateway's answer to a question about a card, as JSON."""
    code, person = _look_up(question)
    return _card_answer(code, person, today)


def _look_up(question: Mapping[str, str]) -> tuple[str, PretendPerson | None]:
    """Return the code of the answer and, if the question named the holder correctly, the holder."""
    number = question.get("maThe", "").replace(" ", "").upper()
    if not number or not question.get("hoTen") or not question.get("ngaySinh"):
        return "205", None
    if question.get("cccdCb") != STAFF_CCCD:
        return "054", None
    if question.get("hoTenCb", "").casefold() != STAFF_NAME.casefold():
        return "055", None
    if len(number) not in (10, 12, 15):
        return "051", None
    person = _person_with(number)
    if person is None:
        return "050", None
    name = question["hoTen"].strip()
    if not same_name(name, person.listed_as or person.holder):
        same_start = name[:1].casefold() == person.holder[:1].casefold()
        return ("061" if same_start else "060"), None
    born = person.born
    if question["ngaySinh"] not in (f"{born:{DATE_FORMAT}}", f"{born:%m/%Y}", f"{born:%Y}"):
        return "070", None
    return person.code, person


def _person_with(number: str) -> PretendPerson | None:
    numbers = ((person, (person.insurance_number, person.card_number)) for person in PEOPLE)
    return next((person for person, both in numbers if number in both), None)


def _card_answer(code: str, person: PretendPerson | None, today: date) -> dict[str, Any]:
    answer: dict[str, Any] = dict.fromkeys(ANSWER_FIELDS)
    answer |= {"maKetQua": code, "ghiChu": f"Sandbox: mã {code}"}
    if person is None or code in ("100", "101"):
        return answer
    begins = first_day(person, today)
    answer |= {
        "maThe": person.card_number,
        "hoTen": person.holder,
        "ngaySinh": f"{person.born:{DATE_FORMAT}}",
        "gioiTinh": "Nam" if person.sex == "male" else "Nữ",
        "diaChi": "Số 1, Phường Thử",
        "maDKBD": FACILITY,
        "cqBHXH": "BHXH Mẫu",
        "gtTheTu": f"{begins:{DATE_FORMAT}}",
        "gtTheDen": f"{last_day(person, today):{DATE_FORMAT}}",
        "maKV": "",
        "ngayDu5Nam": f"{_five_years_on(person, begins):{DATE_FORMAT}}",
        "maSoBHXH": person.insurance_number,
    }
    if person.new_card_number:
        new_from = today + timedelta(days=person.new_from_days)
        answer |= {
            "maTheMoi": person.new_card_number,
            "gtTheTuMoi": f"{new_from:{DATE_FORMAT}}",
            "gtTheDenMoi": f"{new_from + timedelta(days=365):{DATE_FORMAT}}",
            "maDKBDMoi": FACILITY,
            "tenDKBDMoi": "Cơ sở mẫu",
        }
    return answer


def _five_years_on(person: PretendPerson, begins: date) -> date:
    """Return the day from which a person has been insured for five years without a break."""
    if person.copaid_vnd:
        return date(begins.year, 1, 1)
    return begins.replace(year=begins.year + 5, day=1)


def holder_of(number: str) -> dict[str, Any]:
    """Return the fields about a card's holder, which the gateway gave to everybody until 2024."""
    person = _person_with(number)
    if person is None:
        return {}
    born = f"{person.born:{DATE_FORMAT}}"
    return {"maThe": person.card_number, "hoTen": person.holder, "ngaySinh": born}


def copayments_of(question: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return what a pretend patient has paid this year, in VND: a small stay and a large one.

    Empty if the patient paid nothing.  `now` is aware; both stays are of its year.
    """
    person = _person_with(question.get("maThe", ""))
    if person is None or not person.copaid_vnd:
        return []
    today = now.astimezone(VIETNAM)
    new_year = today.replace(month=1, day=1, hour=0, minute=0)
    first = person.copaid_vnd // 8
    return [
        {
            "Id": number,
            "maThe": person.card_number,
            "maCskcb": "01006",
            "ngayVao": _written(max(left - timedelta(days=5), new_year)),
            "ngayRa": _written(left),
            "tBNCCTMCCT": paid,
            "tBNCCTLuyKe": total,
        }
        for number, left, paid, total in (
            (1, max(today - timedelta(days=60), new_year), first, first),
            (2, max(today - timedelta(days=25), new_year), person.copaid_vnd - first,
             person.copaid_vnd),
        )
    ]  # fmt: skip


def checks_elsewhere(question: Mapping[str, str], now: datetime) -> list[dict[str, str]]:
    """Return which other facilities asked about a card today; `now` is aware."""
    _, person = _look_up(question)
    if person is None or not person.looked_up_by:
        return []
    return [
        {
            "userKT": f"{person.looked_up_by}_BV",
            "maLoi": "000",
            "thongBao": "",
            "thoiGianKT": _written(now - timedelta(minutes=20)),
        }
    ]


def stays_elsewhere(question: Mapping[str, str], now: datetime) -> list[dict[str, str]]:
    """Return the stays of a pretend patient at other facilities; `now` is aware."""
    _, person = _look_up(question)
    return [
        {
            "maHoSo": f"{number}",
            "maCSKCB": facility,
            "ngayVao": _written(now - timedelta(days=came)),
            "ngayRa": "" if left is None else _written(now - timedelta(days=left)),
            "tenBenh": "",
            "tinhTrang": "1",
            "kqDieuTri": "2",
            "lyDoVV": "1",
        }
        for number, (facility, came, left) in enumerate(person.stays if person else (), start=1)
    ]


def _written(moment: datetime) -> str:
    """Return a moment as the gateway writes it, in the time of Vietnam."""
    return f"{moment.astimezone(VIETNAM):{TIME_FORMAT}}"
