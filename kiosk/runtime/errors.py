"""What the running program raises.

KioskError
├── AlreadyRunning         another process does the same work on this data directory
├── CertificateTrouble     a certificate or its key cannot be read, made or written
├── FileKeyTrouble         the key of an encrypted file is missing, wrong, or cannot be kept
│   ├── FileInUse          another process has the file open
│   └── WrongFileKey       no key that is kept opens the file
└── NotPosted              a POST got no answer, or none in time
"""

from __future__ import annotations

from kiosk.errors import KioskError


class AlreadyRunning(KioskError):
    """Another process does the same work on this data directory; try again later."""


class CertificateTrouble(KioskError):
    """A certificate or its key cannot be read, made or written."""


class NotPosted(KioskError):
    """A POST got no answer, or none in time. The message says why, without the URL."""


class FileKeyTrouble(KioskError):
    """The key of an encrypted file is missing, wrong, or cannot be kept. Never shows a key."""


class FileInUse(FileKeyTrouble):
    """Another process has the file open, so its encryption cannot be changed."""


class WrongFileKey(FileKeyTrouble):
    """No key that is kept opens the file: it has another key, or its first bytes are damaged."""
