"""The publisher's commands: make a feed, publish a version, sign it anew, change its keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from kiosk.cli.options import CONFIG, DATA, DAY_OR_MOMENT, FILE, now, print_json
from kiosk.data import adopted_manifest
from kiosk.errors import DataError, SettingsError
from kiosk.feed import connect_feed
from kiosk.publisher import (
    ROOT_KEYS,
    NewVersion,
    add_root_signature,
    check_keys_apart,
    init_feed,
    prepare_root,
    publish_version,
    renew_key,
    sign_feed,
)
from kiosk.runtime.paths import data_directory, settings_file, synced_folder
from kiosk.runtime.progress import Progress
from kiosk.settings import load_settings
from verify import BUILD_TIME, CLINIC_ZONE

FEED = click.argument("folder", metavar="FEED", type=FILE)
KEYS = click.option("--keys", type=FILE, required=True, help="The folder of the private keys.")
SOON = timedelta(days=30)
ROLES = click.Choice(["root", "targets", "snapshot", "timestamp"])


@click.group()
def feed() -> None:
    """Run a feed, or fetch from one (docs/feed.md)."""


@feed.command()
@FEED
@KEYS
def init(folder: Path, keys: Path) -> None:
    """Make a feed of nothing yet in FEED, and its keys in another folder.

    Then take root-2.pem and root-3.pem to two other people, and root-1.pem off the machine.
    """
    init_feed(folder, keys, now())
    root = folder / "metadata" / "1.root.json"
    print_json({"feed": str(folder), "root_file": str(root)})


@feed.command(name="publish")
@FEED
@KEYS
@click.option("--cards", type=FILE, help="All card records: CSV or JSON lines.")
@click.option("--changes", type=FILE, help="What changed since: the same columns.")
@click.option("--issuer-keys", type=FILE, help="Card issuers' public keys, a JWK set.")
@click.option("--revocations", type=FILE, help="Cards that were taken back.")
@click.option("--tables", type=FILE, help="A folder with the law's tables.")
@click.option(
    "--issued",
    type=DAY_OR_MOMENT,
    help="When this was made, at the clinic; now if left out.",
)
@click.option("--reinstate", multiple=True, help="A withdrawn key that is meant to come back.")
def publish_command(
    folder: Path, keys: Path, cards: Path | None, changes: Path | None, issuer_keys: Path | None,
    revocations: Path | None, tables: Path | None, issued: datetime | None,
    reinstate: tuple[str, ...],
) -> None:  # fmt: skip
    """Publish a version: what is named is new, the rest as it was."""
    check_keys_apart(folder, keys)
    moment = issued.replace(tzinfo=CLINIC_ZONE) if issued else now()
    if moment > now():
        raise click.UsageError(f"--issued {issued}: wanted a moment that is past")
    material = NewVersion(moment, cards, changes, issuer_keys, revocations, tables,
                        frozenset(reinstate))  # fmt: skip
    progress = Progress(keys, to_terminal=True)
    try:
        version = publish_version(folder, keys, material, now(), progress)
    finally:
        progress.end()
    print_json({"version": version})


@feed.command()
@FEED
@click.option("--keys", type=FILE, help="The online keys: say that the newest is the newest.")
@click.option("--root-key", type=FILE, help="A root key: sign the root that waits.")
def sign(folder: Path, keys: Path | None, root_key: Path | None) -> None:
    """Sign: with --keys, by a timer, every quarter of an hour; with --root-key, a new root.

    Exit 1 where a role runs out within a month and this could not renew it.
    """
    if (keys is None) == (root_key is None):
        raise click.UsageError("wanted either --keys or --root-key")
    if root_key is not None:
        version, enough = add_root_signature(folder, root_key)
        print_json({"root": version, "signed_by_enough": enough})
        return
    check_keys_apart(folder, keys or Path())
    told = sign_feed(folder, keys or Path(), now())
    print_json(told)
    expires = told["expires"]
    assert isinstance(expires, dict)
    if datetime.fromisoformat(expires["root"]) - now() < SOON:
        click.echo("The root soon runs out: `feed rotate` renews it.", err=True)
        raise SystemExit(1)


@feed.command()
@FEED
@click.argument("role", type=ROLES, required=False)
@click.option("--keys", type=FILE, help="The folder of the private keys.")
@click.option("--root-key", "old", help="Of the root's keys the one that goes: root-1 …")
def rotate(folder: Path, role: str | None, keys: Path | None, old: str | None) -> None:
    """Lay out a new root: with another key for ROLE, or only for another year.

    Two of the root's keys then sign it, each with `feed sign FEED --root-key FILE`; the next
    `feed sign FEED --keys KEYS` publishes it.
    """
    if (role == "root") != (old is not None) or (role is not None and keys is None):
        raise click.UsageError("wanted --keys with a role, and --root-key with root")
    if old is not None and old not in ROOT_KEYS:
        raise click.UsageError(f"--root-key {old}: wanted one of {', '.join(ROOT_KEYS)}")
    if keys is not None:
        check_keys_apart(folder, keys)
    new = renew_key(keys, old or role) if role and keys else None
    version = prepare_root(folder, now(), role or "", new, old or "")
    print_json({"root": version, "signed_by_enough": False})


@feed.command()
@DATA
@CONFIG
@click.option("--from", "folder", type=FILE, help="From this folder: a stick, or a share.")
def fetch(data: Path | None, config: Path | None, folder: Path | None) -> None:
    """Bring the feed's newest version here. Exit 1 where it could not be had: what is in use
    stays."""

    with data_directory(data, demo=False) as place:
        settings = load_settings(settings_file(config, place))
        held = synced_folder(place)
        feed = (
            settings.feed if folder is None else replace(settings.feed, url="", folder=str(folder))
        )
        if not feed.root_file:
            raise SettingsError("[feed] root_file is ''; wanted the feed's first root metadata")
        rounds = connect_feed(feed, held, now, lambda: BUILD_TIME, lambda: True, lambda: None)
        if rounds is None:
            raise SettingsError("[feed] url and folder are ''; wanted one, or --from FOLDER")
        why = rounds.go(to_terminal=True)
        pointed = adopted_manifest(held)
    in_use = {"version": pointed.feed, "sets": sorted(pointed.sets)} if pointed.sets else None
    kind = why.kind if isinstance(why, DataError) else None
    print_json({"in_use": in_use, "kind": kind, "failure": why and str(why)})
    raise SystemExit(1 if why else 0)
