"""The command line, as a process."""

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

from kiosk.sandbox import DEMO, PEOPLE, payload_of
from kiosk.sandbox.people import NOT_A_CARD, PretendPerson
from tests.cast import BHYT17
from tests.process import call, command, run, serving


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.key)
def test_verify_prints_each_pretend_patient_s_verdict(one: PretendPerson) -> None:
    done = call("verify", "--demo", payload=payload_of(one, datetime.now(UTC)).encode())

    verdict = json.loads(done.stdout)
    assert (verdict["outcome"], verdict["reason"]) == (one.outcome, one.reason)
    assert done.returncode == (1 if one.outcome == "desk" else 0)
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
def test_verify_answers_whatever_it_is_given(payload: bytes, reason: str) -> None:
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
    ("words", "told"),
    [
        (["serve", "--config", "{own}"], "[web] prot is not a setting"),
        (["serve", "--data", "{folder}"], "[facility] code is ''"),
        (["verify", "--data", "{folder}"], "[facility] code is ''"),
        (["serve", "--config", "{folder}/nothing.toml"], "cannot be read"),
        (["serve", "--data", "{own}"], "cannot be made"),
        (["sync", "--config", "{plain}", "--data", "{folder}"], "[insurer] url is ''"),
        (["inspect", "--keys", "{own}"], "not JSON; wanted a JWK set"),
    ],
)
def test_wrong_settings_are_one_line_and_exit_2(
    words: list[str], told: str, tmp_path: Path
) -> None:
    own, plain = tmp_path / "own.toml", tmp_path / "plain.toml"
    own.write_text('[facility]\ncode = "01999"\n[web]\nprot = 1\n', "utf-8")
    plain.write_text('[facility]\ncode = "01999"\n', "utf-8")
    filled = [word.format(own=own, plain=plain, folder=tmp_path) for word in words]

    done = call(*filled)

    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert done.stdout == b""


def test_wrong_use_is_told_and_exit_2() -> None:
    for words in (["serve", "--nonsense"], ["verify", "--on", "soon"], ["inspect", "--at", "x"]):
        assert call(*words).returncode == 2


def test_json_is_utf_8_wherever_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")

    done = run("verify", "--demo", payload=BHYT17.encode())

    assert "Nguyễn" in done.stdout.decode("utf-8")


def test_a_demonstration_in_a_site_s_directory_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[facility]\ncode = "01999"\n', "utf-8")
    with serving("--data", str(tmp_path)):
        pass

    done = run("serve", "--demo", "--no-browser", "--port", "0", "--data", str(tmp_path))

    assert done.returncode == 2
    assert b"made for site use, not demo" in done.stderr


def test_a_host_that_is_none_is_told() -> None:
    done = run("serve", "--demo", "--no-browser", "--port", "0", "--host", "no.such.host.invalid")

    assert done.returncode == 2
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--demo", "--no-browser", "--port", str(taken.getsockname()[1]))

    assert done.returncode == 2
    assert b"cannot serve on" in done.stderr


def test_inspect_shows_what_is_inside(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [DEMO.jwk()]}), "utf-8")
    card = DEMO.sign_card({1: "GD4019999900031"}, clinic_noon(), days=10).encode()

    known = json.loads(call("inspect", "--keys", str(keys), payload=card).stdout)
    unknown = json.loads(run("inspect", "--at", "2026-05-02", payload=card).stdout)

    assert set(known) == {"format", "signature", "expired", "error", "key_id", "claims"}
    assert (known["signature"], known["expired"]) == ("good", True)
    assert (unknown["signature"], unknown["expired"]) == ("unknown_key", False)


def test_inspect_answers_many_cases_with_their_ids(tmp_path: Path) -> None:
    cases, card = tmp_path / "cases.jsonl", DEMO.sign_card({1: "GD4019999900031"}, clinic_noon())
    at = "2026-05-02T10:00:00.1234567+0700"
    lines = [
        {"id": "a", "payload": card, "keys": {"keys": [DEMO.jwk()]}, "at": at},
        {"id": 2, "payload": card, "keys": [], "at": "2026-05-02"},
        {"id": "c", "payload": "nonsense"},
    ]
    cases.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", "utf-8")

    found = [
        json.loads(line) for line in call("inspect", "--cases", str(cases)).stdout.splitlines()
    ]
    cases.write_text('{"id": 1}\n', "utf-8")
    wrong = call("inspect", "--cases", str(cases))

    assert [(one["id"], one["signature"]) for one in found] == [
        ("a", "good"),
        (2, "unknown_key"),
        ("c", "absent"),
    ]
    assert wrong.returncode == 2
    assert b"line 1" in wrong.stderr


CASE = {
    "id": "a", "visit_date": "2026-11-21", "object_code": "DN", "benefit_digit": 4,
    "facility": {"code": "01005", "level": "co_ban", "score": 60, "former_tier": "tinh"},
}  # fmt: skip


def test_explain_says_what_a_case_is_entitled_to_and_why() -> None:
    done = call("explain", payload=json.dumps(CASE).encode())

    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert (answer["share_percent"], answer["rule"]) == (40, "N10b")
    mistyped = call("explain", payload=json.dumps(CASE | {"objct_code": "DN"}).encode())
    assert json.loads(mistyped.stdout)["ignored"] == ["objct_code"]


def test_explain_answers_many_cases_and_names_those_that_cannot_be_meant(tmp_path: Path) -> None:
    lines = [CASE, CASE | {"id": "b", "arrival": "emergency"}, CASE | {"id": "c", "care": "spa"}]
    odd = ['{"id": NaN}', '{"id": "\\ud800"}', "[]"]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\r\n".join([*map(json.dumps, lines), "", "{", *odd]), "utf-8")

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
    assert [one["error"].partition(": ")[0] for one in others] == ["line 6", "line 7", "line 8"]


def test_a_bad_table_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "base_salary.csv").write_text("amount\n1\n", "utf-8")

    done = call("explain", "--data", str(tmp_path), payload=json.dumps(CASE).encode())
    assert done.returncode == 2
    assert b"base_salary.csv, row 1" in done.stderr


def test_decode_reads_pictures(tmp_path: Path) -> None:
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


def test_card_issue_signs_what_verify_admits(tmp_path: Path) -> None:
    fields = ["--number", "GD4019999900061", "--holder", "Nguyễn Văn Mẫu", "--born", "1980-02-01"]
    text = call("card", "issue", *fields, "--sex", "male", "--level", "4").stdout
    png = tmp_path / "card.png"
    call("card", "issue", "--person", "binh", "--png", str(png))

    assert json.loads(call("verify", "--demo", payload=text).stdout)["reason"] == "vouched"
    [code] = json.loads(call("decode", str(png)).stdout)["payloads"]
    verdict = json.loads(call("verify", "--demo", payload=code["text"].encode()).stdout)
    assert verdict["reason"] == "vouched"


def test_card_list_tells_what_each_patient_is_there_for() -> None:
    lines = [json.loads(line) for line in call("card", "list").stdout.splitlines()]

    assert [line["person"] for line in lines] == [one.key for one in PEOPLE]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_a_signal_ends_it_soon_with_streams_open(number: int) -> None:
    begun = time.monotonic()
    with serving("--demo") as server:
        start_took = time.monotonic() - begun
        host = server.url.removeprefix("http://")
        streams = [http.client.HTTPConnection(host, timeout=5) for _ in range(3)]
        for stream in streams:
            stream.request("GET", "/events")
            stream.getresponse().read(10)
        asked = time.monotonic()
        code, errors = server.end(number)
        took = time.monotonic() - asked
        for stream in streams:
            stream.close()

    assert (code, errors) == (0, "")
    assert took < max(3, 3 * start_took)  # a busy machine is slow at both


def test_a_thread_that_dies_ends_the_program() -> None:
    script = (
        "import threading\n"
        "from kiosk.runtime.service import Service\n"
        "service = Service()\n"
        "def fall(stop):\n"
        "    stop.wait(0.5)\n"
        "    raise RuntimeError('Nguyễn')\n"
        "service.add('reader front', fall)\n"
        "service.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=30, check=False,
        cwd=Path(__file__).parents[1],
    )  # fmt: skip

    assert done.returncode == 1
    assert b"thread reader front died of RuntimeError" in done.stderr
    assert "Nguyễn" not in done.stderr.decode()


def test_nothing_a_desk_does_puts_a_person_into_the_log() -> None:
    with serving("--demo") as server:
        for one in PEOPLE:
            attempt = server.post(f"/demo/phones/{one.key}/scan", {})
            if one.outcome != "desk":
                server.post("/api/visits", {"attempt": attempt["attempt"]},
                            **{"Idempotency-Key": one.key})  # fmt: skip
        picture = io.BytesIO()
        segno.make(BHYT17).save(picture, kind="png", scale=4)
        code, errors = server.end()

    assert code == 0
    for one in PEOPLE:
        for secret in (one.holder, one.insurance_number):
            assert secret not in errors
    assert "9C5FB6F6" not in errors.upper()


def test_help_names_every_command() -> None:
    text = call("--help").stdout.decode()

    for name in ("serve", "verify", "inspect", "decode", "readers", "sync", "card", "sandbox"):
        assert name in text
    assert command("x")[0] == sys.executable
