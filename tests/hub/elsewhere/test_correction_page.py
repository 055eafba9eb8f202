"""The page on which another desk's visit is corrected: what it says and keeps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient

from kiosk.logbook import Accesses, ChangesMade
from kiosk.proof.check import check_logbook
from kiosk.staff import Role
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.desks import hub_visits
from tests.hub.elsewhere.pages import (
    NEW_NAME,
    WHY,
    correct,
    follow,
    form_of,
    hub_of,
    look,
    messages,
    send_up,
    site_at,
    text,
)
from tests.hub.facility_rows import DeskAtHub
from tests.hub.sending_site import SendingDesk
from tests.staff.web import NAMES, PIN, Site


def test_a_visit_is_cancelled_here_with_the_approval_of_a_supervisor(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str
) -> None:
    form = {"version": "1", "why": "nhầm người"}
    address = f"/facility/visits/{visit}/cancel?lang=en"
    assert clerk.post(address, data=form).status_code == 403
    wrong = {"approver": str(site.numbers[Role.SUPERVISOR]), "approver_pin": "000000"}
    assert clerk.post(address, data=form | wrong).status_code == 403
    assert site.kiosk.changes_made.newest(visit) is None
    assert clerk.post(address, data=form | wrong | {"approver_pin": PIN}).status_code == 303
    send_up(site.kiosk)
    follow(owner.kiosk)

    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert now.cancelled_at is not None
    assert messages(owner, visit) == [(1, "closed")]
    owner.put_up()
    page = text(look(clerk, visit))
    assert "was cancelled" in page
    assert "has taken" in page
    assert 'id="correct-form"' not in look(clerk, visit).get_data(as_text=True)


def test_a_change_is_proved_by_the_chain_and_the_look_is_written_down(
    clerk: FlaskClient, site: Site, visit: str
) -> None:
    look(clerk, visit)
    [seen, *_] = Accesses(site.kiosk.database).newest()
    assert (seen.what, seen.visit) == ("facility.visit", visit)
    assert correct(clerk, visit, why="", holder=NEW_NAME).status_code == 400
    [seen, *_] = Accesses(site.kiosk.database).newest()
    assert (seen.what, seen.visit) == ("facility.correct", visit)
    correct(clerk, visit, holder=NEW_NAME)

    written = site.kiosk.changes_made.newest(visit)
    assert written is not None
    assert (written.change.version, written.change.owner, written.change.why) == (2, 2, WHY)
    assert written.change.author == f"staff {site.numbers[Role.CLERK]} {NAMES[Role.CLERK]}"
    assert check_logbook(site.kiosk.database).is_good


def test_what_nobody_touched_stays_as_it_is_at_the_hub_also_what_a_newer_program_wrote(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str
) -> None:
    [row] = owner.kiosk.database.rows("select record from visit where id = ?", [visit])
    before = json.loads(row[0])
    correct(clerk, visit, phone="0999000111")
    written = site.kiosk.changes_made.newest(visit)
    assert written is not None

    assert json.loads(written.change.record) == before | {"phone": "0999000111"}


def test_what_is_wrong_is_named_and_what_was_typed_stays(
    clerk: FlaskClient, site: Site, visit: str
) -> None:
    answer = correct(clerk, visit, holder=NEW_NAME, born="31/02/1990")

    assert answer.status_code == 400
    assert "something you typed is not valid" in text(answer)
    assert form_of(answer)["born"] == "31/02/1990"
    assert form_of(answer)["holder"] == NEW_NAME
    assert form_of(answer)["why"] == WHY
    assert correct(clerk, visit).status_code == 409  # nothing differs
    assert site.kiosk.changes_made.newest(visit) is None


def test_a_refused_message_of_another_desk_is_opened_from_the_tray_of_all_desks(
    clerk: FlaskClient, hub: HubDatabase
) -> None:
    desk = DeskAtHub(hub.desk(5)).begin()
    refused = desk.record("Lê Thị Mẫu", insurer_state="refused", insurer_code="205")
    page = clerk.get("/facility/tray").get_data(as_text=True)

    assert f'href="/facility/visits/{refused}"' in page


def test_somebody_who_was_faster_is_shown_beside_what_was_typed(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str
) -> None:
    form = form_of(look(clerk, visit)) | {"why": WHY, "holder": NEW_NAME}
    owner.kiosk.corrections.correct(
        visit, {"holder": "Nguyễn Văn Âu", "phone": "0999000222"}, "sai", owner.kiosk.clock()
    )
    owner.put_up()
    address = f"/facility/visits/{visit}/correct?lang=en"
    answer = clerk.post(address, data=form)

    assert answer.status_code == 409
    page = text(answer)
    assert "somebody else changed this too" in page
    assert "Nguyễn Văn Âu" in page
    again = form_of(answer) | {"why": WHY}
    assert (again["phone"], again["version"]) == ("0999000222", "2")
    assert clerk.post(address, data=again | {"both": "holder"}).status_code == 409
    decided = again | {"both": "holder", "keep-holder": "mine"}
    assert clerk.post(address, data=decided).status_code == 303
    send_up(site.kiosk)
    follow(owner.kiosk)
    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert (now.version, now.card.holder, now.arrival.phone) == (3, NEW_NAME, "0999000222")


def test_a_second_change_waits_until_the_first_is_at_the_hub(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str
) -> None:
    form = form_of(look(clerk, visit)) | {"why": WHY}
    address = f"/facility/visits/{visit}/correct?lang=en"
    assert clerk.post(address, data=form | {"holder": NEW_NAME}).status_code == 303
    assert 'id="correct-form"' not in look(clerk, visit).get_data(as_text=True)
    answer = clerk.post(address, data=form | {"phone": "0999000333"})
    assert answer.status_code == 409
    assert "cannot be changed here again" in text(answer)
    assert form_of(answer)["phone"] == "0999000333"
    send_up(site.kiosk)

    assert correct(clerk, visit, phone="0999000333").status_code == 303  # made of our first
    send_up(site.kiosk)
    follow(owner.kiosk)
    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert (now.version, now.card.holder, now.arrival.phone) == (3, NEW_NAME, "0999000333")
    assert [state for _, state in messages(owner, visit)][-1] == "queued"


def test_while_the_hub_is_away_nothing_is_changed_and_what_was_typed_stays(
    clerk: FlaskClient, site: Site, visit: str, hub: HubDatabase
) -> None:
    form = form_of(look(clerk, visit)) | {"why": WHY, "holder": NEW_NAME}
    hub.sql(f"alter role desk_{FACILITY}_1 nologin")
    answer = clerk.post(f"/facility/visits/{visit}/correct?lang=en", data=form)

    assert answer.status_code == 503
    assert "Nothing was changed" in text(answer)
    assert form_of(answer)["holder"] == NEW_NAME
    assert form_of(answer)["why"] == WHY
    assert site.kiosk.changes_made.newest(visit) is None
    hub.sql(f"alter role desk_{FACILITY}_1 login")
    assert site.kiosk.hub_reader is not None
    site.kiosk.hub_reader._away.clear()  # the seconds until it is asked again are over
    again = clerk.post(f"/facility/visits/{visit}/correct", data=form_of(answer))
    assert again.status_code == 303


def test_while_the_hub_is_away_the_reason_of_a_cancellation_stays(
    site: Site, visit: str, hub: HubDatabase
) -> None:
    supervisor = site.signed_in(Role.SUPERVISOR)
    hub.sql(f"alter role desk_{FACILITY}_1 nologin")
    page = supervisor.post(
        f"/facility/visits/{visit}/cancel?lang=en", data={"version": "1", "why": WHY}
    )

    assert page.status_code == 503
    assert f'value="{WHY}"' in page.get_data(as_text=True)
    assert 'name="version" value="1"' in page.get_data(as_text=True)
    assert site.kiosk.changes_made.newest(visit) is None
    hub.sql(f"alter role desk_{FACILITY}_1 login")


def test_where_records_stay_at_the_desks_the_page_sends_people_there(
    hub: HubDatabase, tmp_path: Path, visit: str
) -> None:
    folder = tmp_path / "no-records"
    folder.mkdir()
    site = site_at(hub, folder, records="no")
    page = look(site.signed_in(Role.CLERK), visit)

    assert "at the desk that recorded it" in text(page)
    assert 'id="correct-form"' not in page.get_data(as_text=True)
    answer = site.signed_in(Role.CLERK).post(
        f"/facility/visits/{visit}/correct", data={"version": "1", "why": WHY, "holder": NEW_NAME}
    )
    assert answer.status_code == 409
    assert ChangesMade(site.kiosk.database).newest(visit) is None
    hub_of(site.kiosk).watchdog.close()
    site.kiosk.database.close()


def test_a_visit_of_last_month_is_corrected_once_older_days_are_open(
    clerk: FlaskClient, site: Site, hub: HubDatabase
) -> None:
    desk = DeskAtHub(hub.desk(5)).begin()
    old = desk.record("Trần Văn Cũ", at=datetime.now(UTC) - timedelta(days=5))
    assert look(clerk, old).status_code == 404
    clerk.post("/facility/older", data={"q": "cu", "pin": PIN, "why": "khiếu nại"})
    form = form_of(look(clerk, old)) | {"why": WHY, "holder": NEW_NAME}
    site.clock.go(timedelta(minutes=11))
    address = f"/facility/visits/{old}/correct?lang=en"
    closed = clerk.post(address, data=form)
    assert closed.status_code == 404
    assert form_of(closed)["holder"] == NEW_NAME
    clerk.post("/facility/older", data={"q": "cu", "pin": PIN, "why": "khiếu nại"})
    assert clerk.post(address, data=form_of(closed)).status_code == 303
    send_up(site.kiosk)

    now = hub_visits(hub)[old]
    assert (now["version"], now["desk"]) == (2, 5)
    seen = [each for each in Accesses(site.kiosk.database).newest() if each.visit == old]
    assert {each.why for each in seen if each.what == "facility.visit"} == {"khiếu nại"}


def test_only_people_of_the_desk_change_visits(site: Site, visit: str) -> None:
    for client in (site.client(), site.signed_in(Role.KIOSK)):
        for change in ("correct", "cancel"):
            answer = client.post(f"/facility/visits/{visit}/{change}", data={"version": "1"})
            assert answer.status_code in (401, 403)
    assert site.kiosk.changes_made.newest(visit) is None
