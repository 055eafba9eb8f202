"""MA_LOAI_KCB and MA_KHOA are dated tables; a visit is sent with a code of its own day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Entitlements
from kiosk.doctor import advice, english, seen_text
from kiosk.insurer import Affected, Need, Obstacle, find_obstacles, message_composer
from kiosk.logbook import Message, NewVisit
from kiosk.settings import Settings
from tests.cast import payload, settings_for
from tests.conftest import Kiosk
from tests.data_store import LAW
from tests.kiosk.test_readiness import visit_of

BEFORE = datetime(2026, 7, 31, 16, 59, tzinfo=UTC)  # a minute before midnight at the clinic
AFTER = datetime(2026, 7, 31, 17, 0, tzinfo=UTC)


def message_on(moment: datetime, care: str, folder: Path) -> Message:
    settings = settings_for(folder)
    entitlements = Entitlements(lambda: LAW, settings)
    visit = visit_of(settings, "registered")
    visit = replace(visit, arrived_at=moment, service=replace(visit.service, care=care))
    compose = message_composer(entitlements.expected_code, entitlements.has_known_care)
    message = compose("visit", visit)
    assert message is not None
    return message


@pytest.mark.parametrize(
    ("moment", "care", "is_sent"),
    [
        (BEFORE, "01", True),
        (BEFORE, "10", True),
        (BEFORE, "11", False),
        (BEFORE, "16", False),
        (AFTER, "01", True),
        (AFTER, "11", True),
        (AFTER, "16", True),
        (AFTER, "17", False),
        (AFTER, "00", False),
        (AFTER, "1", False),
        (AFTER, "", False),
    ],
)
def test_a_visit_is_sent_only_with_a_treatment_type_of_its_day(
    moment: datetime, care: str, is_sent: bool, tmp_path: Path
) -> None:
    message = message_on(moment, care, tmp_path)

    assert (message.body is not None) == is_sent
    if is_sent:
        assert f"<MA_LOAI_KCB>{care}</MA_LOAI_KCB>" in str(message.body)
    else:
        assert message.why_parked == "missing or unusable: MA_LOAI_KCB"


def test_there_are_16_treatment_types_since_august_2026_and_10_before() -> None:
    def codes_on(day: date) -> list[str]:
        return sorted(row.code for row in LAW.cares if row.holds_on(day))

    assert codes_on(date(2026, 7, 31)) == [f"{code:02}" for code in range(1, 11)]
    assert codes_on(date(2026, 8, 1)) == [f"{code:02}" for code in range(1, 17)]


@pytest.mark.parametrize(
    ("code", "confidence"),
    [
        ("K01", "high"),
        ("K60", "high"),
        ("K99", "high"),
        ("K01.1", "low"),
        ("K99.12", "low"),
        ("K0260", "low"),
        ("K00", None),
        ("K61", None),
        ("K98", None),
        ("K1", None),
        ("k01", None),
        ("K01 ", None),
        ("K01\n", None),
        ("K01.", None),
        ("K0199", None),
        ("K\N{ARABIC-INDIC DIGIT ZERO}1", None),
        ("", None),
    ],
)
def test_a_department_code_has_one_of_the_known_forms(code: str, confidence: str | None) -> None:
    found = LAW.department_on(code, date(2026, 11, 25))

    assert (found and found.confidence) == confidence
    assert LAW.department_on("K01", date(2026, 7, 31)) is None


def test_a_treatment_type_that_no_table_has_is_named_at_the_start(
    kiosk: Kiosk, make_client: Callable[..., FlaskClient]
) -> None:
    settings = replace(kiosk.settings, visit=replace(kiosk.settings.visit, care="77"))
    obstacle = Obstacle("[visit] care", Need.CARE, Affected.VISITS)

    assert "is no MA_LOAI_KCB of today's table" in english(seen_text(obstacle))
    assert "Until then every visit is parked" in english(advice(obstacle, settings))
    client = make_client(settings)
    assert {"setting": "[visit] care", "need": "care", "affected": "visits"} in client.get(
        "/healthz"
    ).get_json()["obstacles"]
    assert "[visit] care: no MA_LOAI_KCB of today" in client.get("/data?lang=en").text


def without_table(settings: Settings, visit: NewVisit) -> list[Need]:
    entitlements = Entitlements(lambda: LAW, settings)
    found = find_obstacles(
        settings, entitlements.expected_code, visit.arrived_at, entitlements.has_known_care
    )
    return [at.need for at in found]


def test_a_code_of_august_is_reported_before_august(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "https://gateway.invalid", visit={"care": "14"})
    visit = visit_of(settings, "registered")

    assert without_table(settings, replace(visit, arrived_at=BEFORE)) == [Need.CARE]
    assert without_table(settings, replace(visit, arrived_at=AFTER)) == []


def test_a_parked_visit_is_corrected_to_a_treatment_type_of_the_table(
    kiosk: Kiosk, make_client: Callable[..., FlaskClient]
) -> None:
    settings = replace(kiosk.settings, visit=replace(kiosk.settings.visit, care="77"))
    client = make_client(settings)
    scan = client.post("/api/scans", json={"payload": payload("an").decode()}).get_json()
    client.post("/api/visits", json={"attempt": scan["attempt"]}, headers={"Idempotency-Key": "k"})
    [visit] = client.get("/api/visits").get_json()["visits"]
    page = f"/logbook/visits/{visit['id']}"
    assert visit["insurer"]["state"] == "parked"

    assert "⚠ Kind of care (MA_LOAI_KCB)" in client.get(f"{page}?lang=en").text
    client.post(f"{page}/correct", data={"care": "01", "why": "typed wrongly"})
    [visit] = client.get("/api/visits").get_json()["visits"]
    assert visit["insurer"]["state"] == "queued"
