"""Build all parts of a kiosk and join them, with what sends to the insurer and the threads."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kiosk.alerts import Alerts
from kiosk.assembly.checkup import doctor_sources, observations_of
from kiosk.assembly.hub import lane_down_of, open_hub
from kiosk.assembly.parts import Parts
from kiosk.assembly.shared_numbers import open_numbers
from kiosk.backup import LogbookGuard
from kiosk.desk import Lookup, ScanQueue
from kiosk.doctor import Doctor, DoctorWatch, Observations
from kiosk.insurer import Delivery, Gateway
from kiosk.logbook import SYSTEM, NumberSource, Prefix, Ticket, room_key
from kiosk.runtime.service import Service
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.settings import Settings
from kiosk.staff import without_badges
from kiosk.sync import NightlyJob
from kiosk.webhooks import WebhookDelivery, open_receiver


class Kiosk(Parts):
    """The parts of one kiosk, on one data directory.

    `folder` is the data directory, `demo` says whether it is a demonstration, and `now` returns
    the time (aware). `steady` measures how wrong that was when a visit was recorded; without it,
    that is estimated. `rooms_file` is the file of the rooms; without it, it lies in the data
    directory. `guard` has looked at the logbook: if something is wrong with it, nothing is recorded
    until a person decides; without it, the file is opened as it is. `numbers` gives the numbers of
    the rooms if several desks share them. Nothing runs before `start`.

    Raises SettingsError if a setting cannot be used, and the errors of the logbook and the cache
    if their files cannot be opened.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        demo: bool,
        now: Callable[[], datetime],
        steady: SteadyClock | None = None,
        rooms_file: Path | None = None,
        guard: LogbookGuard | None = None,
        numbers: NumberSource | None = None,
    ) -> None:
        self.house_numbers = open_numbers(
            settings, now, lambda: self.hub, lambda day: self.tickets.given_on(day)
        )
        shared = numbers or self.house_numbers
        super().__init__(settings, folder, demo, now, steady, rooms_file, guard, shared)
        self.desk.expect_number = self.expect_number
        self.delivery: Delivery | None = None
        self.nightly: NightlyJob | None = None
        self.dead_threads: Callable[[], list[str]] = list  # none before `start`
        self.hub = open_hub(self)
        if self.gateway is not None:
            may_send = self.hub.may_send if self.hub else _always
            self.delivery = _delivery(self, self.gateway, may_send)
            self.nightly = _nightly_job(self, self.gateway, self.delivery)
        self.webhooks = [
            WebhookDelivery(
                self.webhook_messages,
                open_receiver(target, proxies=settings.network.proxies()),
                now,
                self.clock_check.right_now,
                self.notifier.notify,
            )
            for target in settings.webhooks
        ]
        self.alerts = Alerts(
            settings.alerts, settings.facility, folder, now, settings.network.proxies()
        )
        self.doctor = Doctor(settings, folder, guard, doctor_sources(self), now)
        self.doctor_watch = DoctorWatch(self.doctor, self._observe, now)
        self.doctor_watch.then = self.alerts.note

    def _observe(self) -> Observations:
        """Return what the doctor cannot see from outside the running program."""
        before = self.doctor.memory.observations()
        url = self.doctor_watch.url
        return observations_of(self, self.alerts, url, before, self.clock())

    def expect_number(self, place: str, room: str = "", wait_s: float = 0.0) -> None:
        """Fetch a queue number if several desks share them; `room` empty: of the usual room.

        `place` is where the patient stands.  Waits `wait_s` at most (`NumberSource.expect`).
        """
        if self.numbers is not None:
            name = room or self.rooms.read().usual(self.settings.visit.room).name
            self.numbers.expect(name, place, wait_s)

    def also_given_by(self, ticket: Ticket) -> int | None:
        """Return which other desk gave the number of a ticket too; None: none is known."""
        if self.numbers is None or ticket.prefix != Prefix.ROOM:
            return None
        return self.numbers.also_given_by(ticket.day, room_key(ticket.room), ticket.number)

    def start(self, service: Service) -> None:
        """Start the threads of data, feed, readers and look-up, and those that record.

        Those that record do not start while the logbook is held.
        """
        self.dead_threads = service.dead_threads
        service.add("data", self.data.run)
        service.add("doctor", self.doctor_watch.run)
        if self.settings.alerts.ways:
            service.add("alerts", self.alerts.run)
        if self.feed_schedule is not None:
            service.add("feed", self.feed_schedule.run)
        if self.guard is None or not self.guard.holds:
            self._start_recording(service)
        self._start_readers(service)
        if self.gateway is not None:
            lookup = self._lookup(self.gateway)
            self.desk.ask = lookup.ask
            service.add("lookup", lookup.run)

    def _start_recording(self, service: Service) -> None:
        """Start what writes into the logbook: the watch, printers, webhooks, outbox, the marker."""
        service.add("watch", self.outage_watch.run)
        self.printing.recover()
        self.consents.erase_ended(self.clock())
        for spool in self.printing.spools:
            service.add(f"printer {spool.name}", spool.run)
        self.follow_webhooks()
        for webhook in self.webhooks:
            service.add(f"webhook {webhook.name}", webhook.run)
        if self.hub is not None:
            lanes = [("hub down", lane_down_of(self, self.hub).run)]
            if self.house_numbers is not None:
                lanes.append(("hub numbers", self.house_numbers.run))
            self.hub.start(service, *lanes)
        if self.delivery is not None:
            service.add("outbox", self.delivery.run)
        if self.guard is not None:
            settle = self.database.empty_write_ahead_log
            service.add("marker", functools.partial(self.guard.run, settle=settle))
            if self.guard.state.was_cut_off:
                service.add("pages", self.guard.look_for_damage, once=True)

    def follow_webhooks(self) -> None:
        """Queue what happens to visits, from now on, for the programs that the settings name.

        Raises NotRecorded or LogbookUnavailable if the logbook cannot be written or read.
        """
        targets = self.settings.webhooks
        self.webhook_messages.configure({target.name: target.kinds for target in targets})

    def _start_readers(self, service: Service) -> None:
        """Start the desk, and the readers whose readings it takes."""
        queue = ScanQueue()
        at_desk = self.line_scans.before(self.page_scans.before(self.desk.receive))
        receive = self.test_card.before(
            without_badges(self.self_service.before(at_desk), self._show_badge)
        )
        service.add("desk", functools.partial(queue.run, receive))
        for reader in self.readers:
            deliver = functools.partial(queue.put, stop=service.stop)
            service.add(f"reader {reader.name}", functools.partial(reader.run, deliver))

    def _show_badge(self, reader: str, badge: str) -> None:
        """Hand a badge to the sign-in at the desk of a wired reader."""
        self.staff.shown_badges.show(self.settings.desk_of(reader), badge)

    def _lookup(self, gateway: Gateway) -> Lookup:
        """Return what asks the insurer about the cards that are scanned."""
        return Lookup(
            self.query_policy,
            gateway.check_card,
            gateway.history if self.settings.insurer.ask_history == "yes" else None,
            self.remember,
            self.desk.refine,
            self.clock,
            self.question_log,
            self._author_at,
            self.visits.is_secret,
        )

    def _author_at(self, reader: str) -> str:
        """Return who scans at a reader, for the logbook."""
        person = self.staff.askers.at(reader, self.settings.desk_of(reader))
        return person or self.self_service.author_at(reader)


def _always() -> bool:
    return True


def _delivery(parts: Parts, gateway: Gateway, may_send: Callable[[], bool]) -> Delivery:
    """Return what sends the events of the outbox to the gateway, while it may."""
    settings = parts.settings.insurer
    return Delivery(
        parts.outbox,
        gateway,
        parts.clock,
        settings.ask_timeout_s + settings.send_timeout_s,
        parts.notifier.notify,
        settings.visits_per_sending,
        parts.clock_check,
        signer=parts.signer,
        sent_files=parts.sent_files,
        overdue_before=parts.deadlines.overdue_before,
        files_at_once=settings.files_at_once,
        may_send=may_send,
    )


def _nightly_job(parts: Parts, gateway: Gateway, delivery: Delivery) -> NightlyJob:
    """Return the job that settles, once a night, what the day has left open."""
    return NightlyJob(
        parts.nightly_runs,
        parts.visits,
        parts.attempts,
        parts.outbox,
        delivery,
        parts.query_policy,
        gateway.look_up,
        parts.remember,
        lambda: parts.data.current().knowledge,
        parts.clock,
        parts.question_log,
        parts.visit_lookup,
        signature=parts.signature_state,
        unproven_rows=parts.sent_files.unproven_rows,
        communes_to_inform=parts.communes_to_inform,
        unfinished_sheets=lambda: [sheet.id for sheet in parts.paper_sheets.unfinished()],
        count_overdue=parts.reporting.count_overdue,
        count_suggested_outages=parts.outages.count_suggested,
        erase_ended_consents=parts.consents.erase_ended,
        purge=lambda now: parts.privacy.purge.run(now, SYSTEM),
        prove=parts.proofs.nightly,
    )
