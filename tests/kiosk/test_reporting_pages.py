"""The pages of what was reported and of outages: figures, links, and what people type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from kiosk.insurer import FIGURES
from kiosk.logbook import NewOutage, OutageReport, OutageSource, OutageState
from kiosk.logbook.visit import visit_from_record
from kiosk.web.kiosk_status import status_of
from kiosk.web.pages.reporting import read_period, share_in_time
from tests.cast import AGAIN, NOW, Clock
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running
from tests.kiosk.test_reporting import accept, confirm_visit, minutes, park, refuse

FORM = {
    "source": "line",
    "begins_day": "25/11/2026",
    "begins_time": "8:05",
    "ends_day": "25/11/2026",
    "ends_time": "9h30",
    "reported_to": "BHXH khu vực I",
    "reported_day": "25/11/2026",
    "reported_time": "08.10",
    "reported_by": "điện thoại",
    "note": "cáp quang đứt",
}


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.text


def test_each_figure_of_the_page_leads_to_as_many_visits(
    kiosk: Kiosk, clock: Clock, client: FlaskClient
) -> None:
    for name, do in (("an", accept), ("binh", refuse), ("dung", park)):
        confirm_visit(kiosk, name)
        do(kiosk)
    confirm_visit(kiosk, "giang", arrival="emergency")
    confirm_visit(kiosk, "an", repeat_reason=AGAIN)
    clock.go(timedelta(hours=1))

    text = page(client, "/logbook/reporting?lang=en")
    links = dict(re.findall(r'href="(/logbook/reporting/[\d-]+/\w+)">(?:⚠ )?(\d+)<', text))

    assert {link.rsplit("/", 1)[1] for link in links} == {
        "visits", "sent", "accepted", "waiting", "refused", "parked", "overdue", "late",
        "not_reported",
    }  # fmt: skip
    assert len(links) == 18  # of the month and of the day
    for link, count in links.items():
        shown = page(client, link)
        assert len(re.findall(r'href="/logbook/visits/', shown)) == int(count), link
    assert "50 %" in text  # two of four that were due


def test_the_lists_show_no_name_and_no_whole_number(kiosk: Kiosk, client: FlaskClient) -> None:
    confirm_visit(kiosk)
    record = kiosk.database.rows("select record from visit")[0][0]
    card = visit_from_record(record).card

    text = page(client, "/logbook/reporting/2026-11-25/visits")

    assert card.holder
    assert card.holder not in text
    assert card.number not in text
    assert card.number[-4:] in text


def test_a_figure_with_many_visits_is_shown_in_pages(kiosk: Kiosk, client: FlaskClient) -> None:
    for number in range(3):
        confirm_visit(kiosk, ("an", "binh", "dung")[number])
    with kiosk.database.transaction() as db:
        for number in range(100):
            db.execute(
                "insert into attempt (at, reader, outcome, reason, verdict)"
                " select at, reader, outcome, reason, verdict from attempt where id = 1"
            )
            db.execute(
                "insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day,"
                " ticket, outcome, reason, number, person, record) select ?1,"
                " (select max(id) from attempt), 1, ?1, arrived_at, day, 100 + ?2, outcome, reason,"
                " number, person, record from visit where row = 1",
                [f"01999-20261125-{number:016x}", number],
            )

    def count(path: str) -> int:
        return page(client, path).count('href="/logbook/visits/')

    assert count("/logbook/reporting/2026-11/visits") == 100
    assert count("/logbook/reporting/2026-11/visits?page=2") == 3
    assert count("/logbook/reporting/2026-11/visits?page=99") == 3
    assert count("/logbook/reporting/2026-11/visits?page=-1") == 100
    assert count("/logbook/reporting/2026-11/missing") == 100


@pytest.mark.parametrize(
    "path",
    [
        "/logbook/reporting?month=2026-13",
        "/logbook/reporting?month=2026-11-25",
        "/logbook/reporting?month=9999-12",
        "/logbook/reporting?month=0000-00",
        "/logbook/reporting?month=%00",
        "/logbook/reporting?month=",
        "/logbook/reporting/2026-02-30/visits",
        "/logbook/reporting/2026-11/nothing",
        "/logbook/reporting/2026-11/__class__",
        "/logbook/reporting/x/visits",
        "/logbook/outages/1",
        "/logbook/outages/99999999999999999999999999",
    ],
)
def test_an_address_of_nothing_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_every_month_that_can_be_asked_for_is_shown(client: FlaskClient) -> None:
    for month in ("2001-01", "2026-12", "2199-12"):
        assert month[:4] in page(client, f"/logbook/reporting?month={month}")


def test_a_share_is_rounded_down_so_that_only_all_is_a_hundred() -> None:
    assert share_in_time(Counter(in_time=99_999, late=1)) == "99.9"
    assert share_in_time(Counter(in_time=7)) == "100.0"
    assert share_in_time(Counter(late=7)) == "0.0"
    assert share_in_time(Counter(visits=7)) is None


def test_a_period_is_read_and_nothing_else() -> None:
    february = read_period("2028-02")
    assert february is not None
    assert (february.first, february.last) == (date(2028, 2, 1), date(2028, 2, 29))
    assert read_period("2026-11-5") is None
    assert read_period("٢٠٢٦-١١") is None


def test_a_day_without_data_is_not_shown_as_zero(
    kiosk: Kiosk, clock: Clock, client: FlaskClient
) -> None:
    kiosk.outage_watch.look()
    clock.go(timedelta(days=2))
    Kiosk(kiosk.settings, kiosk.folder, demo=True, now=clock).outage_watch.look()

    text = page(client, "/logbook/reporting?lang=en")
    rows = dict(re.findall(r'<tr><th scope="row">(\d\d/[^<]*)</th>(.*?)</tr>', text, re.S))

    assert "the program did not run" in rows["26/11/2026"]
    assert "it is not known" in rows["01/11/2026 – 24/11/2026"]  # one row for all of them
    assert "No data" not in rows["25/11/2026"]
    assert "No data" not in rows["27/11/2026"]
    assert len(rows) == 4  # the other days have not come yet


def test_the_page_says_what_is_a_draft_and_what_is_our_own_aim(client: FlaskClient) -> None:
    text = page(client, "/logbook/reporting?lang=en")

    assert "Our own aim: 30 minutes." in text
    assert text.count("A draft, not in force: uncertain.") == 2
    assert "07/12/2026" in text  # 5 December is a Saturday
    assert "the holidays are not known" not in text
    assert "the holidays are not known" in page(client, "/logbook/reporting?month=2027-01")


def test_a_person_writes_down_an_outage_and_changes_it(kiosk: Kiosk, client: FlaskClient) -> None:
    added = client.post("/logbook/outages", data=FORM)
    assert added.status_code == 303
    [outage] = kiosk.outages.newest()
    assert (outage.begins_at, outage.ends_at) == (minutes(-115), minutes(-30))
    assert outage.report == OutageReport("BHXH khu vực I", minutes(-110), "điện thoại")
    assert (outage.state, outage.author) == (OutageState.CONFIRMED, "desk")
    text = page(client, added.location)
    assert "cáp quang đứt" in text

    path = f"/logbook/outages/{outage.id}"
    changed = FORM | {"ends_time": "09:40", "version": "1"}
    assert client.post(f"{path}/confirm", data=changed).status_code == 303
    assert client.post(f"{path}/confirm", data=changed).status_code == 409  # an old page
    assert client.post(f"{path}/confirm", data=changed | {"version": "2"}).status_code == 409
    assert client.post(f"{path}/dismiss", data={"version": "2"}).status_code == 303
    assert [v.state for v in kiosk.outages.versions(outage.id)][-1] is OutageState.DISMISSED


def test_a_suggestion_is_confirmed_as_it_is(kiosk: Kiosk, client: FlaskClient) -> None:
    begin = NOW - timedelta(hours=1)
    suggested = kiosk.outages.suggest(NewOutage(OutageSource.PORTAL, begin), "gateway x", NOW)
    text = page(client, "/logbook/outages?lang=en")
    assert "suggested by the program" in text
    text = page(client, f"/logbook/outages/{suggested}")
    values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', text)) | {"source": "portal"}

    assert client.post(f"/logbook/outages/{suggested}/confirm", data=values).status_code == 303

    [outage] = kiosk.outages.newest()
    assert (outage.state, outage.begins_at, outage.ends_at) == (OutageState.CONFIRMED, begin, None)
    assert outage.makes_later


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"begins_day": "26/11/2026"}, "begins_day"),  # in the future
        ({"begins_day": "26/11/2020"}, "begins_day"),
        ({"begins_day": ""}, "begins_day"),
        ({"begins_day": "", "begins_time": ""}, "begins_day"),
        ({"begins_day": "0001-01-01"}, "begins_day"),
        ({"begins_day": "9999-12-31"}, "begins_day"),
        ({"begins_day": "11/2026"}, "begins_day"),
        ({"begins_day": "25/11/26"}, "begins_day"),
        ({"begins_time": ""}, "begins_time"),
        ({"begins_time": "24:00"}, "begins_time"),
        ({"begins_time": "late"}, "begins_time"),
        ({"ends_time": "08:04"}, "ends_day"),  # before the begin
        ({"ends_time": "23:00"}, "ends_day"),
        ({"reported_to": ""}, "reported_to"),
        ({"reported_day": "", "reported_time": ""}, "reported_day"),
        ({"reported_day": "01/01/2020"}, "reported_day"),  # long before the outage
        ({"reported_day": "24/10/2026"}, "reported_day"),
        ({"note": "x" * 500}, "note"),
        ({"note": "a\x00b"}, "note"),
        ({"source": "sabotage"}, "source"),
    ],
)
def test_what_cannot_be_is_refused_and_comes_back_as_it_was_typed(
    kiosk: Kiosk, client: FlaskClient, change: dict[str, str], field: str
) -> None:
    known = kiosk.outages.add(NewOutage(OutageSource.PORTAL, minutes(-30)), NOW, "desk")
    typed = FORM | change

    for path in ("/logbook/outages", f"/logbook/outages/{known}/confirm"):
        answer = client.post(path, data=typed | {"version": "1"})
        assert answer.status_code == 400
        marked = re.findall(r'class="field fault"><label for="(\w+)"', answer.text)
        assert marked == [field]
        assert 'value="BHXH khu vực I"' in answer.text or "reported_to" in change
    assert len(kiosk.outages.newest()) == len(kiosk.outages.versions(known)) == 1


def test_the_same_outage_is_written_down_once(kiosk: Kiosk, client: FlaskClient) -> None:
    first = client.post("/logbook/outages", data=FORM)
    again = client.post("/logbook/outages", data=FORM)
    longer = client.post("/logbook/outages", data=FORM | {"ends_time": "9:45", "note": "x"})

    assert first.location.startswith("/logbook/outages/1?")
    assert again.location == longer.location == "/logbook/outages/1?said=known"
    assert "đã được ghi rồi" in page(client, again.location + "&lang=vi")
    assert "is written down already" in page(client, again.location + "&lang=en")
    assert len(kiosk.outages.newest()) == len(kiosk.outages.versions(1)) == 1


def test_an_outage_is_not_changed_into_another_one(kiosk: Kiosk, client: FlaskClient) -> None:
    client.post("/logbook/outages", data=FORM)
    client.post("/logbook/outages", data=FORM | {"source": "power"})
    into = client.post("/logbook/outages/2/confirm", data=FORM | {"version": "1"})

    assert into.status_code == 409
    assert len(kiosk.outages.versions(2)) == 1
    client.post("/logbook/outages/1/dismiss", data={"version": "1"})
    into = client.post("/logbook/outages/2/confirm", data=FORM | {"version": "1"})
    assert into.status_code == 303


def test_a_planned_outage_may_be_announced_before_it_begins(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    answer = client.post("/logbook/outages", data=FORM | {"reported_day": "26/10/2026"})

    assert answer.status_code == 303
    [outage] = kiosk.outages.newest()
    assert outage.makes_later


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_change_without_the_version_that_was_seen_is_refused(
    kiosk: Kiosk, client: FlaskClient, version: str
) -> None:
    known = kiosk.outages.add(NewOutage(OutageSource.PORTAL, minutes(-30)), NOW, "desk")

    answer = client.post(f"/logbook/outages/{known}/dismiss", data={"version": version})

    assert answer.status_code == 400
    assert len(kiosk.outages.versions(known)) == 1


def test_a_note_with_markup_is_shown_as_text(client: FlaskClient) -> None:
    answer = client.post("/logbook/outages", data=FORM | {"note": "<script>x</script>"})

    assert "<script>x" not in page(client, answer.location)
    assert "&lt;script&gt;x" in page(client, answer.location)


def test_the_report_of_an_outage_lists_its_messages_for_the_insurer(
    kiosk: Kiosk, clock: Clock, client: FlaskClient
) -> None:
    sent, waiting = confirm_visit(kiosk, "an"), confirm_visit(kiosk, "binh")
    clock.moment = minutes(50)
    accept(kiosk)
    outage = kiosk.outages.add(
        NewOutage(OutageSource.PORTAL, minutes(5), minutes(45)), clock(), "desk"
    )

    text = page(client, f"/logbook/outages/{outage}?lang=en")

    assert sent in text
    assert waiting in text
    assert "not sent yet: 1" in text
    assert "late in spite of it" not in text  # due at 10:30, later by forty minutes
    clock.moment = minutes(71)
    assert "late in spite of it: 1" in page(client, f"/logbook/outages/{outage}?lang=en")


def test_the_desk_says_that_something_is_overdue_only_if_it_is(
    insurer: Running,
    make_kiosk: Callable[..., Kiosk],
    clock: Clock,
    make_client: Callable[..., FlaskClient],
) -> None:
    kiosk = make_kiosk(insurer[1])
    client = make_client(kiosk.settings)
    confirm_visit(kiosk)
    assert "Overdue" not in page(client, "/desk/status?lang=en")
    clock.go(timedelta(minutes=31))
    assert status_of(kiosk)["overdue"] == 1
    client = make_client(kiosk.settings)
    assert "Overdue at the insurer: 1" in page(client, "/desk/status?lang=en")


def test_overdue_visits_come_first_in_the_tray(
    kiosk: Kiosk, clock: Clock, client: FlaskClient
) -> None:
    refused, parked = confirm_visit(kiosk, "an"), confirm_visit(kiosk, "binh")
    refuse(kiosk)
    clock.go(timedelta(minutes=40))
    park(kiosk)

    text = page(client, "/logbook/tray?lang=en")

    assert text.index(parked) < text.index(refused)
    assert "overdue since 10:30 25/11/2026" in text
    assert "due by the end of 04/12/2026" in text


def test_every_figure_has_words_in_both_languages(kiosk: Kiosk, client: FlaskClient) -> None:
    confirm_visit(kiosk)
    for figure in FIGURES:
        titles = [
            re.findall(
                r"<h1>(.*?) ·", page(client, f"/logbook/reporting/2026-11/{figure}?lang={x}")
            )
            for x in ("vi", "en")
        ]
        assert titles[0] != titles[1]
