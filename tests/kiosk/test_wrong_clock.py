"""A clock that is wrong sends nothing; its visits wait until a person has settled their time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Response, request
from flask.testing import FlaskClient

from kiosk.data.sync_status import SyncStatus, read_sync_status, write_sync_status
from kiosk.feed.errors import FeedUnreachable
from kiosk.insurer.clock_check import ClockState, judge_clock
from kiosk.insurer.errors import NotSignedIn
from kiosk.insurer.session import GatewaySession
from kiosk.insurer.transport import Transport
from kiosk.logbook import ChangedMeanwhile
from kiosk.runtime.paths import synced_folder
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.sandbox import SandboxInsurer
from kiosk.web.app import create_app
from tests.cast import NOW, running_insurer
from tests.conftest import Kiosk
from tests.kiosk.machine import Machine, admit, kiosk_on
from tests.kiosk.stub_gateway import ACCOUNT, answering, token_then
from verify import CLINIC_ZONE, clinic_day

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOW - 1000 * DAY
WRONG_BY = [-400 * DAY, -DAY, -HOUR, -timedelta(minutes=6), timedelta(minutes=6), 2 * HOUR,
            DAY, 400 * DAY]  # fmt: skip


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def insurer(machine: Machine) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(machine.true) as running:
        yield running


def pages(kiosk: Kiosk) -> FlaskClient:
    return create_app(kiosk, threading.Event()).test_client()


def healthz(client: FlaskClient) -> Any:
    return client.get("/healthz").json


def clock_status(kiosk: Kiosk) -> Any:
    return healthz(pages(kiosk))["clock"]


def send(kiosk: Kiosk) -> None:
    assert kiosk.delivery is not None
    kiosk.delivery.deliver_all()


def sent_times(insurer: SandboxInsurer) -> dict[str, str]:
    return {visit.fields["MA_LK"]: visit.fields["NGAY_VAO"] for visit in insurer.ledger.visits()}


def minute(moment: datetime) -> str:
    return f"{moment.astimezone(CLINIC_ZONE):%Y%m%d%H%M}"


@pytest.mark.parametrize("ahead", WRONG_BY)
def test_a_clock_that_is_wrong_sends_nothing_and_the_screen_says_why(
    ahead: timedelta, machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = ahead
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")
    send(kiosk)

    assert sent_times(insurer[0]) == {}
    assert kiosk.outbox.counts()["queued"] == 1
    status = clock_status(kiosk)
    assert status["wrong"]
    assert abs(status["ahead_s"] - ahead.total_seconds()) <= 1
    assert status["witness"] == "gateway"
    assert "ĐỒNG HỒ MÁY NÀY SAI" in pages(kiosk).get("/?lang=vi").text
    assert "CLOCK IS WRONG" in pages(kiosk).get("/?lang=en").text
    assert "Giờ đến khám bị sai" in pages(kiosk).get(f"/logbook/visits/{visit_id}?lang=vi").text


def test_a_clock_that_is_two_minutes_off_sends(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = timedelta(minutes=-2)
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")
    send(kiosk)

    assert sent_times(insurer[0]) == {visit_id: minute(machine.wall())}


def test_a_machine_that_sleeps_while_the_gateway_answers_has_no_wrong_clock(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")

    @insurer[0].app.teardown_request
    def sleep(_exc: BaseException | None) -> None:  # the answer has its Date by now
        machine.go(timedelta(minutes=10))

    send(kiosk)  # the lease is over when the machine wakes up
    insurer[0].app.teardown_request_funcs.clear()
    machine.go(timedelta(minutes=10))
    send(kiosk)

    assert sent_times(insurer[0]).keys() == {visit_id}
    assert not clock_status(kiosk)["wrong"]
    assert kiosk.wrong_times.count() == 0


@pytest.mark.parametrize("ahead", WRONG_BY)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_proposed_time_is_accepted_and_sent_and_both_times_are_kept(
    ahead: timedelta,
    restarted: bool,
    machine: Machine,
    insurer: tuple[SandboxInsurer, str],
    tmp_path: Path,
) -> None:
    machine.ahead = ahead
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    arrived, recorded = machine.true(), machine.wall()
    visit_id = admit(kiosk, "an")
    printed = kiosk.visits.by_id(visit_id)
    send(kiosk)
    machine.go(timedelta(minutes=20))
    machine.ahead = timedelta(0)
    if restarted:
        kiosk = kiosk_on(machine, tmp_path, insurer[1])
    send(kiosk)
    assert sent_times(insurer[0]) == {}
    [entry] = kiosk.wrong_times.all()
    assert entry.proposed_at is not None
    assert abs(entry.proposed_at - arrived) < timedelta(seconds=2)
    assert not entry.is_estimated

    answer = pages(kiosk).post("/logbook/wrong-times")
    send(kiosk)

    assert answer.status_code == 303
    assert sent_times(insurer[0]) == {visit_id: minute(entry.proposed_at)}
    visit = kiosk.visits.by_id(visit_id)
    assert visit is not None
    assert printed is not None
    assert (visit.ticket, visit.id) == (printed.ticket, printed.id)
    [version] = kiosk.corrections.versions(visit_id)
    assert version.visit.arrived_at == recorded
    assert version.author == "desk"
    assert version.why
    assert kiosk.wrong_times.recorded_at(visit_id) == recorded
    assert kiosk.wrong_times.all() == []
    page = pages(kiosk).get(f"/logbook/visits/{visit_id}?lang=vi").text
    assert f"{recorded.astimezone(CLINIC_ZONE):%H:%M %d/%m/%Y}" in page
    assert "giữ nguyên như đã in" in page


def test_a_person_may_type_another_time_than_the_proposed_one(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk, visit_id = held_visit(machine, insurer, tmp_path)
    client = pages(kiosk)
    form = {"time": "9h05", "day": "25/11/2026", "why": "theo sổ giấy", "version": "1"}

    for wrong in (
        {"time": "25:00"}, {"time": ""}, {"day": "31/02/2026"}, {"day": "26/11/2026"},
        {"day": "25/11/2020"}, {"version": ""}, {"why": "x" * 300},
    ):  # fmt: skip
        answer = client.post(f"/logbook/wrong-times/{visit_id}", data=form | wrong)
        assert answer.status_code == 400, wrong
        assert "Chưa thay đổi gì" in answer.text
    stale = client.post(f"/logbook/wrong-times/{visit_id}", data=form | {"version": "7"})
    assert stale.status_code == 409
    assert client.post("/logbook/wrong-times/nobody", data=form).status_code == 404
    assert client.post(f"/logbook/wrong-times/{visit_id}", data=form).status_code == 303
    send(kiosk)

    assert sent_times(insurer[0]) == {visit_id: "202611250905"}
    assert kiosk.corrections.versions(visit_id)[0].why == "theo sổ giấy"
    assert client.post(f"/logbook/wrong-times/{visit_id}", data=form).status_code == 404


def held_visit(
    machine: Machine, insurer: tuple[SandboxInsurer, str], folder: Path
) -> tuple[Kiosk, str]:
    """Return a kiosk whose clock is right again, and a visit that it recorded an hour ahead."""
    machine.ahead = HOUR
    kiosk = kiosk_on(machine, folder, insurer[1])
    visit_id = admit(kiosk, "an")
    send(kiosk)
    machine.ahead = timedelta(0)
    send(kiosk)
    return kiosk, visit_id


def test_no_time_is_settled_while_the_clock_is_wrong(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk, visit_id = held_visit(machine, insurer, tmp_path)
    machine.ahead = -400 * DAY
    form = {"time": "10:00", "day": "25/11/2026", "version": "1"}

    assert pages(kiosk).post("/logbook/wrong-times").status_code == 409
    assert pages(kiosk).post(f"/logbook/wrong-times/{visit_id}", data=form).status_code == 409
    assert kiosk.corrections.versions(visit_id) == []


def test_a_visit_that_was_sent_with_a_wrong_time_is_listed_and_corrected_under_its_id(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = HOUR
    answer: dict[str, object] = {"maKetQua": "200", "maGiaoDich": "x"}
    with answering(token_then(answer)) as silent_about_time:
        kiosk = kiosk_on(machine, tmp_path, silent_about_time)
        visit_id = admit(kiosk, "an")
        send(kiosk)
    assert kiosk.outbox.counts()["accepted"] == 1
    arrived = machine.true()
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "binh")
    send(kiosk)
    machine.ahead = timedelta(0)

    [first, second] = kiosk.wrong_times.all()
    assert (first.visit, first.was_sent, second.was_sent) == (visit_id, True, False)
    assert "đã gửi với giờ này" in pages(kiosk).get("/logbook/wrong-times?lang=vi").text
    pages(kiosk).post("/logbook/wrong-times")
    send(kiosk)
    assert sent_times(insurer[0])[visit_id] == minute(arrived)


def test_the_sender_signs_in_and_reads_the_time_before_the_first_visit_leaves(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    calls: list[str] = []
    insurer[0].app.before_request(lambda: calls.append(request.path))
    machine.ahead = -400 * DAY
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    for _ in range(20):
        send(kiosk)

    assert calls == ["/api/token/take"]  # and the account is not locked by many sign-ins
    machine.go(timedelta(minutes=2))
    send(kiosk)
    assert calls == ["/api/token/take"] * 2


def test_a_clock_that_is_set_between_two_sendings_holds_the_second(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    first = admit(kiosk, "an")
    send(kiosk)
    machine.ahead = HOUR
    admit(kiosk, "binh")
    send(kiosk)

    assert list(sent_times(insurer[0])) == [first]


def test_a_visit_that_was_recorded_by_the_right_clock_is_sent_as_it_is(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id, recorded = admit(kiosk, "an"), machine.wall()
    machine.ahead = DAY
    send(kiosk)
    assert sent_times(insurer[0]) == {}
    machine.go(timedelta(minutes=30))
    machine.ahead = timedelta(0)
    send(kiosk)

    assert sent_times(insurer[0]) == {visit_id: minute(recorded)}


def test_a_gateway_that_does_not_tell_its_time_gets_the_visits(
    machine: Machine, tmp_path: Path
) -> None:
    with answering(token_then({"maKetQua": "200", "maGiaoDich": "x"})) as url:
        kiosk = kiosk_on(machine, tmp_path, url)
        admit(kiosk, "an")
        send(kiosk)

    assert kiosk.outbox.counts()["accepted"] == 1


def test_nothing_leaves_if_the_gateway_fails_just_when_its_time_is_read(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = DAY
    answers = iter([Response("<html>", 502)])  # to the first call; all others succeed
    insurer[0].app.before_request(lambda: next(answers, None))
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    assert kiosk.delivery is not None
    kiosk.delivery.deliver_some()

    assert sent_times(insurer[0]) == {}
    assert kiosk.outbox.counts()["queued"] == 1


def test_a_held_visit_that_a_person_closes_is_no_longer_listed(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk, visit_id = held_visit(machine, insurer, tmp_path)
    assert kiosk.wrong_times.count() == len(kiosk.wrong_times.all()) == 1
    kiosk.corrections.close(visit_id, "ghi nhầm", machine.wall())

    assert kiosk.wrong_times.count() == len(kiosk.wrong_times.all()) == 0


def test_a_refused_sign_in_by_a_clock_that_was_ahead_is_tried_again_when_it_is_right(
    machine: Machine, insurer: tuple[SandboxInsurer, str]
) -> None:
    machine.ahead = 400 * DAY
    wrong = replace(ACCOUNT, password="wrong")
    session = GatewaySession(Transport(insurer[1]), wrong, machine, 5)
    with pytest.raises(NotSignedIn, match="code 401"):
        session.renew()
    with pytest.raises(NotSignedIn, match="later"):
        session.renew()
    machine.ahead = timedelta(0)
    session.account = ACCOUNT

    session.renew()

    assert session.failing_since is None


def test_two_people_who_settle_a_time_at_once_make_one_correction(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk, visit_id = held_visit(machine, insurer, tmp_path)
    now, results = machine.wall(), []

    def settle(minutes: int) -> None:
        at = now - timedelta(minutes=minutes)
        try:
            kiosk.corrections.correct_time(visit_id, at, "x", now, 1)
        except ChangedMeanwhile:
            results.append("late")
        else:
            results.append("done")

    threads = [threading.Thread(target=settle, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["done", "late", "late", "late"]
    send(kiosk)
    assert len(sent_times(insurer[0])) == 1


def test_a_machine_switched_off_before_any_clock_answered_has_its_visits_estimated(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = HOUR
    kiosk = kiosk_on(machine, tmp_path, "http://127.0.0.1:9")
    visit_id = admit(kiosk, "an")
    machine.go(timedelta(minutes=10))
    machine.boots += 1
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    send(kiosk)
    machine.ahead = timedelta(0)
    send(kiosk)

    [entry] = kiosk.wrong_times.all()
    assert (entry.visit, entry.is_estimated) == (visit_id, True)
    pages(kiosk).post("/logbook/wrong-times")  # an estimate is not accepted with the others
    send(kiosk)
    assert sent_times(insurer[0]) == {}


def test_a_visit_from_before_a_moment_that_had_passed_waits_for_a_person(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    send(kiosk)
    machine.boots += 1
    machine.ahead = -400 * DAY
    kiosk = kiosk_on(machine, tmp_path, "http://127.0.0.1:9")
    visit_id = admit(kiosk, "binh")
    machine.boots += 1
    machine.ahead = timedelta(0)
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    send(kiosk)

    [entry] = kiosk.wrong_times.all()
    assert (entry.visit, entry.proposed_at) == (visit_id, None)
    assert visit_id not in sent_times(insurer[0])
    page = pages(kiosk).get(f"/logbook/visits/{visit_id}?lang=vi").text
    assert "Gõ giờ đúng" in page


def test_the_feed_s_clock_holds_visits_where_the_gateway_tells_no_time(
    machine: Machine, tmp_path: Path
) -> None:
    folder = synced_folder(tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    status = SyncStatus().with_feed_clock(machine.wall() - HOUR, machine.steady())
    write_sync_status(folder, status)
    with answering(token_then({"maKetQua": "200", "maGiaoDich": "x"})) as url:
        kiosk = kiosk_on(machine, tmp_path, url)
        admit(kiosk, "an")
        send(kiosk)

    assert kiosk.outbox.counts()["queued"] == 1
    assert clock_status(kiosk)["witness"] == "feed"


@pytest.mark.parametrize("ahead", WRONG_BY)
def test_a_feed_that_agreed_before_our_clock_was_set_does_not_confirm_it_after_a_restart(
    ahead: timedelta, machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    folder = synced_folder(tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    agreed = SyncStatus().after_success(machine.wall(), "feed", timedelta(0))
    machine.ahead = ahead
    write_sync_status(folder, agreed.after_failure(machine.wall(), FeedUnreachable("x"), None))
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    send(kiosk)

    assert sent_times(insurer[0]) == {}
    assert clock_status(kiosk)["witness"] == "gateway"
    assert kiosk.clock_readings.floor() is None


def test_the_kept_time_of_the_feed_goes_on_with_the_steady_clock_of_its_boot(
    machine: Machine, tmp_path: Path
) -> None:
    status = SyncStatus().with_feed_clock(machine.true(), machine.steady())
    write_sync_status(tmp_path, status)
    machine.ahead = 400 * DAY
    machine.go(timedelta(minutes=50))
    kept = read_sync_status(tmp_path)

    assert kept.feed_time(machine.steady()) == machine.true()
    machine.go(timedelta(minutes=11))
    assert kept.feed_time(machine.steady()) is None
    assert status.feed_time(SteadyClock("another boot", lambda: 1000.0)) is None


@pytest.mark.parametrize(
    ("gateway", "feed", "floor", "state"),
    [
        (None, None, LONG_AGO, ClockState()),
        (NOW, None, LONG_AGO, ClockState(False, timedelta(0), "gateway")),
        (NOW - 2 * HOUR / 60, None, LONG_AGO, ClockState(False, 2 * HOUR / 60, "gateway")),
        (NOW - DAY, NOW, LONG_AGO, ClockState(False, timedelta(0), "feed", "gateway")),
        (NOW, NOW - DAY, LONG_AGO, ClockState(False, timedelta(0), "gateway", "feed")),
        (NOW - DAY, NOW - HOUR, LONG_AGO, ClockState(True, DAY, "gateway")),
        (None, NOW + DAY, LONG_AGO, ClockState(True, -DAY, "feed")),
        (None, None, NOW + DAY, ClockState(True, -DAY, "signed")),
        (NOW, None, NOW + DAY, ClockState(False, timedelta(0), "gateway")),
    ],
)
def test_our_clock_is_right_if_the_gateway_or_the_feed_agrees_with_it(
    gateway: datetime | None, feed: datetime | None, floor: datetime, state: ClockState
) -> None:
    assert judge_clock(NOW, gateway, feed, floor) == state


def test_a_gateway_wrong_by_a_day_gets_the_visits_if_the_feed_confirms_our_clock(
    machine: Machine, tmp_path: Path
) -> None:
    folder = synced_folder(tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    write_sync_status(folder, SyncStatus().with_feed_clock(machine.wall(), machine.steady()))
    with running_insurer(lambda: machine.true() - DAY) as (lying, url):
        kiosk = kiosk_on(machine, tmp_path, url)
        calls: list[str] = []
        lying.app.before_request(lambda: calls.append(request.path))
        visits = {admit(kiosk, key): minute(machine.wall()) for key in ("an", "binh", "dung")}
        send(kiosk)

        assert sent_times(lying) == visits
        assert calls.count("/api/token/take") == 1
        assert clock_status(kiosk)["disputed_by"] == "gateway"
        assert "khớp với máy này" in pages(kiosk).get("/?lang=vi").text


@pytest.mark.parametrize("ahead", [2 * HOUR, -HOUR])
def test_an_admission_while_the_clock_is_wrong_has_the_time_of_the_insurer(
    ahead: timedelta, machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")
    send(kiosk)
    machine.go(4 * HOUR)
    machine.ahead = ahead
    client = pages(kiosk)
    shown = client.get(f"/logbook/visits/{visit_id}").text
    assert f"{machine.true().astimezone(CLINIC_ZONE):%Y-%m-%dT%H:%M}" in shown

    def admitted(moment: datetime) -> int:
        body = {"moment": moment.isoformat(), "care": "03", "reason": "sốt cao"}
        return client.post(f"/api/visits/{visit_id}/admission", json=body).status_code

    assert admitted(machine.true() + 2 * HOUR) == 422
    assert admitted(machine.true()) == 201
    machine.ahead = timedelta(0)
    send(kiosk)
    [visit] = insurer[0].ledger.visits()
    assert visit.fields["NGAY_VAO_NOI_TRU"] == minute(machine.true())


@pytest.mark.parametrize("ahead", [DAY, -400 * DAY])
def test_a_visit_whose_right_time_is_on_another_day_than_its_ticket_is_counted(
    ahead: timedelta, machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = ahead
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    admit(kiosk, "an")
    printed_on = clinic_day(machine.wall())
    send(kiosk)
    machine.go(2 * HOUR)
    machine.ahead = timedelta(0)
    send(kiosk)
    client = pages(kiosk)
    assert client.post("/logbook/wrong-times").status_code == 303

    assert healthz(client)["overdue"] == 1
    month = client.get(f"/logbook/reporting?month={printed_on:%Y-%m}")
    assert month.status_code == 200
    send(kiosk)
    assert healthz(client)["overdue"] == 0
    assert client.get(f"/logbook/reporting/{printed_on}/late").status_code == 200


def test_an_admission_by_a_clock_that_was_ahead_is_not_sent_with_a_time_to_come(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    machine.ahead = 2 * HOUR
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    visit_id = admit(kiosk, "an")
    client = pages(kiosk)

    def admitted() -> int:
        body = {"moment": machine.wall().isoformat(), "care": "03", "reason": "sốt cao"}
        return client.post(f"/api/visits/{visit_id}/admission", json=body).status_code

    machine.go(HOUR)
    assert admitted() == 201
    machine.ahead = timedelta(0)
    send(kiosk)
    assert client.post("/logbook/wrong-times").status_code == 303
    send(kiosk)
    assert sent_times(insurer[0]) == {}
    assert kiosk.outbox.counts()["parked"] == 1

    assert admitted() == 201
    send(kiosk)
    [visit] = insurer[0].ledger.visits()
    assert visit.fields["NGAY_VAO_NOI_TRU"] == minute(machine.true())
