"""Whether the disk is encrypted, as Linux (a pretend /sys) and Windows (pretend answers) say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kiosk.doctor.check import CheckState
from kiosk.doctor.encryption import disk_encryption_check, encryption_check
from kiosk.runtime.disk_encryption import (
    DiskState,
    disk_state,
    has_tpm,
    linux_state,
    windows_state,
)
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyPlace

KEY = FileKey("0123456789abcdef" * 4)
needs_posix = pytest.mark.skipif(os.name == "nt", reason="/sys is of Linux")


class Devices:
    """A pretend /sys/dev/block, in which the device of `folder` is `top`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.block = folder, folder / "block"
        self.block.mkdir()
        number = folder.stat().st_dev
        self.number = f"{os.major(number)}:{os.minor(number)}"

    def add(self, name: str, uuid: str = "", on: tuple[str, ...] = ()) -> None:
        device = self.folder / "devices" / name
        device.mkdir(parents=True)
        if "/" in name:
            (device / "partition").write_text("1")
        if uuid:
            (device / "dm").mkdir()
            (device / "dm" / "uuid").write_text(uuid + "\n")
        if on:
            (device / "slaves").mkdir()
        for other in on:
            (device / "slaves" / Path(other).name).symlink_to(self.folder / "devices" / other)

    def state(self, top: str, number: str = "", mounts: str = "") -> DiskState:
        (self.block / (number or self.number)).symlink_to(self.folder / "devices" / top)
        (self.folder / "mounts").write_text(mounts)
        return linux_state(self.folder, self.block, self.folder / "mounts")


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    return Devices(tmp_path)


@needs_posix
def test_a_partition_is_not_encrypted(devices: Devices) -> None:
    devices.add("sda/sda1")
    assert devices.state("sda/sda1") is DiskState.PLAIN


@needs_posix
def test_luks_below_a_logical_volume_is_found(devices: Devices) -> None:
    devices.add("sda/sda2")
    devices.add("dm-0", "CRYPT-LUKS2-0-x", on=("sda/sda2",))
    devices.add("dm-1", "LVM-x", on=("dm-0",))
    assert devices.state("dm-1") is DiskState.ENCRYPTED


@needs_posix
def test_a_volume_of_which_one_half_is_plain_is_not_encrypted(devices: Devices) -> None:
    devices.add("sda")
    devices.add("sdb")
    devices.add("dm-0", "CRYPT-LUKS2-0-x", on=("sda",))
    devices.add("dm-1", "LVM-x", on=("dm-0", "sdb"))
    assert devices.state("dm-1") is DiskState.PLAIN


@needs_posix
def test_a_file_system_with_numbers_of_its_own_is_looked_up_by_its_mount(devices: Devices) -> None:
    devices.add("dm-0", "CRYPT-LUKS2-0-x")
    line = f"30 1 {devices.number} / /data rw - btrfs /dev/null rw"
    number = Path("/dev/null").stat().st_rdev
    place = f"{os.major(number)}:{os.minor(number)}"
    assert devices.state("dm-0", number=place, mounts=line + "\n") is DiskState.ENCRYPTED


@needs_posix
def test_what_the_system_does_not_know_is_said_so(devices: Devices) -> None:
    assert linux_state(devices.folder, devices.block, devices.folder / "x") is DiskState.UNKNOWN
    assert linux_state(devices.folder / "gone", devices.block) is DiskState.UNKNOWN
    assert disk_state(devices.folder, "darwin") is DiskState.UNKNOWN
    assert disk_state(devices.folder) in DiskState


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("1\r\n", DiskState.ENCRYPTED),
        ("2", DiskState.PLAIN),
        ("3", DiskState.PLAIN),
        ("5", DiskState.PLAIN),
        ("", DiskState.UNKNOWN),
        ("6", DiskState.UNKNOWN),
    ],
)
def test_bitlocker_answers(tmp_path: Path, answer: str, state: DiskState) -> None:
    assert windows_state(tmp_path, lambda _drive: answer) is state


@pytest.mark.parametrize("fault", [OSError(), subprocess.TimeoutExpired("powershell", 20)])
def test_a_shell_that_fails_is_not_known(tmp_path: Path, fault: Exception) -> None:
    def ask(_drive: str) -> str:
        raise fault

    assert windows_state(tmp_path, ask) is DiskState.UNKNOWN


def test_a_tpm_is_seen(tmp_path: Path) -> None:
    assert not has_tpm(tmp_path / "tpm")
    (tmp_path / "tpm" / "tpm0").mkdir(parents=True)
    assert has_tpm(tmp_path / "tpm")


@pytest.mark.parametrize("disk", DiskState)
def test_the_doctor_tells_when_encryption_is_off(disk: DiskState) -> None:
    check = encryption_check("none", "", (), disk).as_json()
    of_disk = disk_encryption_check(disk)

    assert check["seen"].startswith("off")
    assert check["good"] is (not check["do"]) is (disk is DiskState.ENCRYPTED)
    assert (
        of_disk.state
        == {
            DiskState.ENCRYPTED: CheckState.GOOD,
            DiskState.PLAIN: CheckState.ATTENTION,
            DiskState.UNKNOWN: CheckState.UNKNOWN,
        }[disk]
    )


@pytest.mark.parametrize(
    ("place", "not_from"),
    [("file", "stolen PC"), ("credential", "without a TPM"), ("windows", "signs in by itself")],
)
def test_the_doctor_tells_what_a_key_does_not_protect_from(place: KeyPlace, not_from: str) -> None:
    check = encryption_check(place, "/keys/key", (KEY,), DiskState.PLAIN).as_json()
    seen = check["seen"]

    assert KEY.name in seen
    assert "/keys/key" in seen
    assert not_from in seen.partition("Not from")[2]
    assert KEY.hex[:8] not in seen
    assert check["good"]
    with_tpm = encryption_check(place, "x", (KEY,), DiskState.PLAIN, tpm=True).as_json()["seen"]
    assert ("A TPM was found" in with_tpm) is ("No TPM" in seen) is (place == "credential")
    changing = encryption_check(place, "x", (KEY, KEY), DiskState.PLAIN).as_json()
    assert "encryption rotate" in changing["do"]
