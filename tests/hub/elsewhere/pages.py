"""A desk that changes visits of another one over HTTP, and the lanes of both."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from kiosk.assembly.hub import lane_down_of
from kiosk.hub.hub import Hub
from tests.conftest import Kiosk
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.sending_site import SendingDesk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.staff.web import Site

WHY = "gõ sai tên"
NEW_NAME = "Nguyễn Thị Ấn"


def site_at(hub: HubDatabase, folder: Path, records: str = "yes") -> Site:
    """Return a site at desk 1 of a hub, with people; its threads do not run."""
    own = hub.add_desk(1)
    site = Site(
        folder,
        facility={"code": FACILITY},
        hub={
            "url": own.url,
            "desk": 1,
            "password_file": own.password_file,
            "records": records,
            "report_password_file": hub.add_report(),
        },
    )
    site.clock.moment = datetime.now(UTC)
    site.hire()
    hub_of(site.kiosk)._ready()
    hub_of(site.kiosk).journal.begin(site.clock())
    return site


def hub_of(kiosk: Kiosk) -> Hub:
    assert kiosk.hub is not None
    return kiosk.hub


def send_up(kiosk: Kiosk) -> None:
    """Bring all changes of a desk to the hub, as its lane up does."""
    own = hub_of(kiosk)
    with own.connected() as connection:
        own.lane.begin(connection)
        while own.lane.send_some(connection):
            pass
        own.divergence.run(connection)
        while own.lane.send_some(connection):
            pass
        own.lane.note_end()


def follow(kiosk: Kiosk) -> None:
    """Do rounds of the lane down until there is nothing more."""
    own = hub_of(kiosk)
    lane = lane_down_of(kiosk, own)
    with own.connected() as connection:
        while lane.round(connection):
            pass


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def form_of(answer: Any) -> dict[str, str]:
    """Return what the form of a correction holds, as a browser sends it."""
    page = answer.get_data(as_text=True)
    form = page[page.index('id="correct-form"') :]
    form = form[: form.index("</form>")]
    values = dict(re.findall(r'<input[^>]* name="([\w-]+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select id="(\w+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        values[name] = chosen[1] if chosen else ""
    return values


def look(client: FlaskClient, visit: str) -> Any:
    return client.get(f"/facility/visits/{visit}?lang=en")


def correct(client: FlaskClient, visit: str, why: str = WHY, **typed: str) -> Any:
    """Correct a visit as somebody does who has just opened its page."""
    form = form_of(look(client, visit)) | {"why": why} | typed
    return client.post(f"/facility/visits/{visit}/correct?lang=en", data=form)


def messages(owner: SendingDesk, visit: str) -> list[tuple[int, str]]:
    """Return the messages of a visit in its desk's outbox: version and state."""
    rows = owner.kiosk.database.rows(
        "select version, state from outbox where visit = ? order by id", [visit]
    )
    return [(row[0], row[1]) for row in rows]


def accepted(owner: SendingDesk, insurer: Running) -> None:
    """Let the insurer accept what a desk has to send, and the hub know it."""
    owner.delivery(gateway_to(insurer[1], owner.kiosk.clock)).deliver_all()
    owner.put_up()
