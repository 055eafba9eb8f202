"""The commands of `logbook`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.logbook import Database
from kiosk.proof import Proofs
from tests.cast import NOW
from tests.older import unpack
from tests.process import call
from tests.proof.books import raw

ATTEMPT = (
    "insert into attempt (at, reader, outcome, reason, verdict)"
    " values ('2026-11-25', 'front', 'desk', 'x', '{}')"
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the data directory of a site with an attempt and a visit of an older version."""
    unpack(tmp_path)
    settings(tmp_path / "site")
    return tmp_path / "site"


def settings(folder: Path) -> None:
    (folder / "kiosk.toml").write_text('[facility]\ncode = "01999"\n', "utf-8")


def typed(*words: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run a command; return its exit code, its lines and its words."""
    done = call("logbook", *words)
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return done.returncode, lines, done.stderr.decode()


def test_an_older_logbook_is_linked_once_and_marked(site: Path) -> None:
    code, [found], _ = typed("check", "--data", str(site))
    again = typed("check", "--data", str(site))[1][0]

    assert code == 0
    assert found["linked_later"] == found["links"] == found["rows"] > 20
    assert again == found


def test_the_first_broken_place_is_named(site: Path) -> None:
    typed("check", "--data", str(site))
    with raw(site / "logbook.db") as conn:
        conn.execute("update visit set day = '2020-01-01' where row = 2")
        [visit] = conn.execute("select id from visit where row = 2").fetchone()

    code, lines, words = typed("check", "--data", str(site))

    assert code == 1
    assert lines[0]["table"] == "visit"
    assert lines[0]["row"] == visit
    assert words.startswith(f"first broken place: visit, row {visit}: its content is not")


def test_a_root_that_was_kept_is_compared(site: Path) -> None:
    [kept] = typed("root", "--data", str(site))[1]
    root = kept["keep"]

    assert typed("check", "--data", str(site), "--root", root)[0] == 0
    assert typed("check", "--data", str(site), "--root", root[:30])[0] == 0
    assert typed("check", "--data", str(site), "--root", f"999999:{'0' * 16}")[0] == 1
    assert typed("check", "--data", str(site), "--root", "5:xyz")[0] == 2
    assert typed("root", kept["day"], "--data", str(site))[1] == [kept]
    assert typed("root", "2020-01-01", "--data", str(site))[0] == 1


def test_a_visit_is_proven_on_another_machine(site: Path, tmp_path: Path) -> None:
    with raw(site / "logbook.db") as conn:
        [visit] = conn.execute("select id from visit").fetchone()
    [key] = typed("key", "--data", str(site))[1]
    file = str(tmp_path / "bundle.json")

    assert typed("prove", visit, "--out", file, "--data", str(site))[0] == 0
    code, [proven], _ = typed("verify-bundle", file, "--key", key["public"])

    assert code == 0
    assert proven["key_compared"] is True
    assert proven["rows"]["visit"][0]["id"] == visit
    assert proven["linked_later"] > 0
    assert typed("verify-bundle", file, "--key", "0" * 64)[0] == 1
    assert typed("verify-bundle", file, "--key", "0")[0] == 2
    assert typed("verify-bundle", str(site / "logbook.db"))[0] == 1
    assert typed("prove", "nobody", "--data", str(site))[0] == 2


def test_a_key_is_replaced(site: Path) -> None:
    [first] = typed("key", "--data", str(site))[1]
    [second] = typed("rotate-key", "--data", str(site))[1]

    assert second["signed_by_the_one_before"] is True
    assert typed("key", "--data", str(site))[1] == [first, second]


def test_a_directory_without_a_logbook_is_not_given_one(tmp_path: Path) -> None:
    settings(tmp_path)
    code, _, words = typed("check", "--data", str(tmp_path))

    assert code == 2
    assert "does not exist" in words
    assert not (tmp_path / "logbook.db").exists()


def test_doctor_tells_of_the_key(site: Path) -> None:
    proofs = Proofs(Database(site / "logbook.db"), site)
    proofs.roots.make(NOW)
    proofs.keys.path.unlink()

    lines = [json.loads(line) for line in call("doctor", "--data", str(site)).stdout.splitlines()]
    [line] = [line for line in lines if line["what"] == "proof"]

    assert line["good"] is False
    assert "is missing" in line["seen"]
    assert "logbook key" in line["do"]
