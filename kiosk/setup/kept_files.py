"""Secrets and files that somebody typed or chose in the assistant, in files of their own.

1. A file is made with a name that no other has, readable by this account only, before anything is
   written into it.  The settings name its path; the content is never shown again.
2. A chosen file is kept only once its content has been recognised: nothing that the system could
   run ever comes to lie there.
3. A file that is not used after all is deleted; one that earlier settings name stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.feed import read_root
from kiosk.runtime.secret_file import restrict_to_owner

FOLDER = "secrets"
PASSWORD, KEY, KEY_PASSWORD, ROOT = "gateway", "signing-key", "signing", "feed-root"
SUFFIXES = {PASSWORD: ".password", KEY: ".p12", KEY_PASSWORD: ".password", ROOT: ".json"}
MAX_FILE_BYTES = 512 * 1024
DER_SEQUENCE = 0x30  # with which a PKCS#12 file begins (RFC 7292, X.690)


def keep_file(folder: Path, kind: str, content: bytes) -> Path:
    """Write a file of its own into the data directory `folder`; return its path.

    Raises OSError if it cannot be written, and SettingsError if its rights cannot be set.
    """
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place.resolve() / f"{kind}-{secrets.token_hex(4)}{SUFFIXES[kind]}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            restrict_to_owner(path)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def forget_file(folder: Path, path: str) -> None:
    """Delete a kept file that is not used after all; a file that is elsewhere is left alone."""
    place = (folder / FOLDER).resolve()
    found = Path(path)
    is_kept = found.parent == place and any(
        found.name.startswith(f"{kind}-") and found.suffix == suffix
        for kind, suffix in SUFFIXES.items()
    )
    if path and is_kept:
        with contextlib.suppress(OSError):
            found.unlink()


def looks_like_key_file(content: bytes) -> bool:
    """Return whether a file begins as PKCS#12 does; no program of any system does."""
    return 0 < len(content) <= MAX_FILE_BYTES and content[0] == DER_SEQUENCE


def looks_like_root(content: bytes) -> bool:
    """Return whether a file holds a JSON object with signatures, as root metadata do."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and {"signed", "signatures"} <= record.keys()


def is_root_file(path: str) -> bool:
    """Return whether the program could start with a root key file."""
    try:
        read_root(Path(path))
    except SettingsError:
        return False
    return True


def is_where_we_write(folder: Path, path: str) -> bool:
    """Return whether a path lies in a folder that this program writes: a driver must not."""
    return folder.resolve() in Path(path).resolve().parents
