"""The commands of `hub`, run against a real server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase
from tests.hub.rows import begin_stream
from tests.process import call


def admin_url(hub: HubDatabase) -> str:
    """Return the address of the hub for an administrator."""
    return f"postgresql://postgres@127.0.0.1:{hub.cluster.port}/{hub.name}"


def run(*words: str, code: int = 0) -> Any:
    """Run a command; return the JSON that it prints, or its message if `code` is 2."""
    done = call("hub", *words)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout) if code < 2 else done.stderr.decode()


def test_a_hub_is_set_up_and_a_desk_looks_at_it(hub: HubDatabase, tmp_path: Path) -> None:
    url, secret, config = admin_url(hub), tmp_path / "desk-2", tmp_path / "own.toml"
    assert run("migrate", "--url", url) == {"steps": [], "parts": [], "dropped": []}
    made = run(
        *("desk", "add", "2", "--url", url, "--to", str(secret), "--name", "Quầy 2"),
        *("--facility", FACILITY, "--facility-name", "Bệnh viện Một"),
    )
    assert made == {
        "facility": FACILITY,
        "desk": 2,
        "name": "Quầy 2",
        "letter": "C",
        "login": f"desk_{FACILITY}_2",
        "password_file": str(secret),
    }
    assert secret.read_text().strip() not in json.dumps(made)
    assert os.name == "nt" or secret.stat().st_mode & 0o777 == 0o600
    config.write_text(
        f'[facility]\ncode = "{FACILITY}"\n[hub]\nurl = "{hub.url}"\n'
        f'password_file = "{secret}"\ndesk = 2\n'
    )
    where = ("--config", str(config), "--data", str(tmp_path))

    seen = run("check", *where)

    assert (seen["name"], seen["letter"], seen["troubles"]) == ("Quầy 2", "C", [])
    assert abs(seen["clock_ahead_s"]) < 5
    assert not seen["encrypted"]  # this machine's own
    assert [desk["desk"] for desk in run("status", *where)["desks"]] == [2]


def test_check_says_what_needs_a_person(hub: HubDatabase, tmp_path: Path) -> None:
    own = hub.add_desk(1)
    config = tmp_path / "own.toml"
    config.write_text(
        f'[facility]\ncode = "{FACILITY}"\n[hub]\nurl = "{own.url}"\n'
        f'password_file = "{own.password_file}"\ndesk = 1\n'
    )
    hub.sql("delete from hub.step where step > 1")
    for table in ("visit", "visit_version"):
        for row in hub.sql(
            "select inhrelid::regclass::text as name from pg_inherits where inhparent ="
            " %s::regclass", [f"hub.{table}"]
        ):  # fmt: skip
            hub.sql(f"drop table {row['name']}")

    seen = run("check", "--config", str(config), "--data", str(tmp_path), code=1)

    assert "partitions" in seen["troubles"]
    assert seen["ready_until"] is None


def test_status_of_an_operator_shows_all_facilities_and_the_servers(hub: HubDatabase) -> None:
    begin_stream(hub.desk(1))
    hub.desk(1, OTHER_FACILITY)

    shown = run("status", "--url", admin_url(hub))

    assert [(desk["facility"], desk["desk"]) for desk in shown["desks"]] == [
        (FACILITY, 1),
        (OTHER_FACILITY, 1),
    ]
    assert shown["standbys"] == []
    assert {row["account"] for row in shown["connections"]} >= {f"desk_{FACILITY}_1"}
    assert any(row["name"].startswith("visit_") for row in shown["tables"])


def test_the_letter_of_a_desk_follows_from_its_number(hub: HubDatabase, tmp_path: Path) -> None:
    url = admin_url(hub)

    def add(number: int) -> Any:
        secret = tmp_path / f"desk-{number}-{len(list(tmp_path.iterdir()))}"
        words = ("--facility", FACILITY, "--facility-name", "Một", "--to", str(secret))
        return run("desk", "add", str(number), "--url", url, *words)

    assert [add(number)["letter"] for number in (9, 1, 2, 17)] == ["T", "B", "C", "BB"]
    assert add(2)["letter"] == "C"  # a new password only


def test_a_retired_desk_is_gone_and_its_number_is_not_used_again(
    hub: HubDatabase, tmp_path: Path
) -> None:
    url = admin_url(hub)
    hub.desk(3)
    words = ("3", "--url", url, "--facility", FACILITY)

    assert run("desk", "retire", *words)["retired_now"]
    assert not run("desk", "retire", *words)["retired_now"]
    secret = tmp_path / "again"
    assert "was retired" in run("desk", "add", *words, "--to", str(secret), code=2)
    assert not secret.exists()
    assert "there is no desk" in run(
        "desk", "retire", "8", "--url", url, "--facility", FACILITY, code=2
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("desk", "add", "1", "--facility", "1"), "expected a code as 01999"),
        (("desk", "add", "1", "--facility", FACILITY), "expected its name too"),
        (("report", "--facility", "x"), "expected a code"),
    ],
)
def test_what_cannot_be_leaves_no_password_behind(
    hub: HubDatabase, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    secret = tmp_path / "secret"

    assert message in run(*words, "--url", admin_url(hub), "--to", str(secret), code=2)
    assert not secret.exists()


def test_a_file_that_exists_is_not_overwritten(hub: HubDatabase, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("another one's")

    assert "expected a new name" in run(
        *("report", "--facility", FACILITY, "--url", admin_url(hub), "--to", str(secret)), code=2
    )
    assert secret.read_text() == "another one's"


def test_the_accounts_of_reports_are_made(hub: HubDatabase, tmp_path: Path) -> None:
    url = admin_url(hub)
    for name, words in (("a", ("--facility", FACILITY)), ("b", ())):
        made = run("report", *words, "--url", url, "--to", str(tmp_path / name))
        assert made["login"] == (f"report_{FACILITY}" if words else "group_report")


def test_a_month_that_is_not_over_is_not_dropped(hub: HubDatabase) -> None:
    assert "that is over" in run(
        "migrate", "--url", admin_url(hub), "--drop-before", "2099-01", code=2
    )


@pytest.mark.parametrize(
    "url", ["", "mysql://a/b", "postgresql://127.0.0.1/x", "postgresql://a:secret@127.0.0.1/x"]
)
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    message = run("migrate", "--url", url, code=2)

    assert "expected postgresql://ACCOUNT@HOST" in message
    assert "secret" not in message


def test_a_network_without_tls_is_refused() -> None:
    message = run("migrate", "--url", "postgresql://a@192.0.2.7/x", code=2)

    assert "expected a ca_file" in message
