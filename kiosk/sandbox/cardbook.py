"""The pretend insurer's card book: which code answers a question, and with which fields.

Codes: CV 1923/BHXH-CNTT of 20/06/2024, Phụ lục 03 §4. Identity fields stay empty where the
question did not name the holder rightly, as in production.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from kiosk.sandbox.people import FACILITY, PEOPLE, PretendPerson
from kiosk.sandbox.registry import first_day, last_day

STAFF_NAME, STAFF_CCCD = "Nhân Viên Thử", "001999999999"
DAY = "%d/%m/%Y"
MOMENT = "%Y%m%d%H%M"
VIETNAM = timezone(timedelta(hours=7))


def answer_about(ask: Mapping[str, str], today: date) -> dict[str, Any]:
    """Return the gateway's answer to a question about a card."""
    number = ask.get("maThe", "").replace(" ", "").upper()
    code, one = _judge(number, ask)
    return _card_answer(code, one, today)


def _judge(number: str, ask: Mapping[str, str]) -> tuple[str, PretendPerson | None]:
    if not number or not ask.get("hoTen") or not ask.get("ngaySinh"):
        return "205", None
    if ask.get("cccdCb") != STAFF_CCCD:
        return "054", None
    if ask.get("hoTenCb", "").casefold() != STAFF_NAME.casefold():
        return "055", None
    if len(number) not in (10, 12, 15):
        return "051", None
    one = next((p for p in PEOPLE if number in (p.insurance_number, p.card_number)), None)
    if one is None:
        return "050", None
    if ask["hoTen"].strip().casefold() != (one.listed_as or one.holder).casefold():
        same_start = ask["hoTen"].strip()[:1].casefold() == one.holder[:1].casefold()
        return ("061" if same_start else "060"), None
    if ask["ngaySinh"] not in (f"{one.born:{DAY}}", f"{one.born:%m/%Y}", f"{one.born:%Y}"):
        return "070", None
    return one.code, one


def _card_answer(code: str, one: PretendPerson | None, today: date) -> dict[str, Any]:
    names = (
        "maThe hoTen ngaySinh gioiTinh diaChi maDKBD cqBHXH gtTheTu gtTheDen maKV ngayDu5Nam "
        "maSoBHXH maTheCu maTheMoi gtTheTuMoi gtTheDenMoi maDKBDMoi tenDKBDMoi "
        "dsLichSuKCB2018 dsLichSuKT2018"
    )
    answer: dict[str, Any] = dict.fromkeys(names.split())
    answer |= {"maKetQua": code, "ghiChu": f"Sandbox: mã {code}"}
    if one is None or code in ("100", "101"):
        return answer
    first = first_day(one, today)
    new_from = today + timedelta(days=one.new_from_days)
    answer |= {
        "maThe": one.card_number,
        "hoTen": one.holder,
        "ngaySinh": f"{one.born:{DAY}}",
        "gioiTinh": "Nam" if one.sex == "male" else "Nữ",
        "diaChi": "Số 1, Phường Thử",
        "maDKBD": FACILITY,
        "cqBHXH": "BHXH Mẫu",
        "gtTheTu": f"{first:{DAY}}",
        "gtTheDen": f"{last_day(one, today):{DAY}}",
        "maKV": "",
        "ngayDu5Nam": f"{_five_years(one, first):{DAY}}",
        "maSoBHXH": one.insurance_number,
    }
    if one.new_card_number:
        answer |= {
            "maTheMoi": one.new_card_number,
            "gtTheTuMoi": f"{new_from:{DAY}}",
            "gtTheDenMoi": f"{new_from + timedelta(days=365):{DAY}}",
            "maDKBDMoi": FACILITY,
            "tenDKBDMoi": "Cơ sở mẫu",
        }
    return answer


def _five_years(one: PretendPerson, first: date) -> date:
    return date(first.year, 1, 1) if one.copaid_vnd else first.replace(year=first.year + 5, day=1)


def holder_of(number: str) -> dict[str, Any]:
    """Return who holds a card, as the gateway told everybody until 2024."""
    for one in PEOPLE:
        if number in (one.insurance_number, one.card_number):
            born = f"{one.born:{DAY}}"
            return {"maThe": one.card_number, "hoTen": one.holder, "ngaySinh": born}
    return {}


def copayments_of(ask: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what a pretend patient has paid this year: one stay, with the sum."""
    number = ask.get("maThe", "")
    for one in PEOPLE:
        if one.copaid_vnd and number in (one.insurance_number, one.card_number):
            return [{"Id": 1, "maThe": one.card_number, "maCskcb": "01006",
                     "tBNCCTMCCT": one.copaid_vnd, "tBNCCTLuyKe": one.copaid_vnd}]  # fmt: skip
    return []


def checks_elsewhere(ask: Mapping[str, str], now: datetime) -> list[dict[str, str]]:
    """Return which other facilities have asked about a card today."""
    _, one = _judge(ask.get("maThe", "").replace(" ", "").upper(), ask)
    if one is None or not one.looked_up_by:
        return []
    at = f"{(now - timedelta(minutes=20)).astimezone(VIETNAM):{MOMENT}}"
    return [{"userKT": f"{one.looked_up_by}_BV", "maLoi": "000", "thongBao": "", "thoiGianKT": at}]


def stays_elsewhere(ask: Mapping[str, str], now: datetime) -> list[dict[str, str]]:
    """Return where a pretend patient has been."""
    _, one = _judge(ask.get("maThe", "").replace(" ", "").upper(), ask)
    stays = one.stays if one else ()

    def at(days: int | None) -> str:
        return (
            "" if days is None else f"{(now - timedelta(days=days)).astimezone(VIETNAM):{MOMENT}}"
        )

    return [
        {"maHoSo": f"{number}", "maCSKCB": facility, "ngayVao": at(came), "ngayRa": at(left),
         "tenBenh": "", "tinhTrang": "1", "kqDieuTri": "2", "lyDoVV": "1"}
        for number, (facility, came, left) in enumerate(stays, start=1)
    ]  # fmt: skip
