"""The desk: what is written down, what is asked and what a newer word changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kiosk.data import CoverageCache
from kiosk.desk import Confirmation, Lookup, QueryPolicy
from kiosk.desk.errors import NothingToConfirm, ReasonRequired
from kiosk.insurer import CardAnswer
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.logbook.errors import NoSuchAttempt
from tests.cast import BHYT17, NOW, payload, word
from tests.conftest import Kiosk
from verify import Card, Coverage, CoverageUnreadable, Outcome, Reason, Standing


def cache_of(kiosk: Kiosk) -> CoverageCache:
    return kiosk.cache


@pytest.mark.parametrize("scanned", [payload("an"), b"", b"\xff\xff", b"x" * 9000])
def test_every_reading_is_an_attempt_and_none_keeps_the_payload(
    kiosk: Kiosk, scanned: bytes
) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(scanned))

    assert attempt is not None
    assert attempt.at == NOW
    stored = kiosk.database.reading().execute("select * from attempt").fetchone()
    # The check string of the card stands nowhere but in the payload.
    assert "7102" not in "".join(str(column) for column in tuple(stored))


def test_what_no_card_was_read_from_cannot_be_confirmed(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(b"not a card")

    with pytest.raises(NothingToConfirm):
        kiosk.desk.confirm(attempt, Confirmation(), "k1")
    with pytest.raises(NoSuchAttempt):
        kiosk.desk.confirm(attempt + 1, Confirmation(), "k1")


def test_at_the_desk_a_person_must_say_why(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("chi"))

    with pytest.raises(ReasonRequired):
        kiosk.desk.confirm(attempt, Confirmation(), "k1")
    visit, _ = kiosk.desk.confirm(attempt, Confirmation(clerk_reason="đã gia hạn"), "k1")

    assert visit.clerk_reason == "đã gia hạn"
    assert visit.outcome is Outcome.DESK


def test_at_the_desk_a_patient_may_go_in_without_insurance(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("ha"))

    visit, _ = kiosk.desk.confirm(attempt, Confirmation(arrival="uninsured"), "k1")

    assert (visit.insurer_state, visit.ticket) == ("not_sent", 1)


def test_a_replaced_card_is_recorded_on_the_new_one(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("dung")), Confirmation(), "k1")

    assert visit.card.number == "DN4019999900004"
    assert visit.card.card_number == "HT4019999900004"


def test_a_patient_with_a_visit_today_is_noted(kiosk: Kiosk) -> None:
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k1")

    again = kiosk.attempts.get(kiosk.scan(payload("an")))
    kiosk.clock.go(timedelta(days=1))
    tomorrow = kiosk.attempts.get(kiosk.scan(payload("an")))

    assert again is not None
    assert tomorrow is not None
    assert again.verdict.notes == ("already_here_today",)
    assert tomorrow.verdict.notes == ("data_old",)


class Insurer:
    """What the insurer would say, and who was asked about."""

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


def asking(policy: str, per_hour: int = 1000) -> QueryPolicy:
    return QueryPolicy(lambda _reader: policy, per_hour)


def with_lookup(kiosk: Kiosk, policy: str, insurer: Insurer) -> Lookup:
    lookup = Lookup(
        asking(policy),
        insurer.check_card,
        None,
        cache_of(kiosk).remember,
        kiosk.desk.refine,
        kiosk.clock,
    )
    kiosk.desk.ask = lookup.ask
    return lookup


def test_a_live_answer_refines_the_verdict_and_rewrites_nothing(kiosk: Kiosk) -> None:
    insurer = Insurer(word("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    reading = kiosk.scan(BHYT17)

    assert lookup.answer_one()

    first, newest = kiosk.attempts.get(reading), kiosk.attempts.newest_verdict_on(reading)
    assert first is not None
    assert newest is not None
    assert (first.outcome, newest.outcome) == (Outcome.UNCONFIRMED, Outcome.ADMITTED)
    assert (newest.refines, newest.reader) == (reading, "front")
    visit, _ = kiosk.desk.confirm(reading, Confirmation(), "k1")
    assert (visit.outcome, visit.attempt) == (Outcome.ADMITTED, reading)
    assert visit.verdict_of == newest.id


@pytest.mark.parametrize("failure", [InsurerUnreachable("timed out"), NotSignedIn("401")])
def test_an_insurer_that_does_not_answer_changes_nothing(kiosk: Kiosk, failure: Exception) -> None:
    lookup = with_lookup(kiosk, "unsure", Insurer(failure))
    reading = kiosk.scan(BHYT17)

    assert lookup.answer_one()

    assert kiosk.attempts.last_id() == reading


@pytest.mark.parametrize(
    ("policy", "scanned", "asks"),
    [
        ("unsure", BHYT17.encode(), True),
        ("unsure", payload("an"), False),
        ("unsure", payload("binh"), False),  # vouched for by its issuer
        ("unsure", payload("oanh"), False),
        ("unsure", b"9999900020", False),  # names nobody: the gateway could not be asked
        ("always", payload("an"), True),
        ("never", BHYT17.encode(), False),
    ],
)
def test_the_insurer_is_asked_as_the_policy_says(
    kiosk: Kiosk, policy: str, scanned: bytes, asks: bool
) -> None:
    insurer = Insurer(word("9999900020", Standing.NO_RECORD, as_of=NOW))
    lookup = with_lookup(kiosk, policy, insurer)

    kiosk.scan(scanned)

    assert lookup.answer_one() is asks
    assert bool(insurer.asked) is asks


def test_a_card_is_asked_about_once_while_the_answer_is_fresh(kiosk: Kiosk) -> None:
    insurer = Insurer(word("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    for _ in range(3):
        kiosk.scan(BHYT17)
        lookup.answer_one()

    assert insurer.asked == ["9999900020"]


def test_questions_that_are_too_many_are_left_out_and_the_desk_goes_on(
    make_kiosk: Callable[..., Kiosk],
) -> None:
    kiosk = make_kiosk()
    with_lookup(kiosk, "always", Insurer(InsurerUnreachable("down")))

    attempts = [kiosk.scan(payload("an")) for _ in range(70)]

    assert len(set(attempts)) == 70


def test_a_word_that_cannot_be_kept_still_refines_the_verdict(kiosk: Kiosk) -> None:
    def full(_word: Coverage, _now: datetime) -> None:
        raise CoverageUnreadable("OperationalError")

    insurer = Insurer(word("9999900020", as_of=NOW))
    lookup = Lookup(
        asking("unsure"), insurer.check_card, None, full, kiosk.desk.refine, kiosk.clock
    )
    kiosk.desk.ask = lookup.ask
    reading = kiosk.scan(BHYT17)
    lookup.answer_one()

    newest = kiosk.attempts.newest_verdict_on(reading)
    assert newest is not None
    assert newest.outcome is Outcome.ADMITTED


def test_a_name_the_insurer_does_not_know_counts_for_this_reading_alone(kiosk: Kiosk) -> None:
    insurer = Insurer(word("9999900020", Standing.NAME_DIFFERS, as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    reading = kiosk.scan(BHYT17.replace("4e6775", "4e6765"))
    lookup.answer_one()
    refined = kiosk.attempts.newest_verdict_on(reading)
    holder = kiosk.attempts.get(kiosk.scan(BHYT17))

    assert refined is not None
    assert holder is not None
    assert (refined.reason, holder.reason) == (Reason.NAME_DIFFERS, Reason.NOT_YET_KNOWN)


@pytest.mark.parametrize(("minutes", "asks"), [(9, False), (11, True)])
def test_a_no_is_asked_about_again_before_a_patient_is_held_up_by_it(
    kiosk: Kiosk, minutes: int, asks: bool
) -> None:
    said = NOW - timedelta(minutes=minutes)
    cache_of(kiosk).remember(word("9999900020", Standing.ENDED, as_of=said), NOW)
    insurer = Insurer(word("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    kiosk.scan(BHYT17)

    assert lookup.answer_one() is asks


def test_a_word_past_its_limit_is_not_in_the_visit(kiosk: Kiosk) -> None:
    old = NOW - timedelta(days=8)
    stale: dict[str, Any] = {
        "valid_until": NOW.date(),
        "facility": "79001",
        "card_number": "DN4019999900002",
    }
    cache_of(kiosk).remember(word("GD4019999900002", as_of=old, **stale), NOW)

    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("binh")), Confirmation(), "k1")

    assert visit.card.registered_at == "01999"
    assert visit.card.valid_until == date(2027, 12, 30)
    assert visit.card.card_number == "GD4019999900002"
