"""The marker: a small file beside the logbook that says how far the logbook had come.

1. It names the logbook's instance, its newest link and the hash of that, and the schema.
2. It is signed (HMAC-SHA256) with a key in the folder `secrets`, which no backup holds.  Whoever
   changes it without the key is noticed.
3. It is replaced as a whole and waits for the disk.
4. A second one lies beside the settings file, if that is in another folder which can be written
   to.  It is named by the data directory, because several may have one settings file.
5. It says whether the program ended by itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.logbook import LinkMark
from kiosk.runtime.files import folder_to_disk, replace_while_read
from kiosk.runtime.paths import shipped_folder
from kiosk.runtime.secret_file import SECRET_BYTES, read_or_make_secret

LOGBOOK, MARKER, KEY = "logbook.db", "logbook.mark", "logbook-mark.key"
VERSION = 1
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Marker:
    """How far a logbook had come when the marker was written."""

    instance: str
    link: int
    hash: str  # hexadecimal digits; empty: the logbook had no link
    schema: str  # its newest step
    program: str  # the version of the program
    written_at: str  # ISO 8601, UTC
    clean: bool  # the program has ended by itself, or has not begun

    @property
    def mark(self) -> LinkMark:
        """The newest link at that time."""
        return LinkMark(self.link, self.hash)

    @property
    def at(self) -> datetime:
        """When the marker was written (aware)."""
        return datetime.fromisoformat(self.written_at)


class WrongMarker(ValueError):
    """A file is no marker, or its signature is not right."""


class MarkerPlaces:
    """The files of one data directory's marker, and the key that signs them."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        """`folder` is the data directory, `config` the settings file if there is one."""
        self.logbook = folder / LOGBOOK
        self.key_file = folder / "secrets" / KEY
        self.beside = folder / MARKER
        self.files = [self.beside]
        home = config.resolve().parent if config else None
        if home is not None and home not in (folder.resolve(), shipped_folder("config").resolve()):
            digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
            self.files.append(home / f"logbook-{digest}.mark")

    def read(self) -> tuple[Marker | None, list[Path]]:
        """Return the marker that has come furthest, and the files that are there but are not right.

        None if no file is there, or none is right.
        """
        found, wrong = [], []
        for file in self.files:
            try:
                marker = self._read(file)
            except WrongMarker:
                wrong.append(file)
            else:
                found += [] if marker is None else [marker]
        return max(found, key=lambda marker: marker.link, default=None), wrong

    def write(self, marker: Marker) -> None:
        """Write the marker into its files.

        Raises OSError if the one beside the logbook cannot be written, and SettingsError if there
        is no key.  The other file may fail: its folder may be read-only.
        """
        content = self._signed(marker)
        _replace(self.beside, content)
        for file in self.files[1:]:
            try:
                _replace(file, content)
            except OSError:
                continue

    def _read(self, file: Path) -> Marker | None:
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise WrongMarker(str(exc.strerror)) from exc
        try:
            signed = json.loads(content)
            signature = str(signed.pop("hmac"))
            if signed.pop("version") != VERSION:
                raise WrongMarker("another version")
            marker = Marker(**signed)
            is_typed = [type(value) for value in asdict(marker).values()] == _TYPES
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            raise WrongMarker(type(exc).__name__) from exc
        key = self._known_key()
        if key is None or not is_typed or not hmac.compare_digest(signature, _sign(key, marker)):
            raise WrongMarker("its signature is not right")
        return marker

    def _known_key(self) -> bytes | None:
        """Return the key; None if it is missing or not whole. It is not made here."""
        try:
            key = base64.b64decode(self.key_file.read_bytes().strip(), validate=True)
        except (OSError, binascii.Error):
            return None
        return key if len(key) == SECRET_BYTES else None

    def _signed(self, marker: Marker) -> bytes:
        try:
            key = read_or_make_secret(self.key_file)
        except SettingsError:
            self.key_file.unlink(missing_ok=True)  # half a key signs nothing
            key = read_or_make_secret(self.key_file)
        fields = {"version": VERSION} | asdict(marker) | {"hmac": _sign(key, marker)}
        return json.dumps(fields, indent=1).encode() + b"\n"


_TYPES: list[type] = [str, int, str, str, str, str, bool]


def _sign(key: bytes, marker: Marker) -> str:
    text = json.dumps({"version": VERSION} | asdict(marker), sort_keys=True)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _replace(file: Path, content: bytes) -> None:
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        replace_while_read(part, file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    folder_to_disk(file.parent)
