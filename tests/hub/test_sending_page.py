"""The page of sending, beside a real hub."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.assembly import Kiosk
from kiosk.hub import retire_desk
from kiosk.logbook import SendingDecisionKind
from kiosk.staff import Role
from kiosk.web.app import create_app
from tests.cast import Clock, settings_for
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.facility_rows import add_desk_at
from tests.hub.sending_site import make_desk

WHY = "Máy bị cháy"


@pytest.fixture
def site(
    hub: HubDatabase, tmp_path: Path, clock: Clock
) -> Iterator[Callable[..., tuple[Kiosk, FlaskClient]]]:
    """Make the program of desk 1, with a hub."""
    made: list[Kiosk] = []

    def make(sends: str = "each") -> tuple[Kiosk, FlaskClient]:
        own = settings_for(tmp_path)
        settings = replace(own, hub=replace(hub.add_desk(1, own.facility.code), sends=sends))
        kiosk = Kiosk(settings, tmp_path, demo=True, now=clock)
        made.append(kiosk)
        app = create_app(kiosk, threading.Event())
        return kiosk, app.test_client()

    yield make
    for kiosk in made:
        assert kiosk.sending is not None
        kiosk.sending.close()


def shown(client: FlaskClient) -> str:
    return client.get("/sending?lang=en", follow_redirects=True).get_data(as_text=True)


def test_without_a_hub_the_page_says_so(client: FlaskClient) -> None:
    assert "shares no hub" in shown(client)
    assert client.post("/sending/take/3", data={"reason": WHY}).status_code == 404


def test_a_retired_desk_s_visits_are_taken_over_with_a_reason(
    site: Callable[..., tuple[Kiosk, FlaskClient]],
    hub: HubDatabase,
    tmp_path: Path,
    clock: Clock,
) -> None:
    burnt = make_desk(hub, tmp_path / "burnt", clock, 3)
    burnt.confirm("an")
    burnt.put_up()
    burnt.close()
    kiosk, client = site()
    assert kiosk.sending is not None
    kiosk.sending.lane.round()
    assert "This desk sends its own visits" in shown(client)
    assert "retired desk" not in shown(client)
    assert client.post("/sending/take/3", data={"reason": WHY}).status_code == 409
    retire_desk(hub.admin(), FACILITY, 3)
    assert "1 visits of the retired desk 3 wait" in shown(client)
    assert client.post("/sending/take/3", data={"reason": " "}).status_code == 400

    answer = client.post("/sending/take/3", data={"reason": WHY})

    assert answer.status_code == 303
    page = shown(client)
    assert WHY in page
    assert "took over desk 3" in page
    kiosk.sending.lane.round()
    assert kiosk.sending.lane.overview().relays == (3,)
    assert "It also sends the visits of desk 3." in shown(client)


def test_a_desk_that_was_retired_sends_nothing_until_a_person_says_so(
    site: Callable[..., tuple[Kiosk, FlaskClient]], hub: HubDatabase, clock: Clock
) -> None:
    kiosk, client = site()
    sending = kiosk.sending
    assert sending is not None
    sending.lane.round()
    assert client.post("/sending/let-go", data={"reason": WHY}).status_code == 409
    retire_desk(hub.admin(), FACILITY, 1)
    sending.lane.round()
    page = shown(client)
    assert "the hub refuses this desk" in page
    assert "The hub does not answer" in page
    assert not sending.gate.may_send()
    assert client.post("/sending/let-go").status_code == 400

    assert client.post("/sending/let-go", data={"reason": WHY}).status_code == 303

    clock.go(timedelta(minutes=1))
    sending.lane.round()
    assert sending.gate.may_send()
    assert "has decided so" in shown(client)
    [decision] = sending.decisions.newest()
    assert (decision.kind, decision.reason) == (SendingDecisionKind.SENDS_AGAIN, WHY)


def test_a_desk_whose_messages_another_one_sends_says_which(
    site: Callable[..., tuple[Kiosk, FlaskClient]], hub: HubDatabase
) -> None:
    hub.add_desk(2, FACILITY)
    kiosk, client = site("2")
    assert kiosk.sending is not None
    kiosk.sending.lane.round()
    page = shown(client)
    assert "Desk 2 sends the visits of this desk" in page
    assert "does not send for others" in page


def test_who_is_signed_in_at_which_desk_is_known_while_that_desk_is_seen(
    site: Callable[..., tuple[Kiosk, FlaskClient]], hub: HubDatabase, tmp_path: Path, clock: Clock
) -> None:
    kiosk, client = site()
    assert kiosk.sending is not None
    other = make_desk(hub, tmp_path / "two", clock, 2)
    staff = other.kiosk.staff
    for name, role in (("Lê Thị Mẫu", Role.CLERK), ("Màn hình", Role.KIOSK)):
        member = staff.members.add(name, role, "", clock(), "a test")
        staff.sessions.begin(member.id, clock(), "")
    other.sending.lane.round()

    def people() -> dict[int, tuple[str, ...] | None]:
        return {desk.number: desk.people for desk in kiosk.sending.takeovers.desks()}  # type: ignore[union-attr]

    assert people() == {1: None, 2: ("Lê Thị Mẫu",)}
    assert "Lê Thị Mẫu" in shown(client)

    hub.sql("update hub.sends set seen_at = seen_at - interval '11 minutes' where desk = 2")
    assert people() == {1: None, 2: None}
    assert "Lê Thị Mẫu" not in shown(client)
    other.close()


def test_a_desk_that_was_not_seen_lately_is_marked(
    site: Callable[..., tuple[Kiosk, FlaskClient]], hub: HubDatabase, clock: Clock
) -> None:
    hub.add_desk(2, FACILITY)
    hub.add_desk(3, FACILITY)
    _kiosk, client = site()
    clock.moment = datetime.now(UTC)  # the hub's clock cannot be set
    add_desk_at(hub, 2).seen(timedelta(hours=3))
    add_desk_at(hub, 1)
    page = shown(client)

    assert "Desks marked ⚠ have not been seen for ten minutes" in page
    assert re.findall(r'data-label="Last seen">(.)', page)[1:] == ["⚠", "⚠"]
    assert "never seen" in page
