"""Whether the disk under a folder is encrypted, as far as the system says.

- Linux: the block device under the folder, and all devices below it, are looked up in `/sys`; one
  that the device mapper encrypts (LUKS) is enough.
- Windows: the shell's property `System.Volume.BitLockerProtection`, which needs no administrator
  and is the same in all languages, unlike the text of `manage-bde`.
- Elsewhere, and where the system does not answer, it is not known.

A drive that encrypts itself, a file system that does (fscrypt, ZFS) and the host of a virtual
machine are not seen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

SYS_BLOCK = Path("/sys/dev/block")
MOUNTS = Path("/proc/self/mountinfo")
MAX_DEPTH = 8  # devices on devices
TIMEOUT_S = 20
BITLOCKER_ON, BITLOCKER_OFF = {"1"}, {"2", "3", "4", "5"}  # 3 to 5: not yet, no more, suspended
ASK_BITLOCKER = (
    "(New-Object -ComObject Shell.Application).NameSpace($env:TIEPDON_DRIVE).Self"
    ".ExtendedProperty('System.Volume.BitLockerProtection')"
)

Ask = Callable[[str], str]  # from a drive to the value of its property, as text


class DiskState(Enum):
    """What the system says of a disk."""

    ENCRYPTED = "encrypted"
    PLAIN = "not encrypted"
    UNKNOWN = "not known"


def disk_state(folder: Path, platform: str = sys.platform) -> DiskState:
    """Return whether the disk under a folder is encrypted."""
    if platform == "linux":
        return linux_state(folder)
    if platform == "win32":
        return windows_state(folder)
    return DiskState.UNKNOWN


def linux_state(folder: Path, sys_block: Path = SYS_BLOCK, mounts: Path = MOUNTS) -> DiskState:
    """Return what the kernel says of the device under a folder."""
    try:
        number = folder.stat().st_dev
        device = f"{os.major(number)}:{os.minor(number)}"
        if not (sys_block / device).exists():  # as under btrfs
            device = _source_of(device, mounts)
        top = (sys_block / device).resolve(strict=True)
    except (OSError, ValueError):
        return DiskState.UNKNOWN
    return DiskState.ENCRYPTED if _is_encrypted(top, 0) else DiskState.PLAIN


def _is_encrypted(device: Path, depth: int) -> bool:
    """Return whether a device, or all that it lies on, is encrypted by the device mapper."""
    try:
        if (device / "dm" / "uuid").read_text("ascii").startswith("CRYPT-"):
            return True
    except OSError:
        pass  # not a device of the mapper
    if (device / "partition").exists():
        device = device.parent  # what a partition lies on is known of its disk
    slaves = sorted((device / "slaves").iterdir()) if (device / "slaves").is_dir() else []
    if depth == MAX_DEPTH or not slaves:
        return False
    return all(_is_encrypted(slave.resolve(), depth + 1) for slave in slaves)


def _source_of(device: str, mounts: Path) -> str:
    """Return the number of the block device that a mount of `device` names as its source.

    Raises ValueError if no mount does.
    """
    for line in mounts.read_text("utf-8", "replace").splitlines():
        before, _, after = line.partition(" - ")
        fields, source = before.split(), after.split()
        if len(fields) > 2 and fields[2] == device and len(source) > 1:
            number = Path(source[1]).stat().st_rdev
            if number:
                return f"{os.major(number)}:{os.minor(number)}"
    raise ValueError(f"{device}: no block device is under it")


def _ask_shell(drive: str) -> str:
    done = subprocess.run(
        ["powershell", "-NoProfile", "-NonInteractive", "-Command", ASK_BITLOCKER],
        env=os.environ | {"TIEPDON_DRIVE": drive},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return done.stdout


def windows_state(folder: Path, ask: Ask = _ask_shell) -> DiskState:
    """Return what BitLocker says of the drive of a folder."""
    drive = folder.resolve().drive
    try:
        answer = ask(drive).strip()
    except (OSError, subprocess.SubprocessError):
        return DiskState.UNKNOWN
    if answer in BITLOCKER_ON:
        return DiskState.ENCRYPTED
    return DiskState.PLAIN if answer in BITLOCKER_OFF else DiskState.UNKNOWN


def has_tpm(folder: Path = Path("/sys/class/tpm")) -> bool:
    """Return whether Linux sees a TPM, under which `systemd-creds` can encrypt."""
    return folder.is_dir() and any(folder.iterdir())
