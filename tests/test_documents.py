"""The documents agree with the program."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from kiosk.cli.main import cli
from verify import Note, Reason

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_every_command_is_in_the_readme() -> None:
    for name in cli.list_commands(click.Context(cli)):
        assert re.search(rf"`{name}[ `]", read("README.md")), name


def test_every_link_in_a_document_has_a_target() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_locked_versions_are_within_the_ranges() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    ranges = [
        Requirement(line) for line in config["options"]["install_requires"].split("\n") if line
    ]
    locked: dict[str, list[str]] = {}
    for line in read("config/requirements.lock").splitlines():
        if match := re.match(r"([a-z0-9-]+)==([^ ;]+)", line):
            locked.setdefault(match[1], []).append(match[2])

    for required in ranges:
        versions = locked.get(required.name.lower(), [])
        assert versions, f"{required.name} is not locked"
        assert all(required.specifier.contains(version) for version in versions), required.name


@pytest.mark.parametrize("name", ["registry", "revocations", "keys", "rules"])
def test_the_contract_names_each_set_of_data(name: str) -> None:
    assert f'"{name}"' in read("docs/contract.md")


def test_every_reason_and_note_is_used_by_the_program() -> None:
    sources = "".join(
        path.read_text("utf-8")
        for folder in ("verify", "kiosk")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "reason.py"
    )
    for code in (*Reason, *Note):
        assert f"{type(code).__name__}.{code.name}" in sources, code


def test_no_page_loads_or_links_to_another_host() -> None:
    for path in [*(ROOT / "templates").rglob("*.html"), *(ROOT / "kiosk/web/static").rglob("*.*")]:
        for url in re.findall(r"https?://[^\s\"'<>)]+", path.read_text("utf-8")):
            assert url.startswith(("http://www.w3.org/", "http://localhost")), f"{path.name}: {url}"


def test_every_package_is_installed() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    declared = {line for line in config["options"]["packages"].split("\n") if line}
    present = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for folder in ("kiosk", "scanner", "verify")
        for path in (ROOT / folder).rglob("__init__.py")
    }

    assert present <= declared
    assert declared - present == {"kiosk.templates", "kiosk.config", "kiosk.web.static"}
