"""The publisher's private keys: PEM files in a folder that is never served."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root

from kiosk.errors import SettingsError

# The roles whose keys stay on the publishing machine. The keys of the root are kept elsewhere.
ONLINE_ROLES = ("targets", "snapshot", "timestamp")
ROOT_KEYS = ("root-1", "root-2", "root-3")
ROOT_THRESHOLD = 2  # signatures by root keys that make a root valid


def make_key(folder: Path, name: str) -> CryptoSigner:
    """Make an Ed25519 key, write it to `folder`, and return its signer.

    Raises SettingsError if the folder has a key of this name or cannot be written.
    """
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
        raise SettingsError(
            f"{path}: exists already, and a key is never overwritten; choose another folder"
        ) from exc
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be written ({exc.strerror})") from exc
    return signer


def read_key(path: Path) -> CryptoSigner:
    """Return the signer of a key file. Raises SettingsError if the file holds no private key."""
    try:
        return CryptoSigner(load_pem_private_key(path.read_bytes(), None))
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read ({exc.strerror})") from exc
    except (ValueError, TypeError) as exc:
        raise SettingsError(
            f"{path}: not a private key; expected a PEM file without a password"
        ) from exc


def online_signers(folder: Path, root: Root) -> dict[str, CryptoSigner]:
    """Return a signer for each online role, with the key that a root names for it.

    A replaced key goes on signing until the root that names its successor is published. Raises
    SettingsError if the folder lacks one of the keys.
    """
    return {role: _signer_of(folder, role, root) for role in ONLINE_ROLES}


def _signer_of(folder: Path, role: str, root: Root) -> CryptoSigner:
    for path in (folder / f"{role}.pem", *sorted(folder.glob(f"{role}.old-*.pem"))):
        if path.exists():
            signer = read_key(path)
            if signer.public_key.keyid in root.roles[role].keyids:
                return signer
    raise SettingsError(
        f"{folder}: has no key that the feed's root names for {role}; expected it in {role}.pem"
    )
