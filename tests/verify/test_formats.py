"""What is read from each plain format, and from the variants that readers and printers make."""

from __future__ import annotations

from datetime import date

import pytest

from tests.cast import BHYT15, BHYT17, CCCD, NOW, make_coverage
from verify import Birth, Card, CoverageRecord, Knowledge, Note, Outcome, Reason, Sex, judge


def read(payload: str | bytes) -> Card:
    data = payload.encode() if isinstance(payload, str) else payload
    verdict = judge(data, NOW, Knowledge())
    assert verdict.card is not None, verdict.reason
    return verdict.card


def shape(payload: str) -> str | None:
    return judge(payload.encode(), NOW, Knowledge()).format


def test_a_new_card_of_17_parts_is_read() -> None:
    assert read(BHYT17) == Card(
        number="9999900020",
        holder="Nguyễn Văn Mẫu",
        born=Birth(1980, 2, 1),
        sex=Sex.MALE,
        facility="01999",
        valid_from=date(2024, 1, 1),
        issued=date(2024, 1, 5),
        five_years_on=date(2029, 1, 1),
        level=4,
    )
    assert shape(BHYT17) == "bhyt17"


def test_an_old_card_of_15_parts_is_read() -> None:
    card = read(BHYT15)

    assert (card.number, card.insurance_number, card.level) == ("DN4019999900021", "9999900021", 4)
    assert (card.object_code, shape(BHYT15)) == ("DN", "bhyt15")


@pytest.mark.parametrize("card", [BHYT17, BHYT15])
@pytest.mark.parametrize(
    "variant",
    [
        lambda card: card + "\r\n",
        lambda card: card + "\0\0junk",
        lambda card: "]Q1" + card,
        lambda card: "\ufeff" + card,
        lambda card: card.removesuffix("$") + "#",
        lambda card: card.removesuffix("|$"),
        lambda card: card.removesuffix("$"),
        lambda card: card.upper(),
        lambda card: card.replace("|", "| "),
        lambda card: card.replace("|", "｜"),
        lambda card: card.replace("01 - 999", "01 – 999"),
        lambda card: card.replace("01 - 999", "01999"),
    ],
)
def test_the_changes_that_readers_make_do_not_change_the_card(card: str, variant: object) -> None:
    assert callable(variant)
    assert read(variant(card)) == read(card)


def test_a_year_of_birth_alone_is_kept_as_a_year() -> None:
    assert read(BHYT17.replace("01/02/1980", "1980")).born == Birth(1980)


def test_letters_in_a_facility_code_are_kept() -> None:
    assert read(BHYT17.replace("01 - 999", "01 - C01")).facility == "01C01"


def test_a_living_area_is_not_the_benefit_level() -> None:
    card = read(BHYT17.replace("|-|4| 01/01", "|-|6| 01/01"))

    assert (card.living_area, card.level) == ("K2", 4)


def test_the_number_of_an_old_serial_with_letters_comes_from_its_second_copy() -> None:
    legacy = BHYT15.replace("DN4019999900021", "DN401AA99990021")

    assert read(legacy).insurance_number == "9999900021"


def test_a_parent_s_garbled_name_does_not_make_a_child_s_card_unreadable() -> None:
    assert read(BHYT15.replace("01019999900021|-|4", "01019999900021|nguy?n v?n m?u|4"))


def test_an_nfd_name_becomes_nfc() -> None:
    nfd = "Nguyễn".encode().hex()
    assert read(BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", nfd)).holder == "Nguyễn"


@pytest.mark.parametrize(
    ("payload", "number", "format_name"),
    [
        ("DN4019999900001", "DN4019999900001", "number15"),
        (" dn4 01-9999900001 ", "DN4019999900001", "number15"),
        ("9999900001", "9999900001", "number10"),
        ("99999.00001", "9999900001", "number10"),
        ("９９９９９００００１", "9999900001", "number10"),
        ("001099999901", "001099999901", "number12"),
        ("TE101KT99990001", "TE101KT99990001", "number15"),
    ],
)
def test_a_typed_number_is_stored_without_separators(
    payload: str, number: str, format_name: str
) -> None:
    assert (read(payload).number, shape(payload)) == (number, format_name)


@pytest.mark.parametrize(
    ("payload", "born"),
    [
        (CCCD, Birth(1980, 2, 1)),
        (CCCD + "||||", Birth(1980, 2, 1)),
        (CCCD.replace("01021980", "021980"), Birth(1980, 2)),
        (CCCD.replace("01021980", "1980"), Birth(1980)),
        (CCCD.replace("01021980", "00001980"), Birth(1980)),
        (CCCD.replace("||", "|099999999|"), Birth(1980, 2, 1)),
    ],
)
def test_a_citizen_card_is_read(payload: str, born: Birth) -> None:
    card = read(payload)

    assert (card.personal_id, card.holder, card.born) == ("001099999901", "Nguyễn Văn Mẫu", born)
    assert (card.sex, shape(payload)) == (Sex.MALE, "cccd")


@pytest.mark.parametrize("card", [BHYT17, BHYT15])
def test_a_plain_card_cut_anywhere_before_its_last_field_is_not_complete(card: str) -> None:
    last_field = card.rstrip("|$").rindex("|")
    for length in range(20, last_field):
        assert judge(card[:length].encode(), NOW, Knowledge()).card is None, length


@pytest.mark.parametrize(
    ("birth", "other", "agrees"),
    [
        ("1980-02-01", "1980-02-01", True),
        ("1980", "1980-02-01", True),
        ("1980-02", "1980-02-01", True),
        ("1980-03", "1980-02-01", False),
        ("1980-02-02", "1980-02-01", False),
        ("1981", "1980-02-01", False),
    ],
)
def test_births_are_compared_as_far_as_both_are_known(birth: str, other: str, agrees: bool) -> None:
    assert Birth.from_iso(birth).agrees_with(Birth.from_iso(other)) is agrees
    assert Birth.from_iso(other).agrees_with(Birth.from_iso(birth)) is agrees


@pytest.mark.parametrize("wrong", ["", "80", "1980-13", "1980-02-30", "1980-2-1", "0000", "1980-"])
def test_an_invalid_birth_date_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Birth.from_iso(wrong)


def test_the_two_copies_of_a_number_in_a_code_must_agree() -> None:
    wrong = BHYT15.replace("01019999900021", "01019999900022")

    assert judge(wrong.encode(), NOW, Knowledge()).reason is Reason.SELF_CHECK_FAILED


SHORT = (
    "9999900020|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|01 - 999|01/01/2024|-|"
    "05/01/2024|$"
)


def test_a_short_card_of_nine_parts_is_read() -> None:
    card = read(SHORT)

    assert (card.number, card.facility, card.issued) == ("9999900020", "01999", date(2024, 1, 5))
    assert (card.level, shape(SHORT)) == (None, "bhyt9")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("DN4O19999900001", "DN4019999900001"),
        ("dn4019999900OO1", "DN4019999900001"),
        ("DN4O1I99990000I", "DN4011999900001"),
        ("99999OOOO1", "9999900001"),
        ("OOlO99S9990l", "001099599901"),
        ("DN401999990000101999", "DN4019999900001"),
        ("DN4-01-99999-00001", "DN4019999900001"),
    ],
)
def test_letters_typed_for_digits_are_corrected_and_noted(typed: str, number: str) -> None:
    verdict = judge(typed.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.card.number == number
    plain = typed.upper().replace("-", "")[:15] == number
    assert (Note.TYPING_CORRECTED in verdict.notes) is not plain


@pytest.mark.parametrize(
    ("typed", "full"), [("999990001", "0999990001"), ("01099999901", "001099999901")]
)
def test_a_lost_leading_zero_is_offered_but_never_assumed(typed: str, full: str) -> None:
    known = Knowledge(recall=lambda card: CoverageRecord(make_coverage(card.number)))
    verdict = judge(typed.encode(), NOW, known)

    assert (verdict.outcome, verdict.reason) == (Outcome.DESK, Reason.LEADING_ZERO_LOST)
    assert verdict.card is not None
    assert verdict.card.number == full


@pytest.mark.parametrize(
    ("payload", "format_name"),
    [
        ("00020101021138540010A000000727", "vietqr"),
        ("https://example.org/a", "url"),
        ("HTTP://EXAMPLE.ORG", "url"),
        ("shlink:/eyJ1cmwi", "smart_health_link"),
        ("IDVNM0990999010001099999901<<8", "mrz"),
    ],
)
def test_codes_that_people_show_by_mistake_are_named(payload: str, format_name: str) -> None:
    verdict = judge(payload.encode(), NOW, Knowledge())

    assert (verdict.reason, verdict.format) == (Reason.NOT_A_BHYT_CARD, format_name)


@pytest.mark.parametrize(
    ("payload", "is_product"),
    [
        ("8934567890123", True),
        ("]E08934563138165", True),
        ("89345678", True),
        ("18934563138162", True),
        ("010893456313816517261130", True),
        ("0108934563138165172611301021A-7/2", True),
        ("036000291452", False),  # as long as a citizen's number
        ("9999900001", False),
        ("893456789012", False),
        ("893456313816", False),
        ("DN40199999000", False),
        ("DN4019999900301", False),
        ("01089345", True),
        ("0108934563138", True),
        ("01089345631381", True),
        ("8934567890123|", False),
    ],
)
def test_the_bar_code_of_a_product_is_named_and_is_no_card(payload: str, is_product: bool) -> None:
    verdict = judge(payload.encode(), NOW, Knowledge())

    assert (verdict.format == "product") is is_product
    if is_product:
        assert verdict.card is None
        assert verdict.outcome is Outcome.DESK


@pytest.mark.parametrize(
    "name",
    [
        "HU瓣NH Văn Mẫu",
        "Nguyá»…n Văn Mẫu",
        "nguy?n v?n m?u",
        "LÃŠ THá»Š MáºªU",
        "LÃŠ MAU",
    ],
)
def test_a_garbled_name_is_set_aside_and_the_card_is_read(name: str) -> None:
    in_cccd = CCCD.replace("Nguyễn Văn Mẫu", name)
    in_bhyt = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", name.encode().hex())

    for payload in (in_cccd, in_bhyt):
        verdict = judge(payload.encode(), NOW, Knowledge())
        assert verdict.reason is Reason.NOT_YET_KNOWN
        assert verdict.card is not None
        assert verdict.card.holder is None
        assert verdict.card.born == Birth(1980, 2, 1)
        assert Note.NAME_GARBLED in verdict.notes


@pytest.mark.parametrize(
    "name", ["Y Ê-ban Niê", "H'Hen Thử", "Ya’Mẫu", "Đỗ Thị Ơn", "Hʼư̆ Niê", "H‘Bơ̆ Mẫu", "LÃ THỊ MẪU"]
)
def test_names_of_all_peoples_of_the_country_are_accepted(name: str) -> None:
    assert read(CCCD.replace("Nguyễn Văn Mẫu", name)).holder == name


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        (("", ""), set()),
        (("|Nam|", "|Nữ|"), {Note.SEX_UNLIKE_NUMBER}),
        (("01021980", "01021981"), {Note.BIRTH_UNLIKE_NUMBER}),
        (("001099", "001399"), {Note.SEX_UNLIKE_NUMBER, Note.BIRTH_UNLIKE_NUMBER}),
    ],
)
def test_a_mismatch_with_a_citizen_s_number_only_adds_a_note(
    change: tuple[str, str], notes: set[Note]
) -> None:
    matching = CCCD.replace("001099999901", "001080999901").replace("001099", "001080")
    base = matching if change[0] != "001099" else CCCD
    verdict = judge(base.replace(*change).encode(), NOW, Knowledge())

    assert set(verdict.notes) == notes
    assert verdict.reason is Reason.NOT_YET_KNOWN


@pytest.mark.parametrize(
    "wrong",
    [
        BHYT17.replace("01/01/2024|-|05", "01/01/2024|31/12/2023|05"),
        BHYT17.replace("01/02/1980", "01/02/2030"),
    ],
)
def test_contradictory_dates_fail_the_self_check(wrong: str) -> None:
    assert judge(wrong.encode(), NOW, Knowledge()).reason is Reason.SELF_CHECK_FAILED


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("ĐN4019999900051", "DN4019999900051"),
        ("đn4 01 99999 00051", "DN4019999900051"),
        ("\u00d0N4019999900051", "DN4019999900051"),
        ("TÉ019999900051", "TE1019999900051"),
        ("ĐN4–01–99999–0005I", "DN4019999900051"),
    ],
)
def test_a_number_typed_through_an_input_method_is_offered(typed: str, number: str) -> None:
    verdict = judge(typed.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert (verdict.card.number, verdict.format) == (number, "number15")
    assert Note.TYPING_CORRECTED in verdict.notes


@pytest.mark.parametrize("typed", ["Đ", "Nguyễn Văn Mẫu", "ĐN401999990005", "é" * 60])
def test_a_text_that_is_no_number_is_not_made_one(typed: str) -> None:
    assert judge(typed.encode(), NOW, Knowledge()).card is None


@pytest.mark.parametrize(
    ("place", "text"),
    [(12, " 01/2029"), (12, "00/00/0000x"), (8, "2024"), (8, "không"), (7, "32/13/2029"), (6, "?")],
)
def test_a_date_that_decides_nothing_is_left_out_with_a_note(place: int, text: str) -> None:
    parts = BHYT17.split("|")
    parts[place] = text

    verdict = judge("|".join(parts).encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.card.number == "9999900020"
    assert Note.DATE_NOT_READ in verdict.notes


@pytest.mark.parametrize("nothing", ["-", "", "00/00/0000", "01/01/0001"])
def test_the_dates_that_stand_for_nothing_are_no_dates(nothing: str) -> None:
    verdict = judge(BHYT17.replace(" 01/01/2029", nothing).encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.card.five_years_on is None
    assert not {Note.DATE_NOT_READ, Note.FIVE_YEARS_REACHED} & set(verdict.notes)


@pytest.mark.parametrize("born", ["02/1980", "00/00/1980", "XX/XX/1980", "01-02-1980", "01021980"])
def test_a_birth_is_read_as_far_as_it_is_known(born: str) -> None:
    expected = "1980-02-01" if "01" in born else "1980-02" if "02" in born else "1980"
    for card in (BHYT17.replace("01/02/1980", born), CCCD.replace("01021980", born)):
        assert str(read(card).born) == expected


def test_plain_vietnamese_text_beside_the_name_is_not_damage() -> None:
    line = BHYT17.replace("|1|-|", "|1|Số 1, Phường Thử, Hà Nội|")

    assert Note.REPAIRED_FROM_INPUT_METHOD not in judge(line.encode(), NOW, Knowledge()).notes


@pytest.mark.parametrize("encoding", ["cp1252", "cp1258", "latin-1", "mac_roman"])
def test_a_woman_s_citizen_card_is_read_in_a_wrong_encoding_as_a_man_s_is(encoding: str) -> None:
    for word, sex in (("Nữ", Sex.FEMALE), ("Nam", Sex.MALE)):
        line = CCCD.replace("|Nam|", f"|{word}|").replace("Số 1, Phường Thử, Hà Nội", "Ha Noi")
        verdict = judge(line.encode().decode(encoding, "replace").encode(), NOW, Knowledge())

        assert verdict.card is not None
        assert (verdict.card.number, verdict.card.sex) == ("001099999901", sex)
        assert verdict.card.repaired_holder == "Nguyễn Văn Mẫu"
