"""Self-service: a patient shows a card at a screen and gets a number, or a slip for a desk.

The rules (docs/decisions/0033-open-surfaces.md):

1.  A patient has one turn.  A turn has a secret name, and its answer is given to nobody else, and
    for `ANSWER_FOR` only.  The next turn, the end of this one, or a question after `ANSWER_FOR`
    wipes it: then nothing of it is left in memory.  A turn without an answer, in which at most the
    id of a reading is known, lasts until the next one: a welcome may wait all night.
2.  Only `admitted` and `unconfirmed` are recorded, and only if the card says all that a visit
    needs.  An unconfirmed card waits up to `LOOK_FOR` for the insurer's answer.
3.  All others get a slip with a number, whatever the reason, and are listed at the desk.  The
    answer does not say which reason it was.
4.  A code on which no card was read at all is shown a second time before it leads to a slip.
5.  Who has a number today gets it shown again only within `AGAIN_FOR` at the same screen: whoever
    holds a card does not learn later whether and where its owner is in the house.
6.  Nothing is recorded unless the page asks for the answer: a patient who walked away is listed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.desk.confirmation import Confirmation, person_number
from kiosk.desk.desk import Desk
from kiosk.desk.errors import NothingToConfirm, ReasonRequired, TurnOver
from kiosk.desk.notifier import Notifier
from kiosk.desk.open_surface import initials_of
from kiosk.desk.staff_calls import StaffCalls
from kiosk.desk.turns import Choice, Intent, Turn, TurnAnswer, Turns, TurnState, digest_of
from kiosk.logbook import (
    SELF_SERVICE,
    AlreadyHere,
    Attempt,
    Attempts,
    KeyClosed,
    KeyUsedBefore,
    LogbookUnavailable,
    NotRecorded,
    PresentedAs,
    ReadingUsedBefore,
    Tickets,
    Visit,
    Visits,
    desk_author,
    numbers_of,
)
from kiosk.queue import RoomsFile
from kiosk.settings import SelfServiceKiosk, Settings
from scanner import Scan, Sighting
from verify import Note, Outcome, Reason, age_on, clinic_day, is_newborn_on

log = logging.getLogger(__name__)

LOOK_FOR = timedelta(seconds=4)
AGAIN_FOR = timedelta(minutes=2)
CHILD_UNTIL_YEARS = 16
NO_PAGE = Choice()

# No card was read, so nothing is known of anybody.
NOTHING_READ = frozenset(
    {
        Reason.UNREADABLE,
        Reason.TRUNCATED,
        Reason.TOO_LONG,
        Reason.BAD_ENCODING,
        Reason.SELF_CHECK_FAILED,
        Reason.CHUNKED_CARD,
        Reason.DAMAGED_BY_INPUT_METHOD,
        Reason.NOT_A_BHYT_CARD,
    }
)


class SelfService:
    """The screens of the settings. Any thread may call. Times are aware."""

    def __init__(
        self,
        desk: Desk,
        attempts: Attempts,
        visits: Visits,
        tickets: Tickets,
        rooms: RoomsFile,
        notifier: Notifier,
        print_at_screen: Callable[[int, str], bool],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        """`print_at_screen` gets the id of a ticket and the name of a screen.

        It returns whether there is a printer.  `clock` returns the time now, aware.
        """
        self._desk = desk
        self._print_at_screen = print_at_screen
        self.calls = StaffCalls(notifier, clock)
        self._attempts = attempts
        self._visits = visits
        self._tickets = tickets
        self._rooms = rooms
        self._usual_room = settings.visit.room
        self._kiosks = {kiosk.name: kiosk for kiosk in settings.self_service}
        self._by_reader = {kiosk.reader: kiosk for kiosk in settings.self_service if kiosk.reader}
        self._shows_initials = settings.display.initials == "yes"
        self._asks = bool(settings.insurer.url)
        self._notifier = notifier
        self._desk_of = settings.desk_of
        self._clock = clock
        self.newest_slip = ""  # since the program was started; pages read their list again by it
        self._turns = Turns(clock)
        self._last_visits: dict[str, tuple[str, datetime]] = {}  # by screen: id and when recorded

    def kiosk(self, name: str) -> SelfServiceKiosk | None:
        """Return the screen of this name; None if the settings have none."""
        return self._kiosks.get(name)

    def begin(self, kiosk: str, intent: Intent, choice: Choice = NO_PAGE) -> str:
        """Begin a turn at a screen and wipe the one before; return the name of the new one.

        Raises the errors of `Turns.begin`.
        """
        turn = self._turns.begin(kiosk, intent, choice)
        self._desk.forget_card(reader_of(kiosk))
        return turn.name

    def end(self, kiosk: str, name: str) -> None:
        """Wipe a turn, if it is still the turn of its screen."""
        if self._turns.end(kiosk, name):
            self._desk.forget_card(reader_of(kiosk))

    def take(self, kiosk: str, name: str, payload: bytes) -> TurnAnswer:
        """Take what a patient has shown in a turn; return how far it is.

        A turn takes one card; the desk lists the patient of another one.  Raises TurnOver,
        NothingRead as `Desk.receive` does, and NotRecorded if nothing can be recorded: then the
        card can be shown again.
        """
        with self._turns.held(kiosk, name) as turn:
            self._receive_or_pass_on(turn, kiosk, payload)
            return self._advance(turn, kiosk)

    def look_at(
        self, kiosk: str, name: str, frame: bytes, now_s: float
    ) -> tuple[Sighting, TurnAnswer]:
        """Read a frame of the screen's camera; return what it shows, and how far the turn is.

        Raises the errors of `BrowserCamera.look_at` and of `take`.
        """
        turn = self._turns.named(kiosk, name)
        sighting = turn.camera.look_at(frame, now_s)
        if sighting.payload is None:
            return sighting, self.answer(kiosk, name)
        try:
            return sighting, self.take(kiosk, name, sighting.payload)
        except NotRecorded:
            turn.camera.forget(sighting.payload)  # its next frame has to be a scan again
            raise
        except TurnOver:  # while the frame was read
            self.pass_on(kiosk, sighting.payload)
            raise

    def pass_on(self, kiosk: str, payload: bytes) -> None:
        """Have the desk list what was shown in no turn, or in one that has ended.

        Raises NothingRead and NotRecorded as `Desk.receive` does.
        """
        reader = reader_of(kiosk)
        self._desk.forget_card(reader)  # it is joined with no other patient's card
        self._desk.receive(Scan(payload, reader, self._clock()))
        self._desk.forget_card(reader)

    def before(self, receive: Callable[[Scan], object]) -> Callable[[Scan], None]:
        """Return what takes the scans of the readers at screens, and passes on all others.

        A scan at a screen where nobody has a turn is listed at its desk.  What is returned raises
        NothingRead and NotRecorded as `Desk.receive` does.
        """

        def take_or_pass(scan: Scan) -> None:
            kiosk = self._by_reader.get(scan.reader)
            if kiosk is None:
                receive(scan)
            else:
                self._hear(kiosk, scan)

        return take_or_pass

    def _hear(self, kiosk: SelfServiceKiosk, scan: Scan) -> None:
        """Take a scan of the reader that is attached to a screen."""
        turn = self._turns.current(kiosk.name)
        if turn is None:
            return self.pass_on(kiosk.name, scan.payload)
        with turn.lock:
            if turn.is_replaced:
                self.pass_on(kiosk.name, scan.payload)
            else:
                self._receive_or_pass_on(turn, kiosk.name, scan.payload)
        return None

    def author_at(self, reader: str) -> str:
        """Return who acts where a reader stands, for the logbook."""
        if reader in map(reader_of, self._kiosks):
            return SELF_SERVICE
        return desk_author(self._desk_of(reader))

    def take_nothing(self, kiosk: str, name: str) -> TurnAnswer:
        """Give a slip to a patient who has no card. Raises TurnOver and NotRecorded."""
        with self._turns.held(kiosk, name) as turn:
            if turn.answer is None and turn.reading is None:
                turn.reading = self._desk.record_no_card(reader_of(kiosk)).reading
                turn.looking_since = self._clock()
            return self._advance(turn, kiosk)

    def answer(self, kiosk: str, name: str) -> TurnAnswer:
        """Return how far a turn is; records the visit or gives the slip if it is time.

        Raises TurnOver if the turn has ended, and NotRecorded if nothing can be recorded.
        """
        with self._turns.held(kiosk, name) as turn:
            return self._advance(turn, kiosk)

    def _receive_or_pass_on(self, turn: Turn, kiosk: str, payload: bytes) -> None:
        """Take the card of a turn; another one is of the next patient, whom the desk lists.

        The caller holds the lock of the turn.
        """
        if turn.reading is None and turn.answer is None:
            self._receive(turn, kiosk, payload)
        elif turn.digest != digest_of(payload):  # a reader reads a card that stays there again
            self.pass_on(kiosk, payload)

    def _receive(self, turn: Turn, kiosk: str, payload: bytes) -> None:
        """Have the desk judge a payload; the caller holds the lock of the turn."""
        attempt = self._desk.receive(Scan(payload, reader_of(kiosk), self._clock()))
        if attempt.reason in NOTHING_READ and turn.misses == 0:
            turn.misses += 1
            return
        turn.reading, turn.looking_since = attempt.reading, self._clock()
        turn.digest = digest_of(payload)

    def _advance(self, turn: Turn, kiosk: str) -> TurnAnswer:
        """Return the answer of a turn, if it has one by now; the caller holds its lock."""
        if turn.answer is not None:
            return turn.answer
        if turn.reading is None or turn.looking_since is None:
            return TurnAnswer(TurnState.WAITING, again=turn.misses > 0)
        newest = self._attempts.newest_verdict_on(turn.reading)
        now = self._clock()
        waits = self._asks and timedelta(0) <= now - turn.looking_since < LOOK_FOR
        if newest is not None and newest.outcome is Outcome.UNCONFIRMED and waits:
            return TurnAnswer(TurnState.LOOKING)
        visit = self._record(turn, kiosk, newest, now) if newest else None
        turn.answer = self._number(visit, kiosk) if visit else self._slip(turn.reading, kiosk, now)
        turn.answered_at = now
        return turn.answer

    def _record(self, turn: Turn, kiosk: str, newest: Attempt, now: datetime) -> Visit | None:
        """Record the visit of a turn, or find the one that may be shown; None: to the desk."""
        if turn.intent is Intent.PAPERS or not _says_enough(newest, turn.intent):
            return None
        if Note.ALREADY_HERE_TODAY in newest.verdict.notes:
            return self._recorded_here(newest, kiosk, now)
        is_child = turn.intent is Intent.CHILD
        room = self._rooms.read().usual(self._usual_room)
        service = room.services[0] if room.services else None
        confirmation = Confirmation(
            service_code=service.code if service else "",
            service_name=service.name if service else "",
            room=room.name,
            author=SELF_SERVICE,
            presented_as=PresentedAs.GUARDIAN_PHONE if is_child else None,
        )
        try:
            visit, _ = self._desk.confirm(newest.id, confirmation, f"{SELF_SERVICE} {turn.name}")
        except AlreadyHere:
            return self._recorded_here(newest, kiosk, now)
        except (NothingToConfirm, ReasonRequired, KeyClosed, KeyUsedBefore, ReadingUsedBefore):
            return None
        self._last_visits[kiosk] = (visit.id, now)
        return visit

    def _recorded_here(self, newest: Attempt, kiosk: str, now: datetime) -> Visit | None:
        """Return the visit that a card has today, if it was recorded here just now."""
        visit_id, at = self._last_visits.get(kiosk, ("", now))
        card, coverage = newest.verdict.card, newest.verdict.coverage
        if card is None or not timedelta(0) <= now - at < AGAIN_FOR:
            return None
        visit = self._visits.here_today(
            person_number(card, coverage), now, numbers_of(newest.verdict)
        )
        return visit if visit is not None and visit.id == visit_id else None

    def _number(self, visit: Visit, kiosk: str) -> TurnAnswer:
        room = self._rooms.read().find(visit.service.room)
        return TurnAnswer(
            TurnState.NUMBER,
            visit.ticket_label,
            visit.service.room,
            room.place if room else "",
            initials_of(visit.card.holder) if self._shows_initials else "",
            printed=self._print(visit.ticket_id, kiosk),
        )

    def _slip(self, reading: int, kiosk: str, now: datetime) -> TurnAnswer:
        slip = self._tickets.issue_slip(reading, self._kiosks[kiosk].desk, now)
        self.newest_slip = slip.label
        self._notifier.notify()  # the desk lists the patient with the number of the slip
        return TurnAnswer(TurnState.SLIP, slip.label, printed=self._print(slip.id, kiosk))

    def _print(self, ticket: int, kiosk: str) -> bool:
        """Print a ticket, if there is a printer. The patient has the number in any case."""
        try:
            return self._print_at_screen(ticket, kiosk)
        except (LogbookUnavailable, NotRecorded) as exc:
            log.error("a ticket of self-service is not printed: %s", exc)
            return False


def reader_of(kiosk: str) -> str:
    """Return the name of the reader of all scans at a screen for self-service."""
    return f"self-{kiosk}"


def _says_enough(newest: Attempt, intent: Intent) -> bool:
    """Return whether a patient may be recorded although nobody sees or asks them.

    The card is good or not yet known, and gives a whole name; of a newborn the insurer wants the
    time of birth, and a grown-up's card shown for a child was shown by mistake.
    """
    card, coverage = newest.verdict.card, newest.verdict.coverage
    if newest.outcome is Outcome.DESK or card is None:
        return False
    holder = card.holder or (coverage.holder if coverage else None)
    born = card.born or (coverage.born if coverage else None)
    today = clinic_day(newest.at)
    if not holder or Note.NAME_GARBLED in newest.verdict.notes or is_newborn_on(born, today):
        return False
    if Note.OTHER_CARD_DIFFERS in newest.verdict.notes:
        return False
    return intent is not Intent.CHILD or (
        born is not None and age_on(born, today) < CHILD_UNTIL_YEARS
    )
