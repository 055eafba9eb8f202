"""Who may import whom, and which outside library is at home where."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
OURS = ("scanner", "verify", "kiosk", "run_kiosk", "tests")
SOURCES = sorted(
    path
    for place in ("run_kiosk.py", "scanner", "verify", "kiosk")
    for path in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
)

MAX_MODULE_LINES = 400

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

# What other rooms take from these stands in their __init__; commands are joined, not offered.
FACES = ("kiosk/desk", "kiosk/insurer", "kiosk/logbook", "kiosk/sandbox", "scanner", "verify")
OFFERED_BESIDE = {"kiosk.sandbox.commands"}

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


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a source names in its imports, at any depth of its code."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: imports are written in full"
            yield node.module or ""


def module_of(path: Path) -> str:
    """Return the dotted name under which a source is imported."""
    return name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_of(path): path for path in SOURCES}


def parents(module: str) -> Iterator[str]:
    """Yield the packages around a module, from the outermost: importing it runs each of them."""
    parts = module.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def room_of(module: str) -> str:
    place = name(MODULES[module])
    return max((room for room in MAY_IMPORT if within(place, {room})), key=len)


def loads(module: str) -> set[str]:
    """Return the modules of ours that importing a module runs, beside itself.

    These are what it imports, by `import` or `from`, and the packages around each of them and
    around itself. Left out are packages of its own room that it lies in: the __init__ of a room is
    its face, which imports the room's modules; whoever imports one of them has begun with the face.
    """
    found = set(parents(module))
    for node in ast.walk(tree(MODULES[module])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    found |= {package for other in found for package in parents(other)}
    around = {package for package in parents(module) if package in MODULES}
    own_faces = {package for package in around if room_of(package) == room_of(module)}
    return (found & MODULES.keys()) - own_faces - {module}


def within(place: str, homes: Iterable[str]) -> bool:
    return any(place == home or place.startswith(home + "/") for home in homes)


def show(offences: Iterable[str]) -> None:
    """Fail with all offences at once if there is any."""
    found = sorted(set(offences))
    assert not found, "\n" + "\n".join(found)


def test_the_sources_are_found() -> None:
    rooms = {name(path).split("/")[0] for path in SOURCES}

    assert rooms == {"run_kiosk.py", "scanner", "verify", "kiosk"}
    assert len(SOURCES) > 100


def test_a_room_imports_only_what_it_may() -> None:
    def forbidden(path: Path) -> Iterator[str]:
        room = max((room for room in MAY_IMPORT if within(name(path), {room})), key=len)
        allowed = {other.replace(".", "/") for other in MAY_IMPORT[room]} | {room}
        for module in imports(path):
            ours = module.split(".")[0] in OURS
            if ours and not within(module.replace(".", "/"), allowed):
                yield f"{name(path)} imports {module}"

    show(offence for path in SOURCES for offence in forbidden(path))


def test_a_room_takes_from_another_only_what_it_offers() -> None:
    show(
        f"{name(path)} reaches into {module}"
        for path in SOURCES
        for module in imports(path)
        for room in FACES
        if module.startswith(room.replace("/", ".") + ".")
        and not within(name(path), {room})
        and module not in OFFERED_BESIDE
    )


def test_each_library_is_used_at_its_home_only() -> None:
    show(
        f"{name(path)} imports {module}"
        for path in SOURCES
        for module in imports(path)
        if not within(name(path), HOMES.get(module.split(".")[0], {name(path)}))
    )


def test_the_machine_s_clock_is_read_at_the_edge_only() -> None:
    show(
        f"{name(path)}, line {node.lineno}: {ast.unparse(node)}"
        for path in SOURCES
        if name(path) not in CLOCKS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) in ("datetime.now", "date.today", "time.time")
    )


def test_no_import_goes_round_in_a_circle() -> None:
    seen: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail[trail.index(module) :], module))
        if module in seen:
            return
        for other in sorted(loads(module)):
            visit(other, (*trail, module))
        seen.add(module)

    for module in MODULES:
        visit(module, ())


def test_the_errors_can_be_imported_without_the_libraries_of_the_rooms() -> None:
    heavy = {"flask", "tuf", "babel", "numpy", "cv2"}
    script = "import sys, kiosk.errors; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    show(f"kiosk.errors loads {found}" for found in heavy & set(done.stdout.split()))


def test_verify_is_free_of_databases_and_threads() -> None:
    show(
        f"{name(path)} imports {module}"
        for path in SOURCES
        if within(name(path), {"verify"})
        for module in imports(path)
        if module.split(".")[0] in ("sqlite3", "sqlite_utils", "threading", "_thread")
    )


def test_a_module_is_at_most_400_lines_long() -> None:
    def lines(path: Path) -> int:
        return len(path.read_text("utf-8").splitlines())

    show(
        f"{name(path)} has {lines(path)} lines"
        for path in SOURCES
        if lines(path) > MAX_MODULE_LINES
    )


def test_each_module_says_what_it_is() -> None:
    show(name(path) for path in SOURCES if not (ast.get_docstring(tree(path)) or "").strip())


def test_no_module_is_named_after_nothing() -> None:
    nothing = ("utils", "helpers", "manager", "base", "common")
    show(name(path) for path in SOURCES if path.stem in nothing or path.parent.name in nothing)
