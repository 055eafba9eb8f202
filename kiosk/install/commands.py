"""The command line of the installer; it runs out of a wheel as well as installed.

JSON is not printed here: a person reads what was done, on stdout, and one line of error on stderr.
Exit 0: done; 2: not done.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from kiosk.errors import KioskError
from kiosk.install.environment import PackageSource
from kiosk.install.errors import InstallFailed
from kiosk.install.going_back import roll_back
from kiosk.install.launchd import property_lists
from kiosk.install.layout import ACCOUNT, InstallLayout, layout_of
from kiosk.install.places import room_source, unit_texts
from kiosk.install.preconditions import require_rights
from kiosk.install.releases import Releases, write_whole
from kiosk.install.services import Services, Systemd
from kiosk.install.uninstall import uninstall
from kiosk.install.upgrade import install
from kiosk.install.wheels import check_sums, find_wheel, make_folder
from kiosk.runtime.lock import exclusive_lock

LOCK = "tiepdon-install"  # beside the folder of the program, which may be removed
EXTRAS = "encrypt, sign, token, fhir, hub, print, zbar (Windows: print-windows, windows)"


def run(words: Sequence[str]) -> int:
    """Run a command of the installer; return its exit code."""
    chosen = _parser().parse_args(words)
    if hasattr(os, "umask"):
        os.umask(0o022)  # the program's account reads what is installed
    try:
        return int(chosen.do(chosen))
    except KioskError as exc:
        print(f"tiepdon: {exc}", file=sys.stderr)
    except OSError as exc:
        what = exc.filename or "install"
        print(
            f"tiepdon: {what}: {exc.strerror}; look at the disk and its rights, then run the same"
            " command again",
            file=sys.stderr,
        )
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tiepdon", description="Install Tiếp Đón; docs/install.md.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, says in (
        ("install", "install a release, or upgrade to it"),
        ("upgrade", "upgrade to a release, after a verified backup"),
    ):
        one = commands.add_parser(name, help=says, description=f"Command to {says}.")
        one.add_argument("--wheels", type=Path, help="a folder of wheels: nothing is loaded")
        one.add_argument("--wheel", type=Path, help="the program's wheel; the rest is loaded")
        one.add_argument("--proxy", default="", help="of the network, http://host:port")
        one.add_argument("--extras", help=f"separated by commas: {EXTRAS}")
        one.add_argument("--facility", default="", help="the facility code, for new settings")
        one.add_argument("--port", type=int, default=0, help="of the pages, for new settings")
        one.set_defaults(do=_install, again=list(sys.argv[1:]), name=name)
    back = commands.add_parser("rollback", help="go back to the release before")
    back.add_argument("--set-aside", action="store_true", help="though visits are set aside then")
    back.set_defaults(do=_roll_back)
    away = commands.add_parser("uninstall", help="remove the program; its data stay")
    away.set_defaults(do=_uninstall)
    wheels = commands.add_parser("wheels", help="fill a folder, for machines without a network")
    wheels.add_argument("folder", type=Path)
    wheels.add_argument("--wheel", type=Path, help="the program's wheel")
    wheels.add_argument("--proxy", default="", help="of the network, http://host:port")
    wheels.add_argument("--extras", default="", help=f"separated by commas: {EXTRAS}")
    wheels.add_argument("--platform", action="append", default=[], help="of pip, as win_amd64")
    wheels.add_argument("--python", default="", help="the version of Python there, as 3.12")
    wheels.set_defaults(do=_wheels)
    mac = commands.add_parser("launchd", help="write the property lists for macOS")
    mac.add_argument("folder", type=Path)
    mac.add_argument("--account", default=ACCOUNT, help="that the program runs as")
    mac.add_argument("--program", type=Path, required=True, help="the installed tiepdon")
    mac.add_argument("--settings", type=Path, required=True, help="kiosk.toml")
    mac.add_argument("--data", type=Path, required=True, help="the data directory")
    mac.set_defaults(do=_launchd)
    for command in (*(commands.choices[name] for name in ("install", "upgrade")), back, away):
        command.add_argument("--root", type=Path, help=argparse.SUPPRESS)  # of tests
    return parser


def _install(chosen: argparse.Namespace) -> int:
    named = chosen.wheels or chosen.wheel
    if named is None:
        raise InstallFailed("expected --wheels FOLDER, or --wheel FILE with a network")
    if chosen.wheels and check_sums(chosen.wheels):
        _say(f"{chosen.wheels}: as its sums say")
    wheel = find_wheel(named)
    if wheel.can_install and not _is_run_from(wheel.file) and not os.environ.get("TIEPDON_WHEEL"):
        # The newer release knows best how it is installed.
        words = [sys.executable, "-P", "-m", "kiosk.install", chosen.name, *chosen.again[1:]]
        around = {"PYTHONPATH": str(wheel.file.resolve()), "TIEPDON_WHEEL": "1"}
        sys.stdout.flush()
        return subprocess.run(words, check=False, env={**os.environ, **around}).returncode
    layout = layout_of(chosen.root)
    extras = None if chosen.extras is None else [one for one in chosen.extras.split(",") if one]
    source = PackageSource(chosen.wheels and chosen.wheels.resolve(), chosen.proxy)
    with _alone(layout):
        services = _services(layout)
        install(layout, services, wheel, source, extras, chosen.facility, chosen.port, _say)
    return 0


def _roll_back(chosen: argparse.Namespace) -> int:
    layout = layout_of(chosen.root)
    with _alone(layout):
        roll_back(layout, Releases(layout), _services(layout), chosen.set_aside, _say)
    return 0


def _uninstall(chosen: argparse.Namespace) -> int:
    layout = layout_of(chosen.root)
    with _alone(layout):
        stays = uninstall(layout, _services(layout))
    (layout.programs.parent / f"{LOCK}.lock").unlink(missing_ok=True)
    _say("removed. These stay; delete them yourself once nobody needs them:")
    for line in stays:
        _say(f"  {line}")
    return 0


def _wheels(chosen: argparse.Namespace) -> int:
    named = chosen.wheel or _running_wheel()
    if named is None:
        raise InstallFailed("expected --wheel FILE, the program's wheel")
    wheel = find_wheel(named)
    options = ["--proxy", chosen.proxy] if chosen.proxy else []
    options += [word for one in chosen.platform for word in ("--platform", one)]
    options += ["--python-version", chosen.python] if chosen.python else []
    count = make_folder(wheel, chosen.folder, options, chosen.extras)
    _say(f"{chosen.folder}: {count} files; copy all of it, then run its install script")
    return 0


def _launchd(chosen: argparse.Namespace) -> int:
    chosen.folder.mkdir(parents=True, exist_ok=True)
    nightly = chosen.folder.resolve() / "nightly.py"
    write_whole(nightly, room_source("nightly.py"))
    places = (chosen.program, nightly, chosen.settings, chosen.data)
    for name, content in property_lists(chosen.account, *places).items():
        write_whole(chosen.folder / name, content.decode("utf-8"))
        _say(str(chosen.folder / name))
    return 0


def _services(layout: InstallLayout) -> Services:
    if layout.is_windows:
        from kiosk.install.windows import WindowsServices

        return WindowsServices(layout)
    return Systemd(layout, unit_texts(layout))


@contextlib.contextmanager
def _alone(layout: InstallLayout) -> Iterator[None]:
    """Let only one installer run at a time. Raises AlreadyRunning."""
    require_rights(layout)
    layout.programs.parent.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(layout.programs.parent, LOCK):
        yield


def _running_wheel() -> Path | None:
    """Return the wheel out of which this runs. None if it is installed, or a checkout."""
    above = [place for place in Path(__file__).parents if place.suffix == ".whl"]
    return above[0] if above else None


def _is_run_from(wheel: Path) -> bool:
    running = _running_wheel()
    return running is not None and running.resolve() == wheel.resolve()


def _say(line: str) -> None:
    print(line, flush=True)
