"""How long visits that have piled up take to reach a gateway that takes its time.

    python bench/outbox.py [VISITS] [MILLISECONDS]

Fills a logbook (10,000 visits of 3,000 people where nothing is said), then sends all of it to the
pretend insurer over HTTP, which answers each call after 50 ms.  Prints a JSON line: seconds,
calls, what the insurer has, what came twice, whose visits came out of their order, and the
resident memory in MiB before and after.
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
from kiosk.insurer import Delivery, message_composer
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
    Visits,
    VisitService,
)
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer
from verify import Birth, Outcome, Reason, Sex, Verdict

PEOPLE = 3_000


def now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def fill(database: Database, count: int) -> None:
    """Confirm visits; a person comes more than once."""
    attempts, visits = Attempts(database), Visits(database, message_composer(lambda _visit: "1.12"))
    for number in range(1, count + 1):
        person = f"99999{number % PEOPLE:05d}"
        attempts.record(Verdict(Reason.IN_FORCE), "front", now())
        visits.confirm(
            NewVisit(
                attempt=number, verdict_of=number, facility="01999", arrived_at=now(),
                outcome=Outcome.ADMITTED, reason=Reason.IN_FORCE, person=person,
                card=CardOnVisit(
                    number=f"GD401{person}", card_number=f"GD401{person}", holder="Nguyễn Văn A",
                    born=Birth(1980, 2, 1), sex=Sex.MALE, registered_at="01999",
                ),
                service=VisitService("KB", "Khám bệnh", "1", "01"),
                arrival=Arrival("registered"),
            ),
            f"k{number}",
        )  # fmt: skip


def main() -> None:
    """Fill, send, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    latency_s = (int(sys.argv[2]) if len(sys.argv) > 2 else 50) / 1000
    insurer = SandboxInsurer(now)
    received: list[tuple[str, str]] = []
    take = insurer.ledger.receive

    def receive(row: dict[str, str]) -> object:
        received.append((row["MA_BN"], row["MA_LK"]))
        return take(row)

    insurer.ledger.receive = receive  # type: ignore[method-assign,assignment]  # it notes the order
    insurer.app.before_request(lambda: time.sleep(latency_s))
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        database = Database(Path(folder) / "logbook.db")
        fill(database, count)
        exchange = Transport(f"http://127.0.0.1:{server.port}")
        account = Account("01999_BV", "sandbox", "01999", "Nhân Viên Thử", "001999999999")
        gateway = Gateway(exchange, GatewaySession(exchange, account, now, 10), now, 10, 60)
        outbox = Outbox(database)
        delivery = Delivery(outbox, gateway, now, 70, lambda: None)
        before, start = resident_mib(), time.perf_counter()
        delivery.deliver_all()
        seconds = time.perf_counter() - start
        rows = database.reading().execute("select id, person from visit order by row").fetchall()
        order: dict[str, list[str]] = {}
        for row in rows:
            order.setdefault(row["person"], []).append(row["id"])
        came: dict[str, list[str]] = {}
        for person, visit in received:
            came.setdefault(person, []).append(visit)
        line = {
            "visits": count,
            "latency_ms": latency_s * 1000,
            "seconds": round(seconds, 1),
            "accepted": outbox.counts()["accepted"],
            "at_the_insurer": len({visit for _, visit in received}),
            "twice": len(received) - len(set(received)),
            "out_of_order": sum(came.get(person) != visits for person, visits in order.items()),
            "memory_mib": [round(before, 1), round(resident_mib(), 1)],
        }
        database.close()
    server.stop()
    print(json.dumps(line))


if __name__ == "__main__":
    main()
