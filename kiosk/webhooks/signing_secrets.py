"""The secrets that webhooks are signed with: a file for each receiver.

The file holds one or two lines, `whsec_` and 24 to 64 bytes in base64 (Standard Webhooks 1.0.0).
With two, each message is signed with both: while the receiver changes from the old secret to the
new one, no message is lost.  The new one stands first.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.runtime.ordinary_file import read_ordinary_text
from kiosk.runtime.secret_file import restrict_to_owner

PREFIX = "whsec_"
MIN_BYTES, MAX_BYTES = 24, 64
NEW_BYTES = 32
MAX_SECRETS = 2


def read_secrets(file: str) -> tuple[str, ...]:
    """Return the one or two secrets of a file, the newest first.

    Raises SettingsError if the file cannot be read or holds anything else.
    """
    path = Path(file)
    try:
        lines = read_ordinary_text(path).split()
    except (OSError, ValueError) as exc:
        why = f"{file} cannot be read ({type(exc).__name__})"
        raise SettingsError(f"[[webhooks]] secret_file: {why}") from exc
    if not 1 <= len(lines) <= MAX_SECRETS or not all(map(_is_secret, lines)):
        expected = f"one or two lines of {PREFIX} and {MIN_BYTES} to {MAX_BYTES} bytes in base64"
        raise SettingsError(
            f"[[webhooks]] secret_file: {file} holds something else; expected {expected}"
            " (`webhooks secret` makes them)"
        )
    return tuple(lines)


def make_secret() -> str:
    """Return a new secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(NEW_BYTES)).decode()


def rotate_secret(
    path: Path, forget_old: bool = False, restrict: Callable[[Path], None] = restrict_to_owner
) -> str:
    """Put a new secret before the newest one of a file, or make the file; return the new secret.

    With `forget_old` nothing is made: the older secret is taken out, and the newest is returned.
    Raises SettingsError if the file cannot be read or written.
    """
    kept = read_secrets(str(path))[:1] if path.exists() or forget_old else ()
    lines = kept if forget_old else (make_secret(), *kept)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                restrict(part)
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be written ({exc.strerror})") from exc
    return lines[0]


def _is_secret(text: str) -> bool:
    if not text.startswith(PREFIX):
        return False
    try:
        found = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        return False
    return MIN_BYTES <= len(found) <= MAX_BYTES
