"""A person's page says who looked at the records, and their paper what was done with them."""

from __future__ import annotations

import io
from pathlib import Path

from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.staff import Role
from tests.cast import Clock
from tests.conftest import Kiosk
from tests.kiosk.test_reporting import accept, confirm_visit
from tests.staff.web import Site, record


def test_those_who_may_see_all_looks_see_them_on_the_persons_page(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    clerk, supervisor = (site.signed_in(role) for role in (Role.CLERK, Role.SUPERVISOR))
    record(clerk)
    visit = site.kiosk.visits.newest()[0].id
    for browser in (clerk, clerk, supervisor):
        assert browser.get(f"/logbook/visits/{visit}").status_code == 200
    path = f"/logbook/visits/{visit}/person?lang=en"

    assert "looks-heading" not in clerk.get(path).text
    shown = supervisor.get(path).text.partition('id="looks-heading"')[2].partition("</section>")[0]
    assert shown.count("<small>a visit</small>") == 3
    assert f"/staff/accesses?visit={visit}" in shown


def test_the_paper_of_a_person_says_what_was_reported_and_corrected(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = confirm_visit(kiosk, "an")
    accept(kiosk)
    kiosk.corrections.correct(
        visit, {"room": "Phòng 9"}, "chuyển phòng", clock(), None, "nhân viên"
    )
    answer = client.get(f"/logbook/visits/{visit}/person.pdf?lang=en")
    pages = PdfReader(io.BytesIO(answer.data)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())

    for words in ("Reports of the visits to the insurer", "Corrections", "chuyển phòng"):
        assert words in text
    assert "nhân viên" not in text  # no names of staff
    assert "who looked at it, is on another paper" in text
