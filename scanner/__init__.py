"""From device bytes to Scans; knows no card and no web."""

from scanner.decoding import Decoded, FrameReader, Look, decode_picture, look_at
from scanner.errors import BadPicture, ReaderLost, ScannerError
from scanner.framing import Framer
from scanner.picture import MAX_FILE
from scanner.scan import Scan
from scanner.serial_reader import ReaderState, SerialReader

__all__ = [
    "MAX_FILE",
    "BadPicture",
    "Decoded",
    "FrameReader",
    "Framer",
    "Look",
    "ReaderLost",
    "ReaderState",
    "Scan",
    "ScannerError",
    "SerialReader",
    "decode_picture",
    "look_at",
]
