"""The screens of a facility with 25 desks: some late, one that never sent, one that was retired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.hub import retire_desk
from tests.held_views import SCREENS
from tests.hub.cluster import OTHER_FACILITY, HubDatabase
from tests.hub.facility_rows import add_desk_at
from tests.process import serving
from verify import CLINIC_ZONE

DESKS = 25
NEVER_SENT, RETIRED, LONG_NAME, WRONG_CLOCK = 4, 5, 7, 9
LATE = range(8, 16)
VISITS = 3  # of each desk, today and yesterday
NAME = "Khoa Khám bệnh theo yêu cầu và Quản lý sức khỏe cán bộ, quầy tiếp nhận số 2 (tầng 3 nhà B)"
SETTINGS = """
[facility]
code = "{facility}"
name = "Bệnh viện Đa khoa Mẫu"
[web]
screens = {screens}
[hub]
url = "{url}"
desk = 1
password_file = "{desk}"
report_password_file = "{report}"
"""


@contextmanager
def at_large_facility(hub: HubDatabase, folder: Path) -> Iterator[dict[str, str]]:
    """Run a program at desk 1 of a facility with many desks; yield its address."""
    own = hub.add_desk(1, OTHER_FACILITY)
    _fill(hub)
    config = folder / "settings" / "kiosk.toml"
    config.parent.mkdir(parents=True)
    settings = SETTINGS.format(
        facility=OTHER_FACILITY,
        screens=SCREENS,
        url=hub.url,
        desk=own.password_file,
        report=hub.add_report(OTHER_FACILITY),
    )
    config.write_text(settings, "utf-8")
    with serving("--config", str(config), "--data", str(folder / "data")) as server:
        yield {"hub_large": server.url}


def _fill(hub: HubDatabase) -> None:
    now = datetime.now(CLINIC_ZONE)
    for number in range(2, DESKS + 1):
        if number == NEVER_SENT:
            hub.add_desk(number, OTHER_FACILITY)
            continue
        desk = add_desk_at(hub, number, OTHER_FACILITY)
        for each in range(2 * VISITS):
            at = now - timedelta(days=each % 2, minutes=9 * each + number)
            insured = f"GD499999{each:03}{number:04}"
            state: dict[str, Any] = {"insurer_state": "queued"} if number == RETIRED else {}
            if number == each:
                state = {"insurer_state": "refused", "insurer_code": "205"}
            desk.record(f"Lê Thị Mẫu {number}", insured, at, room=f"Phòng {number % 6}", **state)
        if number in LATE:
            desk.seen(timedelta(minutes=11 * (number - 7)))
        desk.hub.close()
    hub.sql("update hub.desk set name = 'Quầy ' || id where facility = %s", [OTHER_FACILITY])
    rename = "update hub.desk set name = %s where facility = %s and id = %s"
    hub.sql(rename, [NAME, OTHER_FACILITY, LONG_NAME])
    hub.sql(
        "update hub.stream set clock_skew_ms = 420000 where facility = %s and desk = %s",
        [OTHER_FACILITY, WRONG_CLOCK],
    )
    retire_desk(hub.admin(), OTHER_FACILITY, RETIRED)


def _shows(path: str, selector: str) -> Callable[[Any], None]:
    def show(stage: Any) -> None:
        stage.open("{hub_large}" + path)
        stage.page.wait_for_selector(selector)

    return show


LARGE_SCREENS = (
    ("hub-large", "the visits of 25 desks", _shows("/facility", ".found-day")),
    ("hub-large-day", "the end of the day of 25 desks", _shows("/facility/day", ".by-desk")),
    ("hub-large-report", "the report of 25 desks", _shows("/facility/report", ".by-desk")),
    ("hub-large-sending", "which of 25 desks sends what", _shows("/sending", "table")),
)
