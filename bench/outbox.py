"""How long a full outbox takes to reach a slow gateway.

    python bench/outbox.py [VISITS] [MILLISECONDS] [TOGETHER] [plain|kept|signed] [--no-goals]

Fills a logbook (by default 10,000 visits of 3,000 people), then sends all of them over HTTP to the
sandbox, which answers each call after a delay (by default 50 ms), at most TOGETHER in one file (by
default 50).  Files are `plain`, or `kept` as they are sent, or `signed` and kept (the default).
Prints JSON lines: the seconds, and their ratio to the floor, which is the delays of all files, four
of them at the same time; how many visits are missing at the insurer or not accepted, how many
arrived twice, and for how many people the order was wrong; and the resident memory in MiB before
and after.

Exit 1 if a goal is missed, unless there is --no-goals: with a delay of 50 ms, 10,000 visits take at
most 60 s fifty in a file, and 300 s one in a file; fewer take as much less.  None is lost or sent
twice, and all are in order.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.endurance import resident_mib
from bench.goals import Goals
from kiosk.insurer import Delivery, message_composer, open_signer
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.session import Account, GatewaySession
from kiosk.insurer.transport import Transport
from kiosk.logbook import (
    Arrival,
    Attempts,
    CardOnVisit,
    Database,
    NewVisit,
    Outbox,
    SentFiles,
    Visits,
    VisitService,
)
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer, demo_settings, signing_settings
from kiosk.settings import load_settings
from verify import Birth, Outcome, Reason, Sex, Verdict

PEOPLE = 3_000
DELAY_MS = 50  # of the goals
FILES_AT_ONCE = 4  # as config/kiosk.toml says
MOST_S = {50: 60, 1: 300}  # for 10,000 visits, by how many are in a file


def now() -> datetime:
    """Return the current time (aware)."""
    return datetime.now(UTC)


def fill(database: Database, count: int) -> None:
    """Confirm `count` visits of PEOPLE people, each of whom comes more than once."""
    attempts, visits = Attempts(database), Visits(database, message_composer(lambda _visit: "1.12"))
    for number in range(1, count + 1):
        person = f"99999{number % PEOPLE:05d}"
        attempts.record(Verdict(Reason.IN_FORCE), "front", now())
        visits.confirm(
            NewVisit(
                attempt=number,
                verdict_of=number,
                facility="01999",
                arrived_at=now(),
                outcome=Outcome.ADMITTED,
                reason=Reason.IN_FORCE,
                person=person,
                card=CardOnVisit(
                    number=f"GD401{person}",
                    card_number=f"GD401{person}",
                    holder="Nguyễn Văn A",
                    born=Birth(1980, 2, 1),
                    sex=Sex.MALE,
                    registered_at="01999",
                ),
                service=VisitService("KB", "Khám bệnh", "1", "01"),
                arrival=Arrival("registered"),
            ),
            f"k{number}",
        )


def keys(folder: Path, url: str) -> dict[str, dict[str, str]]:
    """Return the section [insurer] of a site that signs, with a key made for this run."""
    return {"insurer": demo_settings(url, folder)["insurer"] | signing_settings(folder, now())}


def main() -> None:
    """Fill a logbook, send its visits, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("visits", type=int, nargs="?", default=10_000)
    parser.add_argument("delay_ms", type=int, nargs="?", default=DELAY_MS)
    parser.add_argument("together", type=int, nargs="?", default=50)
    parser.add_argument("how", choices=("plain", "kept", "signed"), nargs="?", default="signed")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    count, together, how = wanted.visits, wanted.together, wanted.how
    latency_s = wanted.delay_ms / 1000
    insurer = SandboxInsurer(now)
    received: list[tuple[str, str]] = []
    take = insurer.ledger.receive

    def receive(row: dict[str, str]) -> object:
        received.append((row["MA_BN"], row["MA_LK"]))
        return take(row)

    insurer.ledger.receive = receive  # type: ignore[method-assign,assignment]  # records the order
    insurer.app.before_request(lambda: time.sleep(latency_s))
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=2 * FILES_AT_ONCE)
    server.start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        database = Database(Path(folder) / "logbook.db")
        fill(database, count)
        url = f"http://127.0.0.1:{server.port}"
        transport = Transport(url)
        account = Account("01999_BV", "sandbox", "01999", "Nhân Viên Thử", "001999999999")
        gateway = Gateway(transport, GatewaySession(transport, account, now, 10), now, 10, 60)
        outbox = Outbox(database)
        settings = load_settings(None, demo_settings(url, Path(folder)) | keys(Path(folder), url))
        signer = open_signer(settings, Path(folder), now) if how == "signed" else None
        kept = None if how == "plain" else SentFiles(database)
        delivery = Delivery(
            outbox,
            gateway,
            now,
            70,
            lambda: None,
            together,
            signer=signer,
            sent_files=kept,
            files_at_once=FILES_AT_ONCE,
        )
        before, start = resident_mib(), time.perf_counter()
        delivery.deliver_all()
        seconds = time.perf_counter() - start
        rows = database.reading().execute("select id, person from visit order by row").fetchall()
        expected: dict[str, list[str]] = {}
        for row in rows:
            expected.setdefault(row["person"], []).append(row["id"])
        arrived: dict[str, list[str]] = {}
        for person, visit in received:
            arrived.setdefault(person, []).append(visit)
        missing = count - len({visit for _, visit in received})
        refused = count - outbox.counts()["accepted"]
        twice = len(received) - len(set(received))
        disorder = sum(arrived.get(person) != visits for person, visits in expected.items())
        memory = [round(before, 1), round(resident_mib(), 1)]
        database.close()
    server.stop()
    goals = Goals(not wanted.no_goals)
    floor_s = -(-count // (together * FILES_AT_ONCE)) * latency_s
    what = f"{count} visits, {together} in a file, {how}"
    figures: dict[str, object] = {"ratio": round(seconds / floor_s, 2)} if floor_s else {}
    figures |= {"delay_ms": wanted.delay_ms, "memory_mib": memory}
    if wanted.delay_ms == DELAY_MS and together in MOST_S:
        goals.check(what, seconds, MOST_S[together] * count / 10_000, unit="s", **figures)
    else:
        goals.show(what, seconds=round(seconds, 1), **figures)
    goals.check(f"missing or not accepted, {together} in a file", max(missing, refused), 0)
    goals.check(f"arrived twice, {together} in a file", twice, 0)
    goals.check(f"people whose visits came out of order, {together} in a file", disorder, 0)
    goals.end()


if __name__ == "__main__":
    main()
