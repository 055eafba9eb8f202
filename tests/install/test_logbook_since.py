"""What an upgrade asks of the logbook, and how long its copies are kept."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.backup.cases import Site, used_site
from tests.process import call, card, serving


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return used_site(tmp_path)


def place(site: Site, folder: str) -> str:
    """Make a backup in a folder; return its newest link, as LINK:HASH."""
    done = call("backup", "--to", str(site.data / folder), *site.options)
    made = json.loads(done.stdout)
    return f"{made['link']}:{made['hash']}"


def since(site: Site, link: str) -> tuple[int, dict[str, object]]:
    done = call("logbook", "since", link, *site.options)
    return done.returncode, json.loads(done.stdout)


def test_a_start_is_told_from_a_visit(site: Site) -> None:
    before = place(site, "copies")
    with serving(*site.options) as server:
        server.end()
    code, answer = since(site, before)
    assert (code, answer["has_link"]) == (0, True)
    assert set(answer["recorded"]) <= {"program_run"}  # type: ignore[call-overload]

    with serving(*site.options) as server:
        server.confirm(card("giang"), "k9")
        server.end()
    _, answer = since(site, before)
    assert answer["recorded"]["visit"] == 1  # type: ignore[index]


def test_another_logbook_is_found_out(site: Site) -> None:
    link = place(site, "copies").partition(":")[0]

    assert since(site, f"{link}:{'0' * 64}") == (1, {"has_link": False, "recorded": {}})
    assert since(site, f"999999:{'0' * 64}") == (1, {"has_link": False, "recorded": {}})


def test_a_backup_deletes_the_copies_of_old_upgrades_and_no_others(site: Site) -> None:
    place(site, "before-upgrade/1.0")
    (new,) = (site.data / "before-upgrade/1.0").glob("*.json")
    old = site.data / "before-upgrade/0.9" / new.name
    shutil.copytree(new.parent, old.parent)
    made = datetime.now(UTC) - timedelta(days=31)
    old.write_text(
        json.dumps(json.loads(old.read_text("utf-8")) | {"made_at": made.isoformat()}), "utf-8"
    )

    place(site, "copies")

    assert not list(old.parent.iterdir())
    assert len(list(new.parent.iterdir())) == 3
