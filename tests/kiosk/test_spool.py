"""The spool: each ticket comes out once, or the logbook says why not, through kills and faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.logbook import (
    Database,
    LogbookUnavailable,
    NotRecorded,
    PrintState,
    TicketPrint,
    TicketPrints,
    Tickets,
)
from kiosk.tickets.printers import Printer
from kiosk.tickets.spool import MAX_AGE, PAUSES, Spool
from kiosk.tickets.ticket import PrintedTicket
from tests.cast import Clock
from tests.kiosk.printing import PAPER_OUT, PretendPrinter, pictures_in, pretend_printer, ticket

CANCELLED = 20


@pytest.fixture
def prints(tmp_path: Path, clock: Clock) -> TicketPrints:
    database = Database(tmp_path / "logbook.db")
    slips = [Tickets(database).issue_slip(None, "Bàn 1", clock()).id for _ in range(CANCELLED)]
    assert slips[-1] == CANCELLED
    return TicketPrints(database)


MakeSpool = Callable[[PretendPrinter], Spool]


@pytest.fixture
def make_spool(prints: TicketPrints, clock: Clock) -> MakeSpool:
    def ticket_of(asked: TicketPrint) -> PrintedTicket | None:
        if asked.ticket == CANCELLED:
            return None
        again = clock() if asked.is_again else None
        return ticket(label=str(asked.ticket), printed_again_at=again)

    def make(printer: PretendPrinter) -> Spool:
        return Spool(Printer(printer.settings()), prints, ticket_of, clock, lambda: None)

    return make


def state_of(prints: TicketPrints, number: int) -> tuple[PrintState, str | None]:
    found = prints.newest([number])[number]
    return found.state, found.trouble


def heights(printer: PretendPrinter) -> list[int]:
    """Return the heights of the tickets that came out: a reprint has a line more."""
    return [picture.height for picture in pictures_in(printer.received)]


def test_a_ticket_is_printed_once(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    with pretend_printer() as printer:
        spool = make_spool(printer)
        prints.ask([12], "front", clock())
        assert state_of(prints, 12) == ("waiting", None)

        assert spool.print_next()
        assert not spool.print_next()

    assert state_of(prints, 12) == ("printed", None)
    assert len(heights(printer)) == 1


def test_a_key_that_is_pressed_often_prints_once(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    with pretend_printer() as printer:
        spool = make_spool(printer)
        for _ in range(5):
            prints.ask([12], "front", clock())
        while spool.print_next():
            pass

    assert len(heights(printer)) == 1


def test_a_reprint_carries_its_mark_and_an_unprinted_ticket_does_not(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    with pretend_printer(paper=PAPER_OUT) as printer:
        spool = make_spool(printer)
        prints.ask([12], "front", clock())
        spool.print_next()
        printer.paper = b"\x12"
        for _ in range(2):
            prints.ask([12], "front", clock())  # at once, although its pause is not over
            assert spool.print_next()

        first, again = heights(printer)
    assert again > first


def test_a_household_is_printed_together(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    with pretend_printer() as printer:
        spool = make_spool(printer)
        prints.ask([12, 13, 14], "front", clock())

        assert spool.print_next()
        assert not spool.print_next()

    assert len(heights(printer)) == 3
    assert {state_of(prints, number)[0] for number in (12, 13, 14)} == {"printed"}


def test_what_certainly_printed_nothing_is_tried_again_and_then_given_up(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    with pretend_printer(paper=PAPER_OUT) as printer:
        spool = make_spool(printer)
        prints.ask([12], "front", clock())
        for pause in PAUSES:
            assert spool.print_next()
            assert state_of(prints, 12) == ("failed", "paper_out")
            assert not spool.print_next()
            clock.go(pause)
        assert spool.print_next()

        assert state_of(prints, 12) == ("given_up", "paper_out")
        clock.go(timedelta(hours=1))
        printer.paper = b"\x12"
        assert not spool.print_next()
    assert not heights(printer)


def test_what_may_have_come_out_is_not_printed_again_by_itself(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    with pretend_printer(closes_after=10_000) as printer:
        spool = make_spool(printer)
        prints.ask([12], "front", clock())
        spool.print_next()
        assert state_of(prints, 12) == ("unknown", "broke_off")

        printer.closes_after = None
        clock.go(timedelta(minutes=1))
        assert not spool.print_next()
        printer.received.clear()
        prints.ask([12], "front", clock())
        prints.ask([13], "front", clock())
        while spool.print_next():
            pass
        again, first = heights(printer)
    assert again > first  # it carries the mark


def test_whatever_a_printer_raises_the_spool_goes_on(
    prints: TicketPrints,
    make_spool: MakeSpool,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_pictures: object) -> None:
        raise LookupError("N. V. AN")

    with pretend_printer() as printer:
        spool = make_spool(printer)
        monkeypatch.setattr(spool.printer, "print_pictures", fail)
        prints.ask([12], "front", clock())

        assert spool.print_next()

    assert state_of(prints, 12) == ("unknown", "broke_off")
    assert "LookupError" in caplog.text
    assert "N. V. AN" not in caplog.text


def test_a_ticket_that_cannot_be_drawn_ends_nothing(prints: TicketPrints, clock: Clock) -> None:
    def ticket_of(_asked: TicketPrint) -> PrintedTicket:
        raise LookupError("N. V. AN")

    with pretend_printer() as printer:
        spool = Spool(Printer(printer.settings()), prints, ticket_of, clock, lambda: None)
        prints.ask([12], "front", clock())
        assert spool.print_next()

    assert state_of(prints, 12) == ("unknown", "broke_off")


def test_a_print_that_a_kill_interrupted_is_unknown(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    prints.ask([12], "front", clock())
    prints.ask([13], "front", clock())
    prints.claim("front", clock())  # … and the program is killed

    prints.interrupted(["front"], clock())

    assert state_of(prints, 12) == ("unknown", "restarted")
    assert state_of(prints, 13) == ("waiting", None)
    with pretend_printer() as printer:
        spool = make_spool(printer)
        while spool.print_next():
            pass
    assert len(heights(printer)) == 1


def test_what_waits_for_a_printer_that_is_gone_is_given_up(
    prints: TicketPrints, clock: Clock
) -> None:
    prints.ask([12], "old", clock())
    prints.ask([13], "front", clock())

    prints.interrupted(["front"], clock())

    assert state_of(prints, 12) == ("given_up", "unreachable")
    assert state_of(prints, 13) == ("waiting", None)


def test_a_logbook_that_cannot_be_written_after_a_print_prints_it_once(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise NotRecorded("the disk is full")

    with pretend_printer() as printer:
        spool = make_spool(printer)
        prints.ask([12], "front", clock())
        with monkeypatch.context() as patched:
            patched.setattr(prints, "settle", fail)
            with pytest.raises(NotRecorded):
                spool.print_next()
        assert state_of(prints, 12) == ("printing", None)

        assert not spool.print_next()

    assert state_of(prints, 12) == ("printed", None)
    assert len(heights(printer)) == 1


def test_tickets_that_cannot_be_read_now_are_printed_later(
    prints: TicketPrints, clock: Clock
) -> None:
    broken = [LogbookUnavailable("locked")]

    def ticket_of(_asked: TicketPrint) -> PrintedTicket:
        if broken:
            raise broken.pop()
        return ticket()

    with pretend_printer() as printer:
        spool = Spool(Printer(printer.settings()), prints, ticket_of, clock, lambda: None)
        prints.ask([12], "front", clock())
        with pytest.raises(LogbookUnavailable):
            spool.print_next()
        assert not spool.print_next()
        assert state_of(prints, 12)[0] == "failed"
        clock.go(PAUSES[0])
        assert spool.print_next()

    assert state_of(prints, 12)[0] == "printed"


def test_tickets_of_the_morning_do_not_come_out_at_noon(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    prints.ask([12], "front", clock())
    clock.go(MAX_AGE + timedelta(seconds=1))
    prints.ask([13], "front", clock())

    with pretend_printer() as printer:
        spool = make_spool(printer)
        while spool.print_next():
            pass

    assert len(heights(printer)) == 1
    assert state_of(prints, 12) == ("given_up", "too_late")


def test_the_ticket_of_a_cancelled_visit_is_not_printed(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    prints.ask([CANCELLED], "front", clock())

    with pretend_printer() as printer:
        make_spool(printer).print_next()

    assert not printer.received
    assert state_of(prints, CANCELLED) == ("given_up", "cancelled")


def test_a_cancelled_ticket_of_a_household_is_settled_by_itself(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    prints.ask([12, CANCELLED, 13], "front", clock())

    with pretend_printer(paper=PAPER_OUT) as printer:
        spool = make_spool(printer)
        spool.print_next()
        assert state_of(prints, 12) == ("failed", "paper_out")
        assert state_of(prints, CANCELLED) == ("given_up", "cancelled")
        printer.paper = b"\x12"
        clock.go(PAUSES[0])
        spool.print_next()

    assert len(heights(printer)) == 2
    assert {state_of(prints, number) for number in (12, 13)} == {("printed", None)}
    assert state_of(prints, CANCELLED) == ("given_up", "cancelled")


def test_a_printer_that_hangs_holds_up_no_other(
    prints: TicketPrints, make_spool: MakeSpool, clock: Clock
) -> None:
    stop = threading.Event()
    with pretend_printer(reads=False) as hanging, pretend_printer() as good:
        other = Spool(
            Printer(good.settings(name="other")),
            prints,
            lambda _print: ticket(),
            clock,
            lambda: None,
        )
        threads = [
            threading.Thread(target=spool.run, args=(stop,))
            for spool in (make_spool(hanging), other)
        ]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        prints.ask([12], "front", clock())
        prints.ask([13], "other", clock())
        asked = time.monotonic()
        other.wake()
        while state_of(prints, 13)[0] != "printed" and time.monotonic() - begun < 5:
            time.sleep(0.02)
        printed = time.monotonic()
        while state_of(prints, 12)[0] != "failed" and time.monotonic() - begun < 8:
            time.sleep(0.02)
        stop.set()
        for thread in threads:
            thread.join()

    assert asked - begun < 0.5  # whoever asks does not wait
    assert printed - asked < 2.5
    assert state_of(prints, 12) == ("failed", "no_answer")
