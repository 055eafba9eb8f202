"""From device bytes to Scans; knows no card and no web."""

from scanner.browser_camera import BrowserCamera, Sighting, sighting_of
from scanner.camera import Camera
from scanner.choice import chosen
from scanner.coach import Advice
from scanner.decoding import (
    Decoded,
    FrameReader,
    Look,
    decode_picture,
    few_at_once,
    look_at,
)
from scanner.errors import BadPicture, Busy, ReaderLost, ScannerError
from scanner.framing import Framer
from scanner.habits import Encoding, Habits
from scanner.picture import MAX_FILE, unpacked
from scanner.ports import AttachedPort, attached_ports, device_of
from scanner.reader import Ear, Reader, ReaderState
from scanner.repeats import Repeats
from scanner.scan import Scan
from scanner.serial_reader import SerialReader
from scanner.zbar import has_zbar

__all__ = [
    "MAX_FILE",
    "Advice",
    "AttachedPort",
    "BadPicture",
    "BrowserCamera",
    "Busy",
    "Camera",
    "Decoded",
    "Ear",
    "Encoding",
    "FrameReader",
    "Framer",
    "Habits",
    "Look",
    "Reader",
    "ReaderLost",
    "ReaderState",
    "Repeats",
    "Scan",
    "ScannerError",
    "SerialReader",
    "Sighting",
    "attached_ports",
    "chosen",
    "decode_picture",
    "device_of",
    "few_at_once",
    "has_zbar",
    "look_at",
    "sighting_of",
    "unpacked",
]
