"""A facility's code may change over time: the day of a visit picks the code."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest

from kiosk.assembly import Kiosk as RealKiosk
from kiosk.desk import Confirmation, LatePresentation, unknown_patient
from kiosk.errors import SettingsError
from kiosk.insurer.delivery import Delivery
from kiosk.insurer.gateway import Receipt
from kiosk.insurer.xml0 import facility_of
from kiosk.logbook import NewOutage, OutageSource
from kiosk.logbook.times import to_utc_text
from kiosk.settings import Settings, load_settings
from kiosk.web.app import create_app
from tests.cast import AGAIN, BHYT15, Clock, settings_for
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import answering, gateway_to
from verify import clinic_day

LAST_MINUTE = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)  # before midnight at the clinic
CODES = """
[facility]
code = "01999"
[[facility.codes]]
code = "01999"
valid_until = 2026-12-31
[[facility.codes]]
code = "79888"
valid_from = 2027-01-01
"""


def settings_in(folder: Path, text: str) -> Settings:
    (folder / "own.toml").write_text(text, "utf-8")
    return load_settings(folder / "own.toml")


def test_the_day_picks_the_code(tmp_path: Path) -> None:
    facility = settings_in(tmp_path, CODES).facility

    assert facility.code_on(clinic_day(LAST_MINUTE)) == "01999"
    assert facility.code_on(clinic_day(LAST_MINUTE + timedelta(minutes=1))) == "79888"
    assert facility.all_codes == {"01999", "79888"}
    alone = settings_in(tmp_path, '[facility]\ncode = "01999"').facility
    assert alone.code_on(clinic_day(LAST_MINUTE)) == "01999"
    assert alone.all_codes == {"01999"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2026-12-31", "2027-01-01", "overlap"),
        ("2026-12-31", "2027-06-30", "overlap"),
        ("2026-12-31", "2026-12-30", "2026-12-31, the day before 79888 begins: no code"),
        ("valid_until = 2026-12-31", "", "overlap"),
        ("2027-01-01", "2027-01-01\nvalid_until = 2027-12-31", "no code would be valid after it"),
        ("valid_from = 2027-01-01", "valid_from = 2027-01-01\nvalid_until = 2026-01-01", "not bef"),
        (
            '[facility]\ncode = "01999"',
            '[facility]\ncode = "01888"',
            r"\[facility\] code is '01888'",
        ),
        ('"79888"', '"7988"', r"\[\[facility.codes\]\] code is '7988'"),
        (
            "2026-12-31",
            '"2026-12-31"',
            "valid_until is text in quotes; expected a day without quot",
        ),
        ("2026-12-31", "2026-12-31T00:00:00", "valid_until is datetime; expected a day"),
        ("2026-12-31", "20261231", "valid_until is a whole number; expected a day"),
        (
            "valid_until",
            "until",
            r"\[facility.codes\] until is not a setting|until is not a setting",
        ),
    ],
)
def test_codes_that_overlap_or_leave_a_gap_stop_the_start(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in CODES
    with pytest.raises(SettingsError, match=message):
        settings_in(tmp_path, CODES.replace(old, new, 1))


@pytest.fixture
def moved(tmp_path: Path, clock: Clock, make_kiosk: Callable[..., Kiosk]) -> Kiosk:
    """Return a kiosk whose facility gets another code at the end of the year."""
    demo = make_kiosk()
    facility = settings_in(tmp_path, CODES).facility
    codes = [
        {"code": row.code, "valid_from": row.valid_from, "valid_until": row.valid_until}
        for row in facility.codes
    ]
    settings = settings_for(tmp_path, facility={"codes": codes})
    return type(demo)(settings, tmp_path, demo=True, now=clock)


def sent_code(kiosk: RealKiosk, visit_id: str) -> str:
    [(body,)] = kiosk.database.rows("select body from outbox where visit = ?", [visit_id])
    return facility_of(body)


def test_a_visit_has_the_code_of_its_day_and_a_card_is_registered_by_it(
    moved: Kiosk, clock: Clock
) -> None:
    clock.moment = LAST_MINUTE
    before, _ = moved.desk.confirm(moved.scan(BHYT15), Confirmation(), "a")
    clock.go(timedelta(minutes=1))
    elsewhere = BHYT15.replace("01 - 999", "79 - 888")
    after, _ = moved.desk.confirm(moved.scan(elsewhere), Confirmation(), "b")
    old_card, _ = moved.desk.confirm(moved.scan(BHYT15), Confirmation(repeat_reason=AGAIN), "c")

    assert (before.facility, before.arrival.kind) == ("01999", "registered")
    assert (after.facility, after.arrival.kind) == ("79888", "registered")
    assert (old_card.facility, old_card.arrival.kind) == ("79888", "self")
    assert sent_code(moved, before.id) == "01999"
    assert sent_code(moved, after.id) == "79888"


def test_a_late_card_is_registered_by_the_code_of_the_visit_s_day(
    moved: Kiosk, clock: Clock
) -> None:
    """The arrival of a visit without insurance follows from the card that comes later."""
    elsewhere = BHYT15.replace("01 - 999", "79 - 888")
    arrivals = []
    for minute, code in ((0, BHYT15), (1, elsewhere), (1, BHYT15)):
        clock.moment = LAST_MINUTE + timedelta(minutes=minute)
        uninsured = Confirmation(arrival="uninsured", holder="Nguyễn Văn Mẫu")
        attempt = moved.desk.record_no_card("front").id
        visit, _ = moved.desk.confirm(attempt, uninsured, f"{minute} {code}")
        late = LatePresentation(attempt=moved.scan(code), clerk_reason="đã xem thẻ")
        arrivals.append(moved.late_presentations.record(visit.id, late).arrival.kind)

    assert arrivals == ["registered", "registered", "self"]


def test_a_slip_of_ours_is_used_once_whatever_our_code_was(
    moved: Kiosk, clock: Clock, stop: threading.Event
) -> None:
    client = create_app(moved, stop).test_client()

    def use(scanned: str, **slip: str) -> Any:
        body = {
            "attempt": moved.scan(scanned),
            "arrival": "reappointment",
            "appointment": {"number": "HK1"} | slip,
            "clerk_reason": "x",
            "repeat_reason": AGAIN,
        }
        headers = {"Idempotency-Key": f"{body['attempt']}"}
        return client.post("/api/visits", json=body, headers=headers).get_json()

    clock.moment = LAST_MINUTE
    first = use(BHYT15)
    clock.go(timedelta(minutes=1))

    for slip in ({}, {"facility": "79888"}, {"facility": "01 999"}):
        assert use(BHYT15, **slip)["appointment_used_before"]["visit"]
    assert first["appointment_used_before"] is None
    assert use(BHYT15, facility="01005")["appointment_used_before"] is None


def test_what_is_printed_has_the_code_of_its_day(
    moved: Kiosk, clock: Clock, stop: threading.Event
) -> None:
    client = create_app(moved, stop).test_client()
    clock.moment = LAST_MINUTE
    attempt = moved.desk.record_no_card("front").id
    unknown = Confirmation(unknown=unknown_patient(40, ""))
    before = moved.desk.confirm(attempt, unknown, "k")[0].id
    power = NewOutage(OutageSource.POWER, LAST_MINUTE - timedelta(hours=1), LAST_MINUTE)
    outage = moved.outages.add(power, clock(), "desk")
    clock.go(timedelta(minutes=1))

    for path, code in (
        (f"/logbook/visits/{before}/slip", "01999"),
        (f"/logbook/outages/{outage}", "01999"),
        ("/logbook/suspicions", "79888"),
    ):
        page = client.get(f"{path}?lang=en").text
        assert f"facility {code}" in page, path


class KeepingGateway:
    """A gateway that keeps what it gets and accepts it."""

    def __init__(self) -> None:
        self.documents: list[str] = []

    def check_in(self, xml: str) -> Receipt:
        self.documents.append(xml)
        return Receipt("200", "", "T", "{}")


def test_visits_of_two_codes_never_share_a_file(moved: Kiosk, clock: Clock) -> None:
    clock.moment = LAST_MINUTE
    for number in range(3):
        moved.desk.confirm(
            moved.scan(BHYT15.replace("00021", f"0003{number}")), _arrived(), f"a{number}"
        )
        clock.go(timedelta(minutes=1))
    gateway = KeepingGateway()
    delivery = Delivery(moved.outbox, gateway, clock, 60, lambda: None, 50)  # type: ignore[arg-type]
    while delivery.deliver_some():
        pass

    codes = [
        [str(row.findtext("MA_CSKCB")) for row in ET.fromstring(text).iter("TRANG_THAI_KCB")]
        for text in gateway.documents
    ]
    assert all(len(set(row)) == 1 for row in codes), codes
    assert sorted(code for row in codes for code in row) == ["01999", "79888", "79888"]


def test_a_file_goes_under_the_code_of_its_visits_and_the_account_keeps_its_name(
    clock: Clock,
) -> None:
    forms: list[dict[str, str]] = []

    def answer(handler: Any) -> None:
        fields = {name: values[0] for name, values in parse_qs(handler.body).items()}
        expires = (clock() + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
        token = {"access_token": "a", "id_token": "b", "expires_in": expires}
        said: dict[str, Any] = {"maKetQua": "200", "APIKey": token}
        if "fileHSBase64" in fields:
            forms.append(fields)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(json.dumps(said).encode())

    with answering(answer) as url:
        document = "<R><DSACH_TRANG_THAI_KCB><TRANG_THAI_KCB><MA_CSKCB>79888</MA_CSKCB>"
        document += "</TRANG_THAI_KCB></DSACH_TRANG_THAI_KCB></R>"
        gateway_to(url, clock).check_in(document.encode())
        gateway_to(url, clock).check_in(b"<R/>")

    sent = [(form["username"], form["maTinh"], form["maCSKCB"]) for form in forms]
    assert sent == [("01999_BV", "79", "79888"), ("01999_BV", "01", "01999")]


def _arrived() -> Confirmation:
    return Confirmation(arrival="reappointment")


def test_the_shipped_settings_explain_the_codes() -> None:
    text = (Path(__file__).parents[2] / "config" / "kiosk.toml").read_text("utf-8")
    assert re.search(r"^# \[\[facility\.codes\]\]", text, re.MULTILINE)


def test_a_visit_of_a_wrong_clock_gets_the_code_and_the_presentation_of_its_real_day(
    moved: Kiosk, clock: Clock, stop: threading.Event
) -> None:
    client = create_app(moved, stop).test_client()
    clock.moment = LAST_MINUTE + timedelta(days=1)  # a day ahead
    reading = moved.scan(BHYT15)
    clock.go(timedelta(minutes=3))
    wrong, _ = moved.desk.confirm(reading, _arrived(), "k")
    assert wrong.facility == "79888"
    clock.moment = LAST_MINUTE + timedelta(minutes=3)
    with moved.database.transaction() as db:
        db.execute(
            "insert or replace into visit_clock (visit, boot, steady_s, recorded_at, ahead_s,"
            " source) values (?, 'boot', 0, ?, 86400, 'gateway')",
            [wrong.id, to_utc_text(wrong.arrived_at)],
        )
    typed = {"time": "23:58", "day": "31/12/2026", "why": "sai giờ", "version": "1"}

    answer = client.post(f"/logbook/wrong-times/{wrong.id}", data=typed)

    assert answer.status_code == 303
    right = moved.visits.by_id(wrong.id)
    assert right is not None
    assert (right.id, right.facility) == (wrong.id, "01999")
    assert right.arrived_at == LAST_MINUTE - timedelta(minutes=1)
    assert right.how.presented_at == right.arrived_at - timedelta(minutes=3)
    [version] = moved.corrections.versions(wrong.id)
    assert version.visit.how.presented_at == LAST_MINUTE + timedelta(days=1)
    [(body,)] = moved.database.rows("select body from newest_message where visit = ?", [wrong.id])
    assert facility_of(body) == "01999"
