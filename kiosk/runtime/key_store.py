"""Where the key of the encrypted files rests: with the system, or in a file.

- `file`: the key file holds the key itself, and whoever has the file can read it.
- `credential`: it holds what `systemd-creds` made of the key.  This machine can read it, and if it
  has a TPM, no other machine with its disk.
- `windows`: it holds what Windows (DPAPI) made of the key.  This account on this machine can read
  it.

Rules:

- The file holds one key; while keys are changed it holds two, the new one last.  It is replaced as
  a whole, so that it never holds half a key.
- The file is never in the data directory: a copy of that must not contain its key.
- systemd gives a service the decrypted credential in `$CREDENTIALS_DIRECTORY`, under the name of
  the key file.  A command that is run by hand asks `systemd-creds` instead.
- A key goes through standard input and output, never through an argument, which others may read.
"""

from __future__ import annotations

import importlib
import os
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kiosk.runtime.errors import FileKeyTrouble
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.files import folder_to_disk, replace_while_read
from kiosk.runtime.secret_file import restrict_to_owner

KeyPlace = Literal["none", "file", "credential", "windows"]
MAX_KEYS = 2
MAX_FILE_BYTES = 64 * 1024  # a credential with a TPM's policy has some hundreds
COMMAND_TIMEOUT_S = 60  # a TPM may be slow
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"


class _Cipher(NamedTuple):
    """How a place encrypts what the key file holds, and back. Both raise FileKeyTrouble."""

    seal: Callable[[bytes], bytes]
    unseal: Callable[[bytes], bytes]


class KeyStore:
    """The place of the keys of one data directory."""

    def __init__(self, place: KeyPlace, file: Path, folder: Path) -> None:
        """Keep keys at a place, in a file; `folder` is the data directory.

        Raises FileKeyTrouble if the file is within the data directory.
        """
        self.place, self.file = place, file
        if place != "none" and folder.resolve() in (file.resolve(), *file.resolve().parents):
            raise FileKeyTrouble(
                f"[encryption] key_file is {file}; expected a file outside of the data directory"
                f" {folder}: whoever copies that must not get the key with it"
            )

    def read(self) -> tuple[FileKey, ...]:
        """Return the keys, the newest last; none if the place is `none` or has no file yet.

        Raises FileKeyTrouble if the file cannot be read, or does not hold one or two keys.
        """
        if self.place == "none":
            return ()
        content = self._given_by_systemd() if self.place == "credential" else None
        if content is None:
            content = self._unsealed()
        return () if content is None else _parsed(content, self.file)

    def write(self, keys: Sequence[FileKey]) -> None:
        """Keep some keys, the newest last, and forget all others.

        The file is on the disk afterwards.  Raises FileKeyTrouble if that fails; the keys that were
        kept before are then kept still.
        """
        assert 1 <= len(keys) <= MAX_KEYS
        text = "".join(f"{key.hex}\n" for key in keys).encode("ascii")
        content = _cipher(self.place, self.file).seal(text)
        part = self.file.with_name(f"{self.file.name}.{secrets.token_hex(4)}.part")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                restrict_to_owner(part)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            replace_while_read(part, self.file)
            folder_to_disk(self.file.parent)
        except OSError as exc:
            part.unlink(missing_ok=True)
            raise FileKeyTrouble(f"{self.file}: cannot be written ({exc.strerror})") from exc

    def _unsealed(self) -> bytes | None:
        try:
            with self.file.open("rb") as file:
                content = file.read(MAX_FILE_BYTES)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise FileKeyTrouble(f"{self.file}: cannot be read ({exc.strerror})") from exc
        return _cipher(self.place, self.file).unseal(content)

    def _given_by_systemd(self) -> bytes | None:
        """Return what systemd has decrypted for this service; None if this is no service."""
        folder = os.environ.get(CREDENTIALS_DIRECTORY)
        if not folder:
            return None
        path = Path(folder) / self.file.name
        try:
            return path.read_bytes()
        except OSError as exc:
            raise FileKeyTrouble(
                f"{path}: cannot be read ({exc.strerror}); the unit of the service needs the line"
                f" LoadCredentialEncrypted={self.file.name}:{self.file}"
            ) from exc


def _parsed(content: bytes, file: Path) -> tuple[FileKey, ...]:
    lines = content.decode("ascii", "replace").split()
    try:
        keys = tuple(FileKey(line) for line in lines)
    except FileKeyTrouble:
        keys = ()
    if not 1 <= len(keys) <= MAX_KEYS:
        # The error before is not shown with this one: it is about what the file holds.
        raise FileKeyTrouble(f"{file}: holds no key; expected lines of 64 hexadecimal digits")
    return keys


def _cipher(place: KeyPlace, file: Path) -> _Cipher:
    if place == "credential":
        name = f"--name={file.name}"
        return _Cipher(
            lambda text: _systemd_creds(text, "encrypt", name, "-", "-"),
            lambda content: _systemd_creds(content, "decrypt", name, "-", "-"),
        )
    if place == "windows":
        return _Cipher(_protect, _unprotect)
    return _Cipher(bytes, bytes)


def _systemd_creds(given: bytes, *words: str) -> bytes:
    try:
        done = subprocess.run(
            ["systemd-creds", "--quiet", *words],
            input=given,
            capture_output=True,
            timeout=COMMAND_TIMEOUT_S,
            check=True,
        )
    except FileNotFoundError:
        seen = "the command is missing"
    except subprocess.TimeoutExpired:
        seen = f"no answer within {COMMAND_TIMEOUT_S} s"
    except subprocess.CalledProcessError as exc:
        reason = exc.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        seen = f"{''.join(reason)} (exit {exc.returncode})"
    else:
        return done.stdout
    # Raised here, so that no error that knows what was given stands behind it.
    raise FileKeyTrouble(f"systemd-creds {words[0]}: {seen}; it needs systemd 250 and root")


def _protect(text: bytes) -> bytes:
    return _win32(lambda win32: win32.CryptProtectData(text, "Tiep Don", None, None, None, 0))


def _unprotect(content: bytes) -> bytes:
    return _win32(lambda win32: win32.CryptUnprotectData(content, None, None, None, 0)[1])


def _win32(work: Callable[[Any], bytes]) -> bytes:
    """Let Windows encrypt or decrypt. Only the same account on the same machine can decrypt."""
    try:
        win32 = importlib.import_module("win32crypt")
    except ImportError:
        raise FileKeyTrouble(
            '[encryption] keys is "windows", which needs Windows and pywin32:'
            ' pip install "tiepdon[encrypt]"'
        ) from None
    try:
        return work(win32)
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
    except Exception as exc:
        # pywintypes.error is no OSError; its class cannot be named where pywin32 is missing.
        if type(exc).__name__ != "error":
            raise
        why = str(exc.args[-1]) if exc.args else "no reason"
    raise FileKeyTrouble(
        f"Windows cannot encrypt or decrypt the key ({why}): only the account that set it up can,"
        " on the same machine"
    )


def file_keys(place: KeyPlace, key_file: str, folder: Path) -> tuple[FileKey, ...]:
    """Return the keys of a data directory as its settings name them; none: it is not encrypted.

    Raises FileKeyTrouble if a place is named but has no key, or it cannot be read.
    """
    if place == "none":
        return ()
    keys = KeyStore(place, Path(key_file), folder).read()
    if not keys:
        raise FileKeyTrouble(
            f"{key_file}: there is no key. Run `encryption set-up` for the first one, or"
            " `encryption recover` with the recovery sheet if there was one"
        )
    return keys
