"""What may be published: nothing older, nothing private, and no withdrawn key without consent."""

from __future__ import annotations

import json
import os
import shutil
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.data.manifest import read_manifest
from kiosk.errors import SettingsError
from kiosk.publisher.checks import check_tables
from kiosk.registry.errors import BadRecords
from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import DEMO
from kiosk.sandbox.issuer import WITHDRAWN
from tests.feed_server import Publisher, client, line, now, quiet, serving, web
from tests.process import call

HOUR = timedelta(hours=1)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    publisher = Publisher(tmp_path / "publisher")
    publisher.init()
    return publisher


def write_keys(
    publisher: Publisher, *entries: dict[str, Any], issued: datetime | None = None
) -> Path:
    """Write a key set of these entries; return its file."""
    path = publisher.folder / "issuers.json"
    issued = issued or now() - HOUR
    path.write_text(json.dumps({"issued": issued.isoformat(), "keys": entries}), "utf-8")
    return path


def issued_times(publisher: Publisher, folder: Path) -> dict[str, datetime]:
    """Fetch the feed into a folder; return when each set in it was made."""
    with serving(publisher.feed) as site:
        client(folder, publisher.root).update(web(site), quiet)
    manifest = read_manifest(folder)
    assert manifest is not None
    return {name: entry.issued for name, entry in manifest.sets.items()}


def test_publishing_a_list_again_does_not_make_it_newer_than_its_file_says(
    publisher: Publisher, tmp_path: Path
) -> None:
    made_at = (now() - timedelta(days=3)).replace(microsecond=0)
    revocations = publisher.folder / "revocations.json"
    revocations.write_text(json.dumps({"issued": made_at.isoformat()}), "utf-8")
    publisher.publish(revocations=revocations)
    publisher.publish(revocations=revocations, cards=publisher.records(line(1)))

    issued = issued_times(publisher, tmp_path / "kiosk")
    assert issued["revocations"] == made_at
    assert issued["registry"] > made_at


def test_older_content_does_not_replace_newer_content(publisher: Publisher) -> None:
    publisher.publish(keys=write_keys(publisher, DEMO.jwk()))
    older = write_keys(publisher, DEMO.jwk(), issued=now() - timedelta(days=9))

    with pytest.raises(SettingsError, match="what is published was made"):
        publisher.publish(keys=older)
    publisher.cards(line(1))
    with pytest.raises(SettingsError, match="what is published was made"):
        publisher.publish(now() - HOUR, changes=publisher.records(line(2)))


def test_a_withdrawn_key_becomes_valid_again_only_if_the_publisher_names_it(
    publisher: Publisher,
) -> None:
    withdrawn = WITHDRAWN.jwk()
    active_again = withdrawn | {"state": "active"}
    of_another_issuer = withdrawn | {"iss": "ELSEWHERE"}
    publisher.publish(keys=write_keys(publisher, DEMO.jwk(), withdrawn))

    for entries in ([DEMO.jwk(), active_again], [DEMO.jwk()], [active_again, of_another_issuer]):
        with pytest.raises(SettingsError, match=f"--reinstate {withdrawn['kid']}"):
            publisher.publish(keys=write_keys(publisher, *entries))
    reinstate = frozenset({withdrawn["kid"]})
    publisher.publish(keys=write_keys(publisher, DEMO.jwk(), active_again), reinstate=reinstate)


def test_a_private_key_is_never_published(publisher: Publisher) -> None:
    with pytest.raises(SettingsError, match="holds a private key") as raised:
        publisher.publish(keys=write_keys(publisher, DEMO.jwk() | {"d": "c2VjcmV0"}))

    assert "c2VjcmV0" not in str(raised.value)
    assert list((publisher.feed / "targets").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file modes")
def test_other_accounts_can_read_the_feed_and_not_the_keys(
    publisher: Publisher,
) -> None:
    before = os.umask(0o077)
    try:
        other = Publisher(publisher.folder / "other", publisher.clock)
        other.init()
        other.cards(line(1))
    finally:
        os.umask(before)

    for path in (other.feed, *other.feed.rglob("*")):
        if path.suffix != ".lock":
            assert path.stat().st_mode & stat.S_IROTH, path
    for path in (other.keys, *other.keys.iterdir()):
        assert not path.stat().st_mode & (stat.S_IROTH | stat.S_IRGRP), path


@pytest.mark.parametrize("text", ['{"issued": "2026-11-22", "keys": []}', '{"issued": "x"}'])
def test_a_file_of_another_kind_is_not_published_as_a_revocation_list(
    text: str, publisher: Publisher
) -> None:
    path = publisher.folder / "other.json"
    path.write_text(text, "utf-8")

    with pytest.raises(SettingsError, match="not a revocation file"):
        publisher.publish(revocations=path)


def test_a_file_without_cards_does_not_replace_the_registry(publisher: Publisher) -> None:
    publisher.cards(line(1))

    with pytest.raises(BadRecords, match="a heading and nothing else"):
        publisher.cards()


def test_keys_inside_the_feed_are_refused(publisher: Publisher) -> None:
    inside = publisher.feed / "keys"
    shutil.copytree(publisher.keys, inside)
    for words in (["publish"], ["sign"], ["rotate", "timestamp"]):
        done = call("feed", words[0], str(publisher.feed), *words[1:], "--keys", str(inside))
        assert done.returncode == 2
        assert b"inside the feed" in done.stderr
    assert sorted(inside.iterdir()) == [
        inside / path.name for path in sorted(publisher.keys.iterdir())
    ]


def test_tables_of_an_older_program_can_still_be_published(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    shutil.copytree(shipped_folder("config") / "tables", folder)
    (folder / "deadlines.csv").unlink()
    check_tables(folder)

    (folder / "holidays.csv").unlink()
    with pytest.raises(SettingsError, match=r"holidays.csv: cannot be read"):
        check_tables(folder)
