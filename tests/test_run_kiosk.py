"""The command line, run as a user runs it."""

from __future__ import annotations

import http.client
import io
import json
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import segno

from kiosk.data import AnswersCache
from kiosk.sandbox import DEMO, PEOPLE, payload_of
from kiosk.sandbox.people import NOT_A_CARD, PretendPerson
from tests.cast import BHYT17
from tests.process import call, command, run, serving


@pytest.mark.parametrize("patient", PEOPLE, ids=lambda patient: patient.key)
def test_verify_prints_the_verdict_on_each_pretend_patient(patient: PretendPerson) -> None:
    done = call("verify", "--demo", payload=payload_of(patient, datetime.now(UTC)).encode())

    verdict = json.loads(done.stdout)
    assert (verdict["outcome"], verdict["reason"]) == (patient.outcome, patient.reason)
    assert done.returncode == (1 if patient.outcome == "desk" else 0)
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (NOT_A_CARD.encode(), "not_a_bhyt_card"),
        (b"", "unreadable"),
        (b"\xff" * 10, "bad_encoding"),
        (b"x" * 3_000_000, "too_long"),
        (BHYT17.encode() + b"\r\n", "not_yet_known"),
    ],
)
def test_verify_prints_a_verdict_on_any_payload(payload: bytes, reason: str) -> None:
    done = call("verify", "--demo", payload=payload)

    assert json.loads(done.stdout)["reason"] == reason
    assert done.stderr == b""


def test_verify_judges_as_of_another_day() -> None:
    card = DEMO.sign_card({1: "GD4019999900031", 7: 20_600}, clinic_noon()).encode()

    before, after = (
        json.loads(call("verify", "--demo", "--on", day, payload=card).stdout)["reason"]
        for day in ("2026-05-27", "2026-05-28")
    )

    assert (before, after) == ("vouched", "printed_dates_over")


def clinic_noon() -> datetime:
    return datetime(2026, 5, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["serve", "--config", "{own}"], "[web] prot is not a setting"),
        (["sync", "--data", "{folder}"], "[facility] code is ''"),
        (["verify", "--data", "{folder}"], "[facility] code is ''"),
        (["serve", "--config", "{folder}/nothing.toml"], "cannot be read"),
        (["serve", "--data", "{own}"], "cannot be made"),
        (["sync", "--config", "{plain}", "--data", "{folder}"], "[insurer] url is ''"),
        (["inspect", "--keys", "{own}"], "not JSON; expected a JWK set"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_2(
    words: list[str], message: str, tmp_path: Path
) -> None:
    own, plain = tmp_path / "own.toml", tmp_path / "plain.toml"
    own.write_text('[facility]\ncode = "01999"\n[web]\nprot = 1\n', "utf-8")
    plain.write_text('[facility]\ncode = "01999"\n', "utf-8")
    filled = [word.format(own=own, plain=plain, folder=tmp_path) for word in words]

    done = call(*filled)

    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert done.stdout == b""


def test_wrong_use_exits_2() -> None:
    for words in (["serve", "--nonsense"], ["verify", "--on", "soon"], ["inspect", "--at", "x"]):
        assert call(*words).returncode == 2


def test_json_is_utf_8_in_every_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")

    done = run("verify", "--demo", payload=BHYT17.encode())

    assert "Nguyễn" in done.stdout.decode("utf-8")


def test_a_demonstration_does_not_start_in_the_directory_of_a_site(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[facility]\ncode = "01999"\n', "utf-8")
    with serving("--data", str(tmp_path)):
        pass

    done = run("serve", "--demo", "--no-browser", "--port", "0", "--data", str(tmp_path))

    assert done.returncode == 2
    assert b"made for site use, not demo" in done.stderr
    answers = AnswersCache(tmp_path / "coverage.db")
    assert answers.newest_answer() is None  # no pretend patient is known to the site
    assert not (tmp_path / "sandbox").exists()


def test_an_unknown_host_is_reported() -> None:
    done = run("serve", "--demo", "--no-browser", "--port", "0", "--host", "no.such.host.invalid")

    assert done.returncode == 2
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--demo", "--no-browser", "--port", str(taken.getsockname()[1]))

    assert done.returncode == 2
    assert b"cannot serve on" in done.stderr


def test_inspect_shows_the_content_of_a_card(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [DEMO.jwk()]}), "utf-8")
    card = DEMO.sign_card({1: "GD4019999900031"}, clinic_noon(), days=10).encode()

    known = json.loads(call("inspect", "--keys", str(keys), payload=card).stdout)
    unknown = json.loads(run("inspect", "--at", "2026-05-02", payload=card).stdout)

    assert set(known) == {"format", "signature", "expired", "error", "key_id", "claims"}
    assert (known["signature"], known["expired"]) == ("good", True)
    assert (unknown["signature"], unknown["expired"]) == ("unknown_key", False)


def test_inspect_answers_each_case_of_a_file_with_its_id(tmp_path: Path) -> None:
    cases, card = tmp_path / "cases.jsonl", DEMO.sign_card({1: "GD4019999900031"}, clinic_noon())
    at = "2026-05-02T10:00:00.1234567+0700"
    lines = [
        {"id": "a", "payload": card, "keys": {"keys": [DEMO.jwk()]}, "at": at},
        {"id": 2, "payload": card, "keys": [], "at": "2026-05-02"},
        {"id": "c", "payload": "nonsense"},
    ]
    cases.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", "utf-8")

    done = call("inspect", "--cases", str(cases))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    cases.write_text('{"id": 1}\n', "utf-8")
    wrong = call("inspect", "--cases", str(cases))

    assert [(answer["id"], answer["signature"]) for answer in answers] == [
        ("a", "good"),
        (2, "unknown_key"),
        ("c", "absent"),
    ]
    assert wrong.returncode == 2
    assert b"line 1" in wrong.stderr


CASE = {
    "id": "a",
    "visit_date": "2026-11-21",
    "object_code": "DN",
    "benefit_digit": 4,
    "facility": {"code": "01005", "level": "co_ban", "score": 60, "former_tier": "tinh"},
}


def test_explain_prints_the_share_and_the_rule_of_a_case() -> None:
    done = call("explain", payload=json.dumps(CASE).encode())

    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert (answer["share_percent"], answer["rule"]) == (40, "N10b")
    mistyped = call("explain", payload=json.dumps(CASE | {"objct_code": "DN"}).encode())
    assert json.loads(mistyped.stdout)["ignored"] == ["objct_code"]


def test_explain_answers_each_case_of_a_file_and_reports_the_wrong_ones(tmp_path: Path) -> None:
    lines = [CASE, CASE | {"id": "b", "arrival": "emergency"}, CASE | {"id": "c", "care": "spa"}]
    not_json = ['{"id": NaN}', '{"id": "\\ud800"}', "[]"]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\r\n".join([*map(json.dumps, lines), "", "{", *not_json]), "utf-8")

    done = call("explain", "--cases", str(cases))
    first, second, third, fourth, *others = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert (first["id"], first["share_percent"]) == ("a", 40)
    assert (second["id"], second["ma_doituong_kcb"]) == ("b", "2")
    assert third == {
        "id": "c",
        "error": "line 3: care is 'spa'; expected one of outpatient, inpatient",
    }
    assert fourth == {"id": None, "error": "line 5: not JSON"}
    assert [other["error"].partition(": ")[0] for other in others] == ["line 6", "line 7", "line 8"]


def test_a_wrong_table_exits_2(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "base_salary.csv").write_text("amount\n1\n", "utf-8")

    done = call("explain", "--data", str(tmp_path), payload=json.dumps(CASE).encode())
    assert done.returncode == 2
    assert b"base_salary.csv, row 1" in done.stderr


def test_decode_reads_codes_in_pictures(tmp_path: Path) -> None:
    picture, other = tmp_path / "card.png", tmp_path / "other.txt"
    segno.make(BHYT17, error="m").save(str(picture), scale=4)
    other.write_text("no picture", "utf-8")

    done = call("decode", str(picture), str(other), str(tmp_path / "gone.png"))

    good, bad, gone = (json.loads(line) for line in done.stdout.splitlines())
    assert good["payloads"] == [{"text": BHYT17, "symbology": "qr", "stage": "zxing"}]
    assert set(good) == {"file", "payloads", "ms"}
    assert (bad["payloads"], gone["payloads"]) == ([], [])
    assert "error" in bad
    assert "error" in gone
    assert done.returncode == 1


def test_decode_says_if_a_part_of_a_divided_card_is_missing(tmp_path: Path) -> None:
    parts = [tmp_path / "1.png", tmp_path / "2.png"]
    for code, part in zip(segno.make_sequence(BHYT17, symbol_count=2), parts, strict=True):
        code.save(str(part), scale=4)

    lines = [json.loads(line) for line in call("decode", *map(str, parts)).stdout.splitlines()]

    assert [(line["payloads"], line["advice"]) for line in lines] == [([], "parts")] * 2


def test_verify_admits_what_card_issue_signs(tmp_path: Path) -> None:
    fields = ["--number", "GD4019999900061", "--holder", "Nguyễn Văn Mẫu", "--born", "1980-02-01"]
    text = call("card", "issue", *fields, "--sex", "male", "--level", "4").stdout
    png = tmp_path / "card.png"
    call("card", "issue", "--person", "binh", "--png", str(png))

    assert json.loads(call("verify", "--demo", payload=text).stdout)["reason"] == "vouched"
    [code] = json.loads(call("decode", str(png)).stdout)["payloads"]
    verdict = json.loads(call("verify", "--demo", payload=code["text"].encode()).stdout)
    assert verdict["reason"] == "vouched"


def test_card_list_prints_every_pretend_patient() -> None:
    lines = [json.loads(line) for line in call("card", "list").stdout.splitlines()]

    assert [line["person"] for line in lines] == [patient.key for patient in PEOPLE]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_a_signal_ends_the_program_soon_with_streams_open(number: int) -> None:
    started = time.monotonic()
    with serving("--demo") as server:
        start_took_s = time.monotonic() - started
        host = server.url.removeprefix("http://")
        streams = [http.client.HTTPConnection(host, timeout=5) for _ in range(3)]
        for stream in streams:
            stream.request("GET", "/events")
            stream.getresponse().read(10)
        signalled = time.monotonic()
        code, errors = server.end(number)
        took_s = time.monotonic() - signalled
        for stream in streams:
            stream.close()

    assert (code, errors) == (0, "")
    assert took_s < max(3, 3 * start_took_s)  # a busy machine is slow at both


def test_a_thread_that_dies_ends_the_program() -> None:
    script = (
        "import threading\n"
        "from kiosk.runtime.service import Service\n"
        "service = Service()\n"
        "def fail(stop):\n"
        "    stop.wait(0.5)\n"
        "    raise RuntimeError('Nguyễn')\n"
        "service.add('reader front', fail)\n"
        "service.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        timeout=30,
        check=False,
        cwd=Path(__file__).parents[1],
    )

    assert done.returncode == 1
    assert b"thread reader front died of RuntimeError" in done.stderr
    assert "Nguyễn" not in done.stderr.decode()


def test_the_log_of_a_desk_names_no_person() -> None:
    with serving("--demo") as server:
        for patient in PEOPLE:
            attempt = server.post(f"/demo/phones/{patient.key}/scan", {})["attempt"]
            if patient.outcome != "desk":
                key = {"Idempotency-Key": patient.key}
                server.post("/api/visits", {"attempt": attempt}, **key)
        picture = io.BytesIO()
        segno.make(BHYT17).save(picture, kind="png", scale=4)
        code, errors = server.end()

    assert code == 0
    for patient in PEOPLE:
        for secret in (patient.holder, patient.insurance_number):
            assert secret not in errors
    assert "9C5FB6F6" not in errors.upper()


def test_help_names_every_command() -> None:
    text = call("--help").stdout.decode()

    for name in ("serve", "verify", "inspect", "decode", "readers", "sync", "card", "sandbox"):
        assert name in text
    assert command("x")[0] == sys.executable
