"""The commands `certificate`: an authority for the browsers of this site, and its certificates."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json
from kiosk.errors import SettingsError
from kiosk.runtime.local_authority import (
    AUTHORITY_FILE,
    KEY_FILE,
    SITE_FILE,
    make_authority,
    make_site_certificate,
)
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings

FOLDER = click.argument("folder", type=FILE)
KEY = click.option(
    "--key", "key_file", type=FILE, required=True, help="The authority's key, on a stick."
)


@click.group()
def certificate() -> None:
    """Make the certificate of the proxy, and an authority that your browsers can trust."""


@certificate.command("new")
@FOLDER
@KEY
@DATA
@CONFIG
def new(folder: Path, key_file: Path, data: Path | None, config: Path | None) -> None:
    """Make an authority for [web] names, and a first certificate, in FOLDER.

    The authority's key is written once, to --key: keep it in a drawer, never on this machine.
    """
    names = _names(data, config)
    if folder.resolve() in key_file.resolve().parents:
        raise SettingsError(f"--key {key_file}: expected a file outside of {folder}, on a stick")
    folder.mkdir(parents=True, exist_ok=True)
    make_authority(folder, key_file, names, now())
    _issue(folder, key_file, names)
    click.echo(f"Take {key_file} off this machine: `certificate renew` needs it.", err=True)


@certificate.command("renew")
@FOLDER
@KEY
@DATA
@CONFIG
def renew(folder: Path, key_file: Path, data: Path | None, config: Path | None) -> None:
    """Make a new certificate in FOLDER, with a new key; the browsers' authority stays."""
    _issue(folder, key_file, _names(data, config))


def _issue(folder: Path, key_file: Path, names: tuple[str, ...]) -> None:
    until = make_site_certificate(folder, key_file, names, now())
    print_json(
        {
            "names": names,
            "until": until.isoformat(),
            "authority": str(folder / AUTHORITY_FILE),
            "certificate": str(folder / SITE_FILE),
            "key": str(folder / KEY_FILE),
        }
    )


def _names(data: Path | None, config: Path | None) -> tuple[str, ...]:
    with data_directory(data, demo=False) as site:
        names = load_settings(settings_file(config, site)).web.names
    if not names:
        raise SettingsError("[web] names is empty: list what browsers call this machine first")
    return names
