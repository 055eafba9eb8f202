"""From device bytes to Scans; knows no card and no web."""

from scanner.camera import Camera
from scanner.decoding import FrameReader, decode_picture, few_at_once
from scanner.deduplicate import Repeats
from scanner.errors import BadPicture, Busy, ReaderLost
from scanner.picture import MAX_FILE, unpacked
from scanner.ports import attached_ports, device_of
from scanner.profile import Habits
from scanner.reader import Reader
from scanner.scan import Scan
from scanner.selection import chosen
from scanner.serial_reader import SerialReader
from scanner.zbar import has_zbar

__all__ = [
    "MAX_FILE",
    "BadPicture",
    "Busy",
    "Camera",
    "FrameReader",
    "Habits",
    "Reader",
    "ReaderLost",
    "Repeats",
    "Scan",
    "SerialReader",
    "attached_ports",
    "chosen",
    "decode_picture",
    "device_of",
    "few_at_once",
    "has_zbar",
    "unpacked",
]
