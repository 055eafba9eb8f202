"""The names of facilities beside their codes, on the pages that show them."""

from __future__ import annotations

from datetime import date

from flask.testing import FlaskClient

from kiosk.web.facility_words import facility_text, with_facility_names
from kiosk.web.language import referral_text
from tests.cast import BHYT15, payload
from tests.conftest import Kiosk
from verify import Referral

NAME = "Bệnh viện Mẫu (tưởng tượng)"


def test_a_verdict_and_its_visit_name_the_facility_of_registration(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = kiosk.scan(payload("an"))
    page = client.get(f"/desk/attempts/{attempt}").text
    assert f'<span class="number">01999</span> · <bdi>{NAME}</bdi>' in page

    headers = {"Idempotency-Key": "a"}
    visit = client.post("/api/visits", json={"attempt": attempt}, headers=headers).get_json()
    page = client.get(f"/logbook/visits/{visit['id']}").text
    assert f'<span class="number">01999</span> · <bdi>{NAME}</bdi>' in page  # the facts
    assert f'<p class="help">{NAME}</p>' in page  # beside the field of a correction


def test_a_facility_that_is_not_in_the_list_has_its_code_only(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = kiosk.scan(BHYT15.replace("01 - 999", "01 - 005"))
    page = client.get(f"/desk/attempts/{attempt}").text

    assert '<b><span class="number">01005</span></b>' in page


def test_words_and_papers_name_a_facility(client: FlaskClient) -> None:
    app = client.application
    with app.test_request_context("/?lang=en"):
        assert facility_text("01998") == "01998 · Bệnh viện Tỉnh Mẫu (tưởng tượng)"
        assert (facility_text("01005"), facility_text(None)) == ("01005", "")
        assert "Bệnh viện Tỉnh Mẫu" in referral_text(Referral(date(2026, 11, 1), facility="01998"))
        named = with_facility_names("cơ sở 01998, 08:01998, 11/01998 <b> lúc 10:20 25/11/2026")
        assert named == (
            "cơ sở 01998 (Bệnh viện Tỉnh Mẫu (tưởng tượng)), 08:01998, 11/01998 &lt;b&gt; lúc 10:20"
            " 25/11/2026"
        )
