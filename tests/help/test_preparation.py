"""The rules of the preparation sheet: what is printed, and what is refused at which field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kiosk.help.answers import (
    AnswerFault,
    AnswerFaultKind,
    BadAnswers,
    IdentityPaper,
    SheetAnswers,
    SheetGoal,
    WrongDatum,
)
from kiosk.help.preparation import PreparationSheet, SheetNote, SheetPaper, prepare
from kiosk.help.provinces import find_province, provinces_on
from kiosk.runtime.paths import shipped_folder
from tests.cast import BHYT17, CCCD, NOW, TODAY
from verify import Birth, Card, Knowledge, Law, NumberKind, Sex, address_on_id_card, judge, read_law

ANSWERS = SheetAnswers(
    goal=SheetGoal.REGISTER,
    phone="0912 345 678",
    phone_again="+84 912.345.678",
    street="Số 1, đường Thử",
    commune="Phường Mẫu",
    province="Hà Nội",
    office="BHXH cơ sở Mẫu",
)
ID = IdentityPaper(
    number="001099999901",
    holder="Nguyễn Văn Mẫu",
    born=Birth(1999, 2, 1),
    sex=Sex.MALE,
    address="Số 1, Phường Thử, Hà Nội",
    is_scanned=True,
)
COVER = Card(
    "DN4019999900021",
    "NGUYỄN VĂN MẪU",
    Birth(1999, 2, 1),
    Sex.MALE,
    "01999",
    date(2024, 1, 1),
    date(2026, 12, 31),
)
CHILD = Card("TE1019999900031", "Trần Thị Bé Mẫu", Birth(2019, 5, 4), Sex.FEMALE)


@pytest.fixture(scope="module")
def law() -> Law:
    return read_law(shipped_folder("config") / "tables")


def make(law: Law, identity: Any = ID, cover: Any = COVER, **more: Any) -> PreparationSheet:
    answers = replace(ANSWERS, **more)
    return prepare(identity, cover, answers, law, TODAY, cover_is_scanned=True)


def faults(law: Law, identity: Any = ID, cover: Any = COVER, **more: Any) -> dict[str, AnswerFault]:
    with pytest.raises(BadAnswers) as caught:
        make(law, identity, cover, **more)
    return dict(caught.value.faults)


def kinds(found: dict[str, AnswerFault]) -> dict[str, str]:
    return {name: fault.kind.value for name, fault in found.items()}


def names_of(sheet: PreparationSheet) -> list[str]:
    return [part.name for part in sheet.parts]


def test_a_sheet_holds_what_is_copied_in_the_order_of_the_app(law: Law) -> None:
    sheet = make(law)

    assert names_of(sheet) == [
        "insurance_number", "personal_number", "holder", "born", "sex", "address_on_card",
        "card_number", "valid_from", "valid_until", "facility", "phone", "contact_address",
        "province", "office",
    ]  # fmt: skip
    assert sheet.part("insurance_number") == "9999900021"
    assert sheet.part("holder") == "Nguyễn Văn Mẫu"
    assert sheet.part("phone") == "0912345678"
    assert sheet.part("contact_address") == "Số 1, đường Thử, Phường Mẫu, Hà Nội"
    assert not sheet.differences


def test_the_cards_as_readers_deliver_them_give_a_sheet(law: Law) -> None:
    card = judge(BHYT17.encode(), NOW, Knowledge()).card
    scanned = judge(CCCD.encode(), NOW, Knowledge()).card
    assert card is not None
    assert scanned is not None
    identity = IdentityPaper(
        number=scanned.number,
        holder=scanned.holder or "",
        born=scanned.born,
        sex=scanned.sex,
        address=address_on_id_card(CCCD.encode()),
        is_scanned=True,
    )

    sheet = make(law, identity, card)

    assert sheet.part("insurance_number") == "9999900020"
    assert sheet.part("address_on_card") == "Số 1, Phường Thử, Hà Nội"
    assert not sheet.differences


@pytest.mark.parametrize(
    ("payload", "address"),
    [
        (CCCD, "Số 1, Phường Thử, Hà Nội"),
        (CCCD.replace("Số 1, Phường Thử, Hà Nội", " "), ""),
        (BHYT17, ""),
        ("9999900020", ""),
        ("", ""),
    ],
)
def test_the_address_is_read_from_an_id_card_only(payload: str, address: str) -> None:
    assert address_on_id_card(payload.encode()) == address


def test_an_id_card_without_an_address_is_no_fault_but_the_sheet_says_so(law: Law) -> None:
    without = make(law, replace(ID, address=""))

    assert SheetNote.NO_ADDRESS in without.notes
    assert "address_on_card" not in names_of(without)
    assert SheetNote.OLD_ADDRESS in make(law).notes


def test_no_card_is_called_expired_and_the_portal_decides(law: Law) -> None:
    ended = make(law, ID, COVER._replace(valid_until=date(2025, 1, 31)))

    assert SheetNote.CARD_ENDED in ended.notes
    assert ended.part("valid_until") == date(2025, 1, 31)
    assert SheetNote.VALIDITY_ON_CARD in make(law).notes


@pytest.mark.parametrize(
    ("phone", "fault", "detail"),
    [
        ("912345678", "phone_too_short", "9"),
        ("09123456789", "phone_too_long", "11"),
        ("0112345678", "bad_phone", ""),
        ("0912 abc 678", "bad_phone", ""),
        ("", "missing", ""),
    ],
)
def test_a_telephone_number_that_cannot_be_right_is_refused(
    law: Law, phone: str, fault: str, detail: str
) -> None:
    found = faults(law, phone=phone, phone_again=phone)["phone"]

    assert (found.kind.value, found.detail) == (fault, detail)


@pytest.mark.parametrize("phone", ["0912345678", "+84912345678", "+84 0912345678", "(0912)345-678"])
def test_a_telephone_number_is_printed_without_signs(law: Law, phone: str) -> None:
    assert make(law, phone=phone, phone_again="0912345678").phone == "0912345678"


def test_what_is_typed_twice_must_be_the_same(law: Law) -> None:
    assert kinds(faults(law, phone_again="0912345679")) == {"phone_again": "typed_differently"}
    assert kinds(faults(law, phone_again="")) == {"phone_again": "missing"}
    mail = {"email": "mau@example.org", "email_again": "mau@example.com"}
    assert kinds(faults(law, **mail)) == {"email_again": "typed_differently"}
    assert kinds(faults(law, email_again="mau@example.org")) == {"email_again": "typed_differently"}


@pytest.mark.parametrize(
    "mail", ["mau", "mau@", "a b@example.org", "a@b@example.org", "a@b", "@b.c"]
)
def test_an_address_that_cannot_be_right_is_refused(law: Law, mail: str) -> None:
    assert kinds(faults(law, email=mail, email_again=mail)) == {"email": "bad_email"}


def test_an_address_may_be_empty_and_is_not_compared_with_those_of_others(law: Law) -> None:
    assert "email" not in names_of(make(law))
    sheet = make(law, email="mau@example.org", email_again="MAU@example.org")
    assert sheet.part("email") == "mau@example.org"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Hà Nội", "Hà Nội"),
        ("ha noi", "Hà Nội"),
        ("Thành phố Hồ Chí Minh", "Hồ Chí Minh"),
        ("TP.HCM", "Hồ Chí Minh"),
        ("tỉnh Đắk Lắk", "Đắk Lắk"),
    ],
)
def test_a_province_of_today_is_found_as_people_write_it(law: Law, typed: str, name: str) -> None:
    assert make(law, province=typed).part("province") == name


@pytest.mark.parametrize(
    ("typed", "now"),
    [
        ("Hà Giang", "Tuyên Quang"),
        ("Tỉnh Bình Dương", "Hồ Chí Minh"),
        ("vung tau", "Hồ Chí Minh"),
        ("Thừa Thiên Huế", "Huế"),
        ("Kiên Giang", "An Giang"),
    ],
)
def test_a_province_of_before_the_reform_is_answered_with_todays(
    law: Law, typed: str, now: str
) -> None:
    found = faults(law, province=typed)["province"]

    assert (found.kind, found.detail) == (AnswerFaultKind.FORMER_PROVINCE, now)


@pytest.mark.parametrize("typed", ["Hà Tây", "Quận 3", "tỉnh", "?"])
def test_a_province_that_no_table_knows_is_plainly_refused(law: Law, typed: str) -> None:
    assert kinds(faults(law, province=typed)) == {"province": "unknown_province"}


def test_there_are_34_provinces_and_each_is_found_by_its_name(law: Law) -> None:
    names = provinces_on(law, TODAY)

    assert len(names) == 34
    assert [find_province(name, law, TODAY).name for name in names] == names


def test_a_typed_insurance_number_must_be_that_of_the_card(law: Law) -> None:
    found = faults(law, insurance_number="9999900022", insurance_number_again="9999900022")

    assert kinds(found) == {"insurance_number": "numbers_contradict"}


@pytest.mark.parametrize(
    ("number", "again", "expected"),
    [
        ("", "", {"insurance_number": "missing"}),
        ("9999900021", "", {"insurance_number_again": "missing"}),
        ("9999900021", "9999900022", {"insurance_number_again": "typed_differently"}),
        ("999990002", "999990002", {
            "insurance_number": "bad_insurance_number",
            "insurance_number_again": "bad_insurance_number",
        }),
    ],
)  # fmt: skip
def test_without_a_scanned_card_the_number_is_typed_twice(
    law: Law, number: str, again: str, expected: dict[str, str]
) -> None:
    typed = replace(ANSWERS, insurance_number=number, insurance_number_again=again)
    with pytest.raises(BadAnswers) as caught:
        prepare(ID, None, typed, law, TODAY)

    assert kinds(dict(caught.value.faults)) == expected


def test_a_number_that_was_typed_twice_will_do_without_a_card(law: Law) -> None:
    typed = replace(ANSWERS, insurance_number="9999900021", insurance_number_again="9999900021")

    assert prepare(ID, None, typed, law, TODAY).insurance_number == "9999900021"


def test_a_card_with_another_personal_number_than_the_id_card_is_refused(law: Law) -> None:
    cover = COVER._replace(number="001099999909", legacy_insurance_number="9999900021")

    assert kinds(faults(law, ID, cover)) == {"id_number": "two_personal_numbers"}
    assert make(law, ID, cover._replace(number="001099999901")).insurance_number == "9999900021"


def test_a_number_of_another_length_is_refused_and_never_completed(law: Law) -> None:
    found = faults(law, replace(ID, number="01099999901"), COVER._replace(number="DN401999990002"))

    assert found["id_number"] == AnswerFault(AnswerFaultKind.BAD_PERSONAL_NUMBER, "11")
    assert found["card_number"] == AnswerFault(AnswerFaultKind.BAD_CARD_NUMBER, "14")


def test_two_cards_that_differ_are_both_shown(law: Law) -> None:
    sheet = make(law, ID, COVER._replace(born=Birth(1999, 1, 2), sex=Sex.FEMALE))

    assert [(found.name, found.card, found.other) for found in sheet.differences] == [
        ("born", "1999-02-01", "1999-01-02"),
        ("sex", "male", "female"),
    ]
    assert sheet.part("born") == Birth(1999, 2, 1)


def test_two_people_get_no_joint_sheet(law: Law) -> None:
    other = COVER._replace(holder="Trần Thị Khác", born=Birth(1980, 5, 5))

    assert kinds(faults(law, ID, other)) == {"cards": "two_people"}
    assert make(law, ID, other._replace(born=ID.born)).differences


def test_a_child_is_entered_with_its_guardian(law: Law) -> None:
    sheet = make(law, ID, CHILD, goal=SheetGoal.CHILD, relation="mother", has_account=True)

    assert names_of(sheet)[:3] == ["insurance_number", "child_holder", "child_born"]
    assert sheet.part("guardian_holder") == "Nguyễn Văn Mẫu"
    assert sheet.part("relation") == "mother"
    assert SheetPaper.BIRTH_CERTIFICATE in sheet.papers
    assert SheetPaper.CHILD_PHOTO in sheet.papers
    assert not sheet.differences


@pytest.mark.parametrize(
    ("born", "is_child"),
    [(Birth(2008, 11, 26), True), (Birth(2008, 11, 25), False), (Birth(2007), False)],
)
def test_somebody_of_eighteen_goes_the_way_of_adults(law: Law, born: Birth, is_child: bool) -> None:
    goal = {"goal": SheetGoal.CHILD, "relation": "father"}
    if is_child:
        assert make(law, ID, CHILD._replace(born=born), **goal)
    else:
        found = faults(law, ID, CHILD._replace(born=born), **goal)
        assert kinds(found) == {"card_born": "child_of_full_age"}


@pytest.mark.parametrize("born", [Birth(2008, 11, 26), Birth(2015, 1, 1)])
def test_a_guardian_is_at_least_eighteen(law: Law, born: Birth) -> None:
    young = replace(ID, born=born)

    found = faults(law, young, CHILD, goal=SheetGoal.CHILD, relation="father")

    assert kinds(found) == {"id_born": "guardian_under_age"}
    assert make(law, replace(ID, born=Birth(2008, 11, 25)), CHILD, goal=SheetGoal.CHILD,
                relation="father")  # fmt: skip


def test_a_child_is_not_its_own_guardian(law: Law) -> None:
    number = ID.number
    child = CHILD._replace(number=number, legacy_insurance_number="9999900031")

    found = faults(law, ID, child, goal=SheetGoal.CHILD, relation="guardian")

    assert kinds(found) == {"id_number": "guardian_is_child"}


def test_a_child_s_sheet_needs_its_guardian_and_how_they_are_related(law: Law) -> None:
    found = faults(law, None, CHILD, goal=SheetGoal.CHILD)

    assert kinds(found) == dict.fromkeys(
        ("id_number", "id_holder", "id_born", "relation"), "missing"
    )


@pytest.mark.parametrize("goal", SheetGoal)
def test_each_goal_names_every_field_that_it_lacks_at_once(law: Law, goal: SheetGoal) -> None:
    with pytest.raises(BadAnswers) as caught:
        prepare(None, None, SheetAnswers(goal), law, TODAY)

    assert set(kinds(dict(caught.value.faults)).values()) == {"missing"}
    assert {"id_number", "insurance_number"} <= set(caught.value.faults)
    assert ("phone" in caught.value.faults) == (goal is not SheetGoal.WALLET)


def test_a_correction_says_what_is_wrong_and_asks_for_a_proof(law: Law) -> None:
    sheet = make(law, goal=SheetGoal.CORRECT, wrong=WrongDatum.BORN, right_value="01/02/1999")

    assert names_of(sheet)[:2] == ["wrong", "right_value"]
    assert SheetPaper.PROOF in sheet.papers


def test_a_card_whose_letters_the_wallet_may_not_know_is_noted(law: Law) -> None:
    sheet = make(law, ID, COVER._replace(number="LH4019999900021"), goal=SheetGoal.WALLET)

    assert SheetNote.NOT_IN_WALLET in sheet.notes
    assert "phone" not in names_of(make(law, goal=SheetGoal.WALLET, phone="", phone_again=""))


def test_a_foreigner_has_another_document_and_no_personal_number(law: Law) -> None:
    passport = replace(ID, kind=NumberKind.PASSPORT, number="X1234567", is_scanned=False)

    sheet = make(law, passport)

    assert sheet.part("document_number") == "X1234567"
    assert sheet.part("personal_number") is None
    assert SheetPaper.PASSPORT in sheet.papers
    assert SheetPaper.ID_CARD not in sheet.papers


def test_an_unusual_personal_number_is_noted_and_not_refused(law: Law) -> None:
    assert SheetNote.NUMBER_UNUSUAL in make(law, replace(ID, number="001299999901")).notes
    assert SheetNote.NUMBER_UNUSUAL not in make(law).notes


def test_somebody_under_age_with_an_id_card_of_their_own_is_noted(law: Law) -> None:
    born = Birth(2010, 2, 1)
    young = replace(ID, number="001210999901", born=born)

    assert SheetNote.UNDER_AGE in make(law, young, COVER._replace(born=born)).notes


def test_nothing_personal_is_in_an_error_or_a_repr(law: Law) -> None:
    with pytest.raises(BadAnswers) as caught:
        make(law, ID, COVER._replace(holder="Trần Thị Khác", born=Birth(1980, 5, 5)))

    shown = f"{caught.value!r} {ID!r} {ANSWERS!r} {make(law)!r}"
    assert not any(secret in shown for secret in ("Nguyễn", "0109", "99999", "0912", "Khác"))
