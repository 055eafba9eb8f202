"""Cautions say what was seen and when, and refuse nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, Lookup
from kiosk.desk.cautions import ElsewhereRecords, cautions_elsewhere
from kiosk.insurer import PastCheck, PastVisit
from kiosk.insurer.errors import NotSignedIn
from kiosk.insurer.patient_history import past_checks_in, past_visits_in
from kiosk.logbook.errors import LogbookUnavailable
from kiosk.sandbox import SandboxInsurer
from kiosk.settings import Cautions
from tests.cast import AGAIN, BHYT17, NOW, Clock, make_coverage, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to
from tests.kiosk.test_desk import cache_of, make_policy
from verify import Card, Standing, judge

# The holder of BHYT17, as an ID card.
ID_CARD = "001099999901||Nguyễn Văn Mẫu|01021980|Nam|Số 1|15082021"
LIMITS = Cautions(facilities_in_30_days=3, visits_in_30_days=5, checks_elsewhere=1)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def stay(facility: str, came: float, left: float | None, died: bool = False) -> PastVisit:
    left_at = None if left is None else ago(left)
    return PastVisit(facility, ago(came), left_at, died, is_open=left is None)


def texts_by_code(
    kiosk: Kiosk, records: ElsewhereRecords, limits: Cautions = LIMITS
) -> dict[str, str]:
    phrases = kiosk.entitlements.law.phrases
    cautions = cautions_elsewhere(records, {"01999"}, limits, NOW, phrases)
    return {caution.code: caution.vi for caution in cautions}


@pytest.mark.parametrize(
    ("checks", "visits", "codes"),
    [
        ((), (), set()),
        # Three facilities in thirty days; not two, nor three of which one is longer ago.
        (
            (),
            (stay("aaaaa", 1, 1), stay("bbbbb", 9, 9), stay("ccccc", 29, 29)),
            {"many_facilities"},
        ),
        ((), (stay("aaaaa", 1, 1), stay("bbbbb", 9, 9), stay("ccccc", 31, 31)), set()),
        ((), tuple(stay("01999", n, n) for n in range(1, 6)), {"many_visits"}),
        ((), tuple(stay("01999", n, n) for n in range(1, 5)), set()),
        # A stay that another facility has not closed, and that began not long ago.
        ((), (stay("aaaaa", 3, None),), {"open_stay"}),
        ((), (stay("01999", 3, None),), set()),
        ((), (stay("aaaaa", 300, None),), set()),
        ((), (stay("aaaaa", 300, 299, died=True),), {"deceased"}),
        # Looked up elsewhere since the last discharge; not here, nor before it.
        ((PastCheck("aaaaa", ago(1)),), (stay("aaaaa", 3, 2),), {"checked_elsewhere"}),
        ((PastCheck("aaaaa", ago(2.5)),), (stay("aaaaa", 3, 2),), set()),
        ((PastCheck("01999", ago(1)),), (stay("aaaaa", 3, 2),), set()),
        # If no discharge is known, only today counts.
        ((PastCheck("aaaaa", ago(0.1)),), (), {"checked_elsewhere"}),
        ((PastCheck("aaaaa", ago(1)),), (), set()),
        ((PastCheck("", ago(0.1)),), (), set()),
        # Records without a facility or a time, and those from the future, count for nothing.
        ((), (stay("", 1, None), stay("", 2, 2), stay("", 3, 3), stay("", 4, 4)), set()),
        ((), (stay("aaaaa", -400, None),), set()),
        ((), (PastVisit("aaaaa", None, None, is_open=True),), set()),
        ((), (PastVisit("aaaaa", ago(3), None),), set()),  # an end that could not be read
    ],
)
def test_the_insurers_records_give_cautions_from_the_limits_on(
    checks: tuple[PastCheck, ...], visits: tuple[PastVisit, ...], codes: set[str], kiosk: Kiosk
) -> None:
    assert set(texts_by_code(kiosk, ElsewhereRecords(checks, visits))) == codes


def test_a_caution_says_what_was_seen_and_when(kiosk: Kiosk) -> None:
    records = ElsewhereRecords((PastCheck("01005", ago(0.1)),), (stay("01006", 3, None),))
    found = texts_by_code(kiosk, records)

    assert "01005" in found["checked_elsewhere"]
    assert "07:36 25/11/2026" in found["checked_elsewhere"]
    assert "01006" in found["open_stay"]
    assert "10:00 22/11/2026" in found["open_stay"]


@pytest.mark.parametrize(
    "limit", ["facilities_in_30_days", "visits_in_30_days", "checks_elsewhere"]
)
def test_a_limit_of_0_gives_no_caution(limit: str, kiosk: Kiosk) -> None:
    visits = tuple(stay(name, n, n) for n, name in enumerate("abcdef", start=1))
    records = ElsewhereRecords((PastCheck("aaaaa", ago(0.1)),), visits)

    with_limit = set(texts_by_code(kiosk, records))
    zero: dict[str, Any] = {limit: 0}
    without_limit = set(texts_by_code(kiosk, records, replace(LIMITS, **zero)))
    assert len(with_limit - without_limit) == 1


def test_odd_rows_in_the_gateways_lists_are_read_with_care() -> None:
    at = {"thoiGianKT": "202611250900"}
    rows = [
        at | {"userKT": "01005_BV"},
        at | {"userKT": None},
        {"userKT": "x"},
        None,
        5,
        {"userKT": "01006_BV", "thoiGianKT": "20261125091530"},
    ]
    checks = past_checks_in({"dsLichSuKT2018": rows})
    assert [check.facility for check in checks] == ["01005", "", "01006"]
    long = {"maCSKCB": "x" * 900_000, "ngayVao": "202611010800", "ngayRa": "soon"}
    [odd] = past_visits_in({"dsLichSuKCB2025": [long]})
    assert (odd.facility, odd.is_open, odd.left_at) == ("xxxxx", False, None)
    assert past_checks_in({"dsLichSuKT2018": None}) == past_checks_in({}) == ()

    visit = {"maCSKCB": "01005", "ngayVao": "202611010800", "ngayRa": "", "kqDieuTri": 5}
    [death] = past_visits_in({"dsLichSuKCB2025": [visit]})
    assert (death.died, death.left_at) == (True, None)


def test_a_caution_names_the_time_and_number_of_an_earlier_visit_today(kiosk: Kiosk) -> None:
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")
    attempt = kiosk.attempts.get(kiosk.scan(payload("an")))

    assert attempt is not None
    [caution] = attempt.verdict.cautions
    assert caution.vi == "Hôm nay đã có lượt khám ở đây lúc 10:00 (số 1)"
    assert attempt.outcome == "admitted"


def test_an_id_number_of_several_patients_gives_a_caution(kiosk: Kiosk) -> None:
    for number in ("9999900020", "9999900021"):
        kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(repeat_reason=AGAIN), number)
    # The same ID number, recorded with two people's insurance numbers.
    with kiosk.database.transaction() as db:
        db.execute(
            "update visit set person = '999990000' || row,"
            " record = json_set(record, '$.citizen_number', '001099999901')"
        )
    assert kiosk.visits.count_others_with("001099999901", "9999900020") == 2
    assert kiosk.visits.count_others_with("001099999901", "9999900001") == 1
    # A visit from before the insurance number was known is no further patient.
    assert kiosk.visits.count_others_with("001099999901", "001099999901") == 0
    kiosk.scan(ID_CARD)
    joined = kiosk.attempts.newest_verdict_on(kiosk.scan(BHYT17))
    assert joined is not None
    assert "id_on_several" in {caution.code for caution in joined.verdict.cautions}


def test_cautions_from_elsewhere_are_shown_and_stay_for_the_day(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], clock: Clock, client: FlaskClient
) -> None:
    gateway = gateway_to(insurer[1], clock)
    lookup = Lookup(
        make_policy("unsure"),
        gateway.check_card,
        gateway.history,
        cache_of(kiosk).remember,
        kiosk.desk.refine,
        clock,
    )
    kiosk.desk.ask = lookup.ask
    reading = kiosk.scan(payload("son"))
    assert lookup.ask_next()

    newest = kiosk.attempts.newest_verdict_on(reading)
    assert newest is not None
    codes = [caution.code for caution in newest.verdict.cautions]
    assert codes == ["open_stay", "many_facilities", "checked_elsewhere"]
    assert newest.outcome == "admitted"
    assert "01005, 01006, 01007" in client.get(f"/desk/attempts/{reading}").text

    again = kiosk.attempts.get(kiosk.scan(payload("son")))
    assert again is not None
    assert [caution.code for caution in again.verdict.cautions] == codes
    clock.go(timedelta(hours=13))
    next_day = kiosk.attempts.get(kiosk.scan(payload("son")))
    assert next_day is not None
    assert next_day.verdict.cautions == ()


def test_without_histories_only_the_answer_about_the_card_counts(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], clock: Clock
) -> None:
    gateway = gateway_to(insurer[1], clock)
    lookup = Lookup(
        make_policy("unsure"),
        gateway.check_card,
        None,
        cache_of(kiosk).remember,
        kiosk.desk.refine,
        clock,
    )
    kiosk.desk.ask = lookup.ask
    reading = kiosk.scan(payload("son"))
    assert lookup.ask_next()

    newest = kiosk.attempts.newest_verdict_on(reading)
    assert newest is not None
    assert [caution.code for caution in newest.verdict.cautions] == ["checked_elsewhere"]


def test_the_visit_of_the_same_reading_is_not_a_second_visit(kiosk: Kiosk) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(payload("son")))
    assert attempt is not None
    kiosk.desk.confirm(attempt.id, Confirmation(), "k")
    verdict = judge(payload("son"), kiosk.clock(), kiosk.knowledge)
    refined = kiosk.desk.refine(attempt, verdict, make_coverage("9999900014"))

    assert refined is not None
    assert refined[1].cautions == ()


def test_stays_from_an_earlier_answer_are_not_forgotten(kiosk: Kiosk) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(payload("son")))
    assert attempt is not None
    verdict = judge(payload("son"), kiosk.clock(), kiosk.knowledge)
    death = ElsewhereRecords((), (stay("aaaaa", 9, 9, died=True),))
    first = kiosk.desk.refine(attempt, verdict, make_coverage("9999900014"), death)
    assert first is not None
    assert [caution.code for caution in first[1].cautions] == ["deceased"]

    again = kiosk.desk.refine(*first, make_coverage("9999900014", as_of=NOW), ElsewhereRecords(()))
    newest = kiosk.attempts.newest_verdict_on(attempt.id)
    assert again is None
    assert newest is not None
    assert [caution.code for caution in newest.verdict.cautions] == ["deceased"]


def test_a_question_with_a_wrong_name_shows_nothing_from_elsewhere(kiosk: Kiosk) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(payload("son")))
    assert attempt is not None
    verdict = judge(payload("son"), kiosk.clock(), kiosk.knowledge)
    records = ElsewhereRecords((PastCheck("aaaaa", ago(0.01)),))
    wrong = make_coverage("9999900014", Standing.NAME_DIFFERS, as_of=NOW)
    refined = kiosk.desk.refine(attempt, verdict, wrong, records)

    assert refined is not None
    assert refined[1].cautions == ()


def test_a_logbook_that_cannot_be_read_does_not_prevent_a_verdict(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise LogbookUnavailable("OperationalError: database is locked")

    monkeypatch.setattr(kiosk.visits, "here_today", locked)
    attempt = kiosk.attempts.get(kiosk.scan(payload("an")))

    assert attempt is not None
    assert (attempt.outcome, attempt.verdict.cautions) == ("admitted", ())


def test_an_additional_question_without_an_answer_pauses_no_others(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], clock: Clock
) -> None:
    def silent(_card: Card) -> list[PastVisit]:
        raise NotSignedIn("054")

    gateway, policy = gateway_to(insurer[1], clock), make_policy("unsure")
    lookup = Lookup(
        policy, gateway.check_card, silent, cache_of(kiosk).remember, kiosk.desk.refine, clock
    )
    kiosk.desk.ask = lookup.ask
    reading = kiosk.scan(payload("son"))
    assert lookup.ask_next()

    newest = kiosk.attempts.newest_verdict_on(reading)
    assert newest is not None
    assert newest.outcome == "admitted"
    assert policy.try_acquire(NOW)
    assert policy.why is None
