"""What may be published: nothing older than what is, nothing private, no key that was withdrawn."""

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
from kiosk.registry.errors import BadRecords
from kiosk.sandbox import DEMO
from kiosk.sandbox.issuer import WITHDRAWN
from tests.feed_server import Publisher, client, line, now, quiet, serving, web
from tests.process import call

HOUR = timedelta(hours=1)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.init()
    return made


def keys(publisher: Publisher, *entries: dict[str, Any], issued: datetime | None = None) -> Path:
    path = publisher.folder / "issuers.json"
    issued = issued or now() - HOUR
    path.write_text(json.dumps({"issued": issued.isoformat(), "keys": entries}), "utf-8")
    return path


def issued_of(publisher: Publisher, folder: Path) -> dict[str, datetime]:
    with serving(publisher.feed) as site:
        client(folder, publisher.root).update(web(site), quiet)
    pointed = read_manifest(folder)
    assert pointed is not None
    return {name: one.issued for name, one in pointed.sets.items()}


def test_a_list_is_no_newer_than_it_says_itself_however_often_it_is_published(
    publisher: Publisher, tmp_path: Path
) -> None:
    made = (now() - timedelta(days=3)).replace(microsecond=0)
    taken = publisher.folder / "taken.json"
    taken.write_text(json.dumps({"issued": made.isoformat()}), "utf-8")
    publisher.publish(revocations=taken)
    publisher.publish(revocations=taken, cards=publisher.records(line(1)))

    told = issued_of(publisher, tmp_path / "kiosk")
    assert told["revocations"] == made
    assert told["registry"] > made


def test_nothing_older_is_published_over_what_is_newer(publisher: Publisher) -> None:
    publisher.publish(keys=keys(publisher, DEMO.jwk()))
    older = keys(publisher, DEMO.jwk(), issued=now() - timedelta(days=9))

    with pytest.raises(SettingsError, match="what is published was made"):
        publisher.publish(keys=older)
    publisher.cards(line(1))
    with pytest.raises(SettingsError, match="what is published was made"):
        publisher.publish(now() - HOUR, changes=publisher.records(line(2)))


def test_a_withdrawn_key_comes_back_only_where_that_is_meant(publisher: Publisher) -> None:
    withdrawn = WITHDRAWN.jwk()
    back = withdrawn | {"state": "active"}
    elsewhere = withdrawn | {"iss": "ELSEWHERE"}
    publisher.publish(keys=keys(publisher, DEMO.jwk(), withdrawn))

    for entries in ([DEMO.jwk(), back], [DEMO.jwk()], [back, elsewhere]):
        with pytest.raises(SettingsError, match=f"--reinstate {withdrawn['kid']}"):
            publisher.publish(keys=keys(publisher, *entries))
    meant = frozenset({withdrawn["kid"]})
    publisher.publish(keys=keys(publisher, DEMO.jwk(), back), reinstate=meant)


def test_a_private_key_is_never_published(publisher: Publisher) -> None:
    with pytest.raises(SettingsError, match="holds a private key") as raised:
        publisher.publish(keys=keys(publisher, DEMO.jwk() | {"d": "c2VjcmV0"}))

    assert "c2VjcmV0" not in str(raised.value)
    assert list((publisher.feed / "targets").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="accounts are kept apart otherwise there")
def test_what_is_served_can_be_read_by_a_server_s_account_and_the_keys_by_nobody_else(
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
def test_another_kind_of_file_is_not_published_as_an_empty_list(
    text: str, publisher: Publisher
) -> None:
    path = publisher.folder / "other.json"
    path.write_text(text, "utf-8")

    with pytest.raises(SettingsError, match="not a revocation file"):
        publisher.publish(revocations=path)


def test_a_file_without_a_card_empties_no_desk(publisher: Publisher) -> None:
    publisher.cards(line(1))

    with pytest.raises(BadRecords, match="a heading and nothing else"):
        publisher.cards()


def test_keys_inside_the_feed_sign_nothing(publisher: Publisher) -> None:
    inside = publisher.feed / "keys"
    shutil.copytree(publisher.keys, inside)
    for words in (["publish"], ["sign"], ["rotate", "timestamp"]):
        done = call("feed", words[0], str(publisher.feed), *words[1:], "--keys", str(inside))
        assert done.returncode == 2
        assert b"inside the feed" in done.stderr
    assert sorted(inside.iterdir()) == [
        inside / path.name for path in sorted(publisher.keys.iterdir())
    ]
