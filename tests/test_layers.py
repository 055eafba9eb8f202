"""Who may import whom, and which outside library is at home where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("scanner", "verify", "kiosk", "run_kiosk", "tests")
SOURCES = sorted(
    path
    for place in ("run_kiosk.py", "scanner", "verify", "kiosk")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
)

# What a folder may import of ours, beside itself; the deepest that fits counts.
MAY_IMPORT = {
    "run_kiosk.py": {"kiosk", "scanner", "verify"},
    "scanner": set(),
    "verify": set(),
    "kiosk": {"kiosk", "scanner", "verify"},
    "kiosk/settings": {"kiosk.errors", "kiosk.places"},
    "kiosk/logbook": {"kiosk.errors", "verify"},
    "kiosk/insurer": {
        "kiosk.connections",
        "kiosk.errors",
        "kiosk.logbook",
        "kiosk.settings",
        "verify",
    },
    "kiosk/desk": {
        "kiosk.errors",
        "kiosk.insurer",
        "kiosk.logbook",
        "kiosk.settings",
        "scanner",
        "verify",
    },
    "kiosk/nightly": {
        "kiosk.desk",
        "kiosk.errors",
        "kiosk.insurer",
        "kiosk.logbook",
        "verify",
    },
    "kiosk/feed": {
        "kiosk.connections",
        "kiosk.errors",
        "kiosk.lock",
        "kiosk.places",
        "kiosk.settings",
        "verify",
    },
    "kiosk/publisher": {"kiosk.errors", "kiosk.feed", "kiosk.lock", "verify"},
    "kiosk/checkup": {"kiosk.logbook", "scanner"},
    "kiosk/sandbox": {"kiosk.places", "kiosk.publisher", "kiosk.webserver", "verify"},
    "kiosk/pages": {
        "kiosk.checkup",
        "kiosk.nightly",
        "kiosk.desk",
        "kiosk.errors",
        "kiosk.insurer",
        "kiosk.logbook",
        "kiosk.places",
        "kiosk.sandbox",
        "kiosk.settings",
        "scanner",
        "verify",
    },
}

# A library's only homes.
HOMES = {
    "serial": {"scanner/ports.py", "scanner/serial_reader.py"},
    "cv2": {"scanner/picture.py"},
    "zxingcpp": {"scanner/decoding.py"},
    "pyzbar": {"scanner/zbar.py"},
    "numpy": {
        "kiosk/feed/building.py",
        "scanner/crowd.py",
        "scanner/picture.py",
        "scanner/stages.py",
    },
    "cbor2": {"verify/envelope", "kiosk/sandbox"},
    "base45": {"kiosk/sandbox"},
    "cryptography": {
        "verify/certificates.py",
        "verify/claims.py",
        "verify/formats/hc1.py",
        "verify/holder_key.py",
        "verify/issuers.py",
        "verify/signature.py",
        "kiosk/insurer/seal.py",
        "kiosk/publisher/keyring.py",
        "kiosk/sandbox",
    },
    "flask": {"kiosk/__init__.py", "kiosk/pages", "kiosk/sandbox", "kiosk/webserver.py"},
    "flask_babel": {"kiosk/pages"},
    "waitress": {"kiosk/webserver.py"},
    "sqlite_utils": {"kiosk/logbook", "verify/coverage_file.py"},
    "sqlite3": {
        "kiosk/logbook/database.py",
        "kiosk/feed/building.py",
        "kiosk/lock.py",
        "verify/coverage_file.py",
        "verify/registry",
        "verify/write_ahead.py",
    },
    "urllib3": {"kiosk/connections.py", "kiosk/feed/sources.py", "kiosk/insurer/exchange.py"},
    "tuf": {
        "kiosk/feed/trust.py",
        "kiosk/feed/download.py",
        "kiosk/feed/wanted.py",
        "kiosk/publisher",
    },
    "securesystemslib": {"kiosk/publisher"},
    "signxml": {"kiosk/insurer/seal.py"},
    "lxml": {"kiosk/insurer/seal.py"},
    "segno": {"kiosk/pages/checkup.py", "kiosk/pages/demo.py", "kiosk/sandbox/commands.py"},
    "click": {
        "run_kiosk.py",
        "kiosk/commands.py",
        "kiosk/feed/commands.py",
        "kiosk/publisher/commands.py",
        "kiosk/sandbox/commands.py",
    },
}

# Where the machine's clock is read: at the edge.
CLOCKS = {
    "run_kiosk.py",
    "kiosk/commands.py",
    "kiosk/feed/commands.py",
    "kiosk/publisher/commands.py",
    "kiosk/sandbox/commands.py",
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield node.module or ""


def within(place: str, homes: set[str]) -> bool:
    return any(place == home or place.startswith(home + "/") for home in homes)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    place = name(path)
    room = max((room for room in MAY_IMPORT if within(place, {room})), key=len)
    allowed = MAY_IMPORT[room] | {room.removesuffix(".py").replace("/", ".")}
    for module in imports(path):
        if module.split(".")[0] in OURS:
            fits = any(module == one or module.startswith(one + ".") for one in allowed)
            assert fits, f"{place} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_room_takes_from_another_only_what_it_offers(path: Path) -> None:
    own_room = "/".join(name(path).split("/")[:2])
    rooms = ("kiosk.desk", "kiosk.insurer", "kiosk.logbook", "kiosk.sandbox", "verify", "scanner")
    for module in imports(path):
        inside = [room for room in rooms if module.startswith(room + ".")]
        own = own_room.startswith(module.replace(".", "/").split("/")[0]) and (
            module.split(".")[0] != "kiosk" or module.replace(".", "/").startswith(own_room)
        )
        offered = module == "kiosk.sandbox.commands"  # commands are joined, not offered
        assert own or offered or not inside, f"{name(path)} reaches into {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_each_library_is_used_at_its_home_only(path: Path) -> None:
    for module in imports(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or within(name(path), homes), f"{name(path)} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_the_machine_s_clock_is_read_at_the_edge_only(path: Path) -> None:
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    reads = [call for call in calls if call in ("datetime.now", "date.today", "time.time")]

    assert not reads or name(path) in CLOCKS


def test_no_import_goes_round_in_a_circle() -> None:
    graph = {name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
             for path in SOURCES}  # fmt: skip
    seen: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module in seen or module not in graph:
            return
        for other in imports(graph[module]):
            if other != module:
                visit(other, (*trail, module))
        seen.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())

    assert lines <= 210
    assert (ast.get_docstring(tree(path)) or "").strip()
    assert path.stem not in ("utils", "helpers", "manager", "base", "common")
