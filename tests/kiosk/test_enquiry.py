"""Enquiries: the value of a card without a visit, counted, written down, and nowhere else."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import LookupPurpose
from kiosk.sandbox import SandboxInsurer, demo_settings
from kiosk.settings import load_settings
from kiosk.web.app import create_app
from scanner import Scan
from tests.cast import CCCD, NOW, payload
from tests.conftest import Kiosk

Pages = tuple[Kiosk, FlaskClient]
START_OF_DAY = NOW - timedelta(hours=12)


@pytest.fixture
def pages(
    make_kiosk: Callable[[str], Kiosk],
    insurer: tuple[SandboxInsurer, str],
    stop: threading.Event,
) -> Pages:
    """Return a kiosk that is connected to the sandbox, and a client of its pages."""
    kiosk = make_kiosk(insurer[1])
    return kiosk, create_app(kiosk, stop).test_client()


def post(client: FlaskClient, path: str, **body: Any) -> Any:
    return client.post(f"/enquiry/{path}", json=body, query_string={"lang": "en"})


def scan(client: FlaskClient, key: str) -> str:
    """Return the part of the page that answers a scan."""
    answer = post(client, "scan", payload=payload(key).decode())
    assert answer.status_code == 200
    return str(answer.text)


def name_in(text: str) -> str:
    return text.partition('data-name="')[2].partition('"')[0]


def asked_in(text: str) -> str:
    return text.partition('data-asked="')[2].partition('"')[0]


def left(kiosk: Kiosk) -> int:
    return kiosk.query_policy.budget(kiosk.clock())[0]


def kept(kiosk: Kiosk) -> list[Any]:
    return kiosk.lookups.enquiries(START_OF_DAY, 100)


def assert_no_trace(kiosk: Kiosk) -> None:
    """Assert that nobody was read, recorded or listed."""
    assert kiosk.attempts.last_id() == 0
    assert kiosk.visits.newest() == []
    assert kiosk.unfinished.list_of(kiosk.clock(), frozenset()) == []
    assert kiosk.outbox.counts()["queued"] == 0


def test_what_is_held_and_fresh_is_shown_with_its_age_and_no_question(pages: Pages) -> None:
    kiosk, client = pages
    before = left(kiosk)
    text = scan(client, "an")

    for words in ("The card is in force", "(2 hours ago)", "Nguyễn Văn An",
                  "01999</span> · <bdi>Bệnh viện Mẫu", "<b>DN</b>", "NLĐ trong doanh nghiệp",
                  "80\N{NO-BREAK SPACE}% of the covered costs", "not before",
                  "not asked"):  # fmt: skip
        assert words in text, words
    assert left(kiosk) == before
    [line] = kept(kiosk)
    assert (line.purpose, line.author, line.was_asked) == (LookupPurpose.ENQUIRY, "desk", False)
    assert_no_trace(kiosk)


def test_a_card_that_nobody_asked_about_is_asked_once_counted_and_written_down(
    pages: Pages,
) -> None:
    kiosk, client = pages
    before = left(kiosk)
    text = scan(client, "binh")

    assert asked_in(text) == "answered"
    assert "The insurer was asked and has answered at 10:00." in text
    assert left(kiosk) == before - 1
    [line] = kept(kiosk)
    assert (line.purpose, line.result, line.visit) == ("enquiry", "answered", None)
    again = scan(client, "binh")  # the answer is held now
    assert (asked_in(again), left(kiosk)) == ("no", before - 1)
    assert_no_trace(kiosk)


def test_a_clerk_asks_again_and_asks_what_was_paid(pages: Pages) -> None:
    kiosk, client = pages
    name = name_in(scan(client, "an"))
    before = left(kiosk)

    assert asked_in(post(client, "ask", name=name).text) == "answered"
    text = post(client, "payments", name=name).text
    assert "The portal has no data. That is not a sum of zero." in text
    assert "as the portal said at 10:00 25/11/2026" in text
    assert left(kiosk) == before - 2
    assert {line.kind for line in kept(kiosk)} == {"card", "copayments"}
    assert "0 đ" not in text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_sum_is_shown_with_the_moment_at_which_the_portal_said_it(pages: Pages) -> None:
    _kiosk, client = pages
    name = name_in(scan(client, "son"))
    text = post(client, "payments", name=name).text.replace("\N{NO-BREAK SPACE}", " ")

    assert "16,000,000 đ" in text
    assert "as the portal said at 10:00 25/11/2026" in text
    assert "reached on" in text


def test_a_number_alone_needs_name_and_birth_before_the_insurer_is_asked(pages: Pages) -> None:
    kiosk, client = pages
    before = left(kiosk)
    text = post(client, "typed", number="9999900002").text
    assert asked_in(text) == "lacks_holder"
    assert "no data" in text
    assert left(kiosk) == before

    name = name_in(text)
    wrong = post(client, "ask", name=name, holder="Trần Thị Bình", born="20/11/75")
    assert (wrong.status_code, wrong.get_json()["field"]) == (400, "born")
    text = post(client, "ask", name=name, holder="Trần Thị Bình", born="20/11/1975").text
    assert asked_in(text) == "answered"
    assert "GD" in text
    assert left(kiosk) == before - 1


def test_an_id_card_is_enough(pages: Pages) -> None:
    _kiosk, client = pages
    text = post(client, "scan", payload=CCCD).text

    assert asked_in(text) == "answered"


def test_no_question_is_asked_when_the_hour_is_used_up(pages: Pages) -> None:
    kiosk, client = pages
    while kiosk.query_policy.try_acquire(kiosk.clock()):
        pass
    text = scan(client, "binh")

    assert asked_in(text) == "paused"
    assert "the questions of this hour are used up" in text
    [line] = kept(kiosk)
    assert line.error == "not asked: budget since 2026-11-25T03:00:00+00:00"
    assert "the questions of this hour are used up" in post(client, "log").text
    kiosk.clock.go(timedelta(hours=1, minutes=1))
    assert left(kiosk) == 300


def test_offline_what_is_held_is_shown_however_old_and_said_to_be_old(
    stop: threading.Event, make_kiosk: Callable[[str], Kiosk]
) -> None:
    offline = make_kiosk("http://127.0.0.1:9")  # nobody answers there
    client = create_app(offline, stop).test_client()
    offline.clock.go(timedelta(days=20))
    text = scan(client, "an")

    assert asked_in(text) == "no_answer"
    assert "gave no answer" in text
    assert "The answer that is held is too old to decide. It said: The card is in force" in text
    assert "weeks ago)" in text
    assert "There is no information about this card here yet" in text
    fresh = scan(client, "binh")
    assert "Only what the card itself says" in fresh
    assert "not confirmed" in fresh
    assert kept(offline)[0].result == "no_answer"


def test_without_a_gateway_it_is_said_and_what_is_held_is_shown(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    text = scan(client, "binh")

    assert asked_in(text) == "no_gateway"
    assert "This desk is not connected" in text
    assert 'data-do="ask"' not in text
    assert_no_trace(kiosk)


def test_a_desk_that_never_asks_by_itself_asks_only_when_the_clerk_presses(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], tmp_path: Path, stop: threading.Event
) -> None:
    sections = demo_settings(insurer[1], tmp_path)
    sections["insurer"]["ask"] = "never"
    quiet = Kiosk(load_settings(None, sections), tmp_path, demo=True, now=kiosk.clock)
    client = create_app(quiet, stop).test_client()
    text = scan(client, "binh")

    assert asked_in(text) == "no"
    assert asked_in(post(client, "ask", name=name_in(text)).text) == "answered"


def test_a_card_in_a_phone_may_still_be_shown_at_the_desk(pages: Pages) -> None:
    kiosk, client = pages
    text = scan(client, "quynh")
    assert "No card was read" not in text

    attempt = kiosk.attempts.get(kiosk.scan(payload("quynh")))
    assert attempt is not None
    assert attempt.reason not in ("shown_before", "not_live")


@pytest.mark.parametrize("read", ["https://example.com/x", "TD1-01999-1", "", "\x00", "dsfg"])
def test_what_is_no_card_says_so_and_asks_nobody(pages: Pages, read: str) -> None:
    kiosk, client = pages
    text = post(client, "scan", payload=read).text

    assert "No card was read." in text
    assert kept(kiosk) == []
    assert_no_trace(kiosk)


def test_of_several_scans_at_once_the_last_one_counts(pages: Pages) -> None:
    _kiosk, client = pages
    both = payload("an").decode() + "\n" + payload("chi").decode() + "\n"

    assert "Lê Thị Chi" in post(client, "scan", payload=both).text


def test_an_enquiry_is_forgotten_when_it_is_closed_and_after_ten_minutes(pages: Pages) -> None:
    kiosk, client = pages
    closed, old = name_in(scan(client, "an")), name_in(scan(client, "an"))
    post(client, "close", name=closed)
    assert post(client, "ask", name=closed).status_code == 410
    kiosk.clock.go(timedelta(minutes=10))
    answer = post(client, "ask", name=old)
    assert (answer.status_code, answer.get_json()["title"]) == (410, "enquiry_over")
    assert post(client, "payments", name="no such").status_code == 410


def test_the_next_enquiry_of_a_page_forgets_the_one_before(pages: Pages) -> None:
    _kiosk, client = pages
    first = name_in(scan(client, "an"))
    post(client, "scan", payload=payload("chi").decode(), before=first)

    assert post(client, "ask", name=first).status_code == 410


def test_the_page_names_nobody_and_says_who_looked_when(pages: Pages) -> None:
    kiosk, client = pages
    scan(client, "an")
    page = client.get("/enquiry?lang=en").text

    assert "Nguyễn" not in page
    assert "…0001" in page
    assert "9999900001" not in page
    assert "300</b> of 300 left this hour" in page
    assert "10:00 · <bdi>the desk" in page
    for words in ("The gateway finds nobody by name and birth date", "THÔNG TIN HƯỞNG",
                  "baohiemxahoi.gov.vn/tracuu"):  # fmt: skip
        assert words in page
    assert 'href="http' not in page
    assert kiosk.attempts.last_id() == 0


def test_nothing_of_a_person_is_in_a_log(pages: Pages, caplog: pytest.LogCaptureFixture) -> None:
    _kiosk, client = pages
    caplog.set_level(logging.DEBUG)
    name = name_in(scan(client, "binh"))
    post(client, "ask", name=name)
    post(client, "typed", number="9999900002", holder="Trần Thị Bình", born="20/11/1975")

    for secret in ("9999900002", "Trần", "20/11/1975", name):
        assert secret not in caplog.text


def test_other_sites_and_get_reach_nothing(pages: Pages) -> None:
    _kiosk, client = pages
    for path in ("scan", "typed", "next", "taken", "ask", "payments", "log", "facilities"):
        assert client.get(f"/enquiry/{path}").status_code == 405
        answer = client.post(f"/enquiry/{path}", json={}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_facilities_are_found_on_the_page(client: FlaskClient) -> None:
    text = post(client, "facilities", words="tinh mau", unit="").text
    assert "01998" in text
    assert "01999" not in text
    assert "Hà Nội" in text
    assert "01/01/2015" in text
    assert "No facility of the list fits" in post(client, "facilities", words="xyz", unit="").text
    assert post(client, "facilities", words="", unit="").text.strip() == ""


# The readers of the desk.


def scan_of(reader: str) -> Scan:
    return Scan(payload("an"), reader, NOW)


def test_a_reader_of_this_desk_lands_on_its_page_and_is_no_attempt(
    kiosk: Kiosk, tmp_path: Path, stop: threading.Event
) -> None:
    readers = [
        {"name": "front", "kind": "serial", "port": "COM1", "desk": "2"},
        {"name": "side", "kind": "serial", "port": "COM2", "desk": "3"},
    ]
    settings = load_settings(None, demo_settings("", tmp_path) | {"readers": readers})
    site = Kiosk(settings, tmp_path, demo=True, now=kiosk.clock)
    client = create_app(site, stop).test_client()
    page = client.get("/enquiry?desk=2").text
    assert "vào đây: front." in page
    client.set_cookie("desk", "2")
    receive = site.page_scans.before(site.desk.receive)

    assert post(client, "next", page="a").status_code == 204
    receive(scan_of("front"))
    receive(scan_of("side"))
    handed = post(client, "next", page="a").get_json()
    answer = post(client, "taken", **handed)
    assert answer.status_code == 200
    assert "Nguyễn Văn An" in answer.text
    assert post(client, "taken", **handed).status_code == 410  # once only
    assert site.attempts.last_id() == 1  # of the other desk
    assert site.lookups.enquiries(START_OF_DAY, 9)[0].author == "desk 2"
    assert post(client, "next", page="a", leaves=True).status_code == 204
    receive(scan_of("front"))
    assert site.attempts.last_id() == 2


# The card as a picture.


def test_the_picture_shows_numbers_as_on_a_card_and_says_that_it_is_none(pages: Pages) -> None:
    _kiosk, client = pages
    text = scan(client, "an")

    for words in ("<span>DN</span><span>4</span><span>01</span><span>9999900001</span>",
                  "9999900001", "01 - 999", "THẺ BẢO HIỂM Y TẾ", "HEALTH INSURANCE CARD",
                  "Hình do bệnh viện tạo từ dữ liệu lúc 08:00 ngày 25/11/2026, không phải thẻ",
                  "Picture made by the hospital from data of 08:00 on 25/11/2026, not a card",
                  "A picture of a card proves nothing"):  # fmt: skip
        assert words in text, words
    assert text.count('class="card-face') == 4
    assert "<img" not in text


def test_the_card_of_a_verdict_is_a_picture_too_for_some_hours(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = kiosk.scan(payload("chi"))
    link = f"/enquiry/attempts/{attempt}"
    assert link in client.get(f"/desk/attempts/{attempt}").text

    page = client.get(f"{link}?lang=en").text
    assert "The insurance on this card has ended" in page
    assert "Lê Thị Chi" in page
    assert "A picture of a card proves nothing" in page
    assert client.get(f"/enquiry/attempts/{kiosk.scan('no card')}").status_code == 404
    assert client.get("/enquiry/attempts/99").status_code == 404
    kiosk.clock.go(timedelta(hours=16))
    assert client.get(link).status_code == 404


def test_the_display_learns_that_another_patient_came_and_nothing_of_a_card(
    kiosk: Kiosk, stop: threading.Event
) -> None:
    client = create_app(kiosk, stop).test_client()

    def shown() -> Any:
        stream = client.get("/display/patient/events", buffered=False)
        chunks = iter(stream.response)
        text = next(chunk for chunk in chunks if b"data: {" in _bytes(chunk))
        stream.close()
        return json.loads(_bytes(text).decode().partition("data: ")[2])

    first = shown()
    scan(client, "an")
    assert shown() == first  # an enquiry is nobody at the desk
    kiosk.scan(payload("an"))
    second = shown()
    assert second["turn"] == first["turn"] + 1
    assert set(second) == {"picture", "label", "room", "initials", "turn", "guide", "language"}


def _bytes(chunk: Any) -> bytes:
    return chunk if isinstance(chunk, bytes) else str(chunk).encode()
