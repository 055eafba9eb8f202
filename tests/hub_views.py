"""The screens over the whole facility: a program at a desk of a hub, and one whose hub is down.

One desk is up to date, one was not seen for three hours.  A queue number of the program's own was
given at another desk too, as after a failover; the one whose hub is down gives numbers with its
letter.  Everybody is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from kiosk.hub import retire_desk
from tests.held_views import SCREENS, SETTINGS
from tests.hub.cluster import (
    FACILITY,
    Cluster,
    HubDatabase,
    free_port,
    have_postgres,
    hub_database,
    make_template,
)
from tests.hub.facility_rows import DeskAtHub, add_desk_at, visit_json
from tests.large_facility_views import LARGE_SCREENS, at_large_facility
from tests.process import DEADLINE_S, Server, card, serving, until
from verify import CLINIC_ZONE, clinic_day

ROOM = "Phòng khám 1"
HUB = (
    f'[visit]\nroom = "{ROOM}"\n'
    '[hub]\nurl = "{url}"\ndesk = 1\npassword_file = "{desk}"\nreport_password_file = "{report}"\n'
)
PEOPLE: tuple[tuple[str, str, dict[str, Any]], ...] = (  # invented
    ("Nguyễn Thị Lan", "Phòng khám 1", {}),
    ("Trần Văn Mẫu", "Phòng khám 2", {"insurer_state": "queued"}),
    ("H'Mlô Đắc", "Phòng khám 2", {"insurer_state": "refused", "insurer_code": "205"}),
    ("Lê Hoàng Phương Thảo Quỳnh", "Phòng khám mắt", {"outcome": "unconfirmed"}),
    ("Đặng Ngọc Ưu", "Phòng khám 1", {"outcome": "desk", "insurer_state": "parked"}),
)


@contextmanager
def at_hub() -> Iterator[dict[str, str]]:
    """Run a program at a hub, and one whose hub is down; yield addresses and the ids of visits.

    Nothing without PostgreSQL.
    """
    if not have_postgres():
        yield {}
        return
    cluster = Cluster.create()
    try:
        make_template(cluster, clinic_day(datetime.now(UTC)))
        with TemporaryDirectory() as name, hub_database(cluster, Path(name)) as hub:
            folder = Path(name)
            own = hub.add_desk(1)
            _fill(hub)
            options = _options(folder, hub.url, own.password_file, hub.add_report())
            nowhere = f"postgresql://127.0.0.1:{free_port()}/{hub.name}"
            away = _options(folder / "away", nowhere, "", "")
            _give_twice(hub, options)
            with (
                serving(*options) as server,
                serving(*away) as alone,
                at_large_facility(hub, folder / "large") as large,
            ):
                ids = {"hub": server.url, "hub_away": alone.url} | large
                ids["hub_visit"] = server.confirm(card("giang"), "giang")["id"]
                for key in ("an", "giang"):
                    alone.confirm(card(key), key)
                ids |= _finish(hub, ids["hub_visit"])
                until(lambda: "twice" in _page(server, f"/queue?room={quote(ROOM)}"))
                yield ids
    finally:
        cluster.remove()


def _page(server: Server, path: str) -> str:
    with urlopen(server.url + path, timeout=DEADLINE_S) as answer:
        return str(answer.read().decode())


def _options(folder: Path, url: str, desk: str, report: str) -> list[str]:
    config = folder / "settings" / "kiosk.toml"
    config.parent.mkdir(parents=True)
    settings = SETTINGS.format(screens=SCREENS) + HUB.format(url=url, desk=desk, report=report)
    config.write_text(settings, "utf-8")
    return ["--config", str(config), "--data", str(folder / "data")]


def _give_twice(hub: HubDatabase, options: list[str]) -> None:
    """Record a visit whose number is another desk's too, as after a failover that lost a commit."""
    with serving(*options) as server:
        attempt = server.post("/api/scans", {"payload": card("an")})["attempt"]

        def has_number() -> bool:
            server.post("/api/queue/expect", {"room": ROOM})
            return bool(hub.sql("select 1 from hub.number_given"))

        until(has_number)
        visit = {"attempt": attempt, "room": ROOM}
        server.post("/api/visits", visit, **{"Idempotency-Key": "an"})
        server.end()
    hub.sql("update hub.number_given set desk = 3")


def _fill(hub: HubDatabase) -> None:
    """Make two more desks and their visits of some days."""
    now = datetime.now(CLINIC_ZONE)
    for number in (2, 3):
        desk = add_desk_at(hub, number)
        for day in range(4):
            for minute, (holder, room, columns) in enumerate(PEOPLE):
                at = now - timedelta(days=day, minutes=7 * minute + number)
                desk.record(
                    holder, f"GD499999{day:03}{number:02}{minute:02}", at, room=room, **columns
                )
        if number == 2:
            desk.seen(timedelta(hours=3))
    retired = add_desk_at(hub, 4)
    retired.record("Phạm Thị Nghỉ", "GD4999990000099", now)
    retire_desk(hub.admin(), FACILITY, 4)
    names = ("Khu đón tiếp A", "Khu đón tiếp B", "Khoa khám theo yêu cầu", "Quầy cũ")
    for number, name in enumerate(names, 1):
        hub.sql("update hub.desk set name = %s where id = %s", [name, number])


def _finish(hub: HubDatabase, visit: str) -> dict[str, str]:
    """Set a version of a visit aside; return the ids of visits of other desks.

    One is to read, one to change; the third is of a desk that was retired.
    """
    number = "GD4999990000001"
    row = {"arrived_at": datetime.now(CLINIC_ZONE), "outcome": "admitted", "reason": "in_force"}
    record = visit_json(row | {"person": number[-10:], "room": "Phòng khám 2"}, "Phạm Gian", number)
    DeskAtHub(hub.desk(3)).begin().set_aside(visit, 1, record)
    found = {
        desk: [
            str(row["id"])
            for row in hub.sql(
                "select id from hub.visit where facility = %s and desk = %s"
                " order by arrived_at desc limit 2",
                [FACILITY, desk],
            )
        ]
        for desk in (2, 3, 4)
    }
    return {
        "hub_other": found[2][0],
        "hub_changed": found[3][0],
        "hub_retired": found[4][0],
    }


def _shows(path: str, selector: str) -> Callable[[Any], None]:
    def show(stage: Any) -> None:
        stage.open(path)
        stage.page.wait_for_selector(selector)

    return show


def _typed(stage: Any) -> None:
    stage.open("{hub}/facility")
    stage.page.fill("#q", "mau")
    stage.page.wait_for_selector("table:not(:has(tbody tr:nth-child(4))) a.open")
    stage.page.click(".filters summary")


def _away_doctor(stage: Any) -> None:
    stage.open("{hub_away}/doctor")
    stage.page.click("form button.primary")  # what was checked at the start is not the hub yet
    stage.page.wait_for_selector(".to-do")


def _recorded(stage: Any) -> None:
    stage.open("{hub_away}/")
    stage.page.wait_for_selector("#verdict .pass")
    stage.page.fill("#payload", card("binh"))
    stage.page.press("#payload", "Enter")
    stage.page.wait_for_selector(".pass[data-ready]")
    stage.page.press("#payload", "Enter")
    stage.page.wait_for_selector(".ticket")


def _wrong(stage: Any) -> None:
    stage.open("{hub}/facility/visits/{hub_other}")
    stage.page.fill("#born", "31/02/1990")
    stage.page.fill("#why", "gõ sai")
    stage.page.click("#correct-form button.primary")
    stage.page.wait_for_selector("#born-fault")


def _changed(stage: Any) -> None:
    """Correct a visit, once, and wait until that is at the hub."""
    stage.open("{hub}/facility/visits/{hub_changed}")
    if not stage.page.query_selector(".change-state"):
        stage.page.fill("#holder", "Nguyễn Thị Lân")
        stage.page.fill("#why", "gõ sai tên")
        stage.page.click("#correct-form button.primary")
    stage.page.wait_for_selector(".change-state")
    while not stage.page.query_selector("#correct-form"):
        stage.page.reload()
        stage.page.wait_for_selector(".facts")


def _both(stage: Any) -> None:
    _changed(stage)
    stage.page.eval_on_selector("#correct-form [name=version]", "it => { it.value = 1; }")
    stage.page.fill("#holder", "Nguyễn Thị Lam")
    stage.page.fill("#why", "gõ sai tên")
    stage.page.click("#correct-form button.primary")
    stage.page.wait_for_selector(".both")


ALL_SCREENS = (
    ("hub-search", "the visits of all desks", _shows("{hub}/facility", ".found-day")),
    ("hub-found", "a search over all desks", _typed),
    ("hub-visit", "a visit of another desk", _shows("{hub}/facility/visits/{hub_other}", ".facts")),
    ("hub-visit-wrong", "… with a field that is wrong", _wrong),
    ("hub-visit-changed", "… that was corrected here", _changed),
    ("hub-visit-both", "… that somebody else has corrected too", _both),
    (
        "hub-visit-retired",
        "… of a desk that was retired",
        _shows("{hub}/facility/visits/{hub_retired}", ".facts"),
    ),
    (
        "hub-away-visit",
        "… while the hub is away",
        _shows("{hub_away}/facility/visits/{hub_other}", "main [role=alert]"),
    ),
    ("hub-tray", "what needs a person at any desk", _shows("{hub}/facility/tray", "table")),
    (
        "hub-versions",
        "two versions of a visit: a person chooses",
        _shows("{hub}/facility/visits/{hub_visit}/versions", "form [value=take]"),
    ),
    ("hub-day", "the end of the day of all desks", _shows("{hub}/facility/day", ".by-desk")),
    ("hub-report", "the report of all desks", _shows("{hub}/facility/report", ".by-desk")),
    (
        "hub-away",
        "the hub gives a search no answer",
        _shows("{hub_away}/facility", "main [role=alert]"),
    ),
    (
        "hub-away-day",
        "… nor the end of the day",
        _shows("{hub_away}/facility/day", "main [role=alert]"),
    ),
    ("hub-sending", "which desk sends what", _shows("{hub}/sending", "table")),
    ("hub-away-sending", "… while the hub is away", _shows("{hub_away}/sending", ".panel")),
    ("hub-doctor", "the check-up of a desk with a hub", _shows("{hub}/doctor", ".checks")),
    ("hub-away-doctor", "… while the hub is away", _away_doctor),
    (
        "hub-queue",
        "a number that another desk has given too",
        _shows("{hub}/queue?room=" + quote(ROOM), ".badge.twice"),
    ),
    (
        "hub-away-queue",
        "numbers with the letter of a desk that is cut off",
        _shows("{hub_away}/queue?room=" + quote(ROOM), ".numbers"),
    ),
    ("hub-away-recorded", "recorded while the hub is away: the number", _recorded),
    *LARGE_SCREENS,
)
HUB_SCREENS = ALL_SCREENS if have_postgres() else ()
