"""Every page and state that people see: one list, for pictures and accessibility checks.

A page of the program belongs into `tests/page_list.py`: a test fails until it does.  A state of the
desk belongs into DESK: a function that leads a page there.
"""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kiosk.sandbox.people import NOT_A_CARD
from tests.cast import BHYT17, clinic_today
from tests.damaged_views import DAMAGED_SCREENS, damaged
from tests.held_views import HELD_SCREENS, held
from tests.other_desk_views import OTHER_DESK_SCREENS, cut_off
from tests.page_list import PAGES
from tests.process import DEADLINE_S, Server, card, serving, until
from tests.self_views import SELF_SCREENS, WELCOME
from tests.setup_views import SETUP_STATES
from tests.wedge import wedge

VERDICT = ".pass[data-ready]"
LONG_NAME = "Nguyễn Hoàng Phương Thảo Quỳnh Trường Thượng Đặng Ngọc Ưẫựỹ"


@dataclass(frozen=True)
class View:
    """A page or a state: its name (also of its picture), what it is, and how to get there."""

    name: str
    words: str
    show: Callable[[Stage], None]
    is_desk: bool = False


@dataclass
class Stage:
    """A page in a browser that is to show views of a program, and the ids of what it holds."""

    server: Server
    page: Any
    ids: dict[str, str] = field(default_factory=dict)
    held: list[Any] = field(default_factory=list)  # calls that get no answer

    def open(self, path: str = "/") -> None:
        """Open a page of the program."""
        self.page.goto(urllib.parse.urljoin(self.server.url, path.format(**self.ids)))

    def desk(self) -> None:
        """Open the desk, ready for a scan."""
        self.open()
        self.page.wait_for_selector("#status *", state="attached")
        self.page.wait_for_selector("#verdict .pass")

    def read(self, payload: str) -> None:
        """Open the desk, and read a card there with a keyboard-type reader."""
        self.desk()
        wedge(self.page, payload + "<Enter>")
        self.page.wait_for_selector(VERDICT)

    def type(self, text: str) -> None:
        """Open the desk, and type a text and Enter there."""
        self.desk()
        self.page.fill("#payload", text)
        self.page.press("#payload", "Enter")
        self.page.wait_for_selector(VERDICT)

    def record(self, key: str) -> None:
        """Read a card and record its visit; a second one, if the patient is here already."""
        self.read(card(key))
        if self.page.query_selector(".pass.here"):
            self.page.click("[data-do=again]")
            self.page.select_option("#repeat_reason", index=1)
            self.page.press("#repeat_reason", "Control+Enter")
        else:
            self.page.press("#payload", "Enter")
        self.page.wait_for_selector(".ticket")
        self.page.wait_for_selector(VERDICT)

    def hold(self, pattern: str) -> None:
        """Keep the calls to an address from being answered."""
        self.page.route(pattern, lambda route: self.held.append(route))

    def close(self) -> None:
        """Close the page."""
        for route in self.held:
            route.abort()
        self.page.close()


@contextmanager
def demonstration() -> Iterator[Server]:
    """Run a demonstration that has all pages, with a self-service screen in the hall.

    Beside it run a program that holds its logbook, one whose logbook is damaged, and one whose hub
    does not answer.
    """
    with TemporaryDirectory() as folder:
        config = Path(folder) / "kiosk.toml"
        config.write_text(
            '[display]\nhelp = "yes"\n[[self_service]]\nname = "hall"\nhelp = "yes"\n', "utf-8"
        )
        with (
            serving("--demo", "--config", str(config)) as server,
            held() as address,
            damaged() as others,
            cut_off() as alone,
        ):
            server.others |= {"held": address, "cut_off": alone} | others
            yield server


def seed(server: Server) -> dict[str, str]:
    """Fill the logbook of a demonstration; return the ids that the paths of PAGES name.

    Everybody and everything is invented.
    """
    today = clinic_today()
    page = urllib.request.urlopen(server.url, timeout=DEADLINE_S).read().decode()
    insurer = re.findall(r'href="(http://127[^"]+)"', page)[0]
    ids = server.others | {"insurer": insurer, "month": f"{today:%Y-%m}"}
    ids["visit"] = server.confirm(card("giang"), "seed-visit")["id"]
    ids["cancelled"] = server.confirm(card("khoi"), "seed-cancelled")["id"]
    ids["unknown"] = _without_card(
        server,
        "seed-unknown",
        arrival="emergency",
        unknown={"estimated_age": "40", "description": "nam, áo xanh"},
    )
    newborn = {"holder": "Con Bà Mẫu", "born": f"{today:%d/%m/%Y}", "sex": "female"}
    ids["newborn"] = _without_card(
        server, "seed-newborn", arrival="newborn", papers="birth_record", **newborn
    )
    ids["uninsured"] = _without_card(
        server, "seed-uninsured", arrival="uninsured", holder="Trần Văn Mẫu", born="01/02/1980"
    )
    attempt = server.post("/api/scans", {"payload": card("oanh")})["attempt"]
    ids["reading"] = str(attempt)
    suspicion = f"/logbook/suspicions/new?reading={attempt}"
    ids["suspicion"] = _post(server.url + suspicion, ground="forged").rpartition("/")[2]
    before = f"{today - timedelta(days=1):%d/%m/%Y}"
    begun = {"source": "line", "begins_day": before, "begins_time": "07:30"}
    reported = {"reported_to": "BHXH khu vực", "reported_day": before, "reported_time": "07:45"}
    _post(server.url + "/logbook/outages", **begun, **reported, reported_by="điện thoại")
    ids["outage"] = "1"
    _post(server.url + "/paper", count="1")
    _post(server.url + "/privacy/requests", kind="see", about="bà Mẫu", way="tại quầy")
    _post(server.url + "/privacy/breaches", what="tờ in bỏ quên", is_severe="yes")
    until(lambda: not _waits(server, "queued") and not _waits(server, "in_flight"))
    _post(insurer + "/fault", fault="unknown_code")
    server.confirm(card("dung"), "seed-refused")
    until(lambda: _waits(server, "refused") or _waits(server, "parked"))
    _post(insurer + "/fault", fault="none")
    _post(server.url + f"/logbook/visits/{ids['cancelled']}/cancel", why="thử", version="1")
    return ids


def _without_card(server: Server, key: str, **fields: object) -> str:
    attempt = server.post("/api/scans", {"no_card": True, "reader": "seed"})["attempt"]
    visit = server.post("/api/visits", {"attempt": attempt, **fields}, **{"Idempotency-Key": key})
    return str(visit["id"])


def _post(url: str, **fields: str) -> str:
    """Send a form; return the address that the answer led to, without its query."""
    data = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(url, data, timeout=DEADLINE_S) as answer:
        return str(answer.url).partition("?")[0]


def _waits(server: Server, state: str) -> int:
    """Return how many messages to the insurer are in a state."""
    return int(server.get("/healthz")["outbox"][state])


def _opens(path: str) -> Callable[[Stage], None]:
    return lambda stage: stage.open(path)


def _reads(key: str) -> Callable[[Stage], None]:
    return lambda stage: stage.read(card(key))


def _types(text: str) -> Callable[[Stage], None]:
    return lambda stage: stage.type(text)


def _reading(stage: Stage) -> None:
    stage.desk()
    stage.hold("**/api/scans")
    wedge(stage.page, card("an") + "<Enter>")
    stage.page.wait_for_selector(".pass.calm .wheel")


def _silent(stage: Stage) -> None:
    stage.desk()
    stage.page.route("**/api/scans", lambda route: route.abort())
    wedge(stage.page, card("an") + "<Enter>")
    stage.page.wait_for_selector(".pass.fault")


def _checking(stage: Stage) -> None:
    stage.read(card("an"))
    stage.page.route("**/api/visits*", lambda route: route.abort())
    stage.page.route("**/api/visits/outcome", lambda route: route.abort())
    stage.page.press("#payload", "Enter")
    stage.page.wait_for_selector(".pass:not([data-reading])")


def _away(stage: Stage) -> None:
    stage.desk()
    stage.page.route("**/ping", lambda route: route.abort())
    stage.page.wait_for_selector("#silent:not([hidden])")


def _typing(stage: Stage) -> None:
    stage.desk()
    stage.page.fill("#payload", "99999")


def _long_name(stage: Stage) -> None:
    fields = BHYT17.split("|")
    fields[1] = LONG_NAME.encode().hex()
    stage.read("|".join(fields))


def _no_card(stage: Stage) -> None:
    stage.desk()
    stage.page.click("#no-card")
    stage.page.wait_for_selector(VERDICT)


def _recorded(stage: Stage) -> None:
    stage.record("binh")


def _here(stage: Stage) -> None:
    stage.read(card("giang"))
    if not stage.page.query_selector(".pass.here"):  # since the seed, a day has begun
        stage.record("giang")
        stage.read(card("giang"))
    stage.page.wait_for_selector(".pass.here")


def _pressed(before: Callable[[Stage], None], selector: str) -> Callable[[Stage], None]:
    def show(stage: Stage) -> None:
        before(stage)
        stage.page.click(selector)

    return show


def _no_reason(stage: Stage) -> None:
    _pressed(_reads("chi"), "[data-key=n]")(stage)
    stage.page.press("#clerk_reason", "Control+Enter")
    stage.page.wait_for_selector(".message:not(:empty)")


def _unfinished(stage: Stage) -> None:
    for key in ("quynh", "ha", "oanh"):
        stage.read(card(key))
    stage.desk()
    stage.page.wait_for_selector("#unfinished li:not([hidden])")
    stage.page.press("body", "F8")


def _camera(stage: Stage) -> None:
    stage.desk()
    stage.page.evaluate("document.getElementById('camera').hidden = false")


def _closed(stage: Stage) -> None:
    stage.desk()
    stage.page.evaluate(
        """() => {
          const notice = document.getElementById('closed');
          notice.hidden = false;
          document.getElementById('closed-why').textContent = notice.dataset.another_tab;
          document.getElementById('status').hidden = true;
        }"""
    )


def _at_desk(name: str, words: str, show: Callable[[Stage], None]) -> View:
    return View(f"desk-{name}", words, show, is_desk=True)


DESK = (
    _at_desk("ready", "ready for a scan", Stage.desk),
    _at_desk("typing", "a number is being typed", _typing),
    _at_desk("reading", "a scan is on its way", _reading),
    _at_desk("silent", "the program does not answer a scan", _silent),
    _at_desk("away", "the program has stopped answering", _away),
    _at_desk("checking", "the answer to a recording was lost", _checking),
    _at_desk("admitted", "admitted", _reads("an")),
    _at_desk("vouched", "admitted by the issuer's signature", _reads("quynh")),
    _at_desk("long-name", "a name of 59 letters", _long_name),
    _at_desk("unconfirmed", "unconfirmed", _reads("nam")),
    _at_desk("history", "many visits elsewhere", _reads("son")),
    _at_desk("ended", "no cover today", _reads("chi")),
    _at_desk("withdrawn", "the card was withdrawn", _reads("ha")),
    _at_desk("name-differs", "the insurer has another name", _reads("mai")),
    _at_desk("kept-elsewhere", "an army card", _reads("long")),
    _at_desk("forged", "the signature does not hold", _reads("oanh")),
    _at_desk("revoked", "the key was withdrawn", _reads("phuc")),
    _at_desk("not-a-card", "a payment code", _types(NOT_A_CARD)),
    _at_desk("number-wrong", "a number with too few digits", _types("99999000")),
    _at_desk("no-name", "a number without a name", _types("9999900099")),
    _at_desk("no-card", "no card today", _no_card),
    _at_desk("details", "more details of the visit", _pressed(_reads("an"), "[data-key=f9]")),
    _at_desk("reason", "the reason for admitting anyway", _pressed(_reads("chi"), "[data-key=n]")),
    _at_desk("no-reason", "the reason is missing", _no_reason),
    _at_desk("expecting", "another card is expected", _pressed(_reads("chi"), "[data-primary]")),
    _at_desk("recorded", "recorded: the number", _recorded),
    _at_desk("here", "already here today", _here),
    _at_desk("here-number", "their number again", _pressed(_here, "[data-primary]")),
    _at_desk("here-again", "a second visit", _pressed(_here, "[data-do=again]")),
    _at_desk("unfinished", "patients who are not recorded", _unfinished),
    _at_desk("camera", "the camera", _camera),
    _at_desk("people", "the demonstration's people", _pressed(Stage.desk, "#people-button")),
    _at_desk("closed", "the page was closed for another one", _closed),
)


def _wrong_correction(stage: Stage) -> None:
    stage.open("/logbook/visits/{visit}")
    stage.page.fill("#born", "99/99/1980")
    stage.page.fill("#why", "thử")
    stage.page.press("#why", "Enter")
    stage.page.wait_for_selector(".fault")


def _two_corrections(stage: Stage) -> None:
    address = stage.server.url + "/logbook/visits/{visit}".format(**stage.ids)
    stage.open("/logbook/visits/{visit}")
    version = stage.page.input_value("#correct-form [name=version]")
    theirs = {
        "phone": f"0999{version:>06}",
        "holder": "Nguyễn Văn Ân",
        "why": "thử",
        "version": version,
    }
    _post(address + "/correct", **theirs)
    stage.page.fill("#phone", "0911000222")
    stage.page.fill("#why", "số mới")
    stage.page.click("#correct-form button.primary")
    stage.page.wait_for_selector(".both")
    stage.page.evaluate("document.querySelector('.both').scrollIntoView({block: 'center'})")


def _drill(stage: Stage) -> None:
    stage.open("/demo/drill")
    stage.page.click("main button")
    stage.page.wait_for_selector("main table")


def _nothing_found(stage: Stage) -> None:
    stage.open("/logbook")
    stage.page.fill("#q", "nguyen khong ai")
    stage.page.wait_for_selector(".nothing-found li")


def _found_typing(stage: Stage) -> None:
    stage.open("/logbook")
    stage.page.fill("#q", "kh")
    stage.page.wait_for_selector("table:not(:has(tr + tr)) a.open")
    stage.page.click(".filters summary")


def _lost_readings(stage: Stage) -> None:
    stage.open("/logbook?what=readings")


def _wrong_day(stage: Stage) -> None:
    stage.open("/logbook?from=99/99/2026")


def _opened_exam(stage: Stage) -> None:
    stage.open("/logbook/visits/{visit}/person")
    stage.page.click("details.exam summary")
    stage.page.wait_for_selector(".exam-body .facts")


def _asked_history(stage: Stage) -> None:
    stage.open("/logbook/visits/{visit}/person")
    stage.page.click(".insurer-side button")
    stage.page.wait_for_selector(".insurer-side [role=status]")


def _differing_join(stage: Stage) -> None:
    stage.open("/logbook/visits/{visit}/person")
    stage.page.click("#join-heading ~ details summary")
    stage.page.fill("#other", stage.ids["cancelled"])
    stage.page.fill("#join-why", "hai thẻ")
    stage.page.press("#join-why", "Enter")
    stage.page.wait_for_selector("table.differences")


def _entitled(stage: Stage) -> None:
    stage.open("/entitlement")
    stage.page.click("main button.primary")
    stage.page.wait_for_load_state()


MORE = (
    View("visit-wrong", "a correction that cannot be read", _wrong_correction),
    View("visit-both", "a field that two persons changed", _two_corrections),
    View("drill-played", "the outage drill, played", _drill),
    View("entitlement-answer", "the answer of the trial", _entitled),
    View("found", "a search that finds a visit", _found_typing),
    View("found-nothing", "a search that finds nothing", _nothing_found),
    View("found-readings", "cards that were read without a visit", _lost_readings),
    View("found-wrong-day", "a filter that cannot be read", _wrong_day),
    View("person-exam", "a visit, opened on its person's page", _opened_exam),
    View("person-history", "the insurer's history beside ours", _asked_history),
    View("person-join", "two records that differ, to be joined", _differing_join),
    View("insurer", "the pretend insurer", _opens("{insurer}")),
)

OPENED = {"self": WELCOME}  # pages that an address alone does not open

VIEWS = (
    *DESK,
    *(
        View(name, words, OPENED.get(name) or _opens(path))
        for pages in PAGES.values()
        for name, words, path in pages
    ),
    *(View(*each) for each in (*SELF_SCREENS, *HELD_SCREENS, *DAMAGED_SCREENS, *SETUP_STATES)),
    *(View(*each) for each in OTHER_DESK_SCREENS),
    *MORE,
)
