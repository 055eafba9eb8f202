"""The facility's signing key in a PKCS#12 file."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import Certificate

from kiosk.insurer.certificate import SigningKey, SigningTrouble, certificate_of, check_kind
from kiosk.insurer.errors import CannotSign
from kiosk.runtime.ordinary_file import read_ordinary, read_ordinary_text


class KeyFile:
    """A PKCS#12 file and the file of its password, whose path may be empty."""

    def __init__(self, file: str, password_file: str) -> None:
        self._paths = [Path(file), *([Path(password_file)] if password_file else [])]
        self._seen: list[tuple[int, int]] | None = None

    def open(self) -> SigningKey:
        """Read the file and return its key.

        Raises CannotSign if it cannot be opened, or its key and certificate cannot be used.
        """
        file, *password_files = self._paths
        self._seen = self._versions()
        try:
            password = read_ordinary_text(password_files[0]) if password_files else ""
            found = pkcs12.load_pkcs12(read_ordinary(file), password.encode() or None)
        except (OSError, ValueError, UnsupportedAlgorithm) as exc:
            why = f"{file}: {type(exc).__name__}; expected PKCS#12 and its password"
            raise CannotSign(SigningTrouble.KEY_FILE, why) from exc
        if found.key is None:
            raise CannotSign(SigningTrouble.KEY_FILE, f"{file} holds no key")
        inside = [found.cert, *found.additional_certs]
        certificates = [entry.certificate for entry in inside if entry is not None]
        certificate = certificate_of(found.key.public_key(), certificates)
        check_kind(certificate)
        return SigningKey(found.key, certificate)

    def look(self) -> Certificate | None:
        """Return the certificate. Raises CannotSign as `open` does."""
        return self.open().certificate

    def has_changed(self) -> bool:
        """Return whether one of the files was replaced since it was opened."""
        return self._seen != self._versions()

    def close(self) -> None:
        """Do nothing: a file that was read is not held open."""

    def _versions(self) -> list[tuple[int, int]]:
        """Return the time and size of each file; zeros if it is not there."""
        versions = []
        for path in self._paths:
            try:
                about = path.stat()
                versions.append((about.st_mtime_ns, about.st_size))
            except OSError:
                versions.append((0, 0))
        return versions
