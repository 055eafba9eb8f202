"""Find readers by what they are, not by the port that the system happened to give them.

`usb:0c2e:0b6a` names a maker and a product, `usb:0c2e:0b6a:SERIAL` a single device.
"""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports

from scanner.errors import ReaderLost


@dataclass(frozen=True, slots=True)
class AttachedPort:
    """A serial port of this machine; `usb` is the USB name of its device, None if it has none."""

    device: str
    usb: str | None
    description: str


def attached_ports() -> list[AttachedPort]:
    """Return the serial ports of this machine, sorted by name."""
    found = []
    for port in sorted(list_ports.comports(), key=lambda port: port.device):
        usb = None
        if port.vid is not None and port.pid is not None:
            serial_number = f":{port.serial_number}" if port.serial_number else ""
            usb = f"usb:{port.vid:04x}:{port.pid:04x}{serial_number}"
        found.append(AttachedPort(port.device, usb, port.description or ""))
    return found


def device_of(port: str) -> str:
    """Return the device that has a USB name; any other name is returned as it is.

    Raises ReaderLost if no such device is attached, or several are and the name fits all of them.
    """
    if not port.startswith("usb:"):
        return port
    name = port.lower()
    usb_ports = [(other.device, other.usb) for other in attached_ports() if other.usb]
    devices = [
        device
        for device, usb in usb_ports
        if usb.lower() == name or usb.lower().startswith(name + ":")
    ]
    if len(devices) == 1:
        return devices[0]
    if devices:
        raise ReaderLost(f"{port}: {len(devices)} of these are attached; add the serial number")
    others = ", ".join(usb for _, usb in usb_ports) or "no USB reader"
    raise ReaderLost(f"{port}: not attached (attached: {others})")
