"""Cards, coverage and verdicts as the JSON that other programs read, and back again.

Days and times are ISO 8601, names NFC, absent values null.  This is a contract: what
changes here changes in docs/contract.md and in the changelog.
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
from verify.reason import Note, Reason
from verify.verdict import NO_DATA, DataState, Proof, Verdict


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return the whole verdict."""
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
        "cautions": [{"code": one.code, "vi": one.vi, "en": one.en} for one in verdict.cautions],
        "data": {
            "registry": _iso(verdict.data.registry),
            "revocations": _iso(verdict.data.revocations),
            "keys": _iso(verdict.data.keys),
            "rules": _iso(verdict.data.rules),
        },
    }


def verdict_from_json(record: Mapping[str, Any]) -> Verdict:
    """Read back what `verdict_json` wrote, now or before a key was added to the contract.

    The verdict is as it was decided: `verdict_json` writes the same JSON from it again.  Its card
    still says who vouched for it then, which proves nothing now: judge `Card.unvouched` instead.
    Raises KeyError or ValueError if the record is no verdict.
    """
    entitlement = record.get("entitlement")
    return Verdict(
        reason=Reason(record["reason"]),
        format=record["format"],
        proof=Proof(record["proof"]),
        notes=tuple(map(Note, record["notes"])),
        card=_card_of_verdict(record["card"]),
        coverage=record["coverage"] and coverage_from_json(record["coverage"]),
        identity=_card_of_verdict(record.get("identity")),
        beside=_card_of_verdict(record.get("beside")),
        entitlement=entitlement and answer_from_json(entitlement),
        cautions=cautions_from_json(record.get("cautions", ())),
        data=_data_state(record["data"]),
    )


def cautions_from_json(records: Sequence[Mapping[str, str]]) -> tuple[LocalizedText, ...]:
    """Read back the cautions of a verdict."""
    return tuple(LocalizedText(one["code"], one["vi"], one["en"]) for one in records)


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
    del answer["id"]  # of a case
    return answer


def card_json(card: Card) -> dict[str, Any]:
    """Return what a card says of itself, and who vouches for it."""
    vouch = card.vouched_by
    return {
        "number": card.number,
        "insurance_number": card.insurance_number,
        "citizen_number": card.personal_id,
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
        "vouched_by": vouch
        and {
            "issuer": vouch.issuer,
            "key_id": vouch.key_id,
            "signed_at": _iso(vouch.signed_at),
            "expires_at": _iso(vouch.expires_at),
            "shown_at": _iso(vouch.shown_at),
        },
    }


def coverage_json(word: Coverage) -> dict[str, Any]:
    """Return the insurer's word."""
    new = word.new_card
    return {
        "number": word.number,
        "standing": word.standing.value,
        "code": word.code,
        "source": word.source,
        "as_of": _iso(word.as_of),
        "card_number": word.card_number,
        "insurance_number": word.insurance_number,
        "holder": word.holder,
        "born": word.born and str(word.born),
        "sex": word.sex,
        "facility": word.facility,
        "valid_from": _iso(word.valid_from),
        "valid_until": _iso(word.valid_until),
        "living_area": word.living_area,
        "five_years_on": _iso(word.five_years_on),
        "new_card": new
        and {
            "number": new.number,
            "valid_from": _iso(new.valid_from),
            "valid_until": _iso(new.valid_until),
            "facility": new.facility,
        },
    }


def card_from_json(record: Mapping[str, Any]) -> Card:
    """Read back what `card_json` wrote, but for who vouched: only a signature says that.

    `citizen_number` may be missing, as in what was written before there was one.
    """
    bare = Card(number=record["number"])
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
        legacy_insurance_number=_unless(bare.insurance_number, insurance_number),
        citizen_number=_unless(bare.personal_id, citizen_number),
    )


def coverage_from_json(record: Mapping[str, Any]) -> Coverage:
    """Read back what `coverage_json` wrote."""
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
    )


def _iso(value: date | None) -> str | None:  # a datetime is a date too
    return None if value is None else value.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _unless(known: str | None, said: str | None) -> str | None:
    """Return what was said, but for what a number says by itself."""
    return None if said == known else said


def _birth(text: str | None) -> Birth | None:
    return None if text is None else Birth.from_iso(text)


def _sex(text: str | None) -> Sex | None:
    return None if text is None else Sex(text)
