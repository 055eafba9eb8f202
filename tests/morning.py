"""A simulated morning on three desks, with faults: nobody is recorded wrongly, lost or twice.

    python -m tests.morning SEED PATIENTS

Three clerks sit at three desks of one program, each with a serial reader (a pty) and a page in the
browser.  Each does what people do: scans, looks at the name, presses Enter, reads the number to the
patient, and scans again if nothing came.  Meanwhile the program is killed and started again, or
hangs; the printer runs out of paper, hangs or breaks off; desks lose their network; clerks scan
twice, press Enter many times, reload the page, and two desks get the same patient.  Prints a JSON
line, and then what is wrong, and exits with 1 then.

What a clerk read on the screen is compared with the logbook, with what the insurer received, and
with the codes on the tickets that came out of the printer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import random
import signal
import socket
import sys
import tempfile
import time
import tty
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import zxingcpp
from playwright.async_api import Error, Page, async_playwright

from kiosk.data import AnswersCache
from kiosk.logbook import Attempts, Database, Unfinished, Visits
from tests.browser import ARGUMENTS, CHROMIUM
from tests.cast import make_coverage, running_insurer
from tests.kiosk.printing import GOOD, PAPER_OUT, PretendPrinter, pictures_in, pretend_printer
from tests.process import Server, site, started

DESKS = ("A", "B", "C")
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Đặng")
GIVEN = ("Ánh", "Bảo", "Chi", "Dương", "Hạnh", "Khuê", "Lộc", "Mẫn", "Nhung", "Quý")
PATIENCE = 9  # tries before a clerk loads the page again
TRIES = 20
STUCK_AFTER_S = 15  # for each patient, on average: a run that takes longer has got stuck


@dataclass
class Patient:
    """A patient, and what the clerk at the desk was shown."""

    number: int
    holder: str
    told: list[str] = field(default_factory=list)  # the numbers read from the screen
    presses: int = 0  # of Enter, while this patient's name stood on the screen

    @property
    def card(self) -> str:
        """The insurance number."""
        return f"99999{self.number:05d}"

    @property
    def payload(self) -> str:
        """The code on the card."""
        name = self.holder.encode().hex()
        return (
            f"{self.card}|{name}|01/02/1980|1|-|01 - 999|01/01/2024|-|05/01/2024|0101{self.card}|-"
            "|4| 01/01/2029|123456789abcdef0-1202|4|-|$"
        )


class Morning:
    """One morning: the program, three desks and the faults."""

    def __init__(
        self, seed: int, count: int, folder: Path, url: str, printer: PretendPrinter
    ) -> None:
        self.chance = random.Random(seed)
        self.folder, self.printer = folder, printer
        self.patients = [self._patient(number) for number in range(count)]
        self.readers = [pty.openpty() for _ in DESKS]
        for device, port in self.readers:
            tty.setraw(device)
            tty.setraw(port)
        self.port = _free_port()
        self.options = self._site(url)
        self.server = self._start()
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def _patient(self, number: int) -> Patient:
        chance = self.chance
        return Patient(number, f"{chance.choice(FAMILY)} {chance.choice(GIVEN)} {_letters(number)}")

    def _site(self, url: str) -> list[str]:
        readers = "".join(
            f'[[desks]]\nname = "{desk}"\nask = "never"\n'
            f'[[readers]]\nname = "r{desk}"\nkind = "serial"\ndesk = "{desk}"\n'
            f"port = '{os.ttyname(port)}'\n"
            for desk, (_, port) in zip(DESKS, self.readers, strict=True)
        )
        port = f"127.0.0.1:{self.printer.port}"
        readers += f'[[printers]]\nname = "front"\nkind = "network"\nport = "{port}"\n'
        options = site(self.folder, url, readers, timeout_s=2)
        data = self.folder / "data"
        data.mkdir()
        cache = AnswersCache(data / "coverage.db")
        now = datetime.now(UTC)
        for patient in self.patients[::2]:  # the others go in unconfirmed
            coverage = make_coverage(
                patient.card,
                as_of=now,
                valid_until=date(now.year + 1, 12, 31),
                holder=patient.holder,
            )
            cache.remember(coverage, now)
        return options

    def _start(self) -> Server:
        return started("--port", str(self.port), *self.options)

    async def play(self) -> None:
        """Play the morning, and then let the program send what is left."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            waiting = list(self.patients)
            over = asyncio.Event()
            faults = asyncio.create_task(self._break_things(over))
            await asyncio.gather(*(self._desk(browser, place, waiting) for place in range(3)))
            over.set()
            await faults
            await browser.close()

    async def _break_things(self, over: asyncio.Event) -> None:
        """Kill the program, or make it hang, again and again, until the morning is over."""
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self.chance.uniform(4, 9))
                return
            await self._break_printer()
            if self.chance.random() < 0.5:
                self.counts["killed"] += 1
                self.server.kill()
                await asyncio.sleep(self.chance.uniform(0.1, 2))
                self.server = await asyncio.to_thread(self._start)
            else:
                self.counts["hung"] += 1
                self.server.process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(self.chance.uniform(0.5, 4))
                self.server.process.send_signal(signal.SIGCONT)

    async def _break_printer(self) -> None:
        """Let the printer run out of paper, hang or break off for a moment, or none of these."""
        fault = self.chance.choice(("paper", "hangs", "breaks off", "", ""))
        if fault:
            self.counts[f"printer {fault}"] += 1
        printer = self.printer
        printer.paper = PAPER_OUT if fault == "paper" else GOOD
        printer.reads = fault != "hangs"
        printer.closes_after = len(printer.received) + 9_000 if fault == "breaks off" else None
        await asyncio.sleep(2 if fault else 0)
        printer.paper, printer.reads, printer.closes_after = GOOD, True, None

    async def _desk(self, browser: Any, place: int, waiting: list[Patient]) -> None:
        context = await browser.new_context(locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh")
        context.set_default_timeout(15_000)
        page = await context.new_page()
        await self._open(page, place)
        clerk = Clerk(self, page, place)
        while waiting:
            patient = waiting.pop(0)
            if self.chance.random() < 0.05:
                waiting.append(patient)  # who comes to another desk, too
            await clerk.serve(patient)
        await context.close()

    async def _open(self, page: Page, place: int) -> None:
        for _ in range(TRIES):
            try:
                await page.goto(f"http://127.0.0.1:{self.port}/")
                await page.click(f'.desks button[value="{DESKS[place]}"]')
                await page.wait_for_selector(f'.desks button[value="{DESKS[place]}"][aria-current]')
                await page.wait_for_selector("#status *")
            except Error:
                await asyncio.sleep(0.5)
            else:
                return
        self.wrong.append(f"desk {DESKS[place]} never opened")

    def scan(self, place: int, payload: str) -> None:
        """Let the reader of a desk read a card."""
        os.write(self.readers[place][0], payload.encode() + b"\r")


class Clerk:
    """What a clerk does at one desk."""

    def __init__(self, morning: Morning, page: Page, place: int) -> None:
        self.morning, self.page, self.place = morning, page, place
        self.chance = morning.chance

    async def serve(self, patient: Patient) -> None:
        """Serve one patient until there is a number to tell.

        A clerk who gets nowhere loads the page again, once; what it showed before is told.
        """
        for tried in range(TRIES):
            try:
                if await self._try(patient):
                    return
                if tried == PATIENCE:
                    self.morning.counts["loaded again by a clerk"] += 1
                    print(f"patient {patient.number}, before: {await self._words()}", flush=True)
                    await self.morning._open(self.page, self.place)
            except Error:
                self.morning.counts["page failed"] += 1
                await self.morning._open(self.page, self.place)
        self.morning.wrong.append(
            f"patient {patient.number} got no number; the page says: {await self._words()}"
        )

    async def _words(self) -> str:
        """Return all words that the page shows now, on one line, and what it waits for."""
        words = []
        try:
            words += (await self.page.inner_text("body")).split()
            words.append(
                await self.page.evaluate(
                    "() => import('/static/desk/screen.js')"
                    ".then(({screen}) => JSON.stringify(screen))"
                )
            )
        except Error as exc:
            words.append(str(exc).splitlines()[0])
        return " ".join(words)

    async def _try(self, patient: Patient) -> bool:
        """Scan the patient's card, and record the visit; return whether there is a number."""
        self.morning.scan(self.place, patient.payload)
        whim = self.chance.random()
        if whim < 0.08:
            self.morning.counts["scanned twice"] += 1
            self.morning.scan(self.place, patient.payload)
        elif whim < 0.14:
            self.morning.counts["reloaded"] += 1
            await self.page.reload()
        elif whim < 0.2:
            self.morning.counts["network lost"] += 1
            await self._lose_network()
        pass_ = self.page.locator(".pass[data-ready]", has_text=patient.holder)
        try:
            await pass_.wait_for(timeout=5_000)
        except Error:
            await self._wait_for_the_program()
            return False
        await self._press(patient, whim)
        try:
            await self.page.locator(".pass:has(.ticket-number)", has_text=patient.holder).wait_for(
                timeout=8_000
            )
        except Error:
            self.morning.counts["no number at first"] += 1
            await self._wait_for_the_program()
            return False
        patient.told.append(await self.page.inner_text(".ticket-number"))
        return True

    async def _press(self, patient: Patient, whim: float) -> None:
        """Press Enter, as clerks do: once, many times, or while another card is being read."""
        name = await self.page.evaluate(
            "() => document.querySelector('.pass[data-ready] h1')?.textContent ?? ''"
        )
        if patient.holder not in name:
            return  # it changed at this moment: look again
        patient.presses += 1
        times = 6 if whim > 0.9 else 1
        if 0.8 < whim < 0.88:
            self.morning.counts["another card before Enter"] += 1
            self.morning.scan(self.place, self.chance.choice(self.morning.patients).payload)
            await asyncio.sleep(self.chance.choice((0, 0.02, 0.1)))
        for _ in range(times):
            await self.page.keyboard.press("Enter")

    async def _lose_network(self) -> None:
        await self.page.context.set_offline(True)
        await asyncio.sleep(self.chance.uniform(0.3, 3))
        await self.page.context.set_offline(False)

    async def _wait_for_the_program(self) -> None:
        """Wait until the page no longer says that the program is away, or asks what happened."""
        for _ in range(100):
            with contextlib.suppress(Error):
                if await self.page.evaluate(
                    "() => document.querySelector('#silent')?.hidden !== false"
                    " && !document.querySelector('.pass.fault')"
                ):
                    return
            await asyncio.sleep(0.2)


def compare(morning: Morning, received: dict[str, int]) -> list[str]:
    """Return what differs between what clerks were told, the logbook and the insurer.

    `received` has the visits that the insurer received, and how often each was accepted as new.
    """
    database = Database(morning.folder / "data" / "logbook.db")
    visits = Visits(database, lambda _id, _visit: None).list_from(limit=10_000)
    now = datetime.now(UTC)
    listed = Unfinished(database, Attempts(database)).list_of(now, frozenset())
    wrong = list(morning.wrong)
    of_card = {patient.card: patient for patient in morning.patients}
    by_card: dict[str, list[Any]] = {}
    for visit in visits:
        by_card.setdefault(visit.person, []).append(visit)
        patient = of_card.get(visit.person)
        if patient is None or visit.card.holder != patient.holder:
            wrong.append(f"visit {visit.id} is of nobody who came")
        elif not patient.presses:
            wrong.append(
                f"patient {patient.number} was recorded, and nobody pressed Enter for them"
            )
    numbers = Counter((visit.service.room, visit.ticket_label) for visit in visits)
    wrong += [f"number {label} was given twice" for (_, label), n in numbers.items() if n > 1]
    for patient in morning.patients:
        found = by_card.get(patient.card, [])
        if len(found) != 1:
            wrong.append(f"patient {patient.number} has {len(found)} visits")
        for visit in found:
            if set(patient.told) != {visit.ticket_label}:
                wrong.append(f"patient {patient.number} was told {patient.told}")
    if listed:  # every patient has a visit by now
        wrong.append(f"{len(listed)} patients are listed as not recorded")
    tickets = database.rows("select count(*) from ticket")[0][0]
    printed = Counter(_codes_on(morning.printer))
    wrong += [f"ticket {code} was printed {n} times" for code, n in printed.items() if n > 1]
    if len(printed) > tickets:
        wrong.append(f"{len(printed)} tickets came out for {tickets} numbers")
    morning.counts["printed"] = len(printed)
    ids = {visit.id for visit in visits}
    wrong += [f"the insurer lacks visit {visit}" for visit in ids - received.keys()]
    wrong += [f"the insurer has a visit {visit} that we lack" for visit in received.keys() - ids]
    database.close()
    return wrong


def _codes_on(printer: PretendPrinter) -> list[str]:
    """Return the codes on the tickets that were cut off whole; one that broke off has none."""
    found = []
    for picture in pictures_in(printer.received):
        codes = zxingcpp.read_barcodes(np.asarray(picture.convert("L")))
        found += [code.text for code in codes]
    return found


def _letters(number: int) -> str:
    """Return a name that only this patient has."""
    return "".join("BCDGHKLMNT"[int(digit)] for digit in f"{number:03d}").capitalize()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Play one morning; return the exit code."""
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as name,
        running_insurer(lambda: datetime.now(UTC)) as (insurer, url),
        pretend_printer() as printer,
    ):
        morning = Morning(seed, count, Path(name), url, printer)
        try:
            asyncio.run(asyncio.wait_for(morning.play(), 300 + STUCK_AFTER_S * count))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and len(insurer.ledger.visits()) < count:
                time.sleep(0.2)
        finally:
            morning.server.close()
        received = {visit.fields["MA_LK"]: visit.times for visit in insurer.ledger.visits()}
        wrong = compare(morning, received)
    result = {"seed": seed, "patients": count, "wrong": len(wrong)} | dict(morning.counts)
    print(json.dumps(result | {"minutes": round((time.monotonic() - began) / 60, 1)}))
    for fault in wrong[:40]:
        print(fault)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
