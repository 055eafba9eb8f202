"""From device bytes to Scans; knows no card and no web."""

from scanner.decoding import MAX_FILE, Decoded, decode_picture
from scanner.errors import BadPicture, ReaderLost, ScannerError
from scanner.framing import Framer
from scanner.scan import Scan
from scanner.serial_reader import ReaderState, SerialReader

__all__ = [
    "MAX_FILE",
    "BadPicture",
    "Decoded",
    "Framer",
    "ReaderLost",
    "ReaderState",
    "Scan",
    "ScannerError",
    "SerialReader",
    "decode_picture",
]
