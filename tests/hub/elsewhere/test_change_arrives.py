"""A change of another desk's visit arrives at the hub and in the logbook of its desk, once."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from flask.testing import FlaskClient

from kiosk.hub.journal import NO_RECORDS, read_batch
from kiosk.hub.streams import HoldReason
from kiosk.staff import Role
from tests.hub.cluster import OTHER_FACILITY, HubDatabase
from tests.hub.desks import hub_digests, hub_visits
from tests.hub.elsewhere.pages import (
    NEW_NAME,
    WHY,
    accepted,
    correct,
    follow,
    hub_of,
    look,
    messages,
    send_up,
    text,
)
from tests.hub.facility_rows import DeskAtHub
from tests.hub.sending_site import SendingDesk
from tests.kiosk.stub_gateway import Running
from tests.staff.web import NAMES, Site


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
    assert "of an earlier version" in page
    assert "received" in page
    follow(owner.kiosk)
    accepted(owner, insurer)

    page = text(look(clerk, visit))
    assert "has taken" in page
    assert "of an earlier version" not in page
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
