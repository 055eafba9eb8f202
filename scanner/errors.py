"""What reading raises.

ScannerError
├── ReaderLost    the device is not there, or went away; it is opened again
├── BadPicture    bytes that are no picture, or one too big to look at
└── Busy          as many pictures are being looked at as this machine can bear; try again
"""


class ScannerError(Exception):
    """Anything this package finds wrong."""


class ReaderLost(ScannerError):
    """The reader cannot be opened or has gone."""


class BadPicture(ScannerError):
    """No picture could be read from the bytes."""


class Busy(ScannerError):
    """Too many pictures at once."""
