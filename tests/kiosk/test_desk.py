"""The desk: what is recorded, what is asked, and what a newer answer changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kiosk.data import AnswersCache, CurrentData
from kiosk.desk import Confirmation, Desk, Lookup, QueryPolicy, ScanQueue, VisitHistory
from kiosk.desk.errors import NothingRead, NothingToConfirm, ReasonRequired
from kiosk.insurer import CardAnswer
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.logbook.errors import NoSuchAttempt
from scanner import Scan
from tests.cast import BHYT17, NOW, make_coverage, payload
from tests.conftest import Kiosk
from verify import Card, Coverage, CoverageUnreadable, Outcome, Reason, Standing


def cache_of(kiosk: Kiosk) -> AnswersCache:
    return kiosk.cache


@pytest.mark.parametrize("scanned", [payload("an"), b"\xff\xff", b"x" * 9000])
def test_every_scan_is_recorded_as_an_attempt_without_its_payload(
    kiosk: Kiosk, scanned: bytes
) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(scanned))

    assert attempt is not None
    assert attempt.at == NOW
    stored = kiosk.database.reading().execute("select * from attempt").fetchone()
    # The check string of the card is in the payload only.
    assert "7102" not in "".join(str(column) for column in tuple(stored))


NOISE = [b"", b"\0", b"\0" * 5_000, b" \r\n", b"\x02\x03", b"\x04", "\ufeff\u200b\u00a0".encode()]


@pytest.mark.parametrize("noise", NOISE)
def test_a_scan_without_text_gets_no_verdict_that_would_cover_a_patients(
    kiosk: Kiosk, noise: bytes
) -> None:
    shown = kiosk.scan(payload("an"))
    version = kiosk.notifier.version

    with pytest.raises(NothingRead):
        kiosk.scan(noise)

    assert kiosk.notifier.version == version
    assert kiosk.attempts.get(shown + 1) is None


def test_noise_in_the_queue_does_not_stop_the_scans_behind_it(kiosk: Kiosk) -> None:
    queue, stop, ids = ScanQueue(), threading.Event(), []

    def receive(scan: Scan) -> None:
        ids.append(kiosk.desk.receive(scan).id)
        stop.set()

    for data in (b"\0", payload("an")):
        queue.put(Scan(data, "front", NOW), stop)
    queue.run(receive, stop)

    assert len(ids) == 1


def test_a_scan_without_a_card_cannot_be_confirmed(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(b"not a card")

    with pytest.raises(NothingToConfirm):
        kiosk.desk.confirm(attempt, Confirmation(), "k1")
    with pytest.raises(NoSuchAttempt):
        kiosk.desk.confirm(attempt + 1, Confirmation(), "k1")


def test_a_visit_on_a_desk_verdict_needs_a_reason(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("chi"))

    with pytest.raises(ReasonRequired):
        kiosk.desk.confirm(attempt, Confirmation(), "k1")
    visit, _ = kiosk.desk.confirm(attempt, Confirmation(clerk_reason="đã gia hạn"), "k1")

    assert visit.clerk_reason == "đã gia hạn"
    assert visit.outcome is Outcome.DESK


def test_a_patient_may_go_in_without_insurance_on_a_desk_verdict(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("ha"))

    visit, _ = kiosk.desk.confirm(attempt, Confirmation(arrival="uninsured"), "k1")

    assert (visit.insurer_state, visit.ticket) == ("not_sent", 1)


def test_a_visit_with_a_replaced_card_is_recorded_on_the_new_card(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("dung")), Confirmation(), "k1")

    assert visit.card.number == "DN4019999900004"
    assert visit.card.card_number == "HT4019999900004"


def test_a_second_visit_on_a_day_is_noted(kiosk: Kiosk) -> None:
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k1")

    again = kiosk.attempts.get(kiosk.scan(payload("an")))
    kiosk.clock.go(timedelta(days=1))
    tomorrow = kiosk.attempts.get(kiosk.scan(payload("an")))

    assert again is not None
    assert tomorrow is not None
    assert again.verdict.notes == ("already_here_today",)
    assert tomorrow.verdict.notes == ("data_old",)


class Insurer:
    """Answers every question in the same way, and keeps the numbers it was asked about."""

    def __init__(self, answer: Coverage | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def look_up(self, card: Card) -> Coverage:
        self.asked.append(card.number)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def check_card(self, card: Card) -> CardAnswer:
        return CardAnswer(self.look_up(card), ())


def make_policy(policy: str, max_per_hour: int = 1000) -> QueryPolicy:
    return QueryPolicy(lambda _reader: policy, max_per_hour)


def with_lookup(kiosk: Kiosk, policy: str, insurer: Insurer) -> Lookup:
    lookup = Lookup(
        make_policy(policy),
        insurer.check_card,
        None,
        cache_of(kiosk).remember,
        kiosk.desk.refine,
        kiosk.clock,
    )
    kiosk.desk.ask = lookup.ask
    return lookup


def test_a_live_answer_makes_a_newer_verdict_beside_the_older_one(kiosk: Kiosk) -> None:
    insurer = Insurer(make_coverage("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    reading = kiosk.scan(BHYT17)

    assert lookup.ask_next()

    first, newest = kiosk.attempts.get(reading), kiosk.attempts.newest_verdict_on(reading)
    assert first is not None
    assert newest is not None
    assert (first.outcome, newest.outcome) == (Outcome.UNCONFIRMED, Outcome.ADMITTED)
    assert (newest.refines, newest.reader) == (reading, "front")
    visit, _ = kiosk.desk.confirm(reading, Confirmation(), "k1")
    assert (visit.outcome, visit.attempt) == (Outcome.ADMITTED, reading)
    assert visit.verdict_of == newest.id


@pytest.mark.parametrize("failure", [InsurerUnreachable("timed out"), NotSignedIn("401")])
def test_a_question_without_an_answer_changes_nothing(kiosk: Kiosk, failure: Exception) -> None:
    lookup = with_lookup(kiosk, "unsure", Insurer(failure))
    reading = kiosk.scan(BHYT17)

    assert lookup.ask_next()

    assert kiosk.attempts.last_id() == reading


@pytest.mark.parametrize(
    ("policy", "scanned", "asks"),
    [
        ("unsure", BHYT17.encode(), True),
        ("unsure", payload("an"), False),
        ("unsure", payload("binh"), False),  # its issuer vouches for it
        ("unsure", payload("oanh"), False),
        ("unsure", b"9999900020", False),  # without a name the gateway cannot be asked
        ("always", payload("an"), True),
        ("never", BHYT17.encode(), False),
    ],
)
def test_the_insurer_is_asked_as_the_setting_says(
    kiosk: Kiosk, policy: str, scanned: bytes, asks: bool
) -> None:
    insurer = Insurer(make_coverage("9999900020", Standing.NO_RECORD, as_of=NOW))
    lookup = with_lookup(kiosk, policy, insurer)

    kiosk.scan(scanned)

    assert lookup.ask_next() is asks
    assert bool(insurer.asked) is asks


def test_a_card_is_not_asked_about_again_while_the_answer_is_fresh(kiosk: Kiosk) -> None:
    insurer = Insurer(make_coverage("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    for _ in range(3):
        kiosk.scan(BHYT17)
        lookup.ask_next()

    assert insurer.asked == ["9999900020"]


def test_the_desk_goes_on_when_too_many_questions_wait(
    make_kiosk: Callable[..., Kiosk],
) -> None:
    kiosk = make_kiosk()
    with_lookup(kiosk, "always", Insurer(InsurerUnreachable("down")))

    attempts = [kiosk.scan(payload("an")) for _ in range(70)]

    assert len(set(attempts)) == 70


def test_an_answer_that_cannot_be_kept_still_refines_the_verdict(kiosk: Kiosk) -> None:
    def fail_to_keep(_coverage: Coverage, _now: datetime) -> None:
        raise CoverageUnreadable("OperationalError")

    insurer = Insurer(make_coverage("9999900020", as_of=NOW))
    lookup = Lookup(
        make_policy("unsure"),
        insurer.check_card,
        None,
        fail_to_keep,
        kiosk.desk.refine,
        kiosk.clock,
    )
    kiosk.desk.ask = lookup.ask
    reading = kiosk.scan(BHYT17)
    lookup.ask_next()

    newest = kiosk.attempts.newest_verdict_on(reading)
    assert newest is not None
    assert newest.outcome is Outcome.ADMITTED


def test_an_answer_about_a_wrong_name_counts_for_that_reading_only(kiosk: Kiosk) -> None:
    insurer = Insurer(make_coverage("9999900020", Standing.NAME_DIFFERS, as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    reading = kiosk.scan(BHYT17.replace("4e6775", "4e6765"))
    lookup.ask_next()
    refined = kiosk.attempts.newest_verdict_on(reading)
    holder = kiosk.attempts.get(kiosk.scan(BHYT17))

    assert refined is not None
    assert holder is not None
    assert (refined.reason, holder.reason) == (Reason.NAME_DIFFERS, Reason.NOT_YET_KNOWN)


@pytest.mark.parametrize(("minutes", "asks"), [(9, False), (11, True)])
def test_the_insurer_is_asked_again_before_an_old_refusal_stops_a_patient(
    kiosk: Kiosk, minutes: int, asks: bool
) -> None:
    answered_at = NOW - timedelta(minutes=minutes)
    cache_of(kiosk).remember(make_coverage("9999900020", Standing.ENDED, as_of=answered_at), NOW)
    insurer = Insurer(make_coverage("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    kiosk.scan(BHYT17)

    assert lookup.ask_next() is asks


def test_an_answer_past_its_limit_is_not_in_the_visit(kiosk: Kiosk) -> None:
    old = NOW - timedelta(days=8)
    stale: dict[str, Any] = {
        "valid_until": NOW.date(),
        "facility": "79001",
        "card_number": "DN4019999900002",
    }
    cache_of(kiosk).remember(make_coverage("GD4019999900002", as_of=old, **stale), NOW)

    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("binh")), Confirmation(), "k1")

    assert visit.card.registered_at == "01999"
    assert visit.card.valid_until == date(2027, 12, 30)
    assert visit.card.card_number == "GD4019999900002"


def test_one_scan_is_judged_with_one_view_of_the_data(kiosk: Kiosk) -> None:
    views: list[CurrentData] = []

    def current() -> CurrentData:
        views.append(kiosk.data.current())
        return views[-1]

    history = VisitHistory(kiosk.visits, lambda: kiosk.entitlements.law.phrases, kiosk.settings)
    desk = Desk(
        current,
        kiosk.attempts,
        kiosk.visits,
        kiosk.notifier,
        kiosk.entitlements,
        history,
        kiosk.settings,
        kiosk.clock,
    )
    desk.receive(Scan(payload("an"), "front", kiosk.clock()))

    assert len(views) == 1
