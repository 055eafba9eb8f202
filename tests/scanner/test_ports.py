"""Readers are found by what they are, not by their port."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from serial.tools import list_ports

from scanner import SerialReader, attached_ports
from scanner.errors import ReaderLost
from scanner.ports import device_of
from tests.cast import Clock


def port(device: str, vid: int | None = None, pid: int = 1, number: str | None = None) -> Any:
    return SimpleNamespace(
        device=device, vid=vid, pid=pid, serial_number=number, description="a reader"
    )


@pytest.fixture
def attach(monkeypatch: pytest.MonkeyPatch) -> Any:
    def attach(*ports: Any) -> None:
        monkeypatch.setattr(list_ports, "comports", lambda: list(ports))

    return attach


def test_a_reader_is_found_at_any_port(attach: Any) -> None:
    attach(port("COM1"), port("COM7", 0x0C2E, 0x0B6A, "S1"))
    assert device_of("usb:0c2e:0b6a") == "COM7"
    attach(port("COM9", 0x0C2E, 0x0B6A, "S1"))
    assert device_of("usb:0C2E:0B6A:s1") == "COM9"


def test_two_readers_of_one_product_differ_by_their_serial_number(attach: Any) -> None:
    attach(port("COM7", 0x0C2E, 0x0B6A, "S1"), port("COM8", 0x0C2E, 0x0B6A, "S2"))

    assert device_of("usb:0c2e:0b6a:S2") == "COM8"
    with pytest.raises(ReaderLost, match="2 of these are attached; add the serial number"):
        device_of("usb:0c2e:0b6a")


def test_the_error_for_a_missing_reader_names_those_that_are_attached(attach: Any) -> None:
    attach(port("COM1"), port("COM7", 0x05F9, 0x4204))

    with pytest.raises(ReaderLost, match=r"not attached \(attached: usb:05f9:4204\)"):
        device_of("usb:0c2e:0b6a")
    attach()
    with pytest.raises(ReaderLost, match="no USB reader"):
        device_of("usb:0c2e:0b6a")


def test_any_other_name_is_returned_as_it_is() -> None:
    for name in ("COM3", "/dev/ttyACM0", "socket://10.0.0.5:4001"):
        assert device_of(name) == name


def test_attached_ports_are_listed_by_name(attach: Any) -> None:
    attach(port("COM8", 0x0C2E, 0x0B6A, "S2"), port("COM1"))

    assert [(port.device, port.usb) for port in attached_ports()] == [
        ("COM1", None),
        ("COM8", "usb:0c2e:0b6a:S2"),
    ]


def test_a_reader_that_is_not_attached_says_why_it_is_absent(attach: Any) -> None:
    attach()
    reader = SerialReader("front", "usb:0c2e:0b6a", Clock())

    with pytest.raises(ReaderLost, match="usb:0c2e:0b6a: not attached"):
        reader._open()
