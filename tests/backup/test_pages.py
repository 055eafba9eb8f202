"""The pages while the logbook is held, the decision on them, and what commands say."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import threading
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.assembly import Kiosk
from kiosk.backup import LogbookTrouble
from kiosk.logbook import NotRecorded
from kiosk.settings import load_settings
from kiosk.staff import Role
from kiosk.web.app import create_app
from tests.backup.cases import CASES, Case, Site, copied, empty_site, used_site
from tests.cast import NOW
from tests.process import call, card, serving, until

HOLDING = [case for case in CASES if case.trouble is not None]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return used_site(tmp_path_factory.mktemp("used"))


@pytest.fixture
def site(used: Site, tmp_path: Path) -> Site:
    return copied(used, tmp_path)


def opened(site: Site, **web: object) -> Kiosk:
    settings = load_settings(site.config)
    settings = replace(settings, web=replace(settings.web, **web))  # type: ignore[arg-type]
    return Kiosk(settings, site.data, False, lambda: NOW, guard=site.guard())


def put_older(site: Site) -> None:
    shutil.copy(site.before / "logbook.db", site.logbook)


@pytest.mark.parametrize("case", HOLDING, ids=[case.name for case in HOLDING])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_page_says_in_each_case_what_to_do(case: Case, language: str, site: Site) -> None:
    case.happens(site)
    client = create_app(opened(site), threading.Event()).test_client()

    text = client.get(f"/logbook/file?lang={language}").text

    can_go_on = case.trouble not in (
        LogbookTrouble.GONE,
        LogbookTrouble.EMPTY,
        LogbookTrouble.DAMAGED,
    )
    assert 'class="alarm"' in text
    assert "<code>restore" in text
    assert ("<form" in text) is can_go_on
    assert "Not shown" in client.get("/logbook?lang=en").text


def test_nobody_is_sent_to_a_backup_that_is_not_there(site: Site) -> None:
    for copy in site.guard().copies.folder.iterdir():
        copy.unlink()
    put_older(site)

    text = (
        create_app(opened(site), threading.Event()).test_client().get("/logbook/file?lang=en").text
    )

    assert "put the newest backup in place" not in text
    assert "<code>restore FILE</code>" in text


def test_who_decides_on_the_page_gives_a_reason_and_the_program_starts_again(site: Site) -> None:
    put_older(site)
    stop = threading.Event()
    kiosk = opened(site)
    client = create_app(kiosk, stop).test_client()

    silent = client.post("/logbook/file", data={"why": " "})
    assert silent.status_code == 400
    assert not stop.is_set()
    done = client.post("/logbook/file", data={"why": "bản mới đã hỏng"})
    until(stop.is_set)

    assert done.status_code == 200
    assert client.post("/logbook/file", data={"why": "again"}).status_code == 409
    assert site.guard().state.trouble is None
    text = create_app(opened(site), stop).test_client().get("/logbook/file?lang=en").text
    assert 'class="alarm"' not in text
    assert "bản mới đã hỏng" in text
    assert "entries lost" in text


def test_the_program_that_was_decided_on_ends_so_that_it_is_started_again(site: Site) -> None:
    put_older(site)
    with serving(*site.options) as server:
        body = urllib.parse.urlencode({"why": "thử"}).encode()
        urllib.request.urlopen(server.url + "/logbook/file", body).read()
        _, _ = server.process.communicate(timeout=30)

        assert server.process.returncode == 1
    with serving(*site.options) as server:
        visit = server.confirm(card("giang"), "k9")
        server.end()
    assert visit["id"]


def test_people_sign_in_while_the_logbook_is_held(site: Site) -> None:
    kiosk = opened(site)
    member = kiosk.staff.members.add("Lê Thu Hà", Role.SUPERVISOR, "", NOW, "thử")
    kiosk.database.close()
    site.guard().write(clean=True)
    with sqlite3.connect(site.logbook) as db:
        db.execute("update link set hash = zeroblob(32) where id = (select max(id) from link)")
    db.close()

    held = opened(site)

    assert held.guard is not None
    assert held.guard.holds
    assert held.staff.members.exist()
    assert [found.id for found in held.staff.members.all()] == [member.id]


def test_nothing_is_shown_as_none_that_is_not_known(site: Site) -> None:
    def shown() -> tuple[object, str, int, str]:
        client = create_app(opened(site), threading.Event()).test_client()
        status = client.get("/healthz").get_json()
        lamps = client.get("/?lang=en").text.partition('class="lamps"')[2].partition("</div>")[0]
        calls = client.get("/display/calls.json").status_code
        return status["visits_today"], lamps, calls, client.get("/display/calls").text

    visits, lamps, calls, display = shown()
    put_older(site)
    held_visits, held_lamps, held_calls, held_display = shown()

    assert (visits, calls) == (0, 200)  # on the day of the test nobody came
    assert "<b>0</b><small>Visits today" in lamps
    assert '<div id="away" hidden>' in display
    assert (held_visits, held_calls) == (None, 507)
    assert "<b>—</b><small>Visits today" in held_lamps
    assert "<b>—</b><small>To send to the insurer" in held_lamps
    assert '<div id="away">' in held_display
    assert '<div id="nobody" hidden>' in held_display


@pytest.mark.parametrize("key", ["an", "chi", ""])
def test_the_desk_offers_no_button_that_records_while_the_logbook_is_held(
    key: str, site: Site
) -> None:
    """A card in force, one that has ended, and no card: Enter leads to the next patient."""
    put_older(site)
    client = create_app(opened(site), threading.Event()).test_client()
    body = {"payload": card(key)} if key else {"no_card": True}

    attempt = client.post("/api/scans", json=body).get_json()["attempt"]
    held = client.get(f"/desk/attempts/{attempt}?lang=en").text

    assert "Nothing is recorded: write the patient on paper." in held
    assert 'data-primary data-do="next"' in held
    assert "records the visit" not in held
    assert 'value="confirm"' not in held
    assert 'value="case"' not in held
    assert 'data-do="reason"' not in held


def test_no_slip_with_a_number_is_given_while_the_logbook_is_held(site: Site) -> None:
    put_older(site)
    kiosk = opened(site)

    with pytest.raises(NotRecorded):
        kiosk.tickets.issue_slip(None, "", NOW)


def test_a_clerk_does_not_decide(site: Site) -> None:
    put_older(site)
    client = create_app(opened(site), threading.Event(), pretends=True).test_client()
    client.set_cookie("pretend_role", "clerk")

    assert client.get("/logbook/file").status_code == 403
    assert client.post("/logbook/file", data={"why": "x"}).status_code == 403
    text = client.get("/logbook").text
    assert 'class="alarm"' in text
    assert "/logbook/file" not in text


def test_doctor_names_the_state_and_the_age_of_the_newest_backup(site: Site) -> None:
    def lines() -> dict[str, dict[str, object]]:
        done = call("doctor", *site.options)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        return {line["what"]: line for line in found}

    good = lines()
    put_older(site)
    bad = lines()

    assert good["logbook"]["good"]
    assert good["backup"]["good"]
    assert "on the disk of the logbook" in str(good["backup folder"]["seen"])
    assert good["logbook's pages"]["seen"] == "all were read now: no fault"
    assert re.search(r"older than it was: its newest \d+ links", str(bad["logbook"]["seen"]))
    assert "restore" in str(bad["logbook"]["do"])


def test_other_commands_do_not_open_a_logbook_in_doubt(site: Site) -> None:
    site.logbook.unlink()

    for words in (
        ("clock",),
        ("staff", "list"),
        ("privacy", "kept"),
        ("backup",),
        ("webhooks", "list"),
        ("webhooks", "resume", "his"),
    ):
        done = call(*words, *site.options)
        assert done.returncode == 2, words
        assert b"doctor" in done.stderr
    assert not site.logbook.exists()


def test_no_command_about_messages_begins_a_logbook(tmp_path: Path) -> None:
    site = empty_site(tmp_path)

    done = call("webhooks", "list", *site.options)

    assert done.returncode == 2
    assert b"expected a logbook" in done.stderr
    assert not site.logbook.exists()


def test_a_logbook_in_doubt_is_checked_but_not_signed(site: Site) -> None:
    put_older(site)

    checked = call("logbook", "check", *site.options)
    for words in (("root",), ("rotate-key",), ("key",)):
        done = call("logbook", *words, *site.options)
        assert done.returncode == 2, words
        assert b"older" in done.stderr
    site.logbook.write_bytes(b"")
    empty = call("logbook", "check", *site.options)

    assert checked.returncode == 0
    assert empty.returncode == 2
    assert site.logbook.stat().st_size == 0


def test_an_older_logbook_is_accepted_by_either_command(site: Site) -> None:
    put_older(site)

    silent = call("logbook", "accept", "--why", " ", *site.options)
    done = call("logbook", "accept", "--why", "thử", *site.options)

    assert silent.returncode == 2
    assert json.loads(done.stdout)["decided"] == "accepted"
    assert site.guard().state.trouble is None


def test_backups_hold_what_was_erased_until_a_day_that_is_known(site: Site) -> None:
    copies = site.guard().copies

    until_day = copies.kept_until(NOW)

    assert until_day is not None
    assert timedelta(days=365) < until_day - NOW.date() < timedelta(days=380)
