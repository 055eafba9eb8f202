"""How long a full outbox takes to reach a slow gateway.

    python bench/outbox.py [VISITS] [MILLISECONDS] [TOGETHER] [plain|kept|signed]

Fills a logbook (by default 10,000 visits of 3,000 people), then sends all of them over HTTP to the
sandbox, which answers each call after a delay (by default 50 ms), at most TOGETHER in one file (by
default 50).  Files are `plain`, or `kept` as they are sent, or `signed` and kept (the default).
Prints a JSON line: the seconds, the accepted visits, the visits that the insurer has, how many
arrived twice, for how many people the order was wrong, and the resident memory in MiB before and
after.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.endurance import resident_mib
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
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    latency_s = (int(sys.argv[2]) if len(sys.argv) > 2 else 50) / 1000
    together = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    how = sys.argv[4] if len(sys.argv) > 4 else "signed"
    insurer = SandboxInsurer(now)
    received: list[tuple[str, str]] = []
    take = insurer.ledger.receive

    def receive(row: dict[str, str]) -> object:
        received.append((row["MA_BN"], row["MA_LK"]))
        return take(row)

    insurer.ledger.receive = receive  # type: ignore[method-assign,assignment]  # records the order
    insurer.app.before_request(lambda: time.sleep(latency_s))
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
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
            outbox, gateway, now, 70, lambda: None, together, signer=signer, sent_files=kept
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
        line = {
            "visits": count,
            "latency_ms": latency_s * 1000,
            "together": together,
            "how": how,
            "seconds": round(seconds, 1),
            "accepted": outbox.counts()["accepted"],
            "at_the_insurer": len({visit for _, visit in received}),
            "twice": len(received) - len(set(received)),
            "out_of_order": sum(
                arrived.get(person) != visits for person, visits in expected.items()
            ),
            "memory_mib": [round(before, 1), round(resident_mib(), 1)],
        }
        database.close()
    server.stop()
    print(json.dumps(line))


if __name__ == "__main__":
    main()
