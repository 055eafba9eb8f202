"""Cards, coverage and verdicts as the JSON that other programs read, and back again.

1. Dates and times are ISO 8601, names NFC, absent values null.
2. This is a contract: a change here is also a change of docs/contract.md and of the changelog.
3. What was written before a key was added to the contract can still be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from verify.birth import Birth
from verify.card import Card, Sex, Vouch
from verify.coverage import Coverage, NewCard, Standing
from verify.entitlement.case import answer_from_json, answer_json
from verify.entitlement.entitlement import Entitlement
from verify.entitlement.rules.phrases import LocalizedText
from verify.person_number import NumberKind, PersonNumber
from verify.reason import Note, Reason
from verify.verdict import NO_DATA, DataState, Proof, Verdict


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the contract's JSON object."""
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason.value,
        "notes": [note.value for note in verdict.notes],
        "format": verdict.format and str(verdict.format),
        "proof": verdict.proof.value,
        "card": verdict.card and card_json(verdict.card),
        "identity": verdict.identity and card_json(verdict.identity),
        "beside": verdict.beside and card_json(verdict.beside),
        "coverage": verdict.coverage and coverage_json(verdict.coverage),
        "entitlement": verdict.entitlement and _entitlement_json(verdict.entitlement),
        "cautions": [
            {"code": caution.code, "vi": caution.vi, "en": caution.en}
            for caution in verdict.cautions
        ],
        "data": {
            "registry": _iso(verdict.data.registry),
            "revocations": _iso(verdict.data.revocations),
            "keys": _iso(verdict.data.keys),
            "rules": _iso(verdict.data.rules),
        },
    }


_NOTES = frozenset(Note)


def verdict_from_json(record: Mapping[str, Any]) -> Verdict:
    """Return the verdict that `verdict_json` wrote, now or before a key was added.

    It is the verdict as it was decided: `verdict_json` writes the same JSON from it again.  Its
    card still says who vouched for it then, which proves nothing now: judge `Card.unvouched`
    instead.  Notes that a newer version of the program wrote are left out.  Raises KeyError,
    TypeError, AttributeError or ValueError if the record is not a verdict.
    """
    entitlement = record.get("entitlement")
    return Verdict(
        reason=Reason(record["reason"]),
        format=record["format"],
        proof=Proof(record["proof"]),
        notes=tuple(Note(note) for note in record["notes"] if note in _NOTES),
        card=_card_of_verdict(record["card"]),
        coverage=record["coverage"] and coverage_from_json(record["coverage"]),
        identity=_card_of_verdict(record.get("identity")),
        beside=_card_of_verdict(record.get("beside")),
        entitlement=entitlement and answer_from_json(entitlement),
        cautions=cautions_from_json(record.get("cautions", ())),
        data=_data_state(record["data"]),
    )


def cautions_from_json(records: Sequence[Mapping[str, str]]) -> tuple[LocalizedText, ...]:
    """Return the cautions of a verdict from their JSON objects."""
    return tuple(LocalizedText(record["code"], record["vi"], record["en"]) for record in records)


def _card_of_verdict(record: Mapping[str, Any] | None) -> Card | None:
    if record is None:
        return None
    vouch = record["vouched_by"]
    card = card_from_json(record)
    return card._replace(vouched_by=_vouch(vouch)) if vouch else card


def _vouch(record: Mapping[str, Any]) -> Vouch:
    return Vouch(
        issuer=record["issuer"],
        key_id=record["key_id"],
        signed_at=datetime.fromisoformat(record["signed_at"]),
        expires_at=_moment(record["expires_at"]),
        shown_at=_moment(record.get("shown_at")),
    )


def _data_state(record: Mapping[str, Any]) -> DataState:
    known = {name: _moment(record[name]) for name in DataState._fields if record.get(name)}
    return DataState(**known) if known else NO_DATA


def _entitlement_json(entitlement: Entitlement) -> dict[str, Any]:
    answer = answer_json(entitlement)
    del answer["id"]  # the id of a case; a verdict has none
    return answer


def card_json(card: Card) -> dict[str, Any]:
    """Return a card, and who vouches for it, as the contract's JSON object."""
    vouch = card.vouched_by
    return {
        "number": card.number,
        "insurance_number": card.insurance_number,
        "citizen_number": card.personal_id,
        "other_numbers": [person_number_json(number) for number in card.other_numbers],
        "holder": card.holder,
        "born": card.born and str(card.born),
        "sex": card.sex,
        "facility": card.facility,
        "valid_from": _iso(card.valid_from),
        "valid_until": _iso(card.valid_until),
        "issued": _iso(card.issued),
        "five_years_on": _iso(card.five_years_on),
        "level": card.level,
        "living_area": card.living_area,
        "repaired_holder": card.repaired_holder,
        "vouched_by": vouch
        and {
            "issuer": vouch.issuer,
            "key_id": vouch.key_id,
            "signed_at": _iso(vouch.signed_at),
            "expires_at": _iso(vouch.expires_at),
            "shown_at": _iso(vouch.shown_at),
        },
    }


def person_number_json(number: PersonNumber) -> dict[str, Any]:
    """Return a number of a person as the contract's JSON object."""
    return {
        "kind": number.kind.value,
        "number": number.number,
        "valid_from": _iso(number.valid_from),
        "valid_until": _iso(number.valid_until),
    }


def person_number_from_json(record: Mapping[str, Any]) -> PersonNumber:
    """Return the number that `person_number_json` wrote."""
    return PersonNumber(
        NumberKind(record["kind"]),
        record["number"],
        _day(record["valid_from"]),
        _day(record["valid_until"]),
    )


def coverage_json(coverage: Coverage) -> dict[str, Any]:
    """Return the insurer's coverage of a card as the contract's JSON object."""
    new = coverage.new_card
    return {
        "number": coverage.number,
        "standing": coverage.standing.value,
        "code": coverage.code,
        "source": coverage.source,
        "as_of": _iso(coverage.as_of),
        "card_number": coverage.card_number,
        "insurance_number": coverage.insurance_number,
        "holder": coverage.holder,
        "born": coverage.born and str(coverage.born),
        "sex": coverage.sex,
        "facility": coverage.facility,
        "valid_from": _iso(coverage.valid_from),
        "valid_until": _iso(coverage.valid_until),
        "living_area": coverage.living_area,
        "five_years_on": _iso(coverage.five_years_on),
        "end_not_read": coverage.end_not_read,
        "new_card": new
        and {
            "number": new.number,
            "valid_from": _iso(new.valid_from),
            "valid_until": _iso(new.valid_until),
            "facility": new.facility,
        },
    }


def card_from_json(record: Mapping[str, Any]) -> Card:
    """Return the card that `card_json` wrote, but not who vouched for it.

    Older records have no `citizen_number`, `other_numbers` or `repaired_holder`.
    """
    number_only = Card(number=record["number"])
    insurance_number, citizen_number = record["insurance_number"], record.get("citizen_number")
    return Card(
        number=record["number"],
        holder=record["holder"],
        born=_birth(record["born"]),
        sex=_sex(record["sex"]),
        facility=record["facility"],
        valid_from=_day(record["valid_from"]),
        valid_until=_day(record["valid_until"]),
        issued=_day(record["issued"]),
        five_years_on=_day(record["five_years_on"]),
        level=record["level"],
        living_area=record["living_area"],
        legacy_insurance_number=_unless_implied(number_only.insurance_number, insurance_number),
        citizen_number=_unless_implied(number_only.personal_id, citizen_number),
        other_numbers=tuple(map(person_number_from_json, record.get("other_numbers", ()))),
        repaired_holder=record.get("repaired_holder"),
    )


def coverage_from_json(record: Mapping[str, Any]) -> Coverage:
    """Return the coverage that `coverage_json` wrote."""
    new = record["new_card"]
    return Coverage(
        number=record["number"],
        standing=Standing(record["standing"]),
        code=record["code"],
        as_of=datetime.fromisoformat(record["as_of"]),
        card_number=record["card_number"],
        insurance_number=record["insurance_number"],
        holder=record["holder"],
        born=_birth(record["born"]),
        sex=_sex(record["sex"]),
        facility=record["facility"],
        valid_from=_day(record["valid_from"]),
        valid_until=_day(record["valid_until"]),
        living_area=record["living_area"],
        five_years_on=_day(record["five_years_on"]),
        new_card=new
        and NewCard(
            new["number"], _day(new["valid_from"]), _day(new["valid_until"]), new["facility"]
        ),
        end_not_read=record.get("end_not_read", False),
    )


def _iso(value: date | None) -> str | None:  # a datetime is a date too
    return None if value is None else value.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _unless_implied(implied: str | None, stored: str | None) -> str | None:
    """Return a stored value. None if the card's number already implies it."""
    return None if stored == implied else stored


def _birth(text: str | None) -> Birth | None:
    return None if text is None else Birth.from_iso(text)


def _sex(text: str | None) -> Sex | None:
    return None if text is None else Sex(text)
