"""The zbar library, if it is installed: a second decoder for a picture.

This uses the bindings of pyzbar, but sets the BINARY option, which pyzbar's `decode` does not:
without it zbar guesses encodings and garbles Vietnamese names.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanner.picture import Grey

# Numbers of zbar.h: pyzbar has no names for BINARY and TEST_INVERTED.
QR_CODE = 64
ENABLE, BINARY, TEST_INVERTED = 0, 4, 0x81
ALL_SYMBOLS = 0
PARTIAL = 1  # the type of a code that is a part of a message whose other parts are missing
Y800 = int.from_bytes(b"Y800", "little")  # eight bits of grey


def has_zbar() -> bool:
    """Return whether pyzbar and its library are installed, and new enough to return bytes."""
    return _bindings() is not None


@functools.cache
def _bindings() -> Any:
    try:
        from pyzbar import wrapper
    except (ImportError, OSError):
        return None
    scanner = wrapper.zbar_image_scanner_create()
    try:
        is_binary = wrapper.zbar_image_scanner_set_config(scanner, QR_CODE, BINARY, 1) == 0
    finally:
        wrapper.zbar_image_scanner_destroy(scanner)
    return wrapper if is_binary else None


class _Scanner(threading.local):
    """One scanner for each thread: threads must not share one."""

    def __init__(self) -> None:
        zbar = _bindings()
        self.handle = zbar.zbar_image_scanner_create()
        for symbol, option, value in (
            (ALL_SYMBOLS, ENABLE, 0),
            (QR_CODE, ENABLE, 1),
            (QR_CODE, BINARY, 1),
            (ALL_SYMBOLS, TEST_INVERTED, 1),
        ):
            zbar.zbar_image_scanner_set_config(self.handle, symbol, option, value)


@functools.cache
def _scanner() -> _Scanner:
    return _Scanner()


def read_with_zbar(grey: Grey) -> list[bytes]:
    """Return the bytes of the QR codes in a picture; empty if zbar is not installed."""
    zbar = _bindings()
    if zbar is None:
        return []
    pixels = grey.tobytes()
    image = zbar.zbar_image_create()
    try:
        zbar.zbar_image_set_format(image, Y800)
        zbar.zbar_image_set_size(image, grey.shape[1], grey.shape[0])
        zbar.zbar_image_set_data(
            image, ctypes.cast(ctypes.c_char_p(pixels), ctypes.c_void_p), len(pixels), None
        )
        if zbar.zbar_scan_image(_scanner().handle, image) <= 0:
            return []
        return list(_symbols(zbar, image))
    finally:
        zbar.zbar_image_destroy(image)


def _symbols(zbar: Any, image: Any) -> Any:
    symbol = zbar.zbar_image_first_symbol(image)
    while symbol:
        if symbol.contents.type != PARTIAL:
            length = zbar.zbar_symbol_get_data_length(symbol)
            yield ctypes.string_at(zbar.zbar_symbol_get_data(symbol), length)
        symbol = zbar.zbar_symbol_next(symbol)
