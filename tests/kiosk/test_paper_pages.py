"""The pages of paper sheets and of the day's end over HTTP, and the sheets as PDF."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.logbook import NewOutage, OutageReport, OutageSource, PaperSheet
from kiosk.paper import EntryLine, EntrySheet, EntrySheetWords, entry_sheets_pdf
from tests.cast import NOW, Clock
from tests.conftest import Kiosk
from verify import CLINIC_ZONE

AN, BINH, CHI = "9999900001", "9999900002", "9999900003"
ALL_MARKS = "Nguyễn Thị Ngọc Quỳnh Phượng Ẩm Ướt Đặng Hữu Thượng Ưu Đãi Ỡ"  # 60 letters
ELEVEN = NOW + timedelta(hours=1)


@pytest.fixture
def sheet(kiosk: Kiosk, clock: Clock) -> PaperSheet:
    [made] = kiosk.paper_sheets.make(1, "desk", clock())
    clock.go(timedelta(hours=3))
    return made


def codes(kiosk: Kiosk, sheet: PaperSheet) -> list[str]:
    return [line.code for line in kiosk.paper_sheets.lines(sheet)]


def enter(client: FlaskClient, code: str, **fields: object) -> tuple[int, dict[str, Any]]:
    body = {"code": code, "day": "25/11/2026", "time": "1100"} | fields
    answer = client.post("/paper/entry?lang=en", json=body)
    return answer.status_code, answer.get_json()


def test_sheets_are_made_listed_and_printed(client: FlaskClient, kiosk: Kiosk) -> None:
    made = client.post("/paper", data={"count": "2"})
    page = client.get(made.location + "&lang=en").text
    pdf = client.get("/paper/sheets.pdf?first=1&last=2")

    assert "Made: sheets 1 to 2." in page
    assert "G&nbsp;13–24" in page
    assert pdf.mimetype == "application/pdf"
    assert pdf.data.count(b"/Type /Page\n") == 2
    assert [sheet.id for sheet in kiosk.paper_sheets.newest()] == [2, 1]


@pytest.mark.parametrize("count", ["", "0", "51", "fünf", "9" * 50])
def test_a_wrong_number_of_sheets_makes_none(client: FlaskClient, count: str) -> None:
    answer = client.post("/paper?lang=en", data={"count": count})

    assert answer.status_code == 400
    assert "Write a number from 1 to 50." in answer.text


def test_a_line_is_entered_and_the_next_one_is_offered(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    first, second, *_ = codes(kiosk, sheet)

    status, answer = enter(client, first.lower().replace("-", " "), number=AN, room="phòng khám 1")

    assert status == 201
    assert (answer["sheet"], answer["line"], answer["next"]) == (1, 1, second)
    visit = kiosk.visits.by_id(answer["visit"])
    assert visit is not None
    assert visit.arrived_at == ELEVEN
    assert (visit.ticket_label, visit.service.room) == ("G 1", "Phòng khám 1")
    page = client.get(f"/logbook/visits/{visit.id}?lang=en").text
    assert "Entered from paper" in page
    assert "from paper" in client.get("/logbook?lang=en").text


@pytest.mark.parametrize(
    ("fields", "status", "title", "field"),
    [
        ({"code": "1-01"}, 400, "wrong_line_code", "code"),
        ({"time": ""}, 400, "bad_request", "time"),
        ({"time": "2561"}, 400, "bad_request", "time"),
        ({"day": "31/02/2026"}, 400, "bad_request", "day"),
        ({"day": "25/11/26"}, 400, "bad_request", "day"),
        ({"time": "23:59"}, 422, "paper_time_wrong", "time"),
        ({"time": "0930"}, 422, "paper_time_wrong", "time"),
        ({"number": "99999"}, 422, "number_not_read", "number"),
        ({"number": ""}, 422, "nothing_to_confirm", "number"),
        ({"number": CHI}, 422, "reason_wanted", "clerk_reason"),
        ({"born": "vẫn chưa"}, 400, "bad_request", "born"),
        ({"arrival": "self"}, 400, "bad_request", "arrival"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    client: FlaskClient,
    kiosk: Kiosk,
    sheet: PaperSheet,
    fields: dict[str, str],
    status: int,
    title: str,
    field: str,
) -> None:
    code = codes(kiosk, sheet)[0]

    got, answer = enter(client, **({"code": code, "number": AN} | fields))

    assert (got, answer["title"], answer["field"]) == (status, title, field)
    assert answer["words"]
    assert kiosk.visits.newest() == []
    assert kiosk.paper_sheets.sheet(sheet.id).open == 12


def test_a_card_that_is_not_in_order_is_entered_with_a_reason(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    status, answer = enter(client, codes(kiosk, sheet)[0], number=CHI, clerk_reason="mất điện")

    assert status == 201
    visit = kiosk.visits.by_id(answer["visit"])
    assert visit is not None
    assert visit.clerk_reason == "mất điện"


def test_an_unknown_patient_on_paper_gets_a_code(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    status, answer = enter(client, codes(kiosk, sheet)[0], arrival="emergency", unknown=True)

    assert status == 201
    [visit] = kiosk.visits.with_unknown_patient()
    assert visit.unknown is not None
    assert visit.unknown.code in answer["words"]


def test_a_second_entry_of_a_line_says_when_the_first_was(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    code = codes(kiosk, sheet)[0]
    enter(client, code, number=AN)

    status, answer = enter(client, code, number=BINH)
    known = client.post("/paper/entry/lines?lang=en", json={"code": code}).get_json()

    assert (status, answer["title"]) == (409, "line_used")
    assert (
        answer["words"] == known["words"] == ("This line was entered before, at 13:00 25/11/2026.")
    )
    assert not known["open"]


def test_a_program_that_asks_by_time_gets_what_was_entered_from_paper_since(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet, clock: Clock
) -> None:
    clock.go(timedelta(days=1))
    before = clock().isoformat()
    enter(client, codes(kiosk, sheet)[0], number=AN)
    clock.go(timedelta(hours=1))
    after = clock().isoformat()
    headers = {"Idempotency-Key": "1"}
    client.post("/api/visits", json={"attempt": kiosk.scan("9999900005")}, headers=headers)

    seen = [
        [
            visit["ticket_label"]
            for visit in client.get(f"/api/visits?since={since}").get_json()["visits"]
        ]
        for since in (before.replace("+", "%2B"), after.replace("+", "%2B"))
    ]

    assert seen == [["G 1", "1"], ["1"]]


def test_a_late_report_leads_to_the_outages(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet, clock: Clock
) -> None:
    clock.go(timedelta(days=3))

    _, answer = enter(client, codes(kiosk, sheet)[0], number=AN)

    assert answer["late"]


def test_lines_are_made_void_with_a_reason_only(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    path = f"/paper/{sheet.id}/void"
    refused = [
        client.post(path, data=data).status_code
        for data in ({"line": "1"}, {"why": "gạch"}, {"line": "x", "why": "gạch"})
    ]
    one = client.post(path, data={"line": "1", "why": "gạch bỏ"})
    again = client.post(path, data={"line": "1", "why": "gạch bỏ"})
    rest = client.post(path, data={"line": "all", "why": "không dùng"})

    assert refused == [400, 400, 400]
    assert (one.status_code, again.status_code, rest.status_code) == (303, 409, 303)
    assert kiosk.paper_sheets.sheet(sheet.id).state == "void"
    assert client.post("/paper/9/void", data={"line": "1", "why": "x"}).status_code == 404


def test_no_page_of_sheets_and_no_page_of_the_day_shows_a_name(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    enter(client, codes(kiosk, sheet)[0], number=AN, holder="Nguyễn Văn An", born="01/02/1980")

    for path in ("/paper", "/paper/1", "/paper/entry", "/paper/entry/sheets/1", "/day"):
        text = client.get(path).text
        assert "Nguyễn Văn An" not in text, path
        assert AN not in text, path


def test_the_evidence_tells_both_times_of_a_visit_from_paper(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet
) -> None:
    _, answer = enter(client, codes(kiosk, sheet)[0], number=AN)
    text = text_of(client.get(f"/logbook/visits/{answer['visit']}/evidence.pdf?lang=en").data)

    assert "Arrived 11:00:00 25/11/2026" in text
    assert "sheet 1, line 1, at 13:00 25/11/2026" in text


def text_of(pdf: bytes) -> str:
    """Return the text of a PDF on one line."""
    return " ".join("\n".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf)).pages).split())


def test_a_sheet_has_all_vietnamese_letters_and_long_names_whole() -> None:
    lines = tuple(EntryLine(f"TIEPDON-G1-{n:02}A", f"1-{n:02}A", f"G {n}") for n in range(1, 13))
    words = EntrySheetWords(
        facility=f"{ALL_MARKS} (01999)",
        language="vi",
        title="Phiếu",
        instructions=(ALL_MARKS, ALL_MARKS),
        day_field="Ngày",
        desk_field="Bàn",
        columns=dict.fromkeys(
            ("number", "time", "name", "born", "card", "room", "phone", "kind", "signature"),
            "Số điện thoại của người nhà",
        ),
        kinds=("cấp cứu", "không có bảo hiểm y tế"),
        tear_off="Phòng: ............",
        foot=f"{ALL_MARKS} {ALL_MARKS} {ALL_MARKS}",
        page_of="Trang %(page)s/%(pages)s",
    )
    sheet = EntrySheet(f"{ALL_MARKS} – Tờ 1", f"In bởi {ALL_MARKS}", lines)

    text = text_of(entry_sheets_pdf((sheet, sheet), words))

    assert text.count(ALL_MARKS) >= 8
    assert "không có bảo hiểm y tế" in text
    assert "Trang 2/2" in text


def test_a_day_counts_visits_numbers_and_what_is_open(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet, clock: Clock
) -> None:
    first, second, *_ = codes(kiosk, sheet)
    enter(client, first, number=AN)
    enter(client, second, holder="Nguyễn Thị Mẫu", arrival="emergency")
    kiosk.scan("9999900005")
    power = NewOutage(OutageSource.POWER, ELEVEN, clock(), OutageReport("", None, ""), "")
    kiosk.outages.add(power, clock(), "desk")

    page = re.sub(r"<[^>]+>", " ", client.get("/day?lang=en").text)
    page = re.sub(r"\s+", " ", page)

    assert "Paper sheet 1 is not entered to the end: 10 lines are open." in page
    assert "Electricity" in page
    assert "Scanned and not recorded: 1" in page
    assert "of these entered from paper 2" in page
    assert "2 : G 1, G 2" in page
    assert "No data: no visit of this day has a time from scan to recorded." in page


def test_the_time_from_scan_to_recorded_has_its_causes(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    def record(payload: str, *waits_s: int, **more: object) -> None:
        attempt = kiosk.scan(payload)
        for wait_s in waits_s:
            clock.go(timedelta(seconds=wait_s))
            if wait_s == 30:
                attempt = kiosk.scan(payload)
        answer = client.post(
            "/api/visits",
            json={"attempt": attempt} | more,
            headers={"Idempotency-Key": f"{attempt}"},
        )
        assert answer.status_code == 201
        clock.go(timedelta(seconds=5))

    record(AN, 4)
    record("9999900005", 30, 12)
    record(CHI, 100, clerk_reason="cấp cứu")
    end = kiosk.days_end.of(clock().astimezone(CLINIC_ZONE).date())

    assert [visit.took.total_seconds() for visit in end.slowest] == [100, 42, 4]
    assert end.median == timedelta(seconds=42)
    assert [set(visit.causes) for visit in end.slowest] == [{"typed", "desk"}, {"scans"}, set()]
    page = client.get("/day?lang=en").text
    assert "1 min 40 s" in page
    assert "scanned more than once" in page


def test_a_clock_that_was_set_makes_no_time_and_no_zero(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    attempt = kiosk.scan(AN)
    clock.go(timedelta(hours=-1))
    headers = {"Idempotency-Key": "1"}
    assert client.post("/api/visits", json={"attempt": attempt}, headers=headers).status_code == 201

    end = kiosk.days_end.of(NOW.astimezone(CLINIC_ZONE).date())

    assert (end.timed, end.median, end.not_timed) == ([], None, 1)


@pytest.mark.parametrize("day", ["2026-11-26", "1999-01-01", "x", "2026-02-31"])
def test_a_day_that_is_to_come_or_is_none_has_no_page(client: FlaskClient, day: str) -> None:
    assert client.get(f"/day?date={day}").status_code == 404


def test_a_day_before_the_first_run_says_that_nothing_is_known(client: FlaskClient) -> None:
    page = client.get("/day?date=2026-11-01&lang=en").text

    assert "It is not known whether the program ran on this day" in page


def test_how_long_printing_took_stands_beside_and_a_failed_print_is_named(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet, clock: Clock
) -> None:
    first, second, *_ = codes(kiosk, sheet)
    tickets = []
    for code, number in ((first, AN), (second, "9999900005")):
        visit = kiosk.visits.by_id(enter(client, code, number=number)[1]["visit"])
        assert visit is not None
        tickets.append(visit.ticket_id)
    assert "After that, printing" not in client.get("/day?lang=en").text
    for ticket, state in zip(tickets, ("printed", "unknown"), strict=True):
        kiosk.ticket_prints.ask([ticket], "quầy 1", clock())
        with kiosk.database.transaction() as db:
            db.execute(
                "update ticket_print set state = ?, ended_at = ? where ticket = ?",
                [state, (clock() + timedelta(seconds=3)).isoformat(), ticket],
            )

    page = " ".join(re.sub(r"<[^>]+>", " ", client.get("/day?lang=en").text).split())

    assert "After that, printing the ticket (1) 3 s" in page
    assert "Tickets that did not come out for certain: 1" in page


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("phone", "gọi mẹ bé", "not_a_phone"),
        ("phone", "09" * 30, "not_a_phone"),
        ("born", "26/11/2026", "in_future"),  # the paper is of the day before
        ("holder", "a" * 300, "not_a_line"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(
    client: FlaskClient, kiosk: Kiosk, sheet: PaperSheet, field: str, value: str, fault: str
) -> None:
    person = {"holder": "Lê Văn Mẫu", "born": "01/02/1980", "arrival": "uninsured"}

    status, answer = enter(client, codes(kiosk, sheet)[0], **(person | {field: value}))

    assert (status, answer["field"], answer["fault"]) == (400, field, fault)
    assert answer["words"]
    assert kiosk.visits.newest() == []


def test_what_is_typed_as_a_code_is_in_no_address(client: FlaskClient) -> None:
    assert client.get(f"/paper/entry/lines?code={AN}").status_code == 405
    assert client.post("/paper/entry/lines", json={"code": AN}).status_code >= 400
