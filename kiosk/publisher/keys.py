"""The publisher's private keys: PEM files in a folder that is never served."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root

from kiosk.errors import SettingsError

ONLINE = ("targets", "snapshot", "timestamp")  # roles; the root's keys are kept elsewhere
ROOT_KEYS = ("root-1", "root-2", "root-3")
THRESHOLD = 2  # of the root's keys


def make_key(folder: Path, name: str) -> CryptoSigner:
    """Make a key and write it; SettingsError where there is one of that name already."""
    path = folder / f"{name}.pem"
    signer = CryptoSigner.generate_ed25519()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(signer.private_bytes)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as exc:
        raise SettingsError(f"{path}: is there already; a key is never written over") from exc
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be written ({exc.strerror})") from exc
    return signer


def read_key(path: Path) -> CryptoSigner:
    """Return what signs with a key file; SettingsError where it holds none."""
    try:
        return CryptoSigner(load_pem_private_key(path.read_bytes(), None))
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read ({exc.strerror})") from exc
    except (ValueError, TypeError) as exc:
        raise SettingsError(f"{path}: wanted a private key, PEM without a password") from exc


def online_signers(folder: Path, root: Root) -> dict[str, CryptoSigner]:
    """Return who signs for the online roles, as a root says; SettingsError where one is missing.

    A key that was put aside signs on until the root that names the new one is signed by enough.
    """
    return {role: _key_of(folder, role, root) for role in ONLINE}


def _key_of(folder: Path, role: str, root: Root) -> CryptoSigner:
    for path in (folder / f"{role}.pem", *sorted(folder.glob(f"{role}.old-*.pem"))):
        if path.exists():
            signer = read_key(path)
            if signer.public_key.keyid in root.roles[role].keyids:
                return signer
    raise SettingsError(f"{folder}: wanted {role}.pem, the key that the feed's root names")
