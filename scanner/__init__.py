"""From the bytes of a device to Scans. This package knows neither cards nor the web."""

from scanner.browser_camera import BrowserCamera, Sighting, sighting_of
from scanner.camera import Camera
from scanner.decoding import decode_picture as decode_picture  # for scripts and tests
from scanner.decoding import read_picture
from scanner.errors import BadPicture, Busy, ReaderLost
from scanner.framing import Extent, split_payload
from scanner.picture import MAX_FILE_BYTES
from scanner.ports import attached_ports, device_of
from scanner.profile import ReaderProfile
from scanner.reader import Reader
from scanner.scan import Scan
from scanner.serial_reader import SerialReader
from scanner.zbar import has_zbar

__all__ = [
    "MAX_FILE_BYTES",
    "BadPicture",
    "BrowserCamera",
    "Busy",
    "Camera",
    "Extent",
    "Reader",
    "ReaderLost",
    "ReaderProfile",
    "Scan",
    "SerialReader",
    "Sighting",
    "attached_ports",
    "device_of",
    "has_zbar",
    "read_picture",
    "sighting_of",
    "split_payload",
]
