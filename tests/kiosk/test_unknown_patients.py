"""The unknown patient: a code that is no number, a clock of 48 hours, and joining with a trace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kiosk.desk import Confirmation, IdentityChange, unknown_patient
from kiosk.desk.errors import NothingToConfirm
from kiosk.doctor.duties import unknown_patients_check
from kiosk.logbook import Database, Visit, Visits
from kiosk.logbook.commune_notices import CommuneNotice
from kiosk.logbook.errors import ChangedMeanwhile, NothingToChange, NotRecorded
from kiosk.logbook.joinings import joinings
from kiosk.logbook.stand_ins import GROUP_LENGTH, GROUPS, LETTERS, UNKNOWN_PREFIX, new_unknown_code
from kiosk.sandbox import SandboxInsurer
from kiosk.sync import needs_person
from scanner import Scan
from tests.cast import NOW, Clock, payload
from tests.conftest import Kiosk
from verify import Knowledge, Sex, judge
from verify.errors import BadCard
from verify.formats import classify, numbers

GROUP = st.text(LETTERS, min_size=GROUP_LENGTH, max_size=GROUP_LENGTH)
CODES = st.lists(GROUP, min_size=GROUPS, max_size=GROUPS)
SPELLINGS = st.sampled_from(
    [
        "{0}-{1}-{2}-{3}",
        "{0}{1}{2}{3}",
        "{0} {1} {2} {3}",
        "BN: {0}-{1}-{2}-{3}",
        "{0}-{1}-{2}-{3} 40T",
        "{0}-{1}-{2}-{3}\r\n",
        "]C1{0}-{1}-{2}-{3}",
    ]
)
WHY = IdentityChange("người nhà đến nhận", "desk 1")


def unknown(kiosk: Kiosk, key: str = "k", **fields: Any) -> Visit:
    attempt = kiosk.desk.record_no_card("front").id
    confirmation = Confirmation(unknown=unknown_patient(40, "nam, áo xanh"), **fields)
    return kiosk.desk.confirm(attempt, confirmation, key)[0]


def now_of(kiosk: Kiosk, visit: Visit) -> Visit:
    found = kiosk.visits.by_id(visit.id)
    assert found is not None
    return found


def call(client: FlaskClient, path: str, **body: Any) -> Any:
    return client.post(path, json=body, headers={"Idempotency-Key": "k"})


def no_card(client: FlaskClient) -> int:
    return int(call(client, "/api/scans", no_card=True).json["attempt"])


@given(CODES, SPELLINGS, st.sampled_from([str.upper, str.lower]))
def test_no_reader_takes_the_code_of_an_unknown_patient_for_a_number(
    groups: list[str], spelling: str, case: Any
) -> None:
    text = case(spelling.format(UNKNOWN_PREFIX, *groups))

    for read in (numbers.read, lambda text: classify.classify(text)):
        with pytest.raises(BadCard):
            read(text)
    assert numbers.read_through_input_method(text) is None
    verdict = judge(text.encode(), NOW, Knowledge())
    assert verdict.card is None


def test_a_new_code_has_letters_only_and_two_codes_differ() -> None:
    codes = {new_unknown_code() for _ in range(1000)}

    assert len(codes) == 1000
    assert all(code.replace("-", "").isalpha() for code in codes)


def test_an_unknown_patient_is_an_emergency_with_a_code_and_is_not_reported(kiosk: Kiosk) -> None:
    visit = unknown(kiosk, sex=Sex.MALE)

    assert visit.unknown is not None
    assert visit.patient == visit.person == visit.unknown.code
    assert (visit.arrival.kind, visit.insurer_state) == ("emergency", "not_sent")
    assert (visit.unknown.estimated_age, visit.unknown.description) == (40, "nam, áo xanh")
    assert (visit.card.holder, visit.card.number, visit.card.sex) == (None, "", Sex.MALE)
    assert kiosk.visits.with_unknown_patient() == [visit]


def test_two_patients_cannot_have_the_same_code(kiosk: Kiosk) -> None:
    patient = unknown_patient(None, "")
    for key in "ab":
        attempt = kiosk.desk.record_no_card("front").id
        if key == "a":
            kiosk.desk.confirm(attempt, Confirmation(unknown=patient), key)
        else:
            with pytest.raises(NotRecorded):
                kiosk.desk.confirm(attempt, Confirmation(unknown=patient), key)

    assert len(kiosk.visits.newest()) == 1


def test_a_patient_with_a_card_or_name_is_not_unknown(client: FlaskClient, kiosk: Kiosk) -> None:
    carded = kiosk.scan(payload("an"))
    for body in (
        {"attempt": carded, "unknown": True},
        {"attempt": no_card(client), "unknown": True, "holder": "Nguyễn Văn An"},
    ):
        answer = call(client, "/api/visits", **body)
        assert (answer.status_code, answer.json["title"]) == (422, "patient_known")
    assert kiosk.visits.newest() == []


@pytest.mark.parametrize(
    "wrong",
    [
        "yes",
        1,
        [],
        {"estimated_age": 131},
        {"estimated_age": -1},
        {"estimated_age": True},
        {"estimated_age": "bốn mươi"},
        {"estimated_age": 10**400},
        {"description": "x" * 201},
        {"description": ["x"]},
    ],
)
def test_what_is_not_an_unknown_patient_is_refused(client: FlaskClient, wrong: object) -> None:
    answer = call(client, "/api/visits", attempt=no_card(client), unknown=wrong)

    assert answer.status_code == 400
    assert answer.json["title"] == "bad_request"


def test_an_unknown_patient_is_recorded_over_http(client: FlaskClient) -> None:
    attempt = no_card(client)
    body = {"attempt": attempt, "arrival": "emergency", "unknown": True}

    first, again = [call(client, "/api/visits", **body) for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json
    assert first.json["unknown"]["code"].startswith("VD-")
    assert first.json["unknown"]["inform_commune_by"] == (NOW + timedelta(hours=48)).isoformat()


def test_a_patient_who_is_insured_cannot_be_unknown(client: FlaskClient) -> None:
    answer = call(client, "/api/visits", attempt=no_card(client), arrival="self", unknown=True)

    assert (answer.status_code, answer.json["title"]) == (422, "nothing_to_confirm")


def test_a_card_that_was_read_joins_the_code_with_the_person_and_leaves_a_trace(
    kiosk: Kiosk, clock: Clock
) -> None:
    visit = unknown(kiosk)
    assert visit.unknown
    clock.go(timedelta(hours=3))
    card = kiosk.scan(payload("an"))

    kiosk.identification.join_reading(visit.id, card, WHY)

    known = now_of(kiosk, visit)
    assert known.card.holder == "Nguyễn Văn An"
    assert (known.unknown, known.version, known.ticket) == (None, 2, visit.ticket)
    assert known.insurer_state == "not_sent"
    assert kiosk.visits.with_unknown_patient() == []
    [trace] = joinings(kiosk.corrections.versions(visit.id), known)
    assert trace.codes == (visit.unknown.code,)
    assert (trace.at, trace.author, trace.why) == (clock(), "desk 1", WHY.why)
    assert trace.after.card.holder == "Nguyễn Văn An"


def test_a_known_patient_has_been_here_today(kiosk: Kiosk, clock: Clock) -> None:
    visit = unknown(kiosk)
    card = kiosk.scan(payload("an"))
    kiosk.identification.join_reading(visit.id, card, WHY)

    person = now_of(kiosk, visit).person
    again = kiosk.attempts.get(kiosk.scan(payload("an")))

    assert kiosk.visits.here_today(person, clock()) is not None
    assert again is not None
    assert "already_here_today" in again.verdict.notes


def test_a_patient_who_turns_out_to_be_insured_is_reported(kiosk: Kiosk) -> None:
    visit = unknown(kiosk)
    card = kiosk.scan(payload("an"))
    change = IdentityChange("có thẻ", "desk", arrival="self")

    kiosk.identification.join_reading(visit.id, card, change)

    [item] = kiosk.outbox.claim(NOW, timedelta(minutes=1))
    assert item.visit == visit.id
    assert "<HO_TEN>Nguyễn Văn An</HO_TEN>" in item.body
    assert "VD-" not in item.body


def test_a_name_that_is_typed_joins_the_code_too(client: FlaskClient, kiosk: Kiosk) -> None:
    visit = unknown(kiosk)
    path = f"/api/visits/{visit.id}/identity"

    missing = call(client, path, holder="Trần Thị Mẫu")
    answer = call(
        client, path, holder="Trần Thị Mẫu", born="1980", number="001 099 999 901", why="con đến"
    )

    assert (missing.status_code, missing.json["field"]) == (400, "why")
    assert (answer.status_code, answer.json["version"]) == (200, 2)
    assert "unknown" not in answer.json
    known = now_of(kiosk, visit)
    assert (known.card.holder, known.card.citizen_number) == ("Trần Thị Mẫu", "001099999901")
    assert call(client, path, holder="Khác", why="x").status_code == 409


@pytest.mark.parametrize(
    "wrong",
    [
        {"holder": ["x"]},
        {"number": "VD-KHM-TRX-CFG"},
        {"number": "123"},
        {"born": "31/02/2000"},
        {"attempt": "x"},
        {"attempt": -1},
        {"attempt": True},
        {"version": 1.5},
        {"registered_at": "01"},
        {"valid_from": "2026"},
        {"arrival": "flying"},
        {"sex": "x"},
    ],
)
def test_an_identity_that_cannot_be_read_changes_nothing(
    client: FlaskClient, kiosk: Kiosk, wrong: dict[str, Any]
) -> None:
    visit = unknown(kiosk)

    body = {"holder": "Trần Thị Mẫu", "why": "x"} | wrong
    answer = call(client, f"/api/visits/{visit.id}/identity", **body)

    assert answer.status_code == 400
    assert now_of(kiosk, visit) == visit


@pytest.mark.parametrize("attempt", [10**11, 0])
def test_a_scan_that_does_not_exist_identifies_nobody(
    client: FlaskClient, kiosk: Kiosk, attempt: int
) -> None:
    visit = unknown(kiosk)

    answer = call(client, f"/api/visits/{visit.id}/identity", attempt=attempt, why="x")

    assert (answer.status_code, answer.json["title"]) == (422, "not_identified")


@pytest.mark.parametrize("key", ["oanh", "phuc"])
def test_a_card_that_is_misused_identifies_nobody(kiosk: Kiosk, key: str) -> None:
    visit = unknown(kiosk)
    forged = kiosk.scan(payload(key))

    with pytest.raises(NothingToConfirm):
        kiosk.identification.join_reading(visit.id, forged, WHY)
    assert now_of(kiosk, visit) == visit


def test_a_joining_is_undone_and_both_stay_in_the_history(kiosk: Kiosk) -> None:
    visit = unknown(kiosk)
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), WHY)
    kiosk.corrections.correct(visit.id, {"phone": "0900000000"}, "số", NOW)

    kiosk.identification.undo(visit.id, IdentityChange("nhầm người", "desk"))

    back = now_of(kiosk, visit)
    assert (back.unknown, back.person, back.card) == (visit.unknown, visit.person, visit.card)
    assert back.arrival.phone == "0900000000"
    trace = joinings(kiosk.corrections.versions(visit.id), back)
    assert [joining.is_undone for joining in trace] == [False, True]
    assert trace[0].codes == trace[1].codes
    with pytest.raises(NothingToChange):
        kiosk.identification.undo(visit.id, IdentityChange("x", "desk"))
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), WHY)
    assert now_of(kiosk, visit).unknown is None


def test_two_people_who_join_at_once_do_not_overwrite_each_other(kiosk: Kiosk) -> None:
    visit = unknown(kiosk)
    first, second = kiosk.scan(payload("an")), kiosk.scan(payload("binh"))
    seen = IdentityChange("x", "desk", version=visit.version)
    kiosk.identification.join_reading(visit.id, first, seen)

    with pytest.raises(ChangedMeanwhile):
        kiosk.identification.join_reading(visit.id, second, seen)
    assert now_of(kiosk, visit).card.holder == "Nguyễn Văn An"


def test_a_name_that_is_corrected_makes_the_patient_known(kiosk: Kiosk) -> None:
    visit = unknown(kiosk)

    kiosk.corrections.correct(visit.id, {"holder": "Lê Văn Mẫu"}, "vợ nhận", NOW)

    assert kiosk.visits.with_unknown_patient() == []
    assert len(joinings(kiosk.corrections.versions(visit.id), now_of(kiosk, visit))) == 1


def test_the_commune_is_to_be_informed_after_48_hours(kiosk: Kiosk, clock: Clock) -> None:
    visit = unknown(kiosk)
    clock.go(timedelta(hours=48, seconds=-1))
    assert kiosk.communes_to_inform() == []
    clock.go(timedelta(seconds=1))
    assert kiosk.communes_to_inform() == [visit.id]

    kiosk.commune_notices.add(
        CommuneNotice(visit.id, "UBND xã Mẫu", clock(), "điện thoại", "", clock(), "desk")
    )

    assert kiosk.communes_to_inform() == []
    assert len(kiosk.visits.with_unknown_patient()) == 1


def test_a_cancelled_visit_is_not_followed_up(kiosk: Kiosk, clock: Clock) -> None:
    visit = unknown(kiosk)
    clock.go(timedelta(hours=49))

    kiosk.corrections.cancel(visit.id, "nhầm", clock())

    assert kiosk.communes_to_inform() == []


def test_an_unknown_patient_survives_a_restart(kiosk: Kiosk, tmp_path: Any) -> None:
    visit = unknown(kiosk)

    again = Visits(Database(tmp_path / "logbook.db", "demo"), lambda _id, _visit: None)

    assert again.with_unknown_patient() == [visit]


def test_the_code_can_be_scanned_without_becoming_a_card(kiosk: Kiosk) -> None:
    visit = unknown(kiosk)

    attempt = kiosk.desk.receive(Scan(visit.person.encode(), "front", NOW))

    assert attempt.verdict.card is None


def test_doctor_names_the_visits_that_a_commune_should_know(kiosk: Kiosk, clock: Clock) -> None:
    visit = unknown(kiosk)

    def check() -> dict[str, Any]:
        return unknown_patients_check(kiosk.communes_to_inform()).as_json()

    assert check()["good"]
    clock.go(timedelta(hours=48))
    assert not check()["good"]
    assert visit.id in check()["seen"]


def test_the_nightly_report_and_its_page_name_them_too(
    make_kiosk: Callable[..., Kiosk],
    client: FlaskClient,
    clock: Clock,
    insurer: tuple[SandboxInsurer, str],
) -> None:
    kiosk = make_kiosk(insurer[1])
    visit = unknown(kiosk)
    clock.go(timedelta(hours=48))
    assert kiosk.nightly is not None

    report = kiosk.nightly.run()

    assert report.communes_to_inform == (visit.id,)
    assert needs_person(report)
    assert f"/logbook/visits/{visit.id}" in client.get("/logbook/nightly").text


def test_a_number_that_may_have_lost_its_zero_identifies_nobody(kiosk: Kiosk) -> None:
    visit = unknown(kiosk)
    doubtful = kiosk.scan("999900044")
    attempt = kiosk.attempts.get(doubtful)
    assert attempt is not None
    assert attempt.verdict.card is not None  # what the number may have been is only offered

    with pytest.raises(NothingToConfirm, match="identifies"):
        kiosk.identification.join_reading(visit.id, doubtful, WHY)
    assert now_of(kiosk, visit).unknown == visit.unknown


def test_after_a_joining_was_undone_the_visit_is_not_found_by_the_other_person_s_number(
    kiosk: Kiosk,
) -> None:
    visit = unknown(kiosk)
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), WHY)
    joined = now_of(kiosk, visit)
    assert kiosk.visits.here_today(joined.person, NOW) == joined

    kiosk.identification.undo(visit.id, IdentityChange("nhầm người", "desk"))

    assert kiosk.visits.here_today(joined.person, NOW) is None
    assert kiosk.visits.with_number(joined.card.number) == []
    scanned = kiosk.attempts.get(kiosk.scan(payload("an")))
    assert scanned is not None
    assert "here_today" not in [caution.code for caution in scanned.verdict.cautions]
