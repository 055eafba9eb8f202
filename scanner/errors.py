"""The errors of this package.

ScannerError
├── ReaderLost    the device is not there, or went away; it is opened again
├── BadPicture    the bytes are not a picture, or it is too big to decode
└── Busy          as many pictures are being decoded as this machine can process; try again
"""


class ScannerError(Exception):
    """The root of all errors of this package."""


class ReaderLost(ScannerError):
    """The reader cannot be opened, or has gone."""


class BadPicture(ScannerError):
    """The bytes cannot be read as a picture."""


class Busy(ScannerError):
    """Too many pictures are being decoded at once."""
