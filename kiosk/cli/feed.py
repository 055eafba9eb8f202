"""The commands of `feed`: make a feed, publish a version, sign it, change its keys, fetch it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click

from kiosk.cli.options import CONFIG, DATA, DAY_OR_MOMENT, FILE, now, print_json, steady_clock
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
ROOT_WARNING_TIME = timedelta(days=30)  # before the root expires
ROLES = click.Choice(["root", "targets", "snapshot", "timestamp"])


@click.group()
def feed() -> None:
    """Run a feed, or fetch one (docs/feed.md)."""


@feed.command()
@FEED
@KEYS
def init(folder: Path, keys: Path) -> None:
    """Make an empty feed in FEED, and its keys in another folder.

    Afterwards give root-2.pem and root-3.pem to two other people, and take root-1.pem off the
    machine.
    """
    init_feed(folder, keys, now())
    root = folder / "metadata" / "1.root.json"
    print_json({"feed": str(folder), "root_file": str(root)})


@feed.command(name="publish")
@FEED
@KEYS
@click.option("--cards", type=FILE, help="All card records: CSV or JSON lines.")
@click.option("--changes", type=FILE, help="The cards that changed since: the same columns.")
@click.option("--issuer-keys", type=FILE, help="The public keys of card issuers, a JWK set.")
@click.option("--revocations", type=FILE, help="The cards that their issuers revoked.")
@click.option("--tables", type=FILE, help="A folder with the law's tables.")
@click.option(
    "--issued",
    type=DAY_OR_MOMENT,
    help="When the content was made, in the clinic's time; default: now.",
)
@click.option("--reinstate", multiple=True, help="A withdrawn key that may be valid again.")
def publish_command(
    folder: Path,
    keys: Path,
    cards: Path | None,
    changes: Path | None,
    issuer_keys: Path | None,
    revocations: Path | None,
    tables: Path | None,
    issued: datetime | None,
    reinstate: tuple[str, ...],
) -> None:
    """Publish a version: the named files are new, the rest stays as it was."""
    check_keys_apart(folder, keys)
    moment = issued.replace(tzinfo=CLINIC_ZONE) if issued else now()
    if moment > now():
        raise click.UsageError(f"--issued {issued}: in the future; expected a time in the past")
    material = NewVersion(
        issued=moment,
        cards=cards,
        changes=changes,
        keys=issuer_keys,
        revocations=revocations,
        tables=tables,
        reinstate=frozenset(reinstate),
    )
    progress = Progress(keys, to_terminal=True)
    try:
        version = publish_version(folder, keys, material, now(), progress)
    finally:
        progress.end()
    print_json({"version": version})


@feed.command()
@FEED
@click.option(
    "--keys", type=FILE, help="The folder of the online keys, to sign the newest version."
)
@click.option("--root-key", type=FILE, help="A root key, to sign the prepared root.")
def sign(folder: Path, keys: Path | None, root_key: Path | None) -> None:
    """Sign the newest version (--keys), or a prepared root (--root-key).

    A timer should sign with --keys every quarter of an hour. Exit 1 if the root expires within 30
    days.
    """
    if (keys is None) == (root_key is None):
        raise click.UsageError("expected either --keys or --root-key")
    if root_key is not None:
        version, enough = add_root_signature(folder, root_key)
        print_json({"root": version, "signed_by_enough": enough})
        return
    check_keys_apart(folder, keys or Path())
    result = sign_feed(folder, keys or Path(), now())
    print_json(result)
    expires = result["expires"]
    assert isinstance(expires, dict)
    if datetime.fromisoformat(expires["root"]) - now() < ROOT_WARNING_TIME:
        click.echo("The root expires soon: `feed rotate` renews it.", err=True)
        raise SystemExit(1)


@feed.command()
@FEED
@click.argument("role", type=ROLES, required=False)
@click.option("--keys", type=FILE, help="The folder of the private keys.")
@click.option("--root-key", "old", help="The root key that is replaced: root-1 …")
def rotate(folder: Path, role: str | None, keys: Path | None, old: str | None) -> None:
    """Prepare a new root: with another key for ROLE, or only valid for another year.

    Two root keys must then sign it, each with `feed sign FEED --root-key FILE`. The next
    `feed sign FEED --keys KEYS` publishes it.
    """
    if (role == "root") != (old is not None) or (role is not None and keys is None):
        raise click.UsageError("expected --keys with a role, and --root-key with root")
    if old is not None and old not in ROOT_KEYS:
        raise click.UsageError(f"--root-key {old}: expected one of {', '.join(ROOT_KEYS)}")
    if keys is not None:
        check_keys_apart(folder, keys)
    new = renew_key(keys, old or role) if role and keys else None
    version = prepare_root(folder, now(), role or "", new, old or "")
    print_json({"root": version, "signed_by_enough": False})


@feed.command()
@DATA
@CONFIG
@click.option(
    "--from", "folder", type=FILE, help="Fetch from this folder: a USB stick, or a share."
)
def fetch(data: Path | None, config: Path | None, folder: Path | None) -> None:
    """Fetch the newest version of the feed.

    Exit 1 if it cannot be fetched; the version in use then stays in use.
    """
    with data_directory(data, demo=False) as data_folder:
        settings = load_settings(settings_file(config, data_folder))
        synced = synced_folder(data_folder)
        feed = settings.feed
        if folder is not None:
            feed = replace(feed, url="", folder=str(folder))
        if not feed.root_file:
            raise SettingsError("[feed] root_file is ''; expected the feed's first root metadata")
        schedule = connect_feed(
            feed,
            synced,
            now,
            lambda: BUILD_TIME,
            lambda: True,
            lambda: None,
            steady_clock(),
            settings.network.proxies(),
        )
        if schedule is None:
            raise SettingsError("[feed] url and folder are ''; expected one, or --from FOLDER")
        failure = schedule.update_once(to_terminal=True)
        manifest = adopted_manifest(synced)
    in_use = {"version": manifest.feed, "sets": sorted(manifest.sets)} if manifest.sets else None
    kind = failure.kind if isinstance(failure, DataError) else None
    print_json({"in_use": in_use, "kind": kind, "failure": failure and str(failure)})
    raise SystemExit(1 if failure else 0)
