"""Cards that their issuers revoked, and the verdict if their status is not known."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import base45
import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.sandbox import DEMO
from kiosk.sandbox.signing import hc1_from_parts
from tests.cast import NOW, demo_knowledge, payload
from tests.verify.test_signed_cards import ORDER_OF_P256
from verify import BadKeys, Knowledge, Note, Outcome, Reason, Revocations, judge, read_revocations
from verify.signed.revocation import card_id

CARD = payload("binh")
FIELDS: dict[int, object] = {1: "GD4019999900031", 2: "Nguyễn Văn Mẫu", 3: 3683}


def parts_of(card: bytes) -> tuple[bytes, bytes, bytes]:
    cose = zlib.decompress(base45.b45decode(card.decode().removeprefix("HC1:")))
    protected, _, claims, signature = cbor2.loads(cose).value
    return protected, claims, signature


def document(
    bits: bytes = b"", ids: list[bytes] | None = None, issued: str = NOW.isoformat()
) -> str:
    lists = [{"iss": "VN", "list": 3, "bits": base64.b64encode(zlib.compress(bits)).decode()}]
    listed = base64.b64encode(b"".join(ids or [])).decode()
    return json.dumps({"issued": issued, "lists": lists, "ids": [{"iss": "VN", "ids": listed}]})


def knowing(folder: Path, revocations: Revocations) -> Knowledge:
    return replace(demo_knowledge(folder), revocations=revocations)


def test_a_card_with_a_listed_id_is_revoked_and_so_is_its_twin(tmp_path: Path) -> None:
    protected, claims, signature = parts_of(CARD)
    twin = ORDER_OF_P256 - int.from_bytes(signature[32:])
    other = hc1_from_parts(protected, claims, signature[:32] + twin.to_bytes(32)).encode()
    ids = sorted([bytes(8), card_id(claims), b"\xff" * 8])
    known = knowing(tmp_path, read_revocations(document(ids=ids)))

    assert judge(CARD, NOW, demo_knowledge(tmp_path)).reason is Reason.VOUCHED
    assert judge(CARD, NOW, known).reason is Reason.REVOKED
    assert judge(other, NOW, known).reason is Reason.REVOKED


@pytest.mark.parametrize(
    ("status", "reason", "notes"),
    [
        ([3, 0], Reason.VOUCHED, ()),
        ([3, 1], Reason.REVOKED, ()),
        ([3, 9], Reason.REVOKED, ()),
        ([3, 15], Reason.VOUCHED, ()),
        ([3, 16], Reason.NOT_YET_KNOWN, (Note.REVOCATION_NOT_KNOWN,)),  # beyond the end of the list
        ([4, 0], Reason.NOT_YET_KNOWN, (Note.REVOCATION_NOT_KNOWN,)),  # a list that is not held
        ([3], Reason.UNREADABLE, ()),
        ([3, True], Reason.UNREADABLE, ()),
        ([3, -1], Reason.UNREADABLE, ()),
        ([3, 2**40], Reason.UNREADABLE, ()),
        ("3/1", Reason.UNREADABLE, ()),
    ],
)
def test_a_card_that_names_a_status_list_is_looked_up_there(
    tmp_path: Path, status: object, reason: Reason, notes: tuple[Note, ...]
) -> None:
    card = DEMO.sign_card(FIELDS | {0: status}, NOW - timedelta(days=1)).encode()
    known = knowing(tmp_path, read_revocations(document(bits=bytes([0b10, 0b10]))))

    verdict = judge(card, NOW, known)

    assert (verdict.reason, verdict.notes) == (reason, notes)


@pytest.mark.parametrize(
    ("days", "reason"), [(7, Reason.VOUCHED), (8, Reason.NOT_YET_KNOWN), (-2, Reason.NOT_YET_KNOWN)]
)
def test_lists_that_are_too_old_leave_a_signature_unconfirmed(
    tmp_path: Path, days: int, reason: Reason
) -> None:
    made = (NOW - timedelta(days=days)).isoformat()

    verdict = judge(CARD, NOW, knowing(tmp_path, read_revocations(document(issued=made))))

    assert verdict.reason is reason
    assert verdict.outcome is not Outcome.DESK
    assert verdict.data.revocations == NOW - timedelta(days=days)


@pytest.mark.parametrize(("days", "reason"), [(30, Reason.VOUCHED), (31, Reason.NOT_YET_KNOWN)])
def test_keys_that_are_too_old_leave_a_signature_unconfirmed(
    tmp_path: Path, days: int, reason: Reason
) -> None:
    known = demo_knowledge(tmp_path)
    known = replace(known, issuers=replace(known.issuers, issued=NOW - timedelta(days=days)))

    verdict = judge(CARD, NOW, known)

    assert verdict.reason is reason
    assert (Note.KEYS_OLD in verdict.notes) is (reason is Reason.NOT_YET_KNOWN)


@given(st.lists(st.binary(min_size=8, max_size=8), max_size=40), st.binary(min_size=8, max_size=8))
def test_the_sorted_ids_are_searched_correctly(ids: list[bytes], other: bytes) -> None:
    listed = Revocations(NOW, ids={"VN": b"".join(sorted(ids))})

    for identity in [*ids, other]:
        is_revoked = listed.status_of("VN", None, identity).value == "revoked"
        assert is_revoked is (identity in ids)
    assert listed.status_of("XX", None, other).value == "good"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"issued": "soon"}',
        document().replace('"list": 3', '"list": "x"'),
        document().replace('"ids": [{', '"ids": [{"iss": "VN", "ids": ""}, {'),
        document().replace(
            '"lists": [{', '"lists": [{"iss": "VN", "list": 3, "bits": "eJwDAAAAAAE="}, {'
        ),
        "[" * 100_000,
    ],
)
def test_a_malformed_revocation_file_is_refused(text: str) -> None:
    with pytest.raises(BadKeys):
        read_revocations(text)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (document(ids=[b"b" * 8, b"a" * 8]), "card ids of VN"),
        (document(ids=[b"short"]), "card ids of VN"),
        (document().replace('"bits": "', '"bits": "*'), "list 3 of VN"),
        (document().replace(base64.b64encode(zlib.compress(b"")).decode(), "eJwB"), "list 3 of VN"),
        (document().replace('"bits": "', '"bits": 7, "x": "'), "list 3 of VN"),
    ],
)
def test_a_damaged_list_is_missing_and_the_others_are_still_used(
    text: str, missing: str, tmp_path: Path
) -> None:
    found = read_revocations(text)
    known = knowing(tmp_path, found)
    listed = DEMO.sign_card(FIELDS | {0: [3, 0]}, NOW - timedelta(days=1)).encode()

    assert found.missing == (missing,)
    for card, names_it in ((CARD, missing.startswith("card ids")), (listed, True)):
        verdict = judge(card, NOW, known)
        assert verdict.outcome is (Outcome.UNCONFIRMED if names_it else Outcome.ADMITTED)
        assert (Note.REVOCATION_NOT_KNOWN in verdict.notes) is names_it
