"""Who may read a file that holds a secret, as far as the system says.

- POSIX: by the mode. A group counts as others, unless the file is of another account that lets this
  one read it by its group, as `root:tiepdon 640`.
- Windows: by the list of rights (SDDL, which is the same in all languages). Everyone, all users,
  guests and whoever signs in or comes by the network count as others.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable
from enum import Enum
from pathlib import Path

TIMEOUT_S = 20
# Everyone, users, who has signed in, guests (group and account), anonymous, network, interactive.
OTHERS = {"WD", "BU", "AU", "BG", "LG", "AN", "NU", "IU", "S-1-1-0", "S-1-5-32-545", "S-1-5-11"}
RIGHT = re.compile(r"\((O?A);[^;]*;([^;]*);[^;]*;[^;]*;([^;)]+)[;)]")
READS = re.compile(r"GA|GR|FA|FR|KA|KR|RC|0x", re.IGNORECASE)
ASK_RIGHTS = "(Get-Acl -LiteralPath $env:TIEPDON_FILE).Sddl"

Ask = Callable[[Path], str]  # from a file to its list of rights


class FileAccess(Enum):
    """Who may read a file."""

    OWNER = "owner"  # and administrators
    GROUP = "group"
    OTHERS = "others"
    MISSING = "missing"  # there is no such file
    UNKNOWN = "unknown"


def _ask_shell(path: Path) -> str:
    done = subprocess.run(
        ["powershell", "-NoProfile", "-NonInteractive", "-Command", ASK_RIGHTS],
        env=os.environ | {"TIEPDON_FILE": str(path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    return done.stdout


def file_access(path: Path, platform: str = os.name, ask: Ask = _ask_shell) -> FileAccess:
    """Return who may read a file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return FileAccess.MISSING
    except OSError:
        return FileAccess.UNKNOWN
    if platform == "nt":
        return _by_rights(path, ask)
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o007:
        return FileAccess.OTHERS
    is_ours = found.st_uid == os.geteuid()
    is_by_group = not is_ours and found.st_gid in {os.getegid(), *os.getgroups()}
    may_group = mode & 0o070
    return FileAccess.GROUP if may_group and not is_by_group else FileAccess.OWNER


def _by_rights(path: Path, ask: Ask) -> FileAccess:
    try:
        rights = ask(path).strip()
    except (OSError, subprocess.SubprocessError):
        return FileAccess.UNKNOWN
    if "D:" not in rights:  # no list at all lets everybody in
        return FileAccess.UNKNOWN
    allowed = RIGHT.findall(rights)
    if not allowed:
        return FileAccess.UNKNOWN
    reads = {who for _kind, rights_of, who in allowed if READS.search(rights_of)}
    return FileAccess.OTHERS if reads & OTHERS else FileAccess.OWNER
