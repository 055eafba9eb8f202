"""Readers found by what they are, not by the port they happened to get.

`usb:0c2e:0b6a` names a maker and a product, `usb:0c2e:0b6a:SERIAL` one device of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from serial.tools import list_ports

from scanner.errors import ReaderLost

USB = re.compile(r"usb:([0-9a-f]{4}):([0-9a-f]{4})(?::(.+))?\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AttachedPort:
    """A serial port of this machine; `usb` names its device where it is one of USB."""

    device: str
    usb: str | None
    description: str


def attached_ports() -> list[AttachedPort]:
    """Return the serial ports of this machine, by their names."""
    found = []
    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        usb = None
        if port.vid is not None and port.pid is not None:
            serial_number = f":{port.serial_number}" if port.serial_number else ""
            usb = f"usb:{port.vid:04x}:{port.pid:04x}{serial_number}"
        found.append(AttachedPort(port.device, usb, port.description or ""))
    return found


def device_of(port: str) -> str:
    """Return the device of a port by its USB name; any other name is its own.

    ReaderLost where none is attached, or several are and nothing tells them apart.
    """
    if not port.startswith("usb:"):
        return port
    wanted = port.lower()
    ports = attached_ports()
    devices = [
        one.device for one in ports
        if one.usb and (one.usb.lower() == wanted or one.usb.lower().startswith(wanted + ":"))
    ]  # fmt: skip
    if len(devices) == 1:
        return devices[0]
    if devices:
        raise ReaderLost(f"{port}: {len(devices)} of these are attached; add the serial number")
    others = ", ".join(one.usb for one in ports if one.usb) or "no USB reader"
    raise ReaderLost(f"{port}: not attached (attached: {others})")
