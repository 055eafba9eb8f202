"""A visit that one desk recorded is corrected or cancelled at another one, over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.assembly.hub import lane_down_of
from kiosk.hub import retire_desk
from kiosk.hub.hub import Hub
from kiosk.hub.journal import NO_RECORDS, read_batch
from kiosk.hub.streams import HoldReason
from kiosk.logbook import Accesses, ChangesMade
from kiosk.proof.check import check_logbook
from kiosk.staff import Role
from tests.cast import Clock
from tests.conftest import Kiosk
from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase
from tests.hub.desks import hub_digests, hub_visits
from tests.hub.facility_rows import DeskAtHub
from tests.hub.sending_site import SendingDesk, make_desk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.staff.web import NAMES, PIN, Site

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


@pytest.fixture
def site(hub: HubDatabase, tmp_path: Path) -> Iterator[Site]:
    """Desk 1, at which somebody changes visits of desk 2."""
    folder = tmp_path / "site"
    folder.mkdir()
    site = site_at(hub, folder)
    yield site
    hub_of(site.kiosk).watchdog.close()
    site.kiosk.database.close()


@pytest.fixture
def owner(hub: HubDatabase, tmp_path: Path) -> Iterator[SendingDesk]:
    """Desk 2, which records visits."""
    desk = make_desk(hub, tmp_path / "owner", Clock(datetime.now(UTC)), 2)
    yield desk
    desk.close()


@pytest.fixture
def clerk(site: Site) -> FlaskClient:
    return site.signed_in(Role.CLERK)


@pytest.fixture
def visit(owner: SendingDesk) -> str:
    """A visit of desk 2, which the hub has."""
    visit = owner.confirm("an")
    owner.put_up()
    return visit


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


def test_a_correction_made_here_arrives_in_the_logbook_of_its_desk_and_is_sent_once(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    assert correct(clerk, visit, holder=NEW_NAME).status_code == 303
    assert "on its way to the hub" in text(look(clerk, visit))
    send_up(site.kiosk)
    assert "is at the hub" in text(look(clerk, visit))
    follow(owner.kiosk)

    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert (now.version, now.card.holder) == (2, NEW_NAME)
    [earlier] = owner.kiosk.corrections.versions(visit)
    assert earlier.why == WHY
    assert NAMES[Role.CLERK] in earlier.author
    assert messages(owner, visit) == [(1, "closed"), (2, "queued")]

    owner.put_up()
    follow(owner.kiosk)
    assert "has taken the change made here over" in text(look(clerk, visit))
    assert messages(owner, visit) == [(1, "closed"), (2, "queued")]
    assert hub_visits(hub)[visit]["desk"] == 2
    assert site.kiosk.visits.by_id(visit) is None  # it is not a visit of ours
    page = text(look(clerk, visit))
    assert "What was changed" in page
    assert NEW_NAME in page


def test_what_becomes_of_the_message_meanwhile_is_not_taken_for_taking_over(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, insurer: Running
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    send_up(site.kiosk)
    accepted(owner, insurer)  # the message of the version before; the hub knows it
    page = text(look(clerk, visit))
    assert "is at the hub" in page
    assert "received" in page
    follow(owner.kiosk)
    accepted(owner, insurer)

    assert "has taken" in text(look(clerk, visit))
    assert messages(owner, visit) == [(1, "accepted"), (2, "accepted")]
    [row] = insurer[0].ledger.visits()
    assert (row.times, row.fields["HO_TEN"]) == (2, NEW_NAME)


def test_a_change_stays_here_if_records_may_not_go_up_any_more(
    clerk: FlaskClient, site: Site, visit: str, hub: HubDatabase
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    entries = hub_of(site.kiosk).journal.after(0, 50)
    [unsendable] = read_batch(entries, with_records=False).unsendable
    assert (unsendable.visit, unsendable.version, unsendable.why) == (visit, 2, NO_RECORDS)
    hub_of(site.kiosk).lane._with_records = False
    send_up(site.kiosk)

    assert "The hub refuses the change" in text(look(clerk, visit))
    assert [version for seen, version in hub_digests(hub) if seen == visit] == [1]
    hub_of(site.kiosk).lane._with_records = True
    with hub_of(site.kiosk).connected() as connection:
        hub_of(site.kiosk).lane.send_again(connection)
    assert "is at the hub" in text(look(clerk, visit))


def test_a_change_that_is_damaged_here_is_set_aside_and_the_others_go_on(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    second = owner.confirm("binh")
    owner.put_up()
    correct(clerk, visit, holder=NEW_NAME)
    correct(clerk, second, phone="0999000666")
    with site.kiosk.database.transaction() as db:
        db.execute("drop trigger change_elsewhere_no_update")
        db.execute(
            "update change_elsewhere set at = cast(x'ff41' as text) where visit = ?", [visit]
        )
    send_up(site.kiosk)

    assert [each.why for each in hub_of(site.kiosk).streams.read().set_aside] == ["unreadable"]
    assert (second, 2) in hub_digests(hub)


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


def test_what_was_written_here_reaches_a_hub_and_a_desk_that_were_away(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    site.kiosk.database.empty_write_ahead_log()  # the program ends, and comes back
    send_up(site.kiosk)
    send_up(site.kiosk)
    for _ in range(3):
        follow(owner.kiosk)
        owner.put_up()

    assert [version for seen, version in hub_digests(hub) if seen == visit] == [1, 2]
    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert now.version == 2
    assert hub.sql("select 1 from hub.divergent") == []


def test_two_desks_that_correct_one_visit_lose_nothing(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    owner.kiosk.corrections.correct(visit, {"phone": "0999000444"}, "sai", owner.kiosk.clock())
    owner.put_up()  # it is first
    send_up(site.kiosk)

    page = text(look(clerk, visit))
    assert "waits for a person" in page
    [waiting] = hub.sql("select visit, version, desk from hub.divergent where settled_at is null")
    assert (waiting["visit"], waiting["version"], waiting["desk"]) == (visit, 2, 1)
    follow(owner.kiosk)
    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert (now.version, now.arrival.phone) == (2, "0999000444")
    tray = text(clerk.get("/facility/tray?lang=en"))
    assert "Nguyễn" in tray
    hub.sql("update hub.divergent set settled_at = clock_timestamp()")  # as the choice does
    assert "A person has decided" in text(look(clerk, visit))
    assert correct(clerk, visit, holder=NEW_NAME).status_code == 303  # made of theirs
    send_up(site.kiosk)
    follow(owner.kiosk)
    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert (now.version, now.card.holder, now.arrival.phone) == (3, NEW_NAME, "0999000444")


def test_the_desk_of_the_visit_joins_its_own_correction_with_one_that_came_first(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    owner.kiosk.corrections.correct(visit, {"phone": "0999000555"}, "sai", owner.kiosk.clock())
    send_up(site.kiosk)  # it is first
    send_up(owner.kiosk)

    now = owner.kiosk.visits.by_id(visit)
    assert now is not None
    assert (now.version, now.card.holder, now.arrival.phone) == (3, NEW_NAME, "0999000555")
    assert messages(owner, visit)[-1] == (3, "queued")


def test_a_hub_that_lost_all_gets_the_change_again_and_a_new_stream_brings_it_once(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    send_up(site.kiosk)
    follow(owner.kiosk)
    owner.put_up()
    before = hub_digests(hub)
    for table in ("divergent", "visit_version", "visit", "stream"):
        hub.sql(f"delete from hub.{table}")
    send_up(site.kiosk)  # ours comes before the visit itself
    assert hub_visits(hub)[visit]["desk"] == 2
    owner.put_up()

    assert hub_digests(hub) == before
    (site.kiosk.database.path.parent / "hub-stream.json").unlink()
    hub_of(site.kiosk)._is_ready = False
    hub_of(site.kiosk)._ready()
    send_up(site.kiosk)
    assert hub_digests(hub) == before
    assert hub.sql("select 1 from hub.divergent") == []
    assert hub_visits(hub)[visit]["desk"] == 2


def test_a_change_that_comes_after_the_visit_became_a_state_secret_leaves_no_name_at_the_hub(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    correct(clerk, visit, holder=NEW_NAME)
    owner.kiosk.corrections.correct(visit, {"secret": True}, "mật", owner.kiosk.clock())
    owner.put_up()  # it is first
    send_up(site.kiosk)

    assert hub.sql("select version, record from hub.divergent") == [{"version": 2, "record": None}]
    assert NEW_NAME not in text(clerk.get("/facility/tray?lang=en"))
    page = text(look(clerk, visit))
    assert NEW_NAME not in page
    assert "waits for a person" in page


def test_what_its_own_desk_says_of_the_message_counts_also_if_the_change_comes_first(
    clerk: FlaskClient, site: Site, owner: SendingDesk, visit: str, hub: HubDatabase
) -> None:
    with owner.kiosk.database.transaction() as db:  # a visit that has no message
        db.execute("delete from outbox_event")
        db.execute("delete from outbox")
    owner.put_up()
    correct(clerk, visit, phone="0999000444")
    for table in ("visit_version", "visit", "stream"):  # the hub loses all
        hub.sql(f"delete from hub.{table}")
    send_up(site.kiosk)
    owner.put_up()

    assert hub_visits(hub)[visit]["insurer_state"] == "not_sent"


def test_a_restored_logbook_does_not_take_the_visit_for_its_own(
    site: Site, owner: SendingDesk, visit: str, hub: HubDatabase, tmp_path: Path
) -> None:
    kiosk = owner.kiosk
    kiosk.database.empty_write_ahead_log()
    shutil.copyfile(kiosk.database.path, tmp_path / "backup.db")
    ours = site.signed_in(Role.CLERK)
    correct(ours, visit, holder=NEW_NAME)
    send_up(site.kiosk)
    follow(kiosk)
    owner.put_up()
    own = hub_of(site.kiosk)
    own.streams.begin_again(HoldReason.RESTORED, site.clock())
    with own.connected() as connection:
        own.lane.begin(connection)
        own._heal(connection, threading.Event())
        while own.lane.send_some(connection):
            pass

    assert site.kiosk.visits.by_id(visit) is None
    assert hub.sql("select 1 from hub.divergent") == []
    assert hub_visits(hub)[visit]["desk"] == 2
    assert "has taken" in text(look(ours, visit))


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


def test_a_desk_of_another_facility_sees_nothing_and_changes_nothing(
    hub: HubDatabase, clerk: FlaskClient, site: Site
) -> None:
    other = hub.desk(7, OTHER_FACILITY)
    desk = DeskAtHub(other).begin()
    foreign = desk.record("Người Khác")
    assert look(clerk, foreign).status_code == 404
    answer = clerk.post(
        f"/facility/visits/{foreign}/correct", data={"version": "1", "why": WHY, "holder": "X"}
    )
    assert answer.status_code == 404
    assert "Người Khác" not in text(answer)
    assert site.kiosk.changes_made.newest(foreign) is None


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


def taker(hub: HubDatabase, tmp_path: Path) -> SendingDesk:
    """Return desk 3, which takes over what retired desks have not sent."""
    return make_desk(hub, tmp_path / "taker", Clock(datetime.now(UTC)), 3)


def accepted(owner: SendingDesk, insurer: Running) -> None:
    """Let the insurer accept what a desk has to send, and the hub know it."""
    owner.delivery(gateway_to(insurer[1], owner.kiosk.clock)).deliver_all()
    owner.put_up()


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
