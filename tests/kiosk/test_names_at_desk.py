"""Names on the desk's page: garbled, unusual, without marks; and an end that cannot be read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.sandbox import payload_of, person
from kiosk.web.language import LANGUAGES
from tests.cast import BHYT17, CCCD, NOW, make_coverage
from tests.conftest import Kiosk
from tests.kiosk.test_typed_text import add_holder, confirm, outbox, scan
from verify import Birth, Sex

NAME = "Nguyễn Văn Mẫu"
GARBLED = "Nguyeãn Vaên Maãu"
NUMBER = "9999900020"


def bhyt(name: str, issued: str = "05/01/2024") -> str:
    card = BHYT17.replace(NAME.encode().hex(), name.encode().hex())
    return card.replace("05/01/2024", issued)


def signed(name: str) -> str:
    patient = person("binh")
    assert patient is not None
    return payload_of(replace(patient, holder=name), NOW)


def page_of(client: FlaskClient, attempt: int, language: str = "en") -> str:
    return client.get(f"/desk/attempts/{attempt}?lang={language}").text


def offered(page: str) -> list[dict[str, str]]:
    """Return the names that the page offers by a button."""
    buttons = re.findall(r"<button[^>]* data-take [^>]*>", page)
    return [dict(re.findall(r'data-(\w+)="([^"]*)"', button)) for button in buttons]


def test_a_garbled_name_is_offered_repaired_and_taken_with_the_birth_of_the_card(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    verdict = scan(client, bhyt(GARBLED, issued="x"))
    assert (verdict["card"]["holder"], verdict["card"]["repaired_holder"]) == (None, NAME)
    page = page_of(client, verdict["attempt"])
    assert offered(page) == [{"holder": NAME}]
    assert GARBLED not in page
    assert 'id="born"' not in page

    [offer] = offered(page)
    taken = add_holder(client, verdict["attempt"], **offer).get_json()

    assert taken["card"]["holder"] == NAME
    assert taken["card"]["born"] == "1980-02-01"
    assert taken["card"]["repaired_holder"] is None
    assert taken["notes"] == ["date_not_read"]  # the other note of reading is still true
    confirm(client, taken["attempt"])
    assert f"<HO_TEN>{NAME}</HO_TEN>" in outbox(kiosk)


def test_a_name_that_cannot_be_repaired_is_typed(client: FlaskClient) -> None:
    attempt = scan(client, bhyt("Nguy\ufffdn V\ufffdn M\ufffdu"))["attempt"]
    page = page_of(client, attempt)

    assert offered(page) == []
    assert 'id="holder"' in page
    assert "data-garbled" in page
    assert "Not known: the name is garbled in the code" in page
    assert "name_garbled" not in add_holder(client, attempt, holder="Khác").get_json()["notes"]


def test_a_typed_birth_counts_before_the_one_on_the_card(client: FlaskClient) -> None:
    attempt = scan(client, bhyt(GARBLED))["attempt"]

    card = add_holder(client, attempt, holder=NAME, born="1/1/1981").get_json()["card"]
    assert card["born"] == "1981-01-01"


def test_a_birth_that_the_insurer_gave_is_enough(kiosk: Kiosk, client: FlaskClient) -> None:
    kiosk.cache.remember(make_coverage("9999900077", born=Birth(1970)), kiosk.clock())
    attempt = scan(client, "9999900077")["attempt"]

    assert add_holder(client, attempt, holder=NAME).get_json()["card"]["born"] == "1970"


@pytest.mark.parametrize("body", [{}, {"born": None}, {"born": ""}, {"born": "\u200b"}])
def test_a_bare_number_still_needs_a_birth(body: dict[str, Any], client: FlaskClient) -> None:
    attempt = scan(client, "9999900077")["attempt"]
    answer = add_holder(client, attempt, holder=NAME, **body)

    problem = answer.get_json()
    assert (answer.status_code, problem["title"]) == (400, "bad_request")
    assert (problem["field"], problem["fault"]) == ("born", "missing")


def test_a_name_that_is_added_to_a_signed_card_is_not_vouched_for(client: FlaskClient) -> None:
    verdict = scan(client, signed(GARBLED))
    assert (verdict["reason"], "name_garbled" in verdict["notes"]) == ("vouched", True)

    taken = add_holder(client, verdict["attempt"], holder=NAME).get_json()

    assert (taken["reason"], taken["card"]["vouched_by"]) == ("not_yet_known", None)
    assert "name_garbled" not in taken["notes"]


@pytest.mark.parametrize(
    ("typed", "known", "sent"),
    [
        ("", None, None),
        ("", "NGUYỄN VĂN MẪU", "NGUYỄN VĂN MẪU"),
        (NAME, None, NAME),
        (NAME, "NGUYỄN VĂN MẪU", "NGUYỄN VĂN MẪU"),
    ],
)
def test_a_garbled_name_is_never_sent(
    typed: str, known: str | None, sent: str | None, kiosk: Kiosk, client: FlaskClient
) -> None:
    if known:
        kiosk.cache.remember(make_coverage(NUMBER, holder=known), kiosk.clock())
    answer = confirm(client, scan(client, bhyt(GARBLED))["attempt"], holder=typed)

    assert answer.status_code == 201  # the patient goes in
    [visit] = kiosk.visits.newest()
    assert visit.card.holder == sent
    if sent is None:
        assert (visit.insurer_state, visit.message) == ("parked", "missing or unusable: HO_TEN")
    else:
        assert f"<HO_TEN>{sent}</HO_TEN>" in outbox(kiosk)
    rows = kiosk.database.reading().execute("select body from outbox").fetchall()
    assert not any(GARBLED in str(row["body"]) for row in rows)


def test_a_desk_verdict_on_a_garbled_name_offers_it_and_the_question_to_the_insurer(
    client: FlaskClient,
) -> None:
    card = bhyt(GARBLED).replace("01/01/2024|-", "01/01/2024|31/12/2024")
    verdict = scan(client, card)
    page = page_of(client, verdict["attempt"])

    assert verdict["outcome"] == "desk"
    assert offered(page) == [{"holder": NAME}]
    assert 'value="ask"' in page


def test_the_id_card_before_is_offered_if_the_births_agree(client: FlaskClient) -> None:
    id_card = CCCD.replace("01021980", "02021980")
    for before, is_offered in ((id_card, False), (CCCD, True)):
        scan(client, before, reader="front")
        verdict = scan(client, bhyt(GARBLED), reader="front")

        assert ("id_card_before" in verdict["notes"]) is is_offered
        offers = offered(page_of(client, verdict["attempt"]))
        expected = {"holder": NAME, "born": "1980-02-01"} if is_offered else {"holder": NAME}
        assert offers == [expected]  # the same name is offered once


def test_a_garbled_name_is_settled_by_an_id_card_that_the_insurer_s_record_fits(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    record = make_coverage(NUMBER, holder=NAME, born=Birth(1980, 2, 1), sex=Sex.MALE)
    kiosk.cache.remember(record, kiosk.clock())
    scan(client, CCCD, reader="front")
    attempt = scan(client, bhyt(GARBLED), reader="front")["attempt"]

    reading = kiosk.attempts.newest_verdict_on(attempt)
    assert reading is not None
    assert reading.verdict.card is not None
    assert reading.verdict.card.holder == NAME
    assert reading.verdict.card.repaired_holder is None
    assert "joined_with_id_card" in reading.verdict.notes
    assert "name_garbled" not in reading.verdict.notes


def test_a_signed_card_whose_name_comes_from_an_id_card_is_not_vouched_for(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    patient = person("binh")
    assert patient is not None
    card = scan(client, signed(GARBLED), reader="back")["card"]
    record = make_coverage(
        card["number"],
        holder=patient.holder,
        born=Birth.from_date(patient.born),
        sex=Sex.FEMALE,
    )
    kiosk.cache.remember(record, kiosk.clock())
    id_card = CCCD.replace("01021980|Nam", f"{patient.born:%d%m%Y}|Nữ")
    scan(client, id_card.replace(NAME, patient.holder), reader="front")
    attempt = scan(client, signed(GARBLED), reader="front")["attempt"]

    reading = kiosk.attempts.newest_verdict_on(attempt)
    assert reading is not None
    assert reading.verdict.card is not None
    assert reading.verdict.card.holder == patient.holder
    assert reading.verdict.card.vouched_by is None


UNUSUAL = ("محمد بن عبد الله", "Trẻ sơ sinh <b>(con mẹ Hoa)</b> & 1", "王小明", "O´Neil Sean")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", UNUSUAL)
def test_a_name_is_shown_escaped_and_turns_nothing_around(
    name: str, language: str, client: FlaskClient
) -> None:
    attempt = scan(client, bhyt(name))["attempt"]
    shown = f"<bdi>{name.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}</bdi>"
    assert shown in page_of(client, attempt, language)

    visit = confirm(client, attempt, service={"code": "X" * 60}).get_json()["id"]
    for path in ("/desk/recent", "/logbook", "/logbook/tray", f"/logbook/visits/{visit}"):
        page = client.get(path).text
        assert shown in page, path
        assert "<b>(con" not in page


def test_both_spellings_of_a_name_without_marks_are_shown(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    kiosk.cache.remember(make_coverage(NUMBER, holder=NAME), kiosk.clock())
    verdict = scan(client, bhyt("NGUYEN VAN MAU"))
    page = page_of(client, verdict["attempt"])
    table = page.partition('<section class="two"')[2].partition("</section>")[0]

    assert (verdict["reason"], verdict["notes"]) == ("in_force", ["name_without_marks"])
    names = [
        " ".join(re.sub(r"<[^>]*>", "", name).split())
        for name in re.findall(r"<bdi>(.*?)</bdi>", table)
    ]
    assert names == ["NGUYEN VAN MAU", NAME]


def test_an_end_that_cannot_be_read_is_not_shown_as_no_end(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    record = make_coverage(NUMBER, holder=NAME, valid_until=None, end_not_read=True)
    kiosk.cache.remember(record, kiosk.clock())
    verdict = scan(client, bhyt(NAME))
    page = page_of(client, verdict["attempt"])

    assert "insurer_end_not_read" in verdict["notes"]
    until = page.partition("<span>Valid until")[2].partition("</span>")[0]
    assert "not known: the insurer’s date cannot be read" in until
