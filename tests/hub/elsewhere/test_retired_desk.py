"""A change of a visit of a retired desk is sent by the desk that took over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.hub import retire_desk
from kiosk.staff import Role
from tests.cast import Clock
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.desks import hub_visits
from tests.hub.elsewhere.pages import (
    NEW_NAME,
    WHY,
    accepted,
    correct,
    look,
    send_up,
    text,
)
from tests.hub.sending_site import SendingDesk, make_desk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.staff.web import Site


def taker(hub: HubDatabase, tmp_path: Path) -> SendingDesk:
    """Return desk 3, which takes over what retired desks have not sent."""
    return make_desk(hub, tmp_path / "taker", Clock(datetime.now(UTC)), 3)


@pytest.mark.parametrize("when", ["before the takeover", "after it", "while its desk worked"])
def test_a_change_of_a_retired_desks_visit_is_sent_by_the_desk_that_took_over(
    clerk: FlaskClient,
    site: Site,
    owner: SendingDesk,
    visit: str,
    hub: HubDatabase,
    insurer: Running,
    tmp_path: Path,
    when: str,
) -> None:
    accepted(owner, insurer)
    third = taker(hub, tmp_path)
    if when == "while its desk worked":
        correct(clerk, visit, holder=NEW_NAME)
        send_up(site.kiosk)
    retire_desk(hub.admin(), FACILITY, 2)
    if when == "after it":
        third.sending.takeovers.take(2, "staff 101 Lan", WHY)
    if when != "while its desk worked":
        assert "was retired" in text(look(clerk, visit))
        assert correct(clerk, visit, holder=NEW_NAME).status_code == 303
        send_up(site.kiosk)
    assert "that takes over the messages" in text(look(clerk, visit))
    if when != "after it":
        third.sending.takeovers.take(2, "staff 101 Lan", WHY)
    third.round()
    third.relaying(gateway_to(insurer[1], third.kiosk.clock)).deliver_all()
    send_up(site.kiosk)  # nothing comes twice
    third.relaying(gateway_to(insurer[1], third.kiosk.clock)).deliver_all()
    third.close()

    [row] = insurer[0].ledger.visits()
    assert (row.fields["MA_LK"], row.times, row.fields["HO_TEN"]) == (visit, 2, NEW_NAME)
    now = hub_visits(hub)[visit]
    assert (now["version"], now["insurer_state"], now["desk"]) == (2, "accepted", 2)


def test_a_cancellation_of_a_retired_desks_visit_sends_nothing(
    site: Site, owner: SendingDesk, visit: str, hub: HubDatabase, tmp_path: Path
) -> None:
    assert owner.number == 2
    retire_desk(hub.admin(), FACILITY, 2)
    form = {"version": "1", "why": "nhầm người"}
    supervisor = site.signed_in(Role.SUPERVISOR)
    assert supervisor.post(f"/facility/visits/{visit}/cancel", data=form).status_code == 303
    send_up(site.kiosk)
    third = taker(hub, tmp_path)
    third.sending.takeovers.take(2, "staff 101 Lan", WHY)

    assert hub.sql("select 1 from hub.sending") == []
    third.close()
