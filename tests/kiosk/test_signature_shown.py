"""How what is sent is signed is shown where people look: doctor, status, report, pages (D31)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.doctor import english as in_english
from kiosk.doctor import signature_advice, signature_seen
from kiosk.doctor.signature import signature_check
from kiosk.insurer import SignatureState, SigningTrouble
from kiosk.logbook import NightlyReport, nightly_report_json
from kiosk.logbook.nightly_report import nightly_report_from_json
from kiosk.sync import needs_person
from kiosk.web.kiosk_status import status_of
from tests.cast import NOW, Clock, settings_for
from tests.conftest import Kiosk
from tests.kiosk.signing_keys import (
    SERIAL,
    YEAR,
    certificate_for,
    private_key,
    sender,
    signer_of,
    signing_settings,
    write_key_file,
)
from tests.kiosk.stub_gateway import Running
from tests.kiosk.test_complaints import visit
from tests.process import call, site

pytest.importorskip("signxml")

URL = "http://127.0.0.1:9"
SOON = NOW + timedelta(days=29)
ENDING = SignatureState(SigningTrouble.ENDING, "5401ABCD", SOON)
LANGUAGES = ("vi", "en")


def kiosk_that_signs(folder: Path, clock: Clock, days_left: int) -> Kiosk:
    """Return a kiosk whose certificate ends after some days, and which has looked at it."""
    key = private_key("RSA")
    ends = NOW + timedelta(days=days_left)
    certificate = certificate_for(key, NOW - YEAR, ends)
    settings = signing_settings(folder, write_key_file(folder, key, certificate))
    kiosk = Kiosk(settings, folder, demo=True, now=clock)
    assert kiosk.signer is not None
    kiosk.signer.look()
    return kiosk


@pytest.mark.parametrize(
    ("days_left", "trouble", "is_holding"),
    [(31, None, False), (30, "ending", False), (1, "ending", False), (-1, "ended", True)],
)
def test_the_status_says_when_the_certificate_ends(
    tmp_path: Path, clock: Clock, days_left: int, trouble: str | None, is_holding: bool
) -> None:
    status = status_of(kiosk_that_signs(tmp_path, clock, days_left))

    assert status["signature"] == {
        "trouble": trouble,
        "holding": is_holding,
        "serial": f"{SERIAL:X}",
        "ends": (NOW + timedelta(days=days_left)).isoformat(),
    }
    json.dumps(status)


def test_the_status_says_that_visits_are_unsigned_only_where_they_are_sent(
    make_kiosk: Callable[..., Kiosk],
) -> None:
    assert status_of(make_kiosk())["signature"] is None
    unsigned = status_of(make_kiosk(URL))["signature"]
    assert unsigned == {"trouble": "unsigned", "holding": False, "serial": None, "ends": None}


@pytest.mark.parametrize("trouble", [None, *SigningTrouble])
def test_doctor_says_in_words_how_visits_are_signed(
    trouble: SigningTrouble | None, tmp_path: Path
) -> None:
    state = SignatureState(trouble, "5401ABCD", SOON)

    check = signature_check(settings_for(tmp_path, URL).insurer, state).as_json()

    assert check["good"] is (trouble is None)
    assert "5401ABCD" in check["seen"]
    if trouble is SigningTrouble.UNSIGNED:
        for part in ("1 January 2026", "NĐ 188/2025", "Điều 69", "second-hand"):
            assert part in check["do"]


def test_doctor_looks_at_the_certificate_of_a_site(tmp_path: Path) -> None:
    options = site(tmp_path, URL)
    unsigned = signature_line(options)
    assert unsigned["good"] is False
    assert "1 January 2026" in unsigned["do"]

    key = private_key("RSA")
    keys = write_key_file(tmp_path, key, certificate_for(key, NOW - 5 * YEAR, NOW - 2 * YEAR))
    config = tmp_path / "kiosk.toml"
    lines = "".join(f"{name} = '{value}'\n" for name, value in keys.items())
    text = config.read_text("utf-8").replace("[insurer]\n", f"[insurer]\n{lines}")
    config.write_text(text, "utf-8")
    ended = signature_line(options)
    assert ended["good"] is False
    assert "has ended" in ended["seen"]
    assert f"{SERIAL:X}" in ended["seen"]
    assert "not lost" in ended["do"]


def signature_line(options: list[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in call("doctor", *options).stdout.splitlines()]
    (found,) = [line for line in lines if line["what"] == "signature"]
    return dict(found)


@pytest.mark.parametrize("trouble", list(SigningTrouble))
def test_every_trouble_has_its_words_on_the_pages(
    client: FlaskClient, trouble: SigningTrouble
) -> None:
    from flask import render_template_string

    state = SignatureState(trouble, "5401ABCD", SOON).as_json()
    template = (
        '{% import "data/signature.html" as signatures with context %}'
        "{{ signatures.panel(state) }}{{ signatures.chip(state) }}"
    )
    shown = []
    for language in LANGUAGES:
        with client.application.test_request_context(f"/?lang={language}"):
            client.application.preprocess_request()
            shown.append(render_template_string(template, state=state))
    vietnamese, english = shown
    assert vietnamese != english
    assert ("Until then visits are not sent" in english) is (
        trouble not in (SigningTrouble.UNSIGNED, SigningTrouble.ENDING)
    )
    bare = SignatureState(trouble)
    assert in_english(signature_advice(bare))
    assert in_english(signature_seen(bare))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_desk_and_the_page_of_data_show_what_is_wrong(
    make_client: Callable[..., FlaskClient], tmp_path: Path, language: str
) -> None:
    client = make_client(settings_for(tmp_path, URL))
    law = {"vi": "Nghị định 188/2025, Điều 69 khoản 9", "en": "Decree 188/2025, Article 69"}
    source = {"vi": "nguồn gián tiếp", "en": "second-hand"}
    chip = {"vi": "chưa ký số", "en": "sent unsigned"}

    assert chip[language] in client.get(f"/?lang={language}").text
    page = client.get(f"/data?lang={language}").text
    assert law[language] in page
    assert source[language] in page
    assert chip[language] not in make_client().get(f"/?lang={language}").text  # no gateway


REPORT = NightlyReport(
    started_at=NOW, delivered=0, outbox=dict.fromkeys(
        ("queued", "in_flight", "accepted", "refused", "parked", "closed"), 0
    ), look_back=nightly_report_from_json(
        {"started_at": NOW.isoformat(), "delivered": 0, "outbox": {}, "worklist": 0, "days": [],
         "look_back": {"asked": 0, "confirmed": 0, "changed": 0, "no_word": 0},
         "expected": {"expected": 0, "known": 0}, "unread_appointments": [], "not_asked": None}
    ).look_back, expected=0, known=0, unread_appointments=(), worklist=0, days=(), not_asked=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("trouble", "needed"), [(None, False), ("unsigned", False), ("ending", True), ("ended", True)]
)
def test_the_nightly_job_calls_a_person_before_and_after_the_certificates_end(
    trouble: str | None, needed: bool
) -> None:
    assert needs_person(replace(REPORT, signature=trouble)) is needed


def test_a_report_of_an_earlier_version_is_read() -> None:
    record = nightly_report_json(REPORT)
    del record["signature"], record["unproven_rows"]

    assert nightly_report_from_json(record) == REPORT


def test_the_nightly_report_names_the_certificate_and_what_is_unsigned(
    make_kiosk: Callable[..., Kiosk], tmp_path: Path, clock: Clock
) -> None:
    unsigned = make_kiosk(URL)
    assert unsigned.nightly is not None
    assert unsigned.nightly.run().signature == "unsigned"

    ending = kiosk_that_signs(tmp_path, clock, 20)
    assert ending.nightly is not None
    report = ending.nightly.run()
    assert report.signature == "ending"
    assert report.certificate_ends == (NOW + timedelta(days=20)).isoformat()


def test_sync_says_in_words_that_visits_are_unsigned(tmp_path: Path) -> None:
    done = call("sync", *site(tmp_path, URL))

    assert json.loads(done.stdout)["signature"]["trouble"] == "unsigned"
    assert "sending unsigned has not been allowed since 1 January 2026" in done.stderr.decode()


def test_the_report_counts_visits_that_a_portal_may_not_have_read(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    key = private_key("RSA")
    signer = signer_of(tmp_path, clock, write_key_file(tmp_path, key, certificate_for(key)))
    for name in ("an", "binh", "dung", "son"):
        visit(kiosk, name)
    sender(kiosk, insurer[1], clock, signer, at_once=3).deliver_all()
    since = NOW - timedelta(days=1)

    assert kiosk.outbox.counts()["accepted"] == 4
    assert kiosk.sent_files.unproven_rows(since) == 2
    assert kiosk.sent_files.unproven_rows(NOW + timedelta(days=1)) == 0

    alone = sender(kiosk, insurer[1], clock, signer)
    with kiosk.database.transaction() as db:  # as if a person had sent them again
        db.execute("update outbox set state = 'queued', next_try_at = '', alone = 1")
    clock.go(timedelta(hours=1))
    alone.deliver_all()
    assert kiosk.sent_files.unproven_rows(since) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_visit_names_its_files_their_hash_and_certificate(
    make_client: Callable[..., FlaskClient],
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path, language: str,
) -> None:  # fmt: skip
    key = private_key("RSA")
    signer = signer_of(tmp_path, clock, write_key_file(tmp_path, key, certificate_for(key)))
    an, binh = visit(kiosk, "an"), visit(kiosk, "binh")
    sender(kiosk, insurer[1], clock, signer).deliver_some()
    (file,) = kiosk.sent_files.of_visit(an)
    client = make_client()

    page = client.get(f"/logbook/visits/{an}?lang={language}").text
    assert f"{SERIAL:X}" in page
    assert f"{file.sha256[:16]}…" in page
    saved = client.get(f"/logbook/visits/{an}/sent/{file.id}")
    assert saved.data == file.document
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert client.get(f"/logbook/visits/{binh}/sent/{file.id}").status_code == 404
    assert f"{SERIAL:X}" not in client.get(f"/logbook/visits/{binh}?lang={language}").text
