"""Write the data directories of commit cdaf68c that the tests open, and what is to be in them.

This runs with the code of that commit, not with the code beside it:

    git worktree add ../cdaf68c cdaf68c
    cd ../cdaf68c
    python ../tiepdon/tests/data/write_data_directory_cdaf68c.py ../tiepdon/tests/data

It writes data_directory_cdaf68c.zip and data_directory_cdaf68c.json into the folder that is named.
All people are invented. Every moment is fixed; visit ids, salts and keys are new in each run, so
the two files belong together and are always written together.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import types
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, os.getcwd())  # the older checkout

import base45
import cbor2
import tuf.ngclient._internal.trusted_metadata_set as tuf_clock

from kiosk import Parts, create_app
from kiosk.assembly import Kiosk
from kiosk.desk import Lookup
from kiosk.nightly import write_report
from kiosk.places import place
from kiosk.publisher import Material, init_feed, publish
from kiosk.sandbox import NOT_A_CARD, CardIssuer, Fault, Habit, SandboxInsurer, payload_of, person
from kiosk.sandbox.issuer import days
from kiosk.settings import load_settings
from kiosk.webserver import WebServer
from verify import Birth, Card

UTC = dt.UTC
COMMIT = "cdaf68c"
CHECKOUT = Path.cwd()
NAME = f"data_directory_{COMMIT}"
FIRST_MORNING = dt.datetime(2026, 11, 23, 1, tzinfo=UTC)  # eight o'clock at the clinic
SECOND_MORNING = dt.datetime(2026, 11, 24, 1, tzinfo=UTC)
JUDGED_FROM = dt.datetime(2026, 11, 24, 16, 5, tzinfo=UTC)  # the verdicts that are expected
HEADING = "number,citizen_number,holder,born,standing,valid_from,valid_until,living_area"
ISSUER = CardIssuer("Tiếp Đón, the issuer of the older data directory's cards")
WITHDRAWN = CardIssuer("Tiếp Đón, its key that was withdrawn", state="withdrawn")
NOBODY_KNOWN = CardIssuer("Tiếp Đón, an issuer that no list names")


class Clock:
    """A clock that moves only when it is moved."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def __call__(self) -> dt.datetime:
        return self.moment

    def pass_(self, **span: float) -> None:
        """Move on by a time span."""
        self.moment += dt.timedelta(**span)


def cli(*words: str) -> tuple[int, list[Any]]:
    """Run the older program; return its exit code and its lines of JSON."""
    program = [sys.executable, str(CHECKOUT / "run_kiosk.py")]
    done = subprocess.run([*program, *words], capture_output=True, check=False)
    if done.returncode == 2:
        raise SystemExit(done.stderr.decode())
    return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()]


# What the feed holds ---------------------------------------------------------------------------


def signed_card(key: str, tail: int, by: CardIssuer, signed_on: dt.datetime) -> str:
    """Return a signed card of a pretend patient, with another number."""
    holder = person(key)
    assert holder is not None
    fields = {
        1: f"GD401{9_999_900_000 + tail}", 2: holder.holder, 3: days(holder.born),
        4: 1 if holder.sex == "male" else 2, 5: "01999", 6: days(dt.date(2024, 1, 1)),
        7: days(dt.date(2027, 12, 31)), 8: 4,
    }  # fmt: skip
    return by.sign_card(fields, signed_on, 400)


def opened(payload: str) -> Any:
    """Return the four parts of a signed card: protected, unprotected, claims, signature."""
    packed = base45.b45decode(payload.removeprefix("HC1:"))
    return cbor2.loads(zlib.decompress(packed)).value


def forged(payload: str) -> str:
    """Return a signed card with another name in it and the signature that it had."""
    protected, unprotected, claims, signature = opened(payload)
    altered = cbor2.loads(claims)
    altered[-260][-84][2] = "Phan Thị Oanh"
    parts = [protected, unprotected, cbor2.dumps(altered), signature]
    made = zlib.compress(cbor2.dumps(cbor2.CBORTag(18, parts)), 9)
    return f"HC1:{base45.b45encode(made).decode()}"


def id_of(payload: str) -> bytes:
    """Return the id by which a signed card is revoked: the start of the hash of its claims."""
    return hashlib.sha256(opened(payload)[2]).digest()[:8]


def write_feed_material(folder: Path, revoked: str, issued: dt.datetime) -> dict[str, Path]:
    """Write the issuers' keys and the revocations; return where they are."""
    keys, revocations = folder / "keys.jwks", folder / "revocations.json"
    jwks = [ISSUER.jwk() | {"env": "prod"}, WITHDRAWN.jwk() | {"env": "prod"}]
    keys.write_text(json.dumps({"issued": issued.isoformat(), "keys": jwks}), "utf-8")
    ids = base64.b64encode(id_of(revoked)).decode()
    listed = {"issued": issued.isoformat(), "ids": [{"iss": "VN", "ids": ids}]}
    revocations.write_text(json.dumps(listed), "utf-8")
    return {"keys": keys, "revocations": revocations}


def write_records(path: Path, *lines: str) -> Path:
    """Write a file of card records."""
    path.write_text("\n".join([HEADING, *lines]) + "\n", "utf-8")
    return path


def quiet(*_progress: object) -> None:
    """Show no progress."""


# The days at the clinic ------------------------------------------------------------------------


FACILITY = {
    "facility": {"code": "01999", "name": "Bệnh viện Mẫu", "level": "co_ban", "score": 45,
                 "former_tier": "none"},
    "visit": {"room": "Phòng khám 1"},
}  # fmt: skip


def from_feed(feed: Path) -> dict[str, Any]:
    """Return the settings of a kiosk that fetches a feed from a folder."""
    return {"feed": {"folder": str(feed), "root_file": str(feed / "metadata" / "1.root.json")}}


def pages_of(kiosk: Kiosk, clock: Clock) -> Any:
    """Return a client of a kiosk's pages."""
    parts = Parts(
        kiosk.settings, kiosk.desk, kiosk.screen, kiosk.attempts, kiosk.visits, kiosk.outbox,
        kiosk.corrections, kiosk.jobs, kiosk.difficulties, kiosk.checkups, kiosk.entitlements,
        kiosk.copayments, kiosk.status, clock, threading.Event(), kiosk.data_report,
    )  # fmt: skip
    return create_app(parts).test_client()


class Clinic:
    """A kiosk of the older version, its pages, and the pretend insurer that it talks to."""

    def __init__(self, folder: Path, feed: Path, insurer_url: str, clock: Clock) -> None:
        Path("password").write_text("sandbox", "utf-8")
        insurer = {
            "url": insurer_url, "username": "01999_BV", "password_file": "password",
            "staff_name": "Nhân Viên Thử", "staff_cccd": "001999999999", "ask": "unsure",
            "ask_history": "yes", "ask_timeout_s": 1, "send_timeout_s": 1,
        }  # fmt: skip
        settings = load_settings(None, FACILITY | from_feed(feed) | {"insurer": insurer})
        self.folder, self.clock = folder, clock
        self.kiosk = kiosk = Kiosk(settings, folder, False, clock)
        assert kiosk.gateway is not None
        self.lookup = Lookup(
            kiosk.asking, kiosk.gateway.hear, kiosk.gateway.history, kiosk.cache.remember,
            kiosk.desk.refine, clock,
        )  # fmt: skip
        kiosk.desk.ask = self.lookup.ask
        self.client = pages_of(kiosk, clock)
        self.confirmed = 0

    def scan(self, payload: str, reader: str = "front") -> int:
        """Show a card to the desk, and let the insurer be asked; return the attempt's id."""
        answer = self.client.post("/api/scans", json={"payload": payload, "reader": reader})
        return self._asked(answer)

    def no_card(self) -> int:
        """Record that a patient shows no card; return the attempt's id."""
        return self._asked(self.client.post("/api/scans", json={"no_card": True}))

    def name_holder(self, attempt: int, holder: str, born: str) -> int:
        """Give a bare number a name and a birth; return the newer attempt's id."""
        body = {"holder": holder, "born": born}
        return self._asked(self.client.post(f"/api/scans/{attempt}/holder", json=body))

    def _asked(self, answer: Any) -> int:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        while self.lookup.answer_one():
            pass
        self.clock.pass_(seconds=20)
        return int(answer.get_json()["attempt"])

    def confirm(self, attempt: int, **details: Any) -> str:
        """Confirm a visit; return its id."""
        self.confirmed += 1
        key = {"Idempotency-Key": f"older-{self.confirmed}"}
        answer = self.client.post("/api/visits", json={"attempt": attempt, **details}, headers=key)
        assert answer.status_code == 201, answer.get_data(as_text=True)
        self.clock.pass_(minutes=4)
        return str(answer.get_json()["id"])

    def visit(self, key: str, **details: Any) -> str:
        """Scan a pretend patient's card and confirm; return the visit's id."""
        return self.confirm(self.scan(card(key)), **details)

    def change(self, visit: str, change: str, **form: str) -> None:
        """Do what a person does about a visit on its page."""
        answer = self.client.post(f"/logbook/visits/{visit}/{change}", data=form)
        assert answer.headers["Location"].endswith("said=done"), answer.headers["Location"]
        self.clock.pass_(minutes=1)

    def deliver(self) -> None:
        """Send what is due."""
        assert self.kiosk.delivery is not None
        while self.kiosk.delivery.deliver_some():
            pass
        self.clock.pass_(seconds=30)

    def state(self, visit: str) -> str:
        """Return how a visit's newest message stands."""
        found = self.kiosk.visits.by_id(visit)
        assert found is not None
        return found.insurer_state

    def check_readers(self) -> None:
        """Check two readers that type into a browser with the codes of the sheet."""
        from kiosk.checkup import SHEET

        for reader in ("keyboard-front", "keyboard-back"):
            for code in SHEET[:2]:
                typed = code.text if reader == "keyboard-front" else code.text.lower()
                body = {"reader": reader, "text": typed, "places": typed, "gap_ms": 12}
                self.client.post("/api/reader-checks/typed", json=body)
        body = {"reader": "keyboard-back", "code": "inverted"}
        assert self.client.post("/api/reader-checks/not-read", json=body).status_code == 200


def card(key: str) -> str:
    """Return what a pretend patient's code holds on the first of the days."""
    holder = person(key)
    assert holder is not None
    return payload_of(holder, FIRST_MORNING)


def first_day(clinic: Clinic, insurer: SandboxInsurer, signed: dict[str, str]) -> dict[str, str]:
    """Play a day with all ways in which a visit is recorded; return the visits by a short name."""
    made = {"admitted": clinic.visit("an", phone="0999999901", papers="paper_card")}
    clinic.scan("001185999905||Hoàng Thị Giang|08031985|Nữ|Số 1, Phường Thử, Hà Nội|15082021")
    made["joined"] = clinic.visit("giang", papers="id_card")
    made["new_card"] = clinic.visit("dung", arrival="referral", papers="referral 2026-11-20")
    clinic.deliver()
    made["name_differs"] = clinic.visit("mai", clerk_reason="Đã xem giấy khai sinh")
    made["signed"] = clinic.confirm(clinic.scan(signed["vouched"]))
    clinic.deliver()
    assert {clinic.state(visit) for visit in made.values()} == {"accepted"}
    clinic.scan(signed["forged"])
    clinic.scan(signed["revoked"])
    clinic.scan(NOT_A_CARD)
    made["withdrawn_key"] = clinic.confirm(
        clinic.scan(signed["withdrawn_key"]), arrival="uninsured", holder="Lý Văn Phúc"
    )
    made["emergency"] = clinic.confirm(
        clinic.no_card(), arrival="emergency", holder="Người Cấp Cứu Thử", sex="female"
    )
    made["newborn_paper"] = clinic.confirm(
        clinic.no_card(), holder="Bé Thử", born="2024-05-05", sex="male", papers="birth_record",
        phone="0999999902",
    )  # fmt: skip
    insurer.faults.now = Fault.BAD_GATEWAY
    made["unconfirmed_then_ended"] = clinic.visit(
        "chi", arrival="referral", papers="referral 2026-06-01 for a year"
    )
    made["unconfirmed"] = clinic.visit("nam")
    made["unconfirmed_then_good"] = clinic.visit("son")
    clinic.deliver()
    made["cancelled_before_sending"] = clinic.visit("khoi")
    clinic.change(made["cancelled_before_sending"], "cancel", why="Bệnh nhân đã về")
    insurer.faults.now = Fault.NONE
    clinic.clock.pass_(minutes=40)
    clinic.deliver()
    bare = clinic.scan("9999900012", "typed")
    named = clinic.name_holder(bare, "Lý Văn Phúc", "1971-10-10")
    made["named_by_hand"] = clinic.confirm(named)
    clinic.deliver()
    clinic.change(made["named_by_hand"], "correct", phone="0999999903", why="Thêm điện thoại")
    clinic.change(made["signed"], "correct", holder="Trần Thị Bình An", why="Sai tên trên thẻ")
    clinic.deliver()
    clinic.change(made["new_card"], "cancel", why="Ghi nhầm người")
    insurer.habits.on = frozenset({Habit.UNSIGNED_REFUSED})
    made["refused_then_sent"] = clinic.visit("long", clerk_reason="Thẻ quân đội, cấp cứu ngoại trú")
    made["refused"] = clinic.visit("khoi", papers="guardian_phone")
    clinic.deliver()
    insurer.habits.on = frozenset()
    clinic.change(made["refused_then_sent"], "send-again")
    clinic.deliver()
    insurer.faults.now = Fault.UNKNOWN_CODE
    made["parked"] = clinic.visit("ha", clerk_reason="Chờ cơ quan BHXH trả lời")
    clinic.deliver()
    made["closed"] = clinic.confirm(clinic.scan(signed["second"]))
    clinic.clock.pass_(minutes=30)  # the message that is parked made the gateway fail
    clinic.deliver()
    clinic.change(made["closed"], "close", why="Đã nộp bằng giấy")
    insurer.faults.now = Fault.NONE
    clinic.clock.pass_(minutes=30)
    return made


def night(clinic: Clinic) -> None:
    """Run the nightly job of the first day."""
    clinic.clock.moment = FIRST_MORNING.replace(hour=15)
    assert clinic.kiosk.nightly is not None
    expected = [Card("9999900005", "Hoàng Thị Giang", Birth(1985, 3, 8))]
    report = clinic.kiosk.nightly.run(expected, [3])
    write_report(report, clinic.folder / "reports")


def second_day(clinic: Clinic, insurer: SandboxInsurer, signed: dict[str, str]) -> dict[str, str]:
    """Play the day on which the program is stopped in the middle of its work."""
    clinic.clock.moment = SECOND_MORNING
    insurer.faults.now = Fault.BAD_GATEWAY
    made = {"queued_after_failures": clinic.visit("an", phone="0999999904")}
    assert clinic.kiosk.delivery is not None
    for _ in range(9):  # by then it is tried every quarter of an hour
        clinic.kiosk.delivery.deliver_some()
        clinic.clock.pass_(minutes=16)
    clinic.kiosk.delivery.deliver_some()
    made["in_flight"] = clinic.visit("long", clerk_reason="Tái khám")
    # A process that was killed while it sent: it has claimed the message and never came back.
    [claimed] = clinic.kiosk.outbox.claim(clinic.clock(), dt.timedelta(seconds=9))
    assert claimed.visit == made["in_flight"]
    made["queued"] = clinic.visit("dung", arrival="referral",
                                  papers="referral 2026-11-20 for a year")  # fmt: skip
    made["parked_unsendable"] = clinic.visit("binh", service={"code": "X" * 60, "name": "Khám"})
    made["queued_corrected"] = clinic.confirm(
        clinic.scan(signed["vouched"]), service={"code": "KB2", "name": "Khám chuyên khoa"}
    )
    clinic.change(made["queued_corrected"], "correct", phone="0999999905", born="1975",
                  why="Chỉ biết năm sinh")  # fmt: skip
    made["desk_reason"] = clinic.visit("mai", clerk_reason="Đã xem căn cước", room="Phòng khám 2")
    made["same_person_again"] = clinic.visit("an")
    clinic.clock.moment = SECOND_MORNING.replace(hour=15)
    clinic.kiosk.jobs.begin(clinic.clock())  # a nightly job that was killed
    return made


# What is expected ------------------------------------------------------------------------------


def rows_of(path: Path, *tables: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of some tables, JSON texts as they are."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    with contextlib.closing(connection):
        return {
            table: [dict(row) for row in connection.execute(f"select * from {table} order by 1, 2")]
            for table in tables
        }


def events_of(clinic: Clinic, visit: str) -> list[dict[str, Any]]:
    """Return what happened to a visit's messages."""
    return [
        {"at": event.at.isoformat(), "state": event.state, "code": event.code,
         "message": event.message, "transaction": event.transaction}
        for event in clinic.kiosk.outbox.history(visit)
    ]  # fmt: skip


def expectation(clinic: Clinic, named: dict[str, str]) -> dict[str, Any]:
    """Return what the older program itself shows of the first directory's logbook."""
    client = clinic.client
    visits = client.get("/api/visits?limit=500").get_json()["visits"]
    health = client.get("/healthz").get_json()
    tables = ("attempt", "visit", "visit_version", "outbox", "outbox_event", "reader_check", "job",
              "look_back")  # fmt: skip
    rows = rows_of(clinic.folder / "logbook.db", *tables)
    return {
        "instance": health["instance"],
        "outbox": health["outbox"],
        "nightly_last": health["nightly"]["last"],
        "newest_word": health["newest_word"],
        "named": named,
        "visits": visits,
        "history": {visit["id"]: events_of(clinic, visit["id"]) for visit in visits},
        "why_changed": {
            visit["id"]: [version.why for version in clinic.kiosk.corrections.versions(visit["id"])]
            for visit in visits
        },
        "troubles": [trouble.visit for trouble in clinic.kiosk.corrections.troubles()],
        "rows": rows,
        "answers": [
            {name: row[name] for name in ("number", "as_of", "card_number")}
            | {"coverage": json.loads(row["coverage"])}
            for row in rows_of(clinic.folder / "coverage.db", "word")["word"]
        ],
    }


def judged(folder: Path, payloads: dict[str, str]) -> dict[str, Any]:
    """Return the verdicts on some cards with what a copy of a data directory holds."""
    clock = Clock(JUDGED_FROM)
    copy = folder.with_name(f"{folder.name}-judged")
    shutil.copytree(folder, copy)
    client = pages_of(Kiosk(load_settings(None, FACILITY), copy, False, clock), clock)
    verdicts = {}
    for name, payload in payloads.items():
        clock.pass_(seconds=121)  # so that no two cards are taken for one person's
        verdict = client.post("/api/scans", json={"payload": payload}).get_json()
        verdicts[name] = {"at": clock().isoformat(), "verdict": verdict}
    return verdicts


# All of it -------------------------------------------------------------------------------------


def write_all(work: Path) -> dict[str, Any]:
    """Write the three data directories and the feed's own folder; return what is expected."""
    clock = Clock(dt.datetime(2026, 11, 22, 1, tzinfo=UTC))
    # The framework of the feed's signatures looks at the machine's clock and at nothing else.
    tuf_clock.datetime = types.SimpleNamespace(  # type: ignore[assignment]
        datetime=types.SimpleNamespace(now=lambda _zone: clock()), timezone=dt.timezone
    )
    signed_on = dt.datetime(2026, 11, 10, tzinfo=UTC)
    signed = {
        "vouched": signed_card("binh", 60, ISSUER, signed_on),
        "second": signed_card("quynh", 61, ISSUER, signed_on),
        "withdrawn_key": signed_card("phuc", 62, WITHDRAWN, signed_on),
        "revoked": signed_card("oanh", 63, ISSUER, signed_on),
        "unknown_issuer": signed_card("son", 64, NOBODY_KNOWN, signed_on),
    }
    signed["forged"] = forged(signed["vouched"])
    feed, keys = Path("publisher/feed"), Path("publisher/keys")
    Path("publisher").mkdir()
    init_feed(feed, keys, clock())
    material = write_feed_material(work, signed["revoked"], clock())
    clock.pass_(hours=1)
    publish(feed, keys, Material(clock(), tables=place("config") / "tables"), clock(), quiet)
    clock.moment = FIRST_MORNING - dt.timedelta(hours=1)

    site, branch, people = Path("site"), Path("branch"), Path("people")
    for folder in (site, branch, people):
        folder.mkdir()
    build_registries(work, site, people)
    insurer = SandboxInsurer(clock)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    try:
        clinic = Clinic(site, feed, f"http://127.0.0.1:{server.port}", clock)
        assert clinic.kiosk.rounds is not None
        assert clinic.kiosk.rounds.go() is None
        publish(feed, keys, Material(clock(), **material), clock(), quiet)
        assert clinic.kiosk.rounds.go() is None
        clinic.kiosk.holdings.look_again()
        named = first_day(clinic, insurer, signed)
        clinic.check_readers()
        night(clinic)
        named |= {
            f"second_{name}": visit for name, visit in second_day(clinic, insurer, signed).items()
        }
        expected = expectation(clinic, named)
    finally:
        server.stop()
    publish_cards(work, feed, keys, clock)
    fetch_branch(branch, feed, clock)
    payloads = cards_to_judge(signed)
    directories = {}
    shown_at: dict[Path, tuple[str, ...]] = {
        site: tuple(payloads),
        branch: ("registry_80", "registry_81", "registry_70", "vouched", "withdrawn_key",
                 "revoked", "forged"),
        people: ("registry_70", "registry_71", "registry_73", "registry_74", "an", "vouched"),
    }  # fmt: skip
    for folder, cards in shown_at.items():
        name = str(folder)
        code, [shown] = cli("registry", "show", "--data", str(folder))
        assert code == 0, shown
        pointer = json.loads((folder / "feed" / "current.json").read_text("utf-8"))
        directories[name] = {
            "registry": shown,
            "pointer": pointer,
            "verdicts": judged(folder, {key: payloads[key] for key in cards}),
        }
    return {
        "commit": COMMIT,
        "payloads": payloads,
        "logbook": expected,
        "directories": directories,
    }


def build_registries(work: Path, site: Path, people: Path) -> None:
    """Build a registry and a change to it in two of the directories, by the commands."""
    cards = write_records(
        work / "cards.csv",
        "DN4019999900070,,Trần Văn Bảy,1970-07-07,,2026-01-01,2027-12-31,",
        "GD4019999900071,,Lê Thị Bảy Mốt,1971,,2026-01-01,2026-11-30,K1",
        "HT3019999900072,001072999972,Phạm Văn Bảy Hai,1952-02-02,,2026-01-01,2027-12-31,",
        "TE1019999900073,,Vũ Bảy Ba,2023-03-03,,2026-01-01,2029-03-03,",
        "DN4019999900001,,Nguyễn Văn An,1980-02-01,,2026-01-01,2027-12-31,",
    )
    changes = write_records(
        work / "changes.csv",
        "DN4019999900070,,Trần Văn Bảy,1970-07-07,withdrawn,2026-01-01,2027-12-31,",
        "GD4019999900074,,Đỗ Thị Bảy Tư,1974-04-04,,2026-11-23,2027-12-31,",
    )
    for folder, full in ((site, ()), (people, ("--full",))):
        for words in (
            ("build", str(cards), "--issued", "2026-11-22T08:00", *full),
            ("change", str(changes), "--issued", "2026-11-23T06:30"),
        ):
            assert cli("registry", *words, "--data", str(folder))[0] == 0


def publish_cards(work: Path, feed: Path, keys: Path, clock: Clock) -> None:
    """Publish cards and changes to them, which only the second directory fetches."""
    clock.moment = dt.datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    cards = write_records(
        work / "feed-cards.csv",
        "DN4019999900080,,Tô Văn Tám,1980-08-08,,2026-01-01,2027-12-31,",
        "GD4019999900081,,Hồ Thị Tám Mốt,1981-08-01,,2026-01-01,2027-12-31,",
    )
    publish(feed, keys, Material(clock(), cards=cards), clock(), quiet)
    clock.pass_(minutes=15)
    changes = write_records(
        work / "feed-changes.csv",
        "GD4019999900081,,Hồ Thị Tám Mốt,1981-08-01,ended,2026-01-01,2026-11-20,",
    )
    publish(feed, keys, Material(clock(), changes=changes), clock(), quiet)


def fetch_branch(branch: Path, feed: Path, clock: Clock) -> None:
    """Adopt the feed in the second directory, whose logbook stays empty."""
    kiosk = Kiosk(load_settings(None, FACILITY | from_feed(feed)), branch, False, clock)
    assert kiosk.rounds is not None
    assert kiosk.rounds.go() is None


def cards_to_judge(signed: dict[str, str]) -> dict[str, str]:
    """Return the payloads of cards whose verdict each directory decides in another way."""
    keys = ("an", "chi", "dung", "giang", "ha", "khoi", "long", "nam", "son")
    bare = {f"registry_{tail}": f"{9_999_900_000 + tail}" for tail in (70, 71, 72, 73, 74, 80, 81)}
    return {key: card(key) for key in keys} | bare | signed


def pack(work: Path, path: Path, folders: tuple[str, ...]) -> None:
    """Write some folders into an archive: sorted, without the times of this run."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(str(file.relative_to(work)) for file in files_in(work, folders)):
            about = zipfile.ZipInfo(name, (2026, 11, 24, 16, 0, 0))
            about.external_attr = 0o600 << 16
            archive.writestr(about, (work / name).read_bytes(), zipfile.ZIP_DEFLATED, 9)


def files_in(work: Path, folders: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files that belong to the data, which lock files do not."""
    for folder in folders:
        for path in (work / folder).rglob("*"):
            if path.is_file() and path.suffix != ".lock":
                yield path


def fold_journals(folder: Path) -> None:
    """Bring what a database's journal holds into its file, as closing the last connection does."""
    for path in folder.glob("*.db"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)


def lines_of(value: Any, depth: int = 0) -> str:
    """Return JSON that shows a change as a changed line: the inner values stand on one line."""
    pad = " " * (depth + 1)
    if depth < 4 and isinstance(value, dict) and value:
        lines = (
            f"{pad}{json.dumps(key)}: {lines_of(inner, depth + 1)}" for key, inner in value.items()
        )
        return "{\n" + ",\n".join(lines) + "\n" + pad[1:] + "}" + ("\n" if not depth else "")
    if depth < 4 and isinstance(value, list) and value:
        lines = (f"{pad}{json.dumps(item, ensure_ascii=False)}" for item in value)
        return "[\n" + ",\n".join(lines) + "\n" + pad[1:] + "]"
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write both files into the folder that is named on the command line."""
    target = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        os.chdir(work)
        expected = write_all(work)
        for folder in ("site", "branch", "people"):
            fold_journals(work / folder)
        pack(work, target / f"{NAME}.zip", ("site", "branch", "people", "publisher"))
        os.chdir(target)
    (target / f"{NAME}.json").write_text(lines_of(expected), "utf-8")
    print((target / f"{NAME}.zip").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
