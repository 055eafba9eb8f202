"""A data directory that an older version wrote can be opened, and nothing in it is lost.

tests/data/README.md describes the copies. A JSON file beside them holds what the older version
showed; the present version may show more, but nothing less and nothing different.
"""

from __future__ import annotations

import contextlib
import html
import itertools
import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from tests.cast import Clock, running_insurer
from tests.feed_server import Publisher
from tests.older import OLDER, assert_still, pages_on, run_command, unpack
from tests.process import run, serving, site

LOGBOOK = OLDER["logbook"]
ROWS = LOGBOOK["rows"]
AFTER_THE_LAST_VISIT = datetime(2026, 11, 24, 16, tzinfo=UTC)
JSON_COLUMNS = {"verdict", "record", "report", "found"}
KEYS = {
    "reader_check": ("reader", "code"),
    "look_back": ("visit",),
    "visit": ("row",),
    "visit_version": ("visit", "version"),
}
WAITING = [row for row in ROWS["outbox"] if row["state"] in ("queued", "in_flight")]
REFERRALS = {
    "referral 2026-11-20": {"signed_on": "2026-11-20", "for_a_year": False},
    "referral 2026-11-20 for a year": {"signed_on": "2026-11-20", "for_a_year": True},
    "referral 2026-06-01 for a year": {"signed_on": "2026-06-01", "for_a_year": True},
}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Unpack the older data directories; return the folder that holds them."""
    unpack(tmp_path)
    return tmp_path


@pytest.fixture
def pages(older: Path) -> FlaskClient:
    """Return a client of the pages on the older directory, on the evening of its last day."""
    return pages_on(older / "site", Clock(AFTER_THE_LAST_VISIT))


def settings_of(older: Path, extra: str = "") -> Path:
    """Write the settings of a kiosk without an insurer; return their file."""
    path = older / "kiosk.toml"
    path.write_text(f'[facility]\ncode = "01999"\n{extra}', "utf-8")
    return path


def rows_of(path: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"select * from {table}")]


def content_of(folder: Path) -> dict[str, list[str]]:
    """Return the content of all databases in a data directory, as SQL."""
    found = {}
    for path in sorted(folder.rglob("*.db")):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found[str(path.relative_to(folder))] = list(connection.iterdump())
    return found


def test_all_visits_are_shown_with_their_tickets_and_delivery_states(
    pages: FlaskClient,
) -> None:
    found = pages.get("/api/visits?limit=500").get_json()

    assert_still(found["visits"], LOGBOOK["visits"], "visits")
    states = {visit["insurer"]["state"] for visit in found["visits"]}
    assert states == {"queued", "in_flight", "accepted", "refused", "parked", "closed", "not_sent"}


def test_the_status_has_the_same_counts_and_the_same_logbook(pages: FlaskClient) -> None:
    health = pages.get("/healthz").get_json()

    assert health["instance"] == LOGBOOK["instance"]
    assert_still(health["outbox"], LOGBOOK["outbox"], "outbox")
    assert health["nightly"]["last"] == LOGBOOK["nightly_last"]
    assert health["newest_word"] == LOGBOOK["newest_word"]


def test_the_page_of_a_visit_shows_its_record_and_whole_history(pages: FlaskClient) -> None:
    records = {row["id"]: json.loads(row["record"]) for row in ROWS["visit"]}
    cancelled = {row["id"] for row in ROWS["visit"] if row["cancelled_at"]}
    for visit_id, events in LOGBOOK["history"].items():
        page = html.unescape(pages.get(f"/logbook/visits/{visit_id}").get_data(as_text=True))
        record, reasons = records[visit_id], LOGBOOK["why_changed"][visit_id]

        assert record["holder"] is None or record["holder"] in page
        if visit_id not in cancelled:
            assert f'value="{record["phone"]}"' in page
        messages = [event["message"] for event in events if event["message"]]
        assert [text for text in [*messages, *reasons] if text not in page] == []
        codes = {event["code"] for event in events if event["code"]}
        assert [code for code in codes if f"<code>{code}</code>" not in page] == []
        [history] = re.findall(r'<ol class="history">.*?</ol>', page, re.DOTALL)
        assert history.count("<li>") == max(len(events), 1) + len(reasons)


def test_the_tray_still_holds_the_same_visits(pages: FlaskClient) -> None:
    tray = pages.get("/logbook/tray").get_data(as_text=True)

    assert len(LOGBOOK["troubles"]) == 3
    assert [visit for visit in LOGBOOK["troubles"] if visit not in tray] == []


def test_an_event_stream_sends_every_verdict_that_a_page_missed(pages: FlaskClient) -> None:
    stream = pages.get("/events?last=0", buffered=False).response
    was = {
        row["id"]: (row["refines"] or row["id"], row["outcome"], row["reader"])
        for row in ROWS["attempt"]
    }
    found: dict[int, tuple[int, str, str]] = {}
    for part in itertools.islice(iter(stream), 2 * len(was)):
        text = part.decode() if isinstance(part, bytes) else str(part)
        if "event: verdict" in text:
            event = json.loads(text.partition("data: ")[2])
            found[event["attempt"]] = (event["reading"], event["outcome"], event["reader"])
        if len(found) == len(was):
            break

    assert found == was


@pytest.mark.parametrize("table", sorted(ROWS))
def test_no_row_of_the_logbook_is_lost_or_changed(
    older: Path, pages: FlaskClient, table: str
) -> None:
    assert pages.get("/healthz").status_code == 200
    key = KEYS.get(table, ("id",))
    now = {
        tuple(row[name] for name in key): row for row in rows_of(older / "site/logbook.db", table)
    }

    assert len(now) == len(ROWS[table])
    for was in ROWS[table]:
        row = now[tuple(was[name] for name in key)]
        for column, value in was.items():
            assert_same_column(row[column], value, f"{table} {column}", column)


def assert_same_column(found: Any, was: Any, where: str, column: str) -> None:
    """Assert that a column is as it was; a referral may now be a member of its own."""
    if column not in JSON_COLUMNS or was is None:
        assert found == was, where
        return
    before, after = json.loads(was), json.loads(found)
    papers = before.pop("papers", "") if column == "record" else ""
    if papers.startswith("referral") and after.get("referral"):
        assert_still(after["referral"], REFERRALS[papers], where)
    elif column == "record":
        assert after["papers"] == papers, where
    assert_still(after, before, where)


def test_the_last_nightly_report_is_shown_with_its_visits_to_look_at(
    older: Path, pages: FlaskClient
) -> None:
    table = pages.get("/logbook/nightly/days.csv").get_data()
    page = html.unescape(pages.get("/logbook/nightly").get_data(as_text=True))

    assert table == (older / "site/reports/2026-11-23.csv").read_bytes()
    assert "Lê Thị Chi" in page
    assert "Đỗ Thị Hà" in page
    assert "Đoàn Văn Sơn" not in page  # this card was good after all


def test_the_reader_checks_are_shown(pages: FlaskClient) -> None:
    page = pages.get("/readers/").get_data(as_text=True)

    assert {row["reader"] for row in ROWS["reader_check"]} == {"keyboard-back", "keyboard-front"}
    assert "keyboard-back" in page
    assert "keyboard-front" in page


@pytest.mark.parametrize("name", ["site", "branch", "people"])
def test_cards_are_judged_as_before(older: Path, name: str) -> None:
    clock = Clock()
    pages = pages_on(older / name, clock)
    for card, expected in OLDER["directories"][name]["verdicts"].items():
        clock.moment = datetime.fromisoformat(expected["at"])
        body = {"payload": OLDER["payloads"][card]}
        was = {key: value for key, value in expected["verdict"].items() if key != "attempt"}

        assert_still(pages.post("/api/scans", json=body).get_json(), was, f"{name} {card}")


def test_the_older_verdicts_depend_on_every_kind_of_data() -> None:
    verdicts = [
        found["verdict"]
        for directory in OLDER["directories"].values()
        for found in directory["verdicts"].values()
    ]

    assert {verdict["outcome"] for verdict in verdicts} == {"admitted", "unconfirmed", "desk"}
    assert {"vouched", "forged", "revoked", "in_force", "ended", "withdrawn"} <= {
        verdict["reason"] for verdict in verdicts
    }
    sources = {verdict["coverage"]["source"] for verdict in verdicts if verdict["coverage"]}
    assert sources == {"gateway", "registry"}


@pytest.mark.parametrize("name", ["site", "branch", "people"])
def test_the_same_registry_and_the_same_version_of_the_feed_are_in_use(
    older: Path, name: str
) -> None:
    was, folder = OLDER["directories"][name], older / name
    feed = f'[feed]\nfolder = "{older}/nowhere"\nroot_file = "{root_file(older)}"\n'
    config = str(settings_of(older, feed.replace("\\", "/")))

    shown, registry = run_command("registry", "show", "--data", str(folder))
    fetched, feed_now = run_command("feed", "fetch", "--data", str(folder), "--config", config)

    assert shown == 0
    assert_still(json.loads(registry), was["registry"], "registry show")
    assert fetched == 1  # the folder does not exist
    in_use = {"version": was["pointer"]["feed"], "sets": sorted(was["pointer"]["sets"])}
    assert_still(json.loads(feed_now)["in_use"], in_use, "feed fetch")
    pointer = json.loads((folder / "feed" / "current.json").read_text("utf-8"))
    assert_still(pointer, was["pointer"], "current.json")


def test_a_newer_version_of_the_same_feed_is_adopted(older: Path) -> None:
    publisher = Publisher(older / "publisher", Clock(datetime.now(UTC)))
    publisher.rotate("")  # the older root expires after a year
    publisher.sign()
    version = publisher.cards("DN4019999900090,,,,,2026-01-01,2027-12-31,")
    feed = f'[feed]\nfolder = "{publisher.feed}"\nroot_file = "{root_file(older)}"\n'
    config = str(settings_of(older, feed.replace("\\", "/")))

    fetched, output = run_command(
        "feed", "fetch", "--data", str(older / "branch"), "--config", config
    )
    shown = json.loads(run_command("registry", "show", "--data", str(older / "branch"))[1])

    assert fetched == 0, output
    assert json.loads(output)["in_use"]["version"] == version
    assert shown["in_use"]["version"] == version
    assert (shown["in_use"]["rows"], shown["in_use"]["changes"]) == (1, None)


def root_file(older: Path) -> Path:
    """Return the root metadata that the operator of the older kiosk received."""
    return older / "publisher" / "feed" / "metadata" / "1.root.json"


def test_changes_can_be_applied_to_an_older_registry_with_names(older: Path) -> None:
    records = older / "records.csv"
    records.write_text(
        "number,citizen_number,holder,born,standing,valid_from,valid_until,living_area\n"
        "GD4019999900075,,Cao Văn Bảy Lăm,1975-05-05,,2026-01-01,2027-12-31,\n", "utf-8",
    )  # fmt: skip
    people = str(older / "people")

    words = ["registry", "change", str(records), "--issued", "2026-11-25T06:00"]
    assert run_command(*words, "--data", people)[0] == 0
    shown = json.loads(run_command("registry", "show", "--data", people)[1])["in_use"]

    was = OLDER["directories"]["people"]["registry"]["in_use"]
    assert (shown["rows"], shown["changes"]) == (was["rows"], was["changes"] + 1)


def test_the_remembered_answers_are_kept(older: Path, pages: FlaskClient) -> None:
    assert pages.get("/healthz").status_code == 200
    now = {row["number"]: row for row in rows_of(older / "site/coverage.db", "word")}

    assert set(now) == {answer["number"] for answer in LOGBOOK["answers"]}
    for was in LOGBOOK["answers"]:
        found = now[was["number"]]
        assert (found["as_of"], found["card_number"]) == (was["as_of"], was["card_number"])
        assert_still(json.loads(found["coverage"]), was["coverage"], "coverage")


def test_the_program_serves_an_older_directory_more_than_once(older: Path) -> None:
    first = ROWS["visit"][0]
    words = ["--data", str(older / "site"), "--config", str(settings_of(older))]
    for _ in range(2):
        with serving(*words) as server:
            visits = server.get("/api/visits?limit=500")["visits"]
            status = server.get("/healthz")
            key = {"Idempotency-Key": first["idempotency_key"]}
            again = server.post("/api/visits", {"attempt": first["attempt"]}, **key)
            assert server.end()[0] == 0

        assert_still(visits, LOGBOOK["visits"], "visits")
        assert_still(status["outbox"], LOGBOOK["outbox"], "outbox")
        assert again["id"] == first["id"]


def test_opening_a_second_time_changes_nothing(older: Path) -> None:
    words = ["doctor", "--data", str(older / "site"), "--config", str(settings_of(older))]

    reports, contents = [], []
    for _ in range(2):
        checks = [json.loads(line) for line in run_command(*words)[1].splitlines()]
        reports.append([check["seen"] for check in checks if check["what"] == "outbox"])
        contents.append(content_of(older / "site"))

    assert contents[0] == contents[1]
    waiting, stuck = len(WAITING), LOGBOOK["outbox"]["refused"] + LOGBOOK["outbox"]["parked"]
    for [seen] in reports:
        assert [int(number) for number in re.findall(r"\d+", seen)] == [waiting, stuck]


def rows_in(body: str) -> Iterator[dict[str, str]]:
    """Yield the records that a message holds."""
    for row in ET.fromstring(body).iter("TRANG_THAI_KCB"):
        yield {field.tag: field.text or "" for field in row}


def without_place(row: dict[str, str]) -> dict[str, str]:
    """Return a record without STT, its place in the message."""
    return {name: value for name, value in row.items() if name != "STT"}


def test_waiting_messages_are_delivered_once_unchanged_and_under_their_ids(
    older: Path,
) -> None:
    (older / "delivering").mkdir()
    with running_insurer(lambda: datetime.now(UTC)) as (insurer, url):
        _, config, *_ = site(older / "delivering", url)
        words = ["sync", "--data", str(older / "site"), "--config", config]
        report = json.loads(run(*words).stdout)
        run(*words)
        received = {visit.fields["MA_LK"]: visit for visit in insurer.ledger.visits()}

    assert {row["state"] for row in WAITING} == {"queued", "in_flight"}
    assert report["delivered"] == len(WAITING)
    assert report["outbox"]["accepted"] == LOGBOOK["outbox"]["accepted"] + len(WAITING)
    for state in ("refused", "parked", "closed"):
        assert report["outbox"][state] == LOGBOOK["outbox"][state]
    sent = {
        row["MA_LK"]: without_place(row) for message in WAITING for row in rows_in(message["body"])
    }
    assert {key: without_place(visit.fields) for key, visit in received.items()} == sent
    assert set(sent) == {row["visit"] for row in WAITING}
    assert {visit.times for visit in received.values()} == {1}
    pages = pages_on(older / "site", Clock(AFTER_THE_LAST_VISIT + timedelta(days=365)))
    visits = pages.get("/api/visits?limit=500").get_json()["visits"]
    states = {visit["id"]: visit["insurer"] for visit in visits}
    transactions = {visit.transaction for visit in received.values()}  # of each message
    for key in received:
        assert states[key]["state"] == "accepted"
        assert states[key]["transaction"] in transactions
