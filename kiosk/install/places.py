"""The account, the folders, the settings file and the command of an installation.

Every step can be done again; what is there already is left as it is, but for its owner and rights.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import DEVICE_GROUPS, UNITS, InstallLayout
from kiosk.install.releases import write_whole

SETTINGS = """\
# The settings of this site: only what differs from the shipped ones, so that a release before or
# after this one can read it. kiosk.example.toml beside this file explains each key. The program's
# page /setup writes this file too.

[facility]
code = "{facility}"
"""
PORT = """
[web]
port = {port}
"""


def shipped_text(*names: str) -> str:
    """Return a shipped file below `config`; also out of a wheel that is not installed.

    Raises InstallFailed if it is missing.
    """
    package = resources.files("kiosk")
    here = Path(str(package)).parent / "config"  # of a checkout
    for config in (package / "config", here):
        place = config.joinpath(*names)
        if place.is_file():
            return place.read_text("utf-8")
    raise InstallFailed(f"{'/'.join(names)}: is not in this wheel; take a whole one")


def unit_texts(layout: InstallLayout) -> dict[str, str]:
    """Return the systemd units by their names, for these places."""
    return {name: filled(shipped_text("install", "linux", name), layout) for name in UNITS}


def filled(text: str, layout: InstallLayout) -> str:
    """Return a shipped file with the places of this installation."""
    words = {
        "programs": layout.programs,
        "settings": layout.settings,
        "data": layout.data,
        "account": layout.account or "root",
    }
    for word, place in words.items():
        text = text.replace(f"@{word}@", str(place))
    return text


def prepare_places(layout: InstallLayout, facility: str = "", port: int = 0) -> list[str]:
    """Make the account, the folders and the settings file; return what was made.

    `facility` and `port` (0: the usual one) are for a settings file that does not exist yet.

    Raises OSError, and InstallFailed if the account cannot be made.
    """
    done = []
    if layout.account and _make_account(layout):
        done.append(f"account {layout.account}")
    layout.programs.mkdir(parents=True, exist_ok=True, mode=0o755)
    for folder, mode in ((layout.data, 0o700), (layout.settings, 0o3770)):
        folder.mkdir(parents=True, exist_ok=True)
        if os.name == "posix":
            folder.chmod(mode)
    if not os.path.lexists(layout.config):
        text = SETTINGS.format(facility=facility) + (PORT.format(port=port) if port else "")
        write_whole(layout.config, text, 0o660)
        done.append(str(layout.config))
    example = shipped_text("kiosk.toml").replace("\r\n", "\n")
    write_whole(layout.settings / "kiosk.example.toml", example, 0o644)
    if layout.account:
        _give_to_account(layout)
    write_whole(layout.programs / "nightly.py", room_source("nightly.py"))
    layout.command.parent.mkdir(parents=True, exist_ok=True)
    if layout.is_windows:
        write_whole(layout.programs / "service.py", room_source("service_start.py"))
    kind = (
        ("install", "windows", "tiepdon.cmd")
        if layout.is_windows
        else ("install", "linux", "tiepdon.sh")
    )
    write_whole(layout.command, filled(shipped_text(*kind), layout), 0o755)
    return done


def room_source(name: str) -> str:
    """Return a module of this room that runs alone, beside the releases."""
    return resources.files("kiosk.install").joinpath(name).read_text("utf-8")


def _make_account(layout: InstallLayout) -> bool:
    import grp
    import pwd

    if any(entry.pw_name == layout.account for entry in pwd.getpwall()):
        return False
    groups = [group.gr_name for group in grp.getgrall() if group.gr_name in DEVICE_GROUPS]
    words = ["useradd", "--system", "--user-group", "--home-dir", str(layout.data)]
    words += ["--no-create-home", "--shell", "/usr/sbin/nologin"]
    words += ["--groups", ",".join(groups)] if groups else []
    if not shutil.which("useradd"):
        raise InstallFailed("useradd is missing: on Debian and Ubuntu, apt install passwd")
    done = subprocess.run([*words, layout.account], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallFailed(f"account {layout.account}: {done.stderr.strip().splitlines()[-1]}")
    return True


def _give_to_account(layout: InstallLayout) -> None:
    """Give the data to the account, and the settings to its group.

    The account writes in these folders, and this runs as root: whatever lies there may be a link
    to a file of somebody else, put there a moment ago.  So each is opened without following links.
    """
    import grp
    import pwd

    user, group = pwd.getpwnam(layout.account).pw_uid, grp.getgrnam(layout.account).gr_gid
    os.chown(layout.settings, 0, group, follow_symlinks=False)
    with _own_file(layout.config) as file:
        if file is not None:
            os.fchown(file, user, group)
    for place in layout.settings.iterdir():
        with _own_file(place) as file:
            if file is not None and os.fstat(file).st_gid != group:
                # Passwords that root has put there: the program reads them, and cannot change them.
                os.fchown(file, -1, group)
                os.fchmod(file, stat.S_IMODE(os.fstat(file).st_mode) & 0o770 | 0o040)
    for at, _folders, names, opened in os.fwalk(layout.data, follow_symlinks=False):
        if os.fstat(opened).st_uid != user:
            os.fchown(opened, user, group)
        for name in names:
            with _own_file(Path(at, name), name, opened) as file:
                if file is not None and os.fstat(file).st_uid != user:
                    os.fchown(file, user, group)


@contextlib.contextmanager
def _own_file(place: Path, name: str = "", folder: int | None = None) -> Iterator[int | None]:
    """Open an ordinary file that has one name only; None for links, devices and pipes.

    With `folder`, an open folder, `name` is the file in it.  A second name (a hard link) could be
    that of a file elsewhere.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(name or place, flags, dir_fd=folder)
    except OSError:  # a link, a socket, or gone meanwhile
        yield None
        return
    try:
        about = os.fstat(file)
        yield file if stat.S_ISREG(about.st_mode) and about.st_nlink == 1 else None
    finally:
        os.close(file)
