"""Files that hold a secret of this machine: made once, readable by this account only."""

from __future__ import annotations

import base64
import binascii
import getpass
import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import SettingsError

SECRET_BYTES = 32
ACL_TIMEOUT_S = 20


def restrict_to_owner(path: Path) -> None:
    """Let only this account, and the system's administrators, read a file.

    POSIX keeps the mode with which the file was made.  On Windows, whose modes restrict nobody, the
    rights that the file inherits are taken away.  Raises SettingsError if that fails.
    """
    if os.name != "nt":
        path.chmod(0o600)
        return
    words = ["icacls", str(path), "/inheritance:r", "/grant:r", f"{getpass.getuser()}:F"]
    words += ["/grant:r", "*S-1-5-18:F", "/grant:r", "*S-1-5-32-544:F"]  # system, administrators
    try:
        subprocess.run(words, check=True, capture_output=True, timeout=ACL_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError) as exc:
        raise SettingsError(
            f"{path}: its rights cannot be set ({type(exc).__name__}); a secret must not be"
            " readable by other accounts"
        ) from exc


def read_or_make_secret(path: Path, restrict: Callable[[Path], None] = restrict_to_owner) -> bytes:
    """Return the 32 bytes that a file holds; make the file with random ones if it is missing.

    The file is restricted before the secret is written into it.  Raises SettingsError if it cannot
    be read or made, or holds something else.
    """
    try:
        if not path.exists():
            _make(path, restrict)
        text = path.read_text("ascii").strip()
        secret = base64.b64decode(text, validate=True)
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read or made ({exc.strerror})") from exc
    except (ValueError, binascii.Error) as exc:
        raise SettingsError(f"{path}: holds no key of {SECRET_BYTES} bytes in base64") from exc
    if len(secret) != SECRET_BYTES:
        raise SettingsError(f"{path}: holds {len(secret)} bytes; expected {SECRET_BYTES}")
    return secret


def _make(path: Path, restrict: Callable[[Path], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            restrict(part)
            file.write(base64.b64encode(secrets.token_bytes(SECRET_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if path.exists():  # another process was faster
            part.unlink()
        else:
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
