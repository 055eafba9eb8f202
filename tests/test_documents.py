"""The documents agree with the program."""

from __future__ import annotations

import importlib
import json
import re
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from kiosk.cli.main import cli
from tests.process import call
from verify import Note, Reason

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
ROOMS = sorted((ROOT / "kiosk").glob("*/__init__.py"))


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_every_command_is_documented() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        names = [name]
        if isinstance(command, click.Group):
            names = [f"{name} {part}" for part in command.list_commands(context)]
        for full_name in names:
            assert re.search(rf"`{full_name}[ `]", read("docs/commands.md")), full_name


def headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


def test_every_link_of_a_document_leads_somewhere() -> None:
    for page in DOCUMENTS:
        for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", page.read_text("utf-8")):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in headings(there), f"{page.name}: {target}#{anchor}"


def test_a_document_that_the_code_names_exists() -> None:
    for folder in ("kiosk", "scanner", "verify", "config"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix in (".py", ".toml", ".js"):
                for name in re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8")):
                    assert (ROOT / name).exists(), f"{path}: {name}"


def test_a_path_that_a_document_names_exists() -> None:
    named = re.compile(r"`((?:kiosk|scanner|verify|templates|config|tests|bench|docs)/[\w/.-]*)`")
    for page in DOCUMENTS:
        if page.parent.name == "decisions" or page.name == "CHANGELOG.md":
            continue  # they tell of their own time
        for name in named.findall(page.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_every_room_is_described_for_contributors() -> None:
    assert ROOMS
    for page in ("CONTRIBUTING.md", "docs/architecture.md"):
        for path in ROOMS:
            room = f"kiosk/{path.parent.name}/"
            assert f"`{room}`" in read(page), f"{page}: {room}"


def test_every_thread_is_described() -> None:
    added = re.findall(r'service\.add\(f?"(\w+)', read("kiosk/assembly/kiosk.py"))
    assert len(added) > 4
    for thread in added:
        assert re.search(rf"^\| `{thread}[ `]", read("docs/architecture.md"), re.M), thread


def test_every_class_that_others_use_is_among_the_names() -> None:
    """The map of names has every class that a room offers."""
    listed = read("docs/words.md")
    for package in ("scanner", "verify", *(f"kiosk.{path.parent.name}" for path in ROOMS)):
        module = importlib.import_module(package)
        for name in getattr(module, "__all__", ()):
            offered = getattr(module, name)
            if isinstance(offered, type) and not issubclass(offered, Exception):
                assert f"`{name}`" in listed, f"{package}.{name}"


@pytest.mark.parametrize(
    ("place", "outcome", "reason"), [(0, "desk", "ended"), (1, "admitted", "in_force")]
)
def test_what_the_readme_says_to_type_and_paste_works(
    place: int, outcome: str, reason: str
) -> None:
    code = re.findall(r"^ *```text\n *(.+)\n *```", read("README.md"), re.M)[place]

    verdict = json.loads(call("verify", "--demo", payload=code.encode()).stdout)

    assert (verdict["outcome"], verdict["reason"]) == (outcome, reason)


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


def test_no_form_puts_what_was_typed_into_an_address_while_its_script_is_missing() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        for form in re.findall(r"<form\b[^>]*", path.read_text("utf-8")):
            assert 'method="' in form, f"{path.name}: {form}"
