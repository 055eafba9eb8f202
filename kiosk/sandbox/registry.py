"""The cards of the pretend patients, and what the kiosk already knows about them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import cbor2

from kiosk.data import AnswersCache
from kiosk.sandbox.issuer import DEMO, WITHDRAWN, days, trusted_keys
from kiosk.sandbox.people import (
    FACILITY,
    PASSWORD,
    PEOPLE,
    PROVINCE,
    STAFF_CCCD,
    STAFF_NAME,
    USERNAME,
    PretendPerson,
)
from kiosk.sandbox.phone import Phone
from kiosk.sandbox.signing import hc1_from_parts
from verify import Birth, Coverage, NewCard, Sex, Standing, clinic_day

ANSWER_AGE = timedelta(hours=2)  # of the insurer's answers when the demo starts

STANDING_OF_CODE = {
    "000": Standing.IN_FORCE,
    "001": Standing.KEPT_ELSEWHERE,
    "003": Standing.REPLACED_OLD_OVER,
    "004": Standing.REPLACED_OLD_GOOD,
    "010": Standing.ENDED,
    "110": Standing.WITHDRAWN,
}


def demo_settings(insurer_url: str, folder: Path) -> dict[str, Any]:
    """Return the settings of the sandbox's facility; write its password file into `folder`."""
    password_file = folder / "sandbox-password"
    password_file.write_text(PASSWORD, "utf-8")
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
            "username": USERNAME,
            "password_file": str(password_file),
            "staff_name": STAFF_NAME,
            "staff_cccd": STAFF_CCCD,
            "ask_history": "yes",
        },
        "visit": {"room": "Phòng khám 1"},
        "encryption": {"keys": "none"},  # nobody the pretend people stand for needs it
    }


def first_day(person: PretendPerson, today: date) -> date:
    """Return the first day on which the card that the person shows is valid."""
    return max(person.born, date(today.year - 2, 1, 1))


def last_day(person: PretendPerson, today: date) -> date:
    """Return the last day on which the card that the person shows is valid."""
    return today + timedelta(days=person.until_days)


def payload_of(person: PretendPerson, moment: datetime) -> str:
    """Return the text of a person's QR code at a moment (aware)."""
    today = clinic_day(moment)
    if person.medium in ("bhyt15", "bhyt17"):
        return _bhyt(person, today)
    signed = datetime.combine(today - timedelta(days=10), time(0), UTC)
    if person.medium == "withdrawn_key":
        return WITHDRAWN.sign_card(_entries(person, today), signed)
    if person.medium == "forged":
        return _forged(person, today, signed)
    if person.medium == "phone":
        phone = Phone(f"Tiếp Đón sandbox, the phone of {person.key}")
        return phone.show(DEMO.card(_entries(person, today), signed, 200, phone), moment)
    return DEMO.sign_card(_entries(person, today), signed)


def remember_people(folder: Path, now: datetime) -> None:
    """Write the insurer's answers about the cached people into a data directory.

    The answers are as old as if the kiosk had asked two hours before `now` (aware).
    """
    cache = AnswersCache(folder / "coverage.db")
    today = clinic_day(now)
    for person in PEOPLE:
        if person.cached:
            cache.remember(_coverage(person, today, now - ANSWER_AGE), now)


def trust_settings(folder: Path, now: datetime) -> dict[str, Any]:
    """Return the settings of a kiosk without a feed that trusts the pretend issuers.

    Their keys and an empty revocation list, made at `now` (aware), are written into `folder`.
    """
    keys, revocations = folder / "sandbox-keys.json", folder / "sandbox-revocations.json"
    keys.write_text(trusted_keys(now), "utf-8")
    revocations.write_text(json.dumps({"issued": now.isoformat()}), "utf-8")
    return {"trust": {"keys_file": str(keys), "revocations_file": str(revocations)}}


def _bhyt(person: PretendPerson, today: date) -> str:
    first = first_day(person, today)
    five_years = f" {first.replace(year=first.year + 5, day=1):%d/%m/%Y}"
    old = person.medium == "bhyt15"
    parts = [
        person.card_number if old else person.insurance_number,
        person.holder.encode().hex(),
        f"{person.born:%d/%m/%Y}",
        "1" if person.sex == "male" else "2",
        "Số 1, Phường Thử".encode().hex() if old else "-",
        f"{FACILITY[:2]} - {FACILITY[2:]}",
        f"{first:%d/%m/%Y}",
        "-",  # these kinds of card have no last day
        f"{first:%d/%m/%Y}",
        f"{PROVINCE}01{person.insurance_number}",
        "-",
        "4",
        five_years,
        f"{person.tail:015x}-7102",
    ]
    end = ["$"] if old else [str(person.level), "Quận Thử, Thành phố Mẫu".encode().hex(), "$"]
    return "|".join(parts + end)


def _entries(person: PretendPerson, today: date) -> dict[int, object]:
    return {
        1: person.card_number,
        2: person.holder,
        3: days(person.born),
        4: 1 if person.sex == "male" else 2,
        5: FACILITY,
        6: days(first_day(person, today)),
        7: days(last_day(person, today)),
        8: person.level,
    }


def _forged(person: PretendPerson, today: date, signed: datetime) -> str:
    """Return a card whose signature was made for the card of another person."""
    protected = cbor2.dumps({1: -7, 4: DEMO.key_id})
    claims = {
        1: "VN",
        4: int((signed + timedelta(days=200)).timestamp()),
        6: int(signed.timestamp()),
    }
    genuine = cbor2.dumps(claims | {-260: {-84: _entries(PEOPLE[0], today)}})
    altered = cbor2.dumps(claims | {-260: {-84: _entries(person, today)}})
    return hc1_from_parts(protected, altered, DEMO.signature(protected, genuine))


def _coverage(person: PretendPerson, today: date, as_of: datetime) -> Coverage:
    first = first_day(person, today)
    new_from = today + timedelta(days=person.new_from_days)
    new = NewCard(person.new_card_number, new_from, new_from + timedelta(days=365), FACILITY)
    return Coverage(
        number=person.card_number if person.medium == "bhyt15" else person.insurance_number,
        standing=STANDING_OF_CODE[person.code],
        code=person.code,
        as_of=as_of,
        card_number=person.card_number,
        insurance_number=person.insurance_number,
        holder=person.listed_as or person.holder,
        born=Birth.from_date(person.born),
        sex=Sex(person.sex),
        facility=FACILITY,
        valid_from=first,
        valid_until=last_day(person, today),
        five_years_on=first.replace(year=first.year + 5, day=1),
        new_card=new if person.new_card_number else None,
    )
