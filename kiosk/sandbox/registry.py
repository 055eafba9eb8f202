"""What the pretend patients carry, and what the kiosk already knows of them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import cbor2

from kiosk.data import CoverageCache
from kiosk.sandbox.issuer import DEMO, WITHDRAWN, days, trusted_keys
from kiosk.sandbox.people import FACILITY, PEOPLE, PROVINCE, PretendPerson
from kiosk.sandbox.phone import Phone
from kiosk.sandbox.signing import hc1_from_parts
from verify import Birth, Coverage, NewCard, Sex, Standing, clinic_day

ANSWER_AGE = timedelta(hours=2)  # how old the insurer's word is when the demo starts

STANDING_OF_CODE = {
    "000": Standing.IN_FORCE,
    "001": Standing.KEPT_ELSEWHERE,
    "003": Standing.REPLACED_OLD_OVER,
    "004": Standing.REPLACED_OLD_GOOD,
    "010": Standing.ENDED,
    "110": Standing.WITHDRAWN,
}


def demo_settings(insurer_url: str, folder: Path) -> dict[str, Any]:
    """Return the settings of the sandbox's facility; its password is put into the folder."""
    password_file = folder / "sandbox-password"
    password_file.write_text("sandbox", "utf-8")
    return {
        "facility": {
            "code": FACILITY,
            "name": "Bệnh viện Mẫu",
            "level": "co_ban",
            "score": 45,
            "former_tier": "none",
        },
        "insurer": {
            "url": insurer_url,
            "username": f"{FACILITY}_BV",
            "password_file": str(password_file),
            "staff_name": "Nhân Viên Thử",
            "staff_cccd": "001999999999",
            "ask_history": "yes",
        },
        "visit": {"room": "Phòng khám 1"},
    }


def first_day(one: PretendPerson, today: date) -> date:
    """Return the first day of the card that is shown."""
    return max(one.born, date(today.year - 2, 1, 1))


def last_day(one: PretendPerson, today: date) -> date:
    """Return the last day of the card that is shown."""
    return today + timedelta(days=one.until_days)


def payload_of(one: PretendPerson, moment: datetime) -> str:
    """Return the text in a person's QR code at a moment (aware)."""
    today = clinic_day(moment)
    if one.medium in ("bhyt15", "bhyt17"):
        return _bhyt(one, today)
    signed = datetime.combine(today - timedelta(days=10), time(0), UTC)
    if one.medium == "withdrawn_key":
        return WITHDRAWN.sign_card(_entries(one, today), signed)
    if one.medium == "forged":
        return _forged(one, today, signed)
    if one.medium == "phone":
        phone = Phone(f"Tiếp Đón sandbox, the phone of {one.key}")
        return phone.show(DEMO.card(_entries(one, today), signed, 200, phone), moment)
    return DEMO.sign_card(_entries(one, today), signed)


def remember_people(folder: Path, now: datetime) -> None:
    """Put the insurer's answers about the people that a kiosk knows already into its data
    directory, as if it had asked two hours before `now` (aware)."""
    cache = CoverageCache(folder / "coverage.db")
    today = clinic_day(now)
    for person in PEOPLE:
        if person.cached:
            cache.remember(_word(person, today, now - ANSWER_AGE), now)


def trust_settings(folder: Path, now: datetime) -> dict[str, Any]:
    """Write the pretend issuers' keys and an empty revocation list into a data directory, for a
    kiosk without a feed; return the settings that name them."""
    keys, revocations = folder / "sandbox-keys.json", folder / "sandbox-revocations.json"
    keys.write_text(trusted_keys(now), "utf-8")
    revocations.write_text(json.dumps({"issued": now.isoformat()}), "utf-8")
    return {"trust": {"keys_file": str(keys), "revocations_file": str(revocations)}}


def _bhyt(one: PretendPerson, today: date) -> str:
    first = first_day(one, today)
    five_years = f" {first.replace(year=first.year + 5, day=1):%d/%m/%Y}"
    old = one.medium == "bhyt15"
    parts = [
        one.card_number if old else one.insurance_number,
        one.holder.encode().hex(),
        f"{one.born:%d/%m/%Y}",
        "1" if one.sex == "male" else "2",
        "Số 1, Phường Thử".encode().hex() if old else "-",
        f"{FACILITY[:2]} - {FACILITY[2:]}",
        f"{first:%d/%m/%Y}",
        "-",  # cards of these kinds print no end
        f"{first:%d/%m/%Y}",
        f"{PROVINCE}01{one.insurance_number}",
        "-",
        "4",
        five_years,
        f"{one.tail:015x}-7102",
    ]
    end = ["$"] if old else [str(one.level), "Quận Thử, Thành phố Mẫu".encode().hex(), "$"]
    return "|".join(parts + end)


def _entries(one: PretendPerson, today: date) -> dict[int, object]:
    return {
        1: one.card_number,
        2: one.holder,
        3: days(one.born),
        4: 1 if one.sex == "male" else 2,
        5: FACILITY,
        6: days(first_day(one, today)),
        7: days(last_day(one, today)),
        8: one.level,
    }


def _forged(one: PretendPerson, today: date, signed: datetime) -> str:
    """Return a card whose signature was made for another person's."""
    protected = cbor2.dumps({1: -7, 4: DEMO.key_id})
    claims = {
        1: "VN",
        4: int((signed + timedelta(days=200)).timestamp()),
        6: int(signed.timestamp()),
    }
    genuine = cbor2.dumps(claims | {-260: {-84: _entries(PEOPLE[0], today)}})
    altered = cbor2.dumps(claims | {-260: {-84: _entries(one, today)}})
    return hc1_from_parts(protected, altered, DEMO.signature(protected, genuine))


def _word(one: PretendPerson, today: date, as_of: datetime) -> Coverage:
    first = first_day(one, today)
    new_from = today + timedelta(days=one.new_from_days)
    new = NewCard(one.new_card_number, new_from, new_from + timedelta(days=365), FACILITY)
    return Coverage(
        number=one.card_number if one.medium == "bhyt15" else one.insurance_number,
        standing=STANDING_OF_CODE[one.code],
        code=one.code,
        as_of=as_of,
        card_number=one.card_number,
        insurance_number=one.insurance_number,
        holder=one.listed_as or one.holder,
        born=Birth.on(one.born),
        sex=Sex(one.sex),
        facility=FACILITY,
        valid_from=first,
        valid_until=last_day(one, today),
        five_years_on=first.replace(year=first.year + 5, day=1),
        new_card=new if one.new_card_number else None,
    )
