"""The commands of `encryption`: set it up, change the key, recover it, show its state.

1. A key is used only after its recovery sheet was typed back.
2. A new key is kept beside the old one before a file gets it, and the old one is forgotten after
   the last file has.  So whatever is interrupted, a key that is kept opens each file, and the same
   command goes on where it stopped.
3. What uses the files is stopped first; a file in use is left alone.
4. A key is never an argument, and is printed on its sheet only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import click

from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json
from kiosk.cli.recovery_sheet import ask_for_key, confirm_sheet
from kiosk.doctor import NOT_FROM, PROTECTS_FROM, english, place_of
from kiosk.errors import KioskError, SettingsError
from kiosk.runtime.disk_encryption import disk_state
from kiosk.runtime.errors import FileKeyTrouble, WrongFileKey
from kiosk.runtime.file_encryption import (
    change_key,
    encrypt,
    key_of,
    look_at,
    plain_remains,
    require_unused,
)
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyStore
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.runtime.sqlite import FileForm
from kiosk.settings import Settings, load_settings

FILES = ("logbook.db", "coverage.db")
SHEET = click.option(
    "--sheet",
    type=FILE,
    help="Write the recovery sheet to this file (PDF), to be printed; removed afterwards.",
)


@click.group()
def encryption() -> None:
    """Encrypt the logbook and the insurer's answers on the disk; docs/security.md."""


class _Opened(NamedTuple):
    """A data directory whose encryption is being changed, and where its keys rest."""

    folder: Path
    settings: Settings
    store: KeyStore

    @property
    def files(self) -> list[Path]:
        return [self.folder / name for name in FILES]

    def confirm(self, key: FileKey, sheet: Path | None, moment: datetime) -> None:
        """Return when the sheet of a key was typed back."""
        confirm_sheet(key, sheet, self.folder, self.settings.facility.name, moment)


@encryption.command("set-up")
@SHEET
@DATA
@CONFIG
def set_up(sheet: Path | None, data: Path | None, config: Path | None) -> None:
    """Make a key, print its recovery sheet, and encrypt what is there.

    The settings name the place of the key first ([encryption] keys, key_file).  Stop the program.
    """
    with _opened(data, config) as opened:
        keys = opened.store.read()
        if len(keys) > 1:
            raise KioskError("a change of the key was interrupted: run `encryption rotate`")
        if not keys:
            for file in opened.files:
                if look_at(file) is FileForm.ENCRYPTED:
                    raise WrongFileKey(
                        f"{file}: is encrypted or damaged already, but its key is not at"
                        f" {opened.store.file}: run `encryption recover` with the recovery sheet"
                    )
                require_unused(file)
            keys = (FileKey.make(),)
            opened.confirm(keys[0], sheet, now())
            _keep(opened.store, keys)
        encrypted = [file.name for file in opened.files if encrypt(file, keys[0])]
    print_json({"key": keys[0].name, "encrypted": encrypted})


@encryption.command()
@SHEET
@DATA
@CONFIG
def rotate(sheet: Path | None, data: Path | None, config: Path | None) -> None:
    """Change the key: print the new one's recovery sheet, and give it to all files.

    Stop the program first.  Keep the older sheet as long as copies from before exist.
    """
    with _opened(data, config) as opened:
        keys = opened.store.read()
        if not keys:
            raise KioskError("nothing is encrypted yet: run `encryption set-up`")
        if len(keys) == 1:
            for file in opened.files:
                require_unused(file, keys)
            new = FileKey.make()
            opened.confirm(new, sheet, now())
            keys = (keys[0], new)
            _keep(opened.store, keys)
        for file in opened.files:
            change_key(file, keys, keys[-1])
        _keep(opened.store, keys[-1:])
    print_json({"key": keys[-1].name, "before": keys[0].name})


@encryption.command()
@DATA
@CONFIG
def recover(data: Path | None, config: Path | None) -> None:
    """Type the key from its recovery sheet, and keep it again. Exit 1 if a file needs another."""
    with _opened(data, config) as opened:
        files = [file for file in opened.files if look_at(file) is FileForm.ENCRYPTED]
        if not files:
            raise KioskError(f"{opened.folder}: holds no encrypted file")
        click.echo("Type the key from the recovery sheet.", err=True)
        typed = ask_for_key()
        if not any(_opens(typed, file) for file in files):
            raise WrongFileKey(
                f"the key {typed.name} is typed right, but opens no file in {opened.folder}:"
                " look for the sheet with another name of the key, or a newer date"
            )
        candidates = [typed, *(key for key in _kept(opened.store) if key != typed)]
        # The key of the logbook comes last: a change of the key that was interrupted ends with it.
        useful = {
            key: None
            for file in reversed(files)
            for key in candidates
            if _opens(key, file)
        }  # fmt: skip
        _keep(opened.store, tuple(useful))
        closed = [file.name for file in files if not any(_opens(key, file) for key in useful)]
    print_json({"keys": [key.name for key in useful], "still_closed": closed})
    raise SystemExit(1 if closed else 0)


@encryption.command()
@DATA
@CONFIG
def status(data: Path | None, config: Path | None) -> None:
    """Show what is encrypted and where the key rests. Exit 1 if something needs a person."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        place, file = settings.encryption.keys, settings.encryption.key_file
        keys = KeyStore(place, Path(file), folder).read()
        states = {name: _state(folder / name, keys) for name in FILES}
        remains = [name for name in FILES if plain_remains(folder / name)]
        print_json(
            {
                "keys": [key.name for key in keys],
                "rests": english(place_of(place, file)),
                "protects_from": english(PROTECTS_FROM[place]),
                "not_from": english(NOT_FROM[place]),
                "files": states,
                "plain_remains": remains,
                "disk": disk_state(folder).value,
            }
        )
    good = {"absent", "encrypted"} if place != "none" else {"absent", "plain"}
    is_whole = set(states.values()) <= good and not remains and len(keys) == (place != "none")
    raise SystemExit(0 if is_whole else 1)


def _opens(key: FileKey, file: Path) -> bool:
    try:
        return key_of(file, (key,)) is not None
    except WrongFileKey:
        return False


def _state(file: Path, keys: tuple[FileKey, ...]) -> str:
    """Return how a file is kept. The program may run: another process's locks are not touched."""
    form = look_at(file)
    if form is FileForm.ENCRYPTED and not any(_opens(key, file) for key in keys):
        return "encrypted with another key, or damaged"
    return form.value


def _keep(store: KeyStore, keys: tuple[FileKey, ...]) -> None:
    """Keep some keys, and look whether they can be read again before anything relies on it."""
    store.write(keys)
    if store.read() != keys:
        raise FileKeyTrouble(f"{store.file}: does not give back the keys that were written there")


def _kept(store: KeyStore) -> tuple[FileKey, ...]:
    """Return the keys that are kept; none if they cannot be read, as on another machine."""
    try:
        return store.read()
    except FileKeyTrouble:
        return ()


@contextmanager
def _opened(data: Path | None, config: Path | None) -> Iterator[_Opened]:
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        place = settings.encryption
        if place.keys == "none":
            raise SettingsError(
                '[encryption] keys is "none": say first where the key is to rest, as'
                " config/kiosk.toml explains"
            )
        with exclusive_lock(folder, "encryption"):
            yield _Opened(folder, settings, KeyStore(place.keys, Path(place.key_file), folder))
