"""Paper sheets: their codes, what is entered from them, and when."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from kiosk.desk import (
    Confirmation,
    LineScans,
    NothingToConfirm,
    NumberNotRead,
    PaperEntry,
    PaperTimeFault,
    PaperTimeWrong,
    ReasonRequired,
)
from kiosk.logbook import (
    AlreadyHere,
    LinePlace,
    LineUsed,
    NoSuchSheet,
    NothingToChange,
    PaperSheet,
    SheetState,
    Visit,
    WrongLineCode,
    scanned_code,
)
from kiosk.logbook.paper_source import read_line_code
from kiosk.sandbox import person
from scanner import Scan
from tests.cast import NOW, Clock, make_coverage
from tests.conftest import Kiosk
from tests.kills import died, may_fork, needs_fork
from verify import Outcome, Reason, Standing

POWER_FAILED = NOW + timedelta(hours=1)
POWER_BACK = NOW + timedelta(hours=3)


def number_of(key: str) -> str:
    patient = person(key)
    assert patient is not None
    return patient.insurance_number


@pytest.fixture
def sheet(kiosk: Kiosk, clock: Clock) -> PaperSheet:
    """A sheet that was printed at ten, before the power failed; it is one o'clock now."""
    [made] = kiosk.paper_sheets.make(1, "desk", clock())
    clock.go(POWER_BACK - NOW)
    return made


@pytest.fixture
def enter(kiosk: Kiosk, sheet: PaperSheet) -> Callable[..., Visit]:
    """Enter a line of the sheet, at eleven if nothing else is given."""

    def run(line: int = 1, number: str = "", after_min: int = 0, **more: object) -> Visit:
        code = kiosk.paper_sheets.lines(sheet)[line - 1].code
        at = POWER_FAILED + timedelta(minutes=after_min)
        sure = bool(more.pop("day_is_sure", False))
        return kiosk.paper_entries.enter(PaperEntry(code, at, number, sure, Confirmation(**more)))  # type: ignore[arg-type]

    return run


def test_numbers_go_on_from_sheet_to_sheet_and_begin_again_after_999(kiosk: Kiosk) -> None:
    made = kiosk.paper_sheets.make(50, "desk", NOW) + kiosk.paper_sheets.make(40, "desk", NOW)
    spans = [(sheet.first_number, sheet.last_number) for sheet in made]

    assert spans[:3] == [(1, 12), (13, 24), (25, 36)]
    assert spans[82:84] == [(985, 996), (1, 12)]


@pytest.mark.parametrize("text", ["{sheet}05{check}", " {sheet}-05 {check} ", "0{sheet}/05{check}"])
def test_a_code_is_read_however_it_is_typed(kiosk: Kiosk, text: str) -> None:
    kiosk.paper_sheets.make(12, "desk", NOW)
    code = kiosk.paper_sheets.lines(kiosk.paper_sheets.sheet(12))[4].code
    typed = text.format(sheet=12, check=code[-1]).lower()

    _, line = kiosk.paper_sheets.line(typed)

    assert line.place == LinePlace(12, 5)


def test_what_a_reader_reads_is_the_same_code_and_no_card(kiosk: Kiosk) -> None:
    place = LinePlace(12, 5)
    scanned = scanned_code(place, kiosk.database.instance)

    assert read_line_code(scanned, kiosk.database.instance) == place
    attempt = kiosk.attempts.get(kiosk.scan(scanned))
    assert attempt is not None
    assert attempt.verdict.format == "paper_line"
    assert attempt.verdict.card is None


def test_a_code_that_a_reader_has_read_is_offered_once_and_not_to_another_desk() -> None:
    scans = LineScans()
    before = scans.count()
    received: list[Scan] = []
    scans.before(received.append)(Scan(b"tiepdon-g12-05K\r", "front", NOW))
    scans.note(Scan(b"9999900001", "front", NOW))

    found = scans.after(before, ())

    assert len(received) == 1
    assert found is not None
    assert found.code == "TIEPDON-G12-05K"
    assert scans.after(found.number, ()) is None
    assert scans.after(before, {"front"}) is None


def test_every_wrong_digit_and_every_exchange_of_two_digits_is_noticed(kiosk: Kiosk) -> None:
    instance = kiosk.database.instance
    for sheet in (1, 12, 907, 123_456):
        for line in (1, 10, 12):
            digits = f"{sheet}{line:02}"
            check = scanned_code(LinePlace(sheet, line), instance)[-1]
            wrong = {
                digits[:at] + str(digit) + digits[at + 1 :]
                for at in range(len(digits))
                for digit in range(10)
            }
            wrong |= {
                digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
                for at in range(len(digits) - 1)
            }
            for typed in wrong - {digits}:
                with pytest.raises(WrongLineCode):
                    read_line_code(typed + check, instance)


def test_a_line_that_was_never_printed_is_refused(kiosk: Kiosk, sheet: PaperSheet) -> None:
    instance = kiosk.database.instance

    for place in (LinePlace(sheet.id + 1, 1), LinePlace(sheet.id, 13), LinePlace(sheet.id, 0)):
        with pytest.raises(NoSuchSheet):
            kiosk.paper_sheets.line(scanned_code(place, instance))


def test_a_visit_from_paper_keeps_both_times(enter: Callable[..., Visit], kiosk: Kiosk) -> None:
    visit = enter(3, number_of("an"))

    assert visit.arrived_at == POWER_FAILED
    assert visit.paper is not None
    assert visit.ticket_label == "G 3"
    assert (visit.paper.sheet, visit.paper.line, visit.paper.number) == (1, 3, 3)
    assert visit.paper.entered_at == POWER_BACK
    assert visit.how.presented_at == POWER_FAILED
    stored = kiosk.visits.by_id(visit.id)
    assert stored is not None
    assert stored.paper == visit.paper


def test_a_visit_from_paper_is_not_measured_by_our_clock(
    enter: Callable[..., Visit], kiosk: Kiosk
) -> None:
    visit = enter(1, number_of("an"))

    assert not kiosk.database.rows("select 1 from visit_clock where visit = ?", [visit.id])
    [event] = kiosk.outbox.events(visit.id) if hasattr(kiosk.outbox, "events") else [None]
    assert event is None or event.at == POWER_BACK


def test_a_line_is_entered_once(enter: Callable[..., Visit], kiosk: Kiosk) -> None:
    visit = enter(1, number_of("an"))

    with pytest.raises(LineUsed) as caught:
        enter(1, number_of("binh"))

    assert caught.value.visit == visit.id
    assert len(kiosk.visits.newest()) == 1


def test_two_desks_that_enter_one_line_at_once_record_one_visit(
    enter: Callable[..., Visit], kiosk: Kiosk
) -> None:
    start = threading.Barrier(6)
    results: list[str | LineUsed] = []

    def desk(number: str) -> None:
        start.wait()
        try:
            results.append(enter(1, number).id)
        except LineUsed as exc:
            results.append(exc)

    numbers = [number_of("an"), number_of("binh")] * 3
    threads = [threading.Thread(target=desk, args=[number]) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [visit] = kiosk.visits.newest()
    assert sum(result == visit.id for result in results) == 1
    assert all(exc.visit == visit.id for exc in results if isinstance(exc, LineUsed))
    assert kiosk.unfinished.list_of(kiosk.clock(), frozenset()) == []


def test_a_line_entered_by_a_quicker_desk_is_no_second_visit(
    enter: Callable[..., Visit], kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicker: list[Visit] = []
    here_today = kiosk.visits.here_today

    def after_the_other_desk(*args: object) -> Visit | None:
        monkeypatch.undo()
        quicker.append(enter(1, number_of("an")))
        return here_today(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(kiosk.visits, "here_today", after_the_other_desk)
    with pytest.raises(LineUsed) as caught:
        enter(1, number_of("an"))

    assert caught.value.visit == quicker[0].id


def test_a_line_is_entered_or_void_and_never_both(
    enter: Callable[..., Visit], kiosk: Kiosk, sheet: PaperSheet
) -> None:
    kiosk.paper_sheets.make_void(LinePlace(sheet.id, 1), "gạch bỏ", "desk", kiosk.clock())
    enter(2, number_of("an"))

    with pytest.raises(LineUsed) as caught:
        enter(1, number_of("binh"))
    assert caught.value.visit is None
    with pytest.raises(LineUsed):
        kiosk.paper_sheets.make_void(LinePlace(sheet.id, 2), "gạch bỏ", "desk", kiosk.clock())


def test_a_sheet_is_in_stock_unfinished_and_finished(
    enter: Callable[..., Visit], kiosk: Kiosk, sheet: PaperSheet
) -> None:
    states = [kiosk.paper_sheets.sheet(sheet.id).state]
    assert kiosk.paper_sheets.unfinished() == []
    enter(1, number_of("an"))
    states.append(kiosk.paper_sheets.sheet(sheet.id).state)
    assert [found.id for found in kiosk.paper_sheets.unfinished()] == [sheet.id]

    closed = kiosk.paper_sheets.close(sheet.id, "không dùng", "desk", kiosk.clock())

    states.append(kiosk.paper_sheets.sheet(sheet.id).state)
    assert closed == 11
    assert states == [SheetState.IN_STOCK, SheetState.UNFINISHED, SheetState.FINISHED]
    assert kiosk.paper_sheets.unfinished() == []
    with pytest.raises(NothingToChange):
        kiosk.paper_sheets.close(sheet.id, "không dùng", "desk", kiosk.clock())


@pytest.mark.parametrize(
    ("after_min", "fault"),
    [
        (121, None),  # a watch may be a little ahead
        (126, PaperTimeFault.FUTURE),
        (-64, None),  # … or behind the clock by which the sheet was printed
        (-66, PaperTimeFault.BEFORE_PRINTED),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_nothing_is_written(
    enter: Callable[..., Visit], kiosk: Kiosk, after_min: int, fault: PaperTimeFault | None
) -> None:
    if fault is None:
        assert enter(1, number_of("an"), after_min)
        return

    with pytest.raises(PaperTimeWrong) as caught:
        enter(1, number_of("an"), after_min)

    assert caught.value.fault is fault
    assert kiosk.attempts.last_id() == 0


def test_what_is_older_than_two_weeks_is_refused(enter: Callable[..., Visit], clock: Clock) -> None:
    clock.go(timedelta(days=14))

    with pytest.raises(PaperTimeWrong) as caught:
        enter(1, number_of("an"))

    assert caught.value.fault is PaperTimeFault.TOO_OLD


def test_a_clock_that_was_reset_by_the_power_cut_is_named(
    enter: Callable[..., Visit], clock: Clock
) -> None:
    clock.moment = NOW.replace(year=2020)

    with pytest.raises(PaperTimeWrong) as caught:
        enter(1, number_of("an"))

    assert caught.value.fault is PaperTimeFault.CLOCK


def test_a_sheet_that_goes_on_after_midnight_needs_the_next_day(
    enter: Callable[..., Visit], clock: Clock
) -> None:
    evening = 12 * 60 + 45  # 23:45 at the clinic
    clock.go(timedelta(hours=13))
    enter(1, number_of("an"), evening)

    with pytest.raises(PaperTimeWrong) as caught:
        enter(2, number_of("binh"), evening + 25 - 24 * 60)
    assert caught.value.fault is PaperTimeFault.BEFORE_PRINTED
    after_midnight = enter(2, number_of("binh"), evening + 25)

    assert after_midnight.id.split("-")[1] == "20261126"
    with pytest.raises(PaperTimeWrong) as caught:
        enter(3, number_of("dung"), 5)
    assert caught.value.fault is PaperTimeFault.OVER_MIDNIGHT
    assert enter(3, number_of("dung"), 5, day_is_sure=True)


def test_a_card_that_ended_last_night_was_in_force_on_the_day_of_the_paper(
    enter: Callable[..., Visit], kiosk: Kiosk, clock: Clock
) -> None:
    clock.go(timedelta(days=1))
    number = "9999900077"
    coverage = make_coverage(number, Standing.ENDED, as_of=clock(), valid_until=NOW.date())
    kiosk.cache.remember(coverage, clock())

    visit = enter(1, number)

    assert visit.reason is Reason.IN_FORCE
    assert visit.outcome is Outcome.ADMITTED
    with pytest.raises(ReasonRequired):
        enter(2, number, after_min=14 * 60, repeat_reason="khám thêm")


def test_a_number_that_cannot_be_read_is_looked_at_again(
    enter: Callable[..., Visit], kiosk: Kiosk
) -> None:
    with pytest.raises(NumberNotRead):
        enter(1, "99999")

    assert kiosk.attempts.last_id() == 0
    assert kiosk.paper_sheets.sheet(1).entered == 0


def test_without_a_number_the_usual_rules_hold(enter: Callable[..., Visit], kiosk: Kiosk) -> None:
    with pytest.raises(NothingToConfirm):
        enter(1, holder="Nguyễn Văn Mẫu")

    visit = enter(1, holder="Nguyễn Văn Mẫu", arrival="emergency")

    assert visit.insurer_state == "not_sent"
    assert kiosk.unfinished.list_of(kiosk.clock(), frozenset()) == []


def test_a_person_who_was_recorded_before_the_cut_needs_a_reason(
    enter: Callable[..., Visit], kiosk: Kiosk
) -> None:
    earlier = enter(1, number_of("an"))
    before = kiosk.attempts.last_id()

    with pytest.raises(AlreadyHere) as caught:
        enter(2, number_of("an"))

    assert caught.value.visit_id == earlier.id
    assert kiosk.attempts.last_id() == before
    assert enter(2, number_of("an"), repeat_reason="khám thêm")


def test_a_person_who_was_recorded_under_another_number_needs_a_reason(
    enter: Callable[..., Visit], kiosk: Kiosk, clock: Clock
) -> None:
    citizen = "001099999901"
    earlier = enter(1, citizen, clerk_reason="x")
    kiosk.cache.remember(make_coverage(citizen, insurance_number="9999900077"), clock())
    before = kiosk.attempts.last_id()

    with pytest.raises(AlreadyHere) as caught:
        enter(2, citizen, clerk_reason="x")

    assert caught.value.visit_id == earlier.id
    assert kiosk.attempts.last_id() == before


def test_a_corrected_visit_still_says_that_it_was_on_paper(
    enter: Callable[..., Visit], kiosk: Kiosk
) -> None:
    visit = enter(1, number_of("an"))

    kiosk.corrections.correct(visit.id, {"phone": "0900000000"}, "x", kiosk.clock())

    corrected = kiosk.visits.by_id(visit.id)
    assert corrected is not None
    assert corrected.paper == visit.paper
    assert replace(visit, paper=None) != visit


@needs_fork
@may_fork
@pytest.mark.slow
def test_a_kill_at_any_line_leaves_no_half_entry_and_no_second_visit(
    make_kiosk: Callable[..., Kiosk], clock: Clock
) -> None:
    first = make_kiosk()
    first.paper_sheets.make(20, "desk", clock())
    clock.go(POWER_BACK - NOW)
    rooms = ("desk/paper_entry", "logbook/visits.py", "logbook/paper_sheets", "logbook/tickets")
    step = 0
    while True:
        step += 5
        sheet = first.paper_sheets.sheet(1 + step // 60)
        line = first.paper_sheets.lines(sheet)[step // 5 % 12]
        entry = PaperEntry(
            line.code,
            POWER_FAILED,
            number_of("an"),
            confirmation=Confirmation(repeat_reason="khám thêm"),
        )

        def work(entry: PaperEntry = entry) -> None:
            make_kiosk().paper_entries.enter(entry)

        was_killed = died(step, work, rooms)
        recorded = counts(first)
        assert len(set(recorded)) == 1, (step, recorded)
        if not was_killed:
            break
        with contextlib.suppress(LineUsed):
            first.paper_entries.enter(entry)
        after = counts(first)
        assert set(after) == {step // 5}, (step, after)
    assert step > 50


def counts(kiosk: Kiosk) -> list[int]:
    """Return how many visits, lines that were entered, tickets of paper, and messages there are."""
    return [
        kiosk.database.rows(f"select count(*) from {what}")[0][0]
        for what in (
            "visit",
            "paper_line where visit is not null",
            "ticket where prefix = 'G'",
            "outbox",
        )
    ]
