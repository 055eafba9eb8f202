"""PINs: which are refused, what is stored, the key beside the logbook, and the gate."""

from __future__ import annotations

import base64
import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from kiosk.errors import SettingsError
from kiosk.runtime.secret_file import read_or_make_secret
from kiosk.staff import pins as module
from kiosk.staff.errors import NoSuchMember, PinFault, PinVoid, WeakPin
from kiosk.staff.pins import Pins, pin_fault, random_pin
from tests.cast import NOW
from tests.staff.conftest import KEY, Staff
from tests.staff.web import PIN


@pytest.mark.parametrize(
    ("pin", "fault"),
    [
        ("40295x", PinFault.NOT_DIGITS),
        ("４０２９５７", PinFault.NOT_DIGITS),
        ("40295", PinFault.TOO_SHORT),
        ("4029570318264", PinFault.TOO_LONG),
        ("111111", PinFault.FEW_DIGITS),
        ("121221", PinFault.FEW_DIGITS),
        ("123123", PinFault.REPEATED),
        ("123412", PinFault.REPEATED),
        ("112233", PinFault.REPEATED),
        ("123321", PinFault.REPEATED),
        ("123456", PinFault.RUN),
        ("987654", PinFault.RUN),
        ("890123", PinFault.RUN),
        ("975319", PinFault.RUN),
        ("147258", PinFault.KEYPAD),
        ("159753", PinFault.KEYPAD),
        ("050480", PinFault.DATE),
        ("800405", PinFault.DATE),
        ("05041980", PinFault.DATE),
        ("19800405", PinFault.DATE),
        ("199900", PinFault.OWN_NUMBER),
        ("0199900", PinFault.OWN_NUMBER),
        ("000101", PinFault.FEW_DIGITS),
        ("000453", PinFault.OWN_NUMBER),
    ],
)
def test_a_pin_that_is_guessed_first_is_refused(pin: str, fault: PinFault) -> None:
    assert pin_fault(pin, "001999004321", 453) is fault


def test_others_are_allowed() -> None:
    allowed = sum(pin_fault(f"{number:06}") is None for number in range(0, 1_000_000, 37))

    assert pin_fault(PIN, "001999004321", 101) is None
    assert allowed / len(range(0, 1_000_000, 37)) > 0.8
    assert pin_fault(random_pin()) is None


def test_the_logbook_holds_no_pin_and_a_thief_needs_the_key(staff: Staff, tmp_path: Path) -> None:
    number = staff.hire("An")
    stored = sqlite3.connect(tmp_path / "logbook.db")
    hashed = stored.execute("select pin_hash from member").fetchone()[0]
    stored.close()

    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert staff.pins.is_right(number, PIN)
    assert not staff.pins.is_right(number, "402958")
    assert not staff.pins.is_right(None, PIN)
    with pytest.raises(PinVoid):
        Pins(staff.database, b"x" * 32).is_right(number, PIN)


def test_a_weak_pin_is_not_set(staff: Staff) -> None:
    number = staff.hire("An")

    with pytest.raises(WeakPin):
        staff.pins.set(number, "123456", NOW, "a test")
    with pytest.raises(NoSuchMember):
        staff.pins.set(7, PIN, NOW, "a test")
    assert staff.pins.is_right(number, PIN)


def test_a_reset_gives_a_temporary_pin(staff: Staff) -> None:
    number = staff.hire("An")
    pin = staff.pins.reset(number, NOW, "the boss")

    assert staff.pins.is_right(number, pin)
    assert staff.members.find(number).has_temporary_pin
    assert pin not in repr(staff.members.events(number))


def test_one_hash_is_made_at_a_time(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    number = staff.hire("An")
    inside: list[int] = []
    seen: list[int] = []

    class Hasher:
        def verify(self, _stored: str, _pin: bytes) -> bool:
            inside.append(1)
            seen.append(len(inside))
            time.sleep(0.01)
            inside.pop()
            return True

    monkeypatch.setattr(staff.pins, "_hasher", Hasher())
    threads = [threading.Thread(target=staff.pins.is_right, args=(number, PIN)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [1] * 5
    assert not module._gate.locked()


def test_the_secret_is_made_once_and_only_this_account_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "pins.key"
    restricted: list[bytes] = []

    secret = read_or_make_secret(path, lambda part: restricted.append(part.read_bytes()))
    assert restricted == [b""]  # before the secret was in it
    assert read_or_make_secret(path) == secret
    assert len(secret) == 32
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["pins.key"]


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_broken_secret_is_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pins.key"
    path.write_text(text)

    with pytest.raises(SettingsError, match=r"pins\.key"):
        read_or_make_secret(path)
    assert path.read_text() == text


def test_a_key_of_another_machine_opens_no_pin_of_this_one(staff: Staff) -> None:
    assert Pins(staff.database, KEY).mark == staff.pins.mark
    assert Pins(staff.database, b"x" * 32).mark != staff.pins.mark
