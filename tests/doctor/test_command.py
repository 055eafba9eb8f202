"""The command `doctor` for monitoring, and what it says when not all can be checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.cli.doctor import monitor_line
from kiosk.doctor import Check, CheckState, needing_a_person
from kiosk.doctor.doctor import made
from kiosk.doctor.words import plain
from kiosk.logbook import LogbookUnavailable
from tests.process import call, serving, site

GOOD, BAD = CheckState.GOOD, CheckState.BAD
ATTENTION, UNKNOWN = CheckState.ATTENTION, CheckState.UNKNOWN


def check(state: CheckState, code: str = "disk") -> Check:
    return Check(code, plain(f"{code} {state}"), state, plain("a|b"), plain("Do it."))


@pytest.mark.parametrize(
    ("states", "code", "word"),
    [
        ([GOOD], 0, "OK"),
        ([GOOD, UNKNOWN], 0, "OK"),
        ([GOOD, ATTENTION, UNKNOWN], 1, "WARNING"),
        ([ATTENTION, BAD, GOOD], 2, "CRITICAL"),
    ],
)
def test_monitoring_gets_one_line_and_the_exit_code_of_its_plugins(
    states: list[CheckState], code: int, word: str
) -> None:
    exit_code, line = monitor_line([check(state) for state in states])

    assert exit_code == code
    assert line.startswith(f"TIEPDON {word} - ")
    assert line.count("|") == 1  # what follows are figures
    assert f"unknown={states.count(UNKNOWN)}" in line.partition("|")[2]
    assert "\n" not in line


def test_a_check_that_could_not_be_made_is_unknown_to_monitoring() -> None:
    failed = check(UNKNOWN, "check")

    assert monitor_line([check(GOOD), failed])[0] == 3
    assert monitor_line([check(ATTENTION), failed])[0] == 1
    assert monitor_line([check(BAD), failed])[0] == 2


def test_the_line_names_the_worst_first_and_few(tmp_path: Path) -> None:
    done = call("doctor", "--monitor", *site(tmp_path, "http://127.0.0.1:1"))

    line = done.stdout.decode()
    assert done.returncode == 2
    assert line.startswith("TIEPDON CRITICAL - program: does not run")
    assert "more |" in line
    assert line.count("\n") == 1


def test_settings_that_cannot_be_read_are_unknown_to_monitoring(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text("[facility\n", "utf-8")
    words = ("--config", str(tmp_path / "kiosk.toml"), "--data", str(tmp_path / "data"))

    monitored, plain_text = call("doctor", "--monitor", *words), call("doctor", *words)

    assert (monitored.returncode, plain_text.returncode) == (3, 2)
    assert monitored.stdout.startswith(b"TIEPDON UNKNOWN - ")
    assert b"not TOML" in monitored.stdout


def test_a_kiosk_that_cannot_be_built_is_one_line_among_the_others(tmp_path: Path) -> None:
    options = site(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "password").unlink()

    done = call("doctor", *options)

    lines = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1
    assert "password" in lines["program's parts"]["seen"]
    assert lines["file of [insurer] password_file"]["state"] == "bad"
    assert lines["disk"]["good"]


def test_the_program_is_found_running_and_answering(tmp_path: Path) -> None:
    options = site(tmp_path, "")

    def program() -> dict[str, str]:
        lines = map(json.loads, call("doctor", *options).stdout.splitlines())
        [found] = [line for line in lines if line["what"] == "program"]
        return dict(found)

    assert program()["state"] == "bad"
    with serving(*options) as server:
        server.get("/healthz")
        found = program()
        # Its port is another than the settings': it is known once the program has looked.
        assert found["state"] == "unknown"
        assert "runs" in found["seen"]
    assert program()["state"] == "bad"


@pytest.mark.parametrize("error", [LogbookUnavailable("Trần Văn Mẫu"), ValueError("9999900021")])
def test_a_check_that_fails_keeps_none_from_being_made_and_repeats_no_data(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def checks() -> Iterator[Check]:
        yield check(GOOD)
        raise error

    first, failed = made(plain("outbox"), checks)

    assert first.state is GOOD
    assert (failed.state, failed.code) == (UNKNOWN, "check")
    assert needing_a_person([first, failed]) == [failed]
    said = json.dumps(failed.as_json(), ensure_ascii=False) + caplog.text
    assert not any(word in said for word in ("Mẫu", "9999900021"))
